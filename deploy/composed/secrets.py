"""Decides the secrets of a composed deployment: `python -m deploy.composed.secrets DIRECTORY`.

`deploy/init` runs it; what was decided before stays. The directory is for its owner alone, and so is each file that
stands directly in it. Beside them stands one directory for each kind of container, which is shown nothing else:
`services/<service>`, `rabbitmq`, `mongodb`, `prepare`, `jalur`, `prometheus` and `grafana`. What is in those any user
can read, because a container has users of its own; nobody else on the host gets as far as that.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy import accounts, definitions, replica_set
from deploy.composed import AMQP_URL, GATEWAY_URL, MANAGEMENT_URL, MONGODB, PREFIX
from deploy.secret_files import SecretFiles, write_private
from deploy.urls import as_account

OPERATOR = "jalur"


def settle(directory: Path) -> None:
    """Decide what is missing, and write every container's directory anew."""
    directory.chmod(0o700)
    files = SecretFiles(directory)
    passwords = {account.service: files.secret(f"account_{account.service}") for account in accounts.every()}
    files.settle({name: _urls(name, password) for name, password in passwords.items()})
    for name, held in _of_operator(files, passwords).items():
        (directory / name).mkdir(exist_ok=True)
        for file, text in held.items():
            write_private(directory / name / file, text)
    for path in (
        inside for folder in directory.iterdir() if folder.is_dir() for inside in (folder, *folder.rglob("*"))
    ):
        path.chmod(0o755 if path.is_dir() else 0o444)


def _urls(service: str, password: str) -> tuple[str, str]:
    name = f"{PREFIX}_{service}"
    mongo = as_account(f"mongodb://{MONGODB}/", name, password, replicaSet=replica_set.NAME, authSource="admin")
    return as_account(AMQP_URL, name, password), mongo


def _of_operator(files: SecretFiles, passwords: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """By container, then by file: for the servers, and for what is done to them in the operator's name."""
    on_broker = files.secret("rabbitmq_password")
    on_database = {"mongodb_key": files.secret("mongodb_key"), "mongodb_password": files.secret("mongodb_password")}
    management_url = as_account(MANAGEMENT_URL, OPERATOR, on_broker)
    credentials = {
        "gateway_url": GATEWAY_URL,
        "amqp_url": as_account(AMQP_URL, OPERATOR, on_broker),
        "amqp_management_url": management_url,
        "token": files.secret("jalur_admin_token"),
    }
    return {
        "rabbitmq": {"definitions.json": json.dumps(definitions.of_operator(OPERATOR, on_broker))},
        "mongodb": {"key": on_database["mongodb_key"]},
        "prepare": {**on_database, "amqp_management_url": management_url, "accounts.json": json.dumps(passwords)},
        "jalur": {"credentials.json": json.dumps(credentials)},
        "prometheus": {"metrics_token": files.secret("metrics_token")},
        "grafana": {"grafana_password": files.secret("grafana_password")},
    }


if __name__ == "__main__":
    settle(Path(sys.argv[1]))

"""The secrets of a deployment as files: decided once, and each service's in a directory of its own."""

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from shared import actor_keys

# what all services could read in homes of earlier versions
_ONCE_SHARED = ("actor_key", "field_keys", "amqp_url", "mongo_url")


class SecretFiles:
    """`secrets` is an existing directory that its owner alone may enter."""

    def __init__(self, secrets: Path) -> None:
        self.secrets = secrets

    def secret(self, name: str, decide: Callable[[], str] | None = None) -> str:
        """The secret of this name, decided the first time it is asked for.

        By default 32 random bytes, in hexadecimal: a key file of mongod takes no - and no _.
        """
        path = self.secrets / name
        if not path.exists():
            write_private(path, decide() if decide else secrets.token_hex(32))
        return path.read_text()

    def secrets_of(self, service: str) -> Path:
        """The directory of a service's own settings, all that it needs to read of these secrets."""
        return self.secrets / "services" / service

    def settle(self, urls: Mapping[str, tuple[str, str]]) -> None:
        """One directory per service, with a file per setting: no service can read what only another one needs.

        `urls` are those of (RabbitMQ, MongoDB) by service. Keys are decided once, the servers' addresses every time.
        """
        actor_key = self.secret("actor_private_key", actor_keys.new_key)
        public_keys = actor_keys.public_keys(actor_key)
        metrics_token = self.secret("metrics_token")
        # once keys have been rotated their ids stand in the file
        field_keys = self.secret("field_key")
        own = {
            "registration": {
                "field_keys": field_keys if ":" in field_keys else f"local:{field_keys}",
                "person_key": self.secret("jalur_person_key"),
            },
            "gateway": {
                "actor_private_key": actor_key,
                "admin_password": self.secret("jalur_admin_password"),
                "admin_token": self.secret("jalur_admin_token"),
                "webhook_keys": self.secret("jalur_webhook_keys"),
            },
        }
        for name, (amqp_url, mongo_url) in urls.items():
            directory = self.secrets_of(name)
            for made in (directory.parent, directory):
                made.mkdir(mode=0o700, exist_ok=True)
            common = {
                "amqp_url": amqp_url,
                "mongo_url": mongo_url,
                "actor_public_keys": public_keys,
                "metrics_token": metrics_token,
            }
            for setting, value in {**common, **own.get(name, {})}.items():
                write_private(directory / f"jalur_{setting}", value)
        for name in _ONCE_SHARED:
            (self.secrets / f"jalur_{name}").unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Replace a file by one that only its owner can read, at no moment half written or readable by others."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)

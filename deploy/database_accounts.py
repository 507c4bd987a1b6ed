"""The services' accounts on MongoDB, created or brought up to date by the operator's."""

from collections.abc import Iterator, Mapping
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure

from deploy import accounts

_ROLE_EXISTS, _USER_EXISTS = 51002, 51003


def commands(prefix: str, passwords: Mapping[str, str]) -> Iterator[tuple[dict[str, Any], int, str]]:
    """Each command for the database `admin`, the code that says that it was done before, and what to run then instead.

    `passwords` by service. Roles are named as the accounts are.
    """
    for account in accounts.every():
        name = account.name(prefix)
        yield {"createRole": name, **account.role(prefix)}, _ROLE_EXISTS, "updateRole"
        roles = [{"role": name, "db": "admin"}]
        yield {"createUser": name, "pwd": passwords[account.service], "roles": roles}, _USER_EXISTS, "updateUser"


def apply(client: MongoClient[dict[str, Any]], prefix: str, passwords: Mapping[str, str]) -> None:
    """Run the commands. Raises pymongo's errors: OperationFailure where `client` may not create accounts."""
    for command, done_before, instead in commands(prefix, passwords):
        try:
            client.admin.command(command)
        except OperationFailure as error:
            if error.code != done_before:
                raise
            (_, name), *rest = command.items()
            client.admin.command({instead: name, **dict(rest)})

"""A MongoDB replica set of one member: founded, moved to another address, and given its operator's account."""

from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

NAME = "jalur"
OPERATOR = "jalur"
_NOT_YET_INITIALIZED = 94
_USER_EXISTS = 51003


def url(address: str, password: str) -> str:
    """As the operator, who may do everything. `address` is host:port."""
    return f"mongodb://{OPERATOR}:{password}@{address}/?replicaSet={NAME}&authSource=admin"


def settle(address: str, key: str, password: str) -> bool:
    """Found the set, or tell it that its only member has moved to this address; whether it can be written to now.

    Done as the set's own account, whose password is the key file: so no moment exists in which somebody else who
    reaches the server could create the first user.
    """
    client: MongoClient[dict[str, Any]] = MongoClient(
        address,
        username="__system",
        password=key,
        authSource="local",
        directConnection=True,
        serverSelectionTimeoutMS=100,
    )
    try:
        with client:
            _found_or_move(client, address)
            if not client.admin.command("hello")["isWritablePrimary"]:
                return False
            _create_operator(client, password)
    except OperationFailure:
        raise
    except PyMongoError:
        return False
    return True


def _found_or_move(client: MongoClient[dict[str, Any]], address: str) -> None:
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIALIZED:
            raise
        member = {"_id": 0, "host": address}
        client.admin.command("replSetInitiate", {"_id": NAME, "members": [member]})
        return
    if config["members"][0]["host"] != address:
        config["members"][0]["host"] = address
        config["version"] += 1
        # forced: a member that does not find itself in the set is no primary, and nobody else could agree
        client.admin.command("replSetReconfig", config, force=True)


def _create_operator(client: MongoClient[dict[str, Any]], password: str) -> None:
    try:
        client.admin.command("createUser", OPERATOR, pwd=password, roles=["root"])
    except OperationFailure as error:
        if error.code != _USER_EXISTS:
            raise

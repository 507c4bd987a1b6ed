"""Keeps everything as it is at one moment, while everybody works on: `deploy/backup TO [--keys DIRECTORY]`.

The databases of all services, the events of `jalur.log`, the outside subscribers; with `--keys`, in another directory,
the keys without which nobody can read them. docs/backup.md
"""

import argparse
import asyncio
import sys
import time
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from aiormq.exceptions import AMQPError
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.kept import events, keys, outsiders
from deploy.kept.databases import Snapshot
from deploy.kept.deployment import Deployment
from deploy.kept.files import Draft, Unusable, size_of
from deploy.management import ManagementFailed
from deploy.urls import vhost_of

_ANSWER_MS = 10_000


def back_up(deployment: Deployment, target: Path, as_of: datetime | None = None) -> dict[str, Any]:
    """Write a backup; its manifest. Raises Unusable, having left nothing, and what servers raise that are away.

    `as_of`, with its time zone: the servers run on copies of volumes that were made then.
    """
    draft = Draft(target)
    try:
        manifest = _write(deployment, draft)
        if as_of is not None:
            manifest["taken_at"] = as_of.isoformat()
        draft.finish(manifest)
    except BaseException:
        draft.discard()
        raise
    return manifest


def _write(deployment: Deployment, draft: Draft) -> dict[str, Any]:
    amqp_url = deployment.amqp_url
    with MongoClient[dict[str, Any]](deployment.mongo_url, serverSelectionTimeoutMS=_ANSWER_MS) as client:
        server = client.server_info()["version"]
        before = asyncio.run(events.end(amqp_url))
        with Snapshot(client, deployment.prefix) as snapshot:
            # what stood in an outbox before that moment and does no more is in the log by now
            end = asyncio.run(events.end(amqp_url))
            later = asyncio.run(events.later_than(snapshot.versions, amqp_url, before, end))
            counts = snapshot.write(draft)
            heads = snapshot.heads()
        taken_at = snapshot.taken_at
    with draft.compressed("log.jsonl.gz") as file:
        kept = asyncio.run(events.write(file, amqp_url, end, later))
    management = deployment.management
    if management is not None:
        draft.json("subscribers.json", outsiders.export(management))
    return {
        "taken_at": taken_at.isoformat(),
        "jalur": version("jalur"),
        "mongodb": server,
        "vhost": vhost_of(amqp_url),
        "databases": counts,
        "audit_heads": {service: list(head) for service, head in heads.items()},
        "log": kept._asdict(),
        "subscribers": management is not None,
        "keys": keys.fingerprints(deployment.secrets),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="deploy/backup", description=(__doc__ or "").split(":")[0])
    parser.add_argument("to", type=Path, help="a directory that does not exist yet")
    parser.add_argument("--keys", type=Path, help="copy keys and passwords to this directory, on other storage")
    parser.add_argument(
        "--as-of",
        type=lambda written: datetime.fromisoformat(written).astimezone(),
        help="the servers run on copies of volumes: when those were made, 2026-11-26T18:00",
    )
    asked = parser.parse_args()
    began = time.monotonic()
    try:
        if asked.keys is not None:
            _keep_apart(asked.to, asked.keys)
        deployment = Deployment.running()
        manifest = back_up(deployment, asked.to, asked.as_of)
        if asked.keys is not None:
            keys.copy(deployment.secrets, asked.keys)
    except (Unusable, ManagementFailed) as error:
        sys.exit(f"no backup: {error}")
    except PyMongoError as error:
        sys.exit(f"no backup: MongoDB: {error}")
    except (OSError, AMQPError) as error:
        sys.exit(f"no backup: RabbitMQ, or the disk: {error}")
    _tell(asked.to, asked.keys, manifest, timedelta(seconds=round(time.monotonic() - began)))


def _keep_apart(to: Path, apart: Path) -> None:
    data, secret = to.resolve(), apart.resolve()
    if data == secret or data in secret.parents or secret in data.parents:
        raise Unusable("keys and data must not lie together: name another place with --keys")


def _tell(to: Path, apart: Path | None, manifest: dict[str, Any], took: timedelta) -> None:
    documents = sum(count for held in manifest["databases"].values() for count in held.values())
    kept = manifest["log"]
    print(f"{to}: as of {manifest['taken_at']}, {size_of(to) / 1e6:.1f} MB, in {took}")
    print(f"{documents} documents, {kept['events']} events; {kept['later']} came later and are left out")
    if kept["forged"]:
        print(f"NOTE: {kept['forged']} messages of the log were sent by no service of ours, and are left out")
    if kept["first"]:
        print("NOTE: the log was cut by a retention limit; after a restore, do not rebuild the gateway from it")
    if not manifest["subscribers"]:
        print("NOTE: outside subscribers are not in it: JALUR_AMQP_MANAGEMENT_URL is not set")
    print("put these into the minutes; after a restore the audit is held to them:")
    heads = (f"--expect {service}:{n}:{hash_}" for service, (n, hash_) in manifest["audit_heads"].items() if n)
    print("  jalur audit verify " + " ".join(heads))
    if apart is not None:
        print(f"KEYS in {apart}: with the data they tell everything about everybody. Store them elsewhere.")
    else:
        print("Without keys: field keys and person key must be kept too, elsewhere (--keys), or this is of no use.")


if __name__ == "__main__":
    main()

"""Brings back into an empty deployment what was kept: `deploy/restore FROM [--keys DIRECTORY] [--replace]`.

No service may run meanwhile. Without JALUR_MONGO_URL and JALUR_AMQP_URL the servers of JALUR_HOME are started for it
and stopped again. What was given out after the backup is not given out again. docs/backup.md
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiormq.exceptions import AMQPError
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy import accounts, definitions
from deploy import topology as deployed
from deploy.kept import databases, events, keys, outsiders
from deploy.kept import deployment as where
from deploy.kept.deployment import Deployment
from deploy.kept.files import Backup, Unusable
from deploy.local import servers
from deploy.local.home import HomeInUse
from deploy.local.supervision import StartFailed
from deploy.management import Management, ManagementFailed
from deploy.urls import vhost_of

# no document is written, and nobody is registered in one programme, more often than that for as long as a life lasts
MOST_A_SECOND = 100
_ANSWER_MS = 10_000
_GOODBYE_S, _LOOK_EVERY_S = 5.0, 0.2  # connections of a service that has just ended are seen a little longer


def restore(deployment: Deployment, backup: Backup, *, replace: bool = False) -> None:
    """Raises Unusable, and what servers raise that are away; then no service works with what is half restored."""
    manifest = backup.manifest
    management = deployment.management
    if vhost_of(deployment.amqp_url) != manifest["vhost"]:
        raise Unusable(f"the backup is of the virtual host {manifest['vhost']}; name that one in JALUR_AMQP_URL")
    if manifest["subscribers"] and management is None:
        raise Unusable("the backup has outside subscribers: set JALUR_AMQP_MANAGEMENT_URL")
    with MongoClient[dict[str, Any]](deployment.mongo_url, serverSelectionTimeoutMS=_ANSWER_MS) as client:
        _refuse_when_in_use(client, deployment, replace)
        told = _beyond(client, backup)
        surviving = outsiders.export(management) if management else None
        databases.clear(client, deployment.prefix)
        databases.begin(client, deployment.prefix, told)
        databases.load(client, deployment.prefix, backup)
        asyncio.run(_bring_log(deployment.amqp_url, backup))
        if management is not None:
            _give_rights_on_keys(management, deployment.prefix)
        if management is not None and surviving is not None:
            there = surviving if surviving["vhosts"] else backup.json("subscribers.json")
            outsiders.bring(management, there)
        databases.finish(client, deployment.prefix)


def _refuse_when_in_use(client: MongoClient[dict[str, Any]], deployment: Deployment, replace: bool) -> None:
    names = [account.name(deployment.prefix) for account in accounts.every()]
    deadline = time.monotonic() + _GOODBYE_S
    while (there := databases.connected(client, names)) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S)
    if there:
        raise Unusable(f"services are running: {', '.join(there)}; stop them first")
    empty = asyncio.run(events.is_empty(deployment.amqp_url))  # which also waits for the broker to be all there
    if replace:
        return
    if held := databases.held(client, deployment.prefix):
        name, count = max(held.items(), key=lambda one: one[1])
        raise Unusable(f"the databases are not empty ({name} has {count} documents); --replace deletes them for good")
    if not empty:
        raise Unusable("the queues or the log on RabbitMQ are not empty; --replace deletes what is in them for good")


def _beyond(client: MongoClient[dict[str, Any]], backup: Backup) -> dict[str, Any]:
    """From where on versions and numbers were given to nobody, in whatever lives this backup has had before.

    Versions go on above hundredths of seconds since 1970, which only ever grow. Numbers are read and written by
    people: they go on as far as they could have come since the backup, in all its lives together.
    """
    taken_at = datetime.fromisoformat(backup.manifest["taken_at"])
    now = client.admin.command("hello")["localTime"].replace(tzinfo=UTC)
    if now < taken_at:
        raise Unusable(
            f"the clock of MongoDB's machine says {now}, and the backup is of {taken_at}: set it right first"
        )
    lost_s = int((now - taken_at).total_seconds()) + 1
    return {
        "versions_above": int(now.timestamp()) * MOST_A_SECOND,
        "numbers_skipped": databases.skipped_before(backup) + lost_s * MOST_A_SECOND,
        "taken_at": taken_at,
        "restored_at": now,
    }


async def _bring_log(amqp_url: str, backup: Backup) -> None:
    await events.make_room(amqp_url)
    with backup.compressed("log.jsonl.gz") as lines:
        count = await events.publish(lines, amqp_url)
    if count != backup.manifest["log"]["events"]:
        raise Unusable(f"the log has {count} events now, and {backup.manifest['log']['events']} were kept")
    await deployed.declare(amqp_url)


def _give_rights_on_keys(management: Management, prefix: str) -> None:
    """To the services' accounts that are there: RabbitMQ 4.3 forgets such rights with the exchange."""
    there = {user["name"] for user in management.get("users")}
    rights = [one for one in definitions.on_keys(prefix, management.vhost) if one["user"] in there]
    management.post("definitions", body={"topic_permissions": rights})


@contextmanager
def _target() -> Iterator[Deployment]:
    """Servers that are named, else those of the home, for as long as this takes. Raises HomeInUse and StartFailed."""
    given = Deployment.elsewhere()
    if given is not None:
        yield given
        return
    running = servers.start(where.home())
    try:
        management_url = running.node.management_url if running.node else None
        yield Deployment(running.mongo_url, running.amqp_url, management_url, where.prefix(), where.secrets())
    finally:
        running.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="deploy/restore", description=(__doc__ or "").split(":")[0])
    parser.add_argument("backup", metavar="from", type=Path, help="what deploy/backup wrote")
    parser.add_argument("--keys", type=Path, help="the keys kept with it, to be copied into an empty home")
    parser.add_argument("--replace", action="store_true", help="delete what is there, for good")
    asked = parser.parse_args()
    began = time.monotonic()
    try:
        backup = Backup(asked.backup)
        if asked.keys is not None and keys.fingerprints(where.secrets()) is None:
            keys.copy(asked.keys, where.secrets())
        keys.check(backup.manifest["keys"], where.secrets())
        with _target() as deployment:
            restore(deployment, backup, replace=asked.replace)
    except (Unusable, ManagementFailed, HomeInUse, StartFailed) as error:
        sys.exit(f"not restored: {error}")
    except PyMongoError as error:
        sys.exit(f"not restored: MongoDB: {error}")
    except (OSError, AMQPError) as error:
        sys.exit(f"not restored: RabbitMQ, or the disk: {error}")
    except ExceptionGroup as group:  # of queues that are declared or deleted side by side
        failures, unexpected = group.split((OSError, AMQPError))
        if unexpected is not None or failures is None:
            raise
        sys.exit(f"not restored: RabbitMQ, or the disk: {failures.exceptions[0]}")
    took = timedelta(seconds=round(time.monotonic() - began))
    print(f"restored as of {backup.manifest['taken_at']}, in {took}. Start the services, and then:")
    heads = (f"--expect {service}:{n}:{hash_}" for service, (n, hash_) in backup.manifest["audit_heads"].items() if n)
    print("  jalur audit verify " + " ".join(heads))
    print("What happened since is lost here and known elsewhere: docs/backup.md says what to do about it.")


if __name__ == "__main__":
    main()

"""What a service's own account may not do, tried on the servers: one service taken over is not all of them."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aio_pika
import httpx
import pytest
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq.exceptions import ChannelAccessRefused
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from deploy import accounts, database_accounts, definitions
from deploy import topology as deployed
from deploy.accounts import Account
from deploy.local.accounts import Accounts
from deploy.local.home import Home
from deploy.local.servers import Servers
from deploy.management import Management
from deploy.urls import as_account, in_vhost, vhost_of
from shared import topology
from shared.contracts import ALL
from shared.suspects import outlet
from tests import queues
from tests.conftest import Urls
from tests.events import until

SERVICES = {account.service: account for account in accounts.every()}
NOT_AUTHORIZED = 13

each_service = pytest.mark.parametrize("service", SERVICES)


@dataclass(frozen=True)
class Granted:
    """The accounts of one system on the servers."""

    servers: Urls
    prefix: str
    passwords: dict[str, str]

    def amqp(self, service: str) -> str:
        return as_account(self.servers.amqp, SERVICES[service].name(self.prefix), self.passwords[service])

    def mongo(self, service: str) -> MongoClient[dict[str, Any]]:
        name, password = SERVICES[service].name(self.prefix), self.passwords[service]
        return MongoClient(as_account(self.servers.mongo, name, password, authSource="admin"))

    def database(self, service: str) -> str:
        return f"{self.prefix}_{service}"


@pytest.fixture(scope="module")
def granted(servers: Urls) -> Iterator[Granted]:
    if servers.management is None:
        pytest.skip("JALUR_AMQP_MANAGEMENT_URL is not given: no accounts can be created")
    found = Granted(servers, f"test_{uuid.uuid4().hex[:8]}", {name: uuid.uuid4().hex for name in SERVICES})
    asyncio.run(queues.empty(servers.amqp))
    vhost = vhost_of(servers.amqp)
    management = Management(servers.management)
    management.post("definitions", body=definitions.of_accounts(found.prefix, found.passwords, vhost))
    with MongoClient[dict[str, Any]](servers.mongo) as client:
        for _ in range(2):  # the second start of a system finds its accounts there
            database_accounts.apply(client, found.prefix, found.passwords)
    yield found
    remove_accounts(servers, found.prefix)


def remove_accounts(servers: Urls, prefix: str) -> None:
    management = Management(str(servers.management))
    with MongoClient[dict[str, Any]](servers.mongo) as client:
        for account in SERVICES.values():
            name = account.name(prefix)
            client.admin.command("dropUser", name)
            client.admin.command("dropRole", name)
            management.delete("users", name)


Attempt = Callable[[AbstractChannel], Awaitable[object]]


class OnBroker:
    """Tries things as one service's account, each on a channel of its own: a refusal closes it."""

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection

    async def may(self, attempt: Attempt) -> None:
        async with self._connection.channel(publisher_confirms=True, on_return_raises=True) as channel:
            await attempt(channel)

    async def may_not(self, attempt: Attempt) -> None:
        with pytest.raises(ChannelAccessRefused):
            await self.may(attempt)


@pytest.fixture
async def on_broker(granted: Granted, service: str) -> AsyncIterator[OnBroker]:
    async with await aio_pika.connect(granted.amqp(service)) as connection:
        yield OnBroker(connection)


def publishing(exchange: str, key: str, **headers: Any) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
        await target.publish(aio_pika.Message(b"{}", headers=headers), key, mandatory=True)

    return attempt


def binding(queue: str, key: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        await (await channel.get_queue(queue, ensure=False)).bind(topology.EVENTS, key)

    return attempt


def consuming(queue: str, **arguments: Any) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        await channel.set_qos(1)
        await (await channel.get_queue(queue, ensure=False)).consume(_ignore, arguments=arguments)

    return attempt


async def _ignore(message: object) -> None:
    return


def another(service: str) -> str:
    return next(name for name in deployed.CONSUMERS if name != service)


@each_service
async def test_publishes_under_its_own_name_through_its_own_exchange(service: str, on_broker: OnBroker) -> None:
    out = topology.outgoing(service)
    await on_broker.may(publishing(out, f"{service}.something.v1"))
    await on_broker.may_not(publishing(out, f"{another(service)}.something.v1"))
    await on_broker.may_not(publishing(out, f"x{service}.something.v1"))
    # events, another's way out and way back, and every queue there is by way of the default exchange
    await on_broker.may_not(publishing(topology.EVENTS, f"{service}.something.v1"))
    await on_broker.may_not(publishing(topology.outgoing(another(service)), f"{service}.something.v1"))
    for event in SERVICES[another(service)].listens_to:
        queue = topology.queue_of(another(service), event)
        await on_broker.may_not(publishing(topology.returning(another(service)), queue))
        await on_broker.may_not(publishing(topology.parking(another(service)), queue))
        await on_broker.may_not(publishing("", queue))


@each_service
async def test_no_detour_leads_to_the_events_exchange(service: str, on_broker: OnBroker) -> None:
    forged: dict[str, Any] = {"x-dead-letter-exchange": topology.EVENTS, "x-dead-letter-routing-key": "x.y.v1"}
    own = f"{service}.try-{uuid.uuid4().hex[:6]}"

    async def feed(channel: AbstractChannel) -> None:
        events = await channel.get_exchange(topology.EVENTS, ensure=False)
        await events.bind(topology.returning(service), "#")

    await on_broker.may_not(feed)
    await on_broker.may_not(lambda channel: channel.declare_queue(own, arguments=forged))
    await on_broker.may_not(
        lambda channel: channel.declare_exchange(own, arguments={"alternate-exchange": topology.EVENTS})
    )


@each_service
async def test_hears_what_it_listens_to_and_nothing_else(service: str, on_broker: OnBroker) -> None:
    own = f"{service}.try-{uuid.uuid4().hex[:6]}"
    await on_broker.may(lambda channel: channel.declare_queue(own, durable=True))
    try:
        listens_to = SERVICES[service].listens_to
        for event in ALL:
            attempt = binding(own, event.routing_key())
            await (on_broker.may(attempt) if event in listens_to else on_broker.may_not(attempt))
        for wildcard in ("#", "*.*.*", "registration.#", "registration.applicant_registered.*"):
            await on_broker.may_not(binding(own, wildcard))
        log = consuming(topology.LOG, **{"x-stream-offset": "first"})
        await (on_broker.may(log) if listens_to else on_broker.may_not(log))
    finally:
        await on_broker.may(lambda channel: channel.queue_delete(own))


@each_service
async def test_touches_no_queue_of_another(service: str, on_broker: OnBroker) -> None:
    for part in (topology.common(), topology.of_service(another(service), SERVICES[another(service)].listens_to)):
        for queue in part.queues:
            await on_broker.may_not(lambda channel, name=queue.name: channel.queue_delete(name))  # type: ignore[misc]
            if queue.name != topology.LOG:
                await on_broker.may_not(consuming(queue.name))
                await on_broker.may_not(_purging(queue.name))
            await on_broker.may_not(binding(queue.name, "#"))
    for exchange in (topology.EVENTS, topology.outgoing(another(service)), topology.outgoing(service)):
        await on_broker.may_not(lambda channel, name=exchange: channel.exchange_delete(name))  # type: ignore[misc]
    await on_broker.may_not(lambda channel: channel.declare_queue(f"x{service}.q"))
    await on_broker.may_not(lambda channel: channel.declare_queue(exclusive=True))


def _purging(queue: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        await (await channel.get_queue(queue, ensure=False)).purge()

    return attempt


@pytest.mark.parametrize("service", deployed.CONSUMERS)
async def test_a_queue_of_its_own_that_was_deleted_comes_back_by_itself(service: str, on_broker: OnBroker) -> None:
    part = topology.of_service(service, SERVICES[service].listens_to)
    await on_broker.may(lambda channel: channel.queue_delete(part.queues[0].name))
    await on_broker.may(lambda channel: topology.declare(channel, part))
    await on_broker.may(publishing(topology.returning(service), part.queues[0].name))


@each_service
async def test_does_not_manage_the_broker(service: str, granted: Granted) -> None:
    account = (SERVICES[service].name(granted.prefix), granted.passwords[service])
    host = httpx.URL(str(granted.servers.management)).copy_with(username=None, password=None)
    async with httpx.AsyncClient(base_url=host, auth=account) as client:
        # the gateway shows who listens, so it sees that there is a broker; nobody sees accounts
        seen = (await client.get("/api/overview")).status_code
        assert seen == (httpx.codes.OK if service == "gateway" else httpx.codes.UNAUTHORIZED)
        for path in ("users", "definitions", f"users/{account[0]}", "permissions", "parameters/shovel"):
            assert (await client.get(f"/api/{path}")).status_code == httpx.codes.UNAUTHORIZED, path
        rights = {"password": "x", "tags": "administrator"}
        assert (await client.put("/api/users/intruder", json=rights)).status_code == httpx.codes.UNAUTHORIZED
    with pytest.raises(aio_pika.exceptions.AMQPConnectionError):
        await aio_pika.connect(as_account(granted.servers.amqp, account[0], "wrong"))


async def test_whoever_may_look_at_the_broker_touches_nothing(granted: Granted) -> None:
    """Neither messages nor queues of others, nor their connections."""
    account = (SERVICES["gateway"].name(granted.prefix), granted.passwords["gateway"])
    host = httpx.URL(str(granted.servers.management)).copy_with(username=None, password=None)
    vhost = quote(vhost_of(granted.servers.amqp), safe="")
    queue = f"/api/queues/{vhost}/{topology.of_service('selection', SERVICES['selection'].listens_to).queues[0].name}"
    theirs = SERVICES["selection"].name(granted.prefix)
    async with (
        await aio_pika.connect(granted.amqp("selection")) as connection,
        httpx.AsyncClient(base_url=host, auth=account) as client,
    ):

        async def listed() -> list[str]:
            return [one["name"] for one in (await client.get("/api/connections")).json() if one.get("user") == theirs]

        await until(lambda: _some(listed), 20)
        taking = {"count": 1, "ackmode": "ack_requeue_false", "encoding": "auto"}
        refusals = [
            await client.post(f"{queue}/get", json=taking),
            await client.delete(queue),
            await client.delete(f"{queue}/contents"),
            await client.put(f"/api/policies/{vhost}/all", json={"pattern": ".*", "definition": {"max-length": 1}}),
            *[await client.delete(f"/api/connections/{quote(name, safe='')}") for name in await listed()],
        ]
        assert {one.status_code for one in refusals} <= {httpx.codes.UNAUTHORIZED, httpx.codes.BAD_REQUEST}, refusals
        assert not connection.is_closed
        async with connection.channel() as channel:
            await channel.get_exchange(topology.EVENTS, ensure=False)


async def _some(listed: Callable[[], Awaitable[list[str]]]) -> bool:
    return bool(await listed())


def refused(attempt: Callable[[], object]) -> None:
    with pytest.raises(OperationFailure) as failure:
        attempt()
    assert failure.value.code == NOT_AUTHORIZED, failure.value


@each_service
def test_reads_and_writes_its_own_database_and_no_other(service: str, granted: Granted) -> None:
    own, other = granted.database(service), granted.database(another(service))
    with granted.mongo(service) as client:
        things = client[own].things
        things.insert_one({"_id": 1, "n": 1})
        things.update_one({"_id": 1}, {"$inc": {"n": 1}})
        things.create_index("n", unique=True)
        client[own].create_collection("more")
        assert things.find_one_and_update({"_id": 1}, {"$inc": {"n": 1}}, return_document=True) == {"_id": 1, "n": 3}
        assert things.delete_one({"_id": 1}).deleted_count == 1
        for database in (other, f"{other}_audit", "admin", "local", "another"):
            refused(lambda: client[database].things.find_one())  # noqa: B023 - called at once
            refused(lambda: client[database].things.insert_one({}))  # noqa: B023
            refused(lambda: client.drop_database(database))  # noqa: B023
        refused(lambda: things.aggregate([{"$out": {"db": other, "coll": "things"}}]))
        refused(lambda: client.drop_database(own))
        seen = set(client.list_database_names())
        assert seen <= {own, f"{own}_audit"}


@each_service
def test_adds_to_its_audit_and_changes_nothing_there(service: str, granted: Granted) -> None:
    own = granted.database(service)
    with granted.mongo(service) as client:
        audit = client[f"{own}_audit"].audit
        audit.create_index("entries.id", unique=True)
        audit.insert_one({"_id": 1, "hash": "a"})
        assert audit.find_one() == {"_id": 1, "hash": "a"}
        refused(lambda: audit.update_one({"_id": 1}, {"$set": {"hash": "b"}}))
        refused(lambda: audit.replace_one({"_id": 1}, {"hash": "b"}))
        refused(lambda: audit.update_one({"_id": 2}, {"$set": {"hash": "b"}}, upsert=True))
        refused(lambda: audit.find_one_and_delete({"_id": 1}))
        refused(lambda: audit.delete_many({}))
        refused(audit.drop)
        refused(lambda: audit.drop_index("entries.id_1"))
        refused(lambda: audit.rename("other"))
        refused(lambda: client.admin.command("renameCollection", f"{own}_audit.audit", to=f"{own}.audit"))
        refused(lambda: client[own].things.aggregate([{"$out": {"db": f"{own}_audit", "coll": "audit"}}]))
        merge = {"into": {"db": f"{own}_audit", "coll": "audit"}, "whenMatched": "replace"}
        refused(lambda: client[own].things.aggregate([{"$merge": merge}]))
        refused(lambda: client[f"{own}_audit"].command("collMod", "audit", validator={"x": 1}))
        refused(lambda: client[f"{own}_audit"].command("convertToCapped", "audit", size=1))
        refused(lambda: client[f"{own}_audit"].another.insert_one({}))
        assert audit.count_documents({}) == 1


@each_service
def test_makes_no_accounts_and_gives_itself_no_rights(service: str, granted: Granted) -> None:
    own, me = granted.database(service), SERVICES[service].name(granted.prefix)
    with granted.mongo(service) as client:
        for database in ("admin", own):
            refused(lambda: client[database].command("createUser", "intruder", pwd="x", roles=[]))  # noqa: B023
            refused(lambda: client[database].command("createRole", "intruder", privileges=[], roles=[]))  # noqa: B023
        refused(lambda: client.admin.command("grantRolesToUser", me, roles=["root"]))
        refused(lambda: client.admin.command("updateRole", me, roles=["root"]))
        refused(lambda: client.admin.command("shutdown"))


def test_the_definitions_hold_what_the_operator_declares(granted: Granted) -> None:
    """For a broker that takes everything from its definitions when it starts, as in compose."""
    management = Management(str(granted.servers.management))
    vhost = f"test-{granted.prefix}"
    management.put("vhosts", vhost)
    try:
        management.post("definitions", body=definitions.of_topology(vhost))
        for what in ("exchanges", "queues"):
            there = {one["name"] for one in management.get(what, vhost) if not one["name"].startswith("amq.")} - {""}
            assert there == {name for part in deployed.everything() for name in _names(part, what)}
        operator = httpx.URL(granted.servers.amqp).username
        management.put("permissions", vhost, operator, body={"configure": ".*", "write": ".*", "read": ".*"})
        bindings = len(management.get("bindings", vhost))
        asyncio.run(deployed.declare(in_vhost(granted.servers.amqp, vhost)))  # would fail where an argument differs
        assert len(management.get("bindings", vhost)) == bindings
    finally:
        management.delete("vhosts", vhost)


def test_accounts_come_with_the_exchanges_on_whose_keys_they_have_rights() -> None:
    """For a run on RabbitMQ 3 or 4.0, which take rights on the keys of an exchange that is not there."""
    found = definitions.of_accounts("x", dict.fromkeys(SERVICES, "y"))
    there = {one["name"] for one in found["exchanges"]}
    assert there == {one["exchange"] for one in found["topic_permissions"]} != set()


def _names(part: topology.Topology, what: str) -> list[str]:
    return list(part.exchanges) if what == "exchanges" else [queue.name for queue in part.queues]


def test_every_service_has_an_account_and_hears_only_what_others_publish() -> None:
    assert set(SERVICES) == set(deployed.SERVICES)
    for service, account in SERVICES.items():
        assert all(event.service != service for event in account.listens_to)
    assert Account("x").read == r"^(x\..*)$"


def test_elsewhere_a_run_takes_the_accounts_it_can_have_and_says_what_it_could_not(
    granted: Granted, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    home.take()
    prefix = f"{granted.prefix}_run"
    name, password = SERVICES["selection"].name(granted.prefix), granted.passwords["selection"]
    lowly = as_account(granted.servers.mongo, name, password, authSource="admin")
    for management, mongo, kept in (
        (granted.servers.management, granted.servers.mongo, []),
        (None, granted.servers.mongo, ["RabbitMQ"]),
        (granted.servers.management, lowly, ["MongoDB"]),
    ):
        there = Servers(home, amqp_url=granted.servers.amqp, mongo_url=mongo)
        found = Accounts(home, there, prefix, management)
        urls = found.urls()
        assert [notice.partition(":")[0] for notice in found.notices] == kept
        assert len({amqp for amqp, _ in urls.values()}) == (1 if "RabbitMQ" in kept else len(SERVICES))
        assert len({mongo for _, mongo in urls.values()}) == (1 if "MongoDB" in kept else len(SERVICES))
        found.create_on_broker()
        amqp, mongo = urls["placement"]
        asyncio.run(_connects(amqp))
        with MongoClient[dict[str, Any]](mongo) as client:
            client[granted.database("selection") if mongo == lowly else f"{prefix}_placement"].x.find_one()
    home.release()
    remove_accounts(granted.servers, prefix)


async def _connects(url: str) -> None:
    async with await aio_pika.connect(url):
        pass


@each_service
async def test_waits_for_the_log_and_its_way_out_and_sees_which_queues_it_lacks(service: str, granted: Granted) -> None:
    """What does not exist must look absent, not refused: RabbitMQ 4.3 answers nobody who has no right on it."""
    management = Management(str(granted.servers.management))
    vhost = f"test-{granted.prefix}"
    account = SERVICES[service]
    own = [queue.name for queue in topology.of_service(service, account.listens_to).queues]

    async def published_through(connection: AbstractConnection) -> str:
        return (await outlet(connection, service, lambda _: None)).name

    management.put("vhosts", vhost)
    try:
        management.post("definitions", body=definitions.of_accounts(granted.prefix, granted.passwords, vhost))
        url = in_vhost(granted.amqp(service), vhost)
        async with await aio_pika.connect(url) as connection:
            with pytest.raises(ChannelNotFoundEntity):
                await published_through(connection)
            assert await topology.lacks(await connection.channel(), own) == bool(own)
        management.post("definitions", body=definitions.of_topology(vhost))
        async with await aio_pika.connect(url) as connection:
            assert await published_through(connection) == topology.outgoing(service)
            assert not await topology.lacks(await connection.channel(), own)
    finally:
        management.delete("vhosts", vhost)


@each_service
def test_has_some_right_on_the_log_which_its_relay_asks_for(service: str) -> None:
    """For a run on RabbitMQ 3 or 4.0, which answer that question to everybody."""
    account = SERVICES[service]
    assert any(re.search(right, topology.LOG) for right in (account.configure, account.write, account.read))

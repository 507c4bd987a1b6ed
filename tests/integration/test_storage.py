"""Versioned documents on a real MongoDB: one write, group commit, lost races, unique values, marks."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import date

import pytest
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from shared.contracts import Event
from shared.contracts.registration import ApplicantWithdrawn
from shared.documents import Committed, Document
from shared.meta import Meta
from shared.progress import progress
from shared.rehearsing import changing
from shared.storage import BATCH, Documents, IndexModel, Storage, StorageAway, Taken, Unstorable
from tests.conftest import Urls


class Account(Document):
    balance: int = 0
    number: str | None = None

    def add(self, amount: int) -> list[Event]:
        self.programme_code = "UJI-1"
        self.balance += amount
        return [
            ApplicantWithdrawn(applicant_id=self.id, programme_code="UJI-1", reason="x", withdrawn_on=date(2030, 1, 1))
        ]


Accounts = Documents[Account]


@pytest.fixture
async def storage(servers: Urls) -> AsyncIterator[Storage]:
    storage = Storage(servers.mongo, f"test_{uuid.uuid4().hex[:8]}", "uji")
    yield storage
    storage.close()


@pytest.fixture
async def accounts(storage: Storage) -> Accounts:
    index = IndexModel([("number", 1)], unique=True, partialFilterExpression={"number": {"$type": "string"}})
    documents = storage.documents("accounts", Account, aggregate="account", indexes=[index])
    await storage.prepare()
    return documents


def event(sequence: int, n: int = 0) -> Meta:
    return Meta(
        id=f"uji.x:a:{sequence}:{n}", source="/jalur/uji", type="jalur.uji.Added.v1", subject="a", time="",
        sequence=sequence, n=n, correlation_id=None, causation_id=None,
    )  # fmt: skip


async def test_state_and_events_are_one_write_and_versions_count(storage: Storage, accounts: Accounts) -> None:
    heard: list[Committed] = []
    storage.on_commit = heard.append
    await accounts.change("a", lambda account: account.add(5))
    after = await accounts.change("a", lambda account: account.add(7))
    assert (after.balance, after.version) == (12, 2)
    stored = await accounts.raw.find_one({"_id": "a"})
    assert [entry["id"] for entry in stored["outbox"]] == ["uji.account:a:1:0", "uji.account:a:2:0"]
    assert stored["pending"] is True
    assert [committed.entries[0]["sequence"] for committed in heard] == [1, 2]


async def test_a_dry_run_decides_as_ever_and_leaves_nothing(storage: Storage, accounts: Accounts) -> None:
    heard: list[Committed] = []
    await accounts.change("a", lambda account: account.add(5))
    storage.on_commit = heard.append
    stood = await accounts.raw.find_one({"_id": "a"})
    tried = changing(accounts, dry_run=True)

    def add_and_fail(account: Account) -> list[Event] | None:
        account.add(100)
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            await tried.change("a", add_and_fail)
        await asyncio.gather(*(tried.change("a", lambda account: account.add(1)) for _ in range(5)))
    assert (await tried.change("a", lambda account: None)).balance == 15
    assert (await tried.change("b", lambda account: account.add(1))).balance == 1
    assert (await changing(accounts, dry_run=True).change("a", lambda account: None)).balance == 5
    assert await accounts.raw.find_one({"_id": "a"}) == stood
    assert (heard, await accounts.get("b")) == ([], None)
    assert changing(accounts, dry_run=False) is accounts


async def test_concurrent_changes_of_one_document_all_count(accounts: Accounts) -> None:
    await asyncio.gather(*(accounts.change("a", lambda account: account.add(1)) for _ in range(40)))
    found = await accounts.get("a")
    assert found is not None
    assert (found.balance, found.version) == (40, 40)


async def test_two_processes_racing_for_one_document_lose_nothing(servers: Urls, accounts: Accounts) -> None:
    other = Storage(servers.mongo, accounts.raw.database.name, "uji")
    rival: Accounts = other.documents("accounts", Account, aggregate="account")
    both = [accounts, rival]
    await asyncio.gather(*(both[n % 2].change("a", lambda account: account.add(1)) for n in range(40)))
    found = await accounts.get("a")
    assert found is not None
    assert (found.balance, found.version) == (40, 40)
    other.close()


async def test_concurrent_saves_of_many_documents_share_bulk_writes(servers: Urls) -> None:
    counted = Counted()
    storage = Storage(servers.mongo, f"test_{uuid.uuid4().hex[:8]}", "uji", event_listeners=[counted])
    accounts = storage.documents("accounts", Account, aggregate="account")
    await storage.restored()  # else each waits its turn for that, and they come one by one
    await asyncio.gather(*(accounts.change(f"a{n}", lambda account: account.add(1)) for n in range(300)))
    assert await accounts.raw.count_documents({"balance": 1}) == 300
    assert counted.commands["find"] <= 6
    assert counted.commands["update"] <= 6
    storage.close()


class Counted(CommandListener):
    def __init__(self) -> None:
        self.commands = {"find": 0, "update": 0}

    def started(self, event: CommandStartedEvent) -> None:
        self.commands[event.command_name] = self.commands.get(event.command_name, 0) + 1

    def succeeded(self, event: object) -> None:
        pass

    def failed(self, event: object) -> None:
        pass


async def test_one_bad_document_in_a_bulk_fails_alone(accounts: Accounts) -> None:
    def numbered(number: str) -> Account:
        return Account(_id=uuid.uuid4().hex, number=number)

    answers = await asyncio.gather(
        *(accounts.add(numbered(number)) for number in ("1", "2", "1", "3")), return_exceptions=True
    )
    assert [isinstance(answer, Taken) for answer in answers] == [False, False, True, False]
    assert isinstance(answers[2], Taken)
    assert answers[2].fields == ("number",)
    assert await accounts.raw.count_documents({}) == 3


async def test_a_document_that_cannot_be_encoded_fails_alone(accounts: Accounts) -> None:
    amounts = {"a": 1, "b": 10**30, "c": 3}
    changes = (accounts.change(who, lambda one, by=amount: one.add(by)) for who, amount in amounts.items())  # type: ignore[misc]
    answers = await asyncio.gather(*changes, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Account, Unstorable, Account]
    assert await accounts.raw.distinct("balance") == [1, 3]


async def test_an_event_is_absorbed_once_and_an_older_one_is_ignored(accounts: Accounts) -> None:
    for meta in (event(3), event(3), event(2), event(3, n=1)):
        await accounts.change("a", lambda account: account.add(1), meta=meta)
    found = await accounts.get("a")
    assert found is not None
    assert (found.balance, found.marks) == (2, {"Added": (3, 1)})


async def test_a_change_that_changes_nothing_writes_nothing_but_its_mark(accounts: Accounts) -> None:
    def nothing(account: Account) -> Sequence[Event] | None:
        return None

    assert (await accounts.change("a", nothing)).version == 0
    assert await accounts.raw.count_documents({}) == 0
    assert (await accounts.change("a", nothing, meta=event(1))).version == 1


async def test_what_a_decision_raises_leaves_the_document_as_it_was(accounts: Accounts) -> None:
    await accounts.change("a", lambda account: account.add(5))

    def refuse(account: Account) -> list[Event]:
        account.add(100)
        raise LookupError

    with pytest.raises(LookupError):
        await accounts.change("a", refuse)
    found = await accounts.get("a")
    assert found is not None
    assert found.balance == 5


async def test_pulling_takes_out_what_was_published_and_nothing_else(accounts: Accounts) -> None:
    for _ in range(2):
        await accounts.change("a", lambda account: account.add(5))
    await accounts.pull({"a": ["uji.account:a:1:0"]}, {})
    assert [one.entries[0]["id"] for one in await accounts.pending(-1000, 10)] == ["uji.account:a:2:0"]
    await accounts.pull({"a": ["uji.account:a:2:0"]}, {})
    stored = await accounts.raw.find_one({"_id": "a"})
    assert (stored["outbox"], "pending" in stored) == ([], False)
    plan = await accounts.raw.find({"pending": True}).explain()
    assert "IXSCAN" in str(plan["queryPlanner"]["winningPlan"])


async def test_an_outbox_pulled_whole_is_empty_unless_its_document_has_changed_since(accounts: Accounts) -> None:
    for who in ("a", "b"):
        await accounts.change(who, lambda account: account.add(5))
    await accounts.change("b", lambda account: account.add(5))
    ids = {who: [f"uji.account:{who}:1:0"] for who in ("a", "b")}
    await accounts.pull(ids, {"a": 1, "b": 1})
    assert [one.entries[0]["id"] for one in await accounts.pending(-1000, 10)] == ["uji.account:b:2:0"]
    stored = await accounts.raw.find_one({"_id": "a"})
    assert (stored["outbox"], "pending" in stored) == ([], False)


async def test_an_absent_database_is_said_within_three_seconds() -> None:
    storage = Storage("mongodb://127.0.0.1:9/?replicaSet=rs0", "nowhere", "uji")
    accounts = storage.documents("accounts", Account, aggregate="account")
    async with asyncio.timeout(3):
        with pytest.raises(StorageAway):
            await accounts.change("a", lambda account: account.add(1))
    storage.close()


async def test_whoever_counts_for_long_says_as_soon_that_the_database_is_absent() -> None:
    absent = Storage("mongodb://127.0.0.1:1/?replicaSet=rs0", "none", "uji")
    absent.documents("accounts", Account, aggregate="account")
    try:
        async with asyncio.timeout(3):
            with pytest.raises(StorageAway):
                await progress(absent, "UJI-1")
    finally:
        absent.close()


async def test_in_a_restored_database_no_version_comes_twice(
    servers: Urls, storage: Storage, accounts: Accounts
) -> None:
    """Not of what the backup had, and not of what was made after it and is made again."""
    before = await accounts.change("a", lambda account: account.add(1))
    assert before.version == 1
    await storage.collection("restored").insert_one(
        {"_id": "latest", "finished": True, "versions_above": 10_000, "numbers_skipped": 7}
    )
    later = Storage(servers.mongo, accounts.raw.database.name, "uji")
    restored: Accounts = later.documents("accounts", Account, aggregate="account")
    for versions in (10_001, 10_002):
        for name in ("a", "b"):
            assert (await restored.change(name, lambda account: account.add(1))).version == versions
    added = await restored.add(Account(_id="c"), [])
    assert added.version == 10_001
    assert [one["id"] for one in (await restored.outboxes(["a"]))["a"]] == [
        "uji.account:a:1:0",
        "uji.account:a:10001:0",
        "uji.account:a:10002:0",
    ]
    assert (await restored.get("a")).published == {"ApplicantWithdrawn": 10_002}  # type: ignore[union-attr]
    later.close()


async def test_a_half_restored_database_is_not_worked_with(servers: Urls, storage: Storage, accounts: Accounts) -> None:
    half = {"_id": "latest", "finished": False, "versions_above": 10_000, "numbers_skipped": 7}
    await storage.collection("restored").insert_one(half)
    later = Storage(servers.mongo, accounts.raw.database.name, "uji")
    restored: Accounts = later.documents("accounts", Account, aggregate="account")
    with pytest.raises(StorageAway):
        await later.prepare()
    with pytest.raises(StorageAway):
        await restored.change("a", lambda account: account.add(1))
    await storage.collection("restored").update_one({"_id": "latest"}, {"$set": {"finished": True}})
    assert (await restored.change("a", lambda account: account.add(1))).version == 10_001
    later.close()


class Replies(CommandListener):
    """How many documents each reply of the server has brought."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Counted when it has succeeded."""

    def succeeded(self, event: CommandSucceededEvent) -> None:
        cursor = event.reply.get("cursor", {})
        self.sizes.append(len(cursor.get("firstBatch") or cursor.get("nextBatch") or ()))

    def failed(self, event: CommandFailedEvent) -> None:
        raise AssertionError(event.failure)


async def test_of_many_documents_that_are_read_through_some_hundred_are_in_memory(servers: Urls) -> None:
    replies = Replies()
    storage = Storage(servers.mongo, f"test_{uuid.uuid4().hex[:8]}", "uji", event_listeners=[replies])
    accounts = storage.documents("accounts", Account, aggregate="account")
    await accounts.raw.insert_many([Account(_id=f"{n:04}", version=1).model_dump(by_alias=True) for n in range(1000)])
    assert [one.id async for one in accounts.each({}, sort=[("_id", 1)])] == [f"{n:04}" for n in range(1000)]
    assert 100 < max(replies.sizes) <= BATCH  # the server by itself answers with 16 MB
    storage.close()

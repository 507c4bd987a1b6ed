"""MongoDB: one database a service, versioned documents, and group commit. The only module that imports Motor."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from bson.errors import InvalidDocument
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ASCENDING, IndexModel, ReturnDocument, UpdateOne, WriteConcern, timeout
from pymongo.errors import BulkWriteError, ConfigurationError, DuplicateKeyError, OperationFailure, PyMongoError

from shared.batching import Batcher
from shared.contracts import Event
from shared.documents import Committed, Document, deeds_of, emptying_of, entries_of, pull_of, write_of
from shared.ledger import Entry
from shared.meta import Meta
from shared.problems import Away, Invalid
from shared.restored import COLLECTION as RESTORED
from shared.restored import NEVER, THE_ONE, Restored

__all__ = [
    "AUDIT",
    "Documents",
    "DuplicateKeyError",
    "IndexModel",
    "ReturnDocument",
    "Storage",
    "StorageAway",
    "Taken",
    "Unstorable",
    "UpdateOne",
    "VersionConflict",
    "WriteConcern",
    "audit_database",
    "guarded",
    "patiently",
]

log = logging.getLogger(__name__)

D = TypeVar("D", bound=Document)
T = TypeVar("T")
Json = dict[str, Any]

AUDIT = "audit"
BATCH = 200  # documents a bulk: beyond this the driver's cost per document no longer falls
_TIMEOUT_MS = 2500  # an answer or a 503 within three seconds
_PATIENT_S = 600.0  # for what no request waits for
_ATTEMPTS = 50  # a document contended this often is a defect, not bad luck
_DUPLICATE_KEY = 11000
_COUNTED_AT_ONCE = 100  # a pipeline may have a thousand stages
_LOADED = {"outbox": 0, "touched": 0}
_NOT_STATE = {**_LOADED, "pending": 0}


class StorageAway(Away):
    """The database did not answer; whether a write happened is unknown."""

    def __init__(self) -> None:
        super().__init__("storage_away", "The database does not answer at the moment.")


class Unstorable(Invalid):
    """A value that the database cannot hold: a number beyond 64 bits, a lone surrogate, a document above 16 MB."""

    def __init__(self) -> None:
        super().__init__("not_storable", "A text or a number in the request cannot be stored.")


class VersionConflict(Exception):
    """Somebody else saved this document first."""


class Taken(Exception):
    """Another document holds a value that must be unique; `fields` are those of the violated index."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


class Storage:
    """A service's database. `on_commit` hears of every committed event and deed: the relay need not look for them.

    `keep_pace` is for whoever commits thousands, to be awaited every few hundred: it returns when not so much is left
    to be published that it fills the memory.
    """

    def __init__(self, url: str, database: str, service: str, **options: Any) -> None:
        self.service = service
        self.on_commit: Callable[[Committed], None] = lambda committed: None
        self.keep_pace: Callable[[], Coroutine[Any, Any, None]] = _at_once
        self.collections: list[Documents[Any]] = []
        self._restored: Restored | None = None
        self._looking = asyncio.Lock()
        # Motor binds its loop at first use, inside the running one
        self._client: AsyncIOMotorClient[Json] = AsyncIOMotorClient(
            url,
            serverSelectionTimeoutMS=_TIMEOUT_MS,
            connectTimeoutMS=_TIMEOUT_MS,
            timeoutMS=_TIMEOUT_MS,
            appname=f"jalur-{service}",
            **options,
        )
        self._database = self._client.get_database(database, write_concern=WriteConcern(w="majority", j=True))

    def collection(self, name: str) -> Any:
        """The driver's own collection, for what is no versioned document (counters, leases, chunks of a run)."""
        return self._database[name]

    @property
    def audit(self) -> Any:
        """The collection to which the service's account may add, and do nothing else: no update, no removal.

        It stands in a database of its own, because MongoDB cannot except one collection from a right.
        """
        own = self._database
        return self._client.get_database(audit_database(own.name), write_concern=own.write_concern)[AUDIT]

    def documents(
        self, name: str, kind: type[D], *, aggregate: str, indexes: Sequence[IndexModel] = ()
    ) -> "Documents[D]":
        """A collection of `kind`; `aggregate` names it inside event ids."""
        documents = Documents(self, name, kind, aggregate, indexes)
        self.collections.append(documents)
        return documents

    async def prepare(self) -> None:
        """Create the indexes that are missing. Raises StorageAway, also while the database is being restored."""
        await self.restored()
        pending = IndexModel([("pending", ASCENDING)], partialFilterExpression={"pending": True})
        # progress is counted by it, in every collection
        of_a_programme = IndexModel([("programme_code", ASCENDING)], name="of_a_programme")
        for documents in self.collections:
            whole = [one.document for one in documents.indexes if "partialFilterExpression" not in one.document]
            served = any(next(iter(index["key"])) == "programme_code" for index in whole)
            await documents.create_indexes(pending, *(() if served else (of_a_programme,)))

    async def restored(self) -> Restored:
        """What must not be given out again because it may have been before; looked up once, for nobody restores a
        database that is in use. Raises StorageAway, also while it is half restored.
        """
        if self._restored is None:
            async with self._looking:  # one looks for all
                self._restored = self._restored or await self._look_for_a_restore()
        return self._restored

    async def ping(self) -> None:
        """Raises StorageAway unless the primary answers."""
        await guarded(self._database.command("ping"))

    async def now(self) -> datetime:
        """The time by the database server's clock, which all replicas share. Raises StorageAway."""
        said = await guarded(self._database.command("hello"))
        time: datetime = said["localTime"].replace(tzinfo=UTC)
        return time

    async def leaves_behind(self, older_than_ms: int) -> bool:
        """Whether the outbox of any document has waited for longer than that, by the server's clock: one question for
        all collections. Raises StorageAway.
        """
        one: list[Json] = [{"$match": _left_behind(older_than_ms)}, {"$limit": 1}, {"$project": {"_id": 1}}]
        return bool(await self._of_all(one, {"$limit": 1}))

    async def first_owed(self, most: int) -> list[Json]:
        """The first entry in the outbox of so many documents of each collection: one question for all of them. Raises
        StorageAway.
        """
        first = {"$project": {"_id": 0, "entry": {"$first": "$outbox"}}}
        found = await self._of_all([{"$match": {"pending": True}}, {"$limit": most}, first])
        return [one["entry"] for one in found if one.get("entry")]

    async def _of_all(self, pipeline: list[Json], *then: Json) -> list[Json]:
        """What this answers of every collection, and `then` of all that together."""
        first, *others = self.collections
        either: list[Json] = [{"$unionWith": {"coll": documents.name, "pipeline": pipeline}} for documents in others]
        return await first.aggregate([*pipeline, *either, *then])

    async def _look_for_a_restore(self) -> Restored:
        found = await guarded(self._database[RESTORED].find_one({"_id": THE_ONE}))
        if found is None:
            return NEVER
        if not found["finished"]:
            log.error("the database is half restored: finish that (docs/backup.md)")
            raise StorageAway
        return Restored(found["versions_above"], found["numbers_skipped"])

    def close(self) -> None:
        self._client.close()


class Documents(Generic[D]):
    """A collection of versioned documents. Concurrent loads become one query, concurrent saves one bulk write.

    `derive` is called before each save, and sets what a document holds for queries and follows from the rest of it.
    """

    def __init__(
        self,
        storage: Storage,
        name: str,
        kind: type[D],
        aggregate: str,
        indexes: Sequence[IndexModel],
        derive: Callable[[D], None] = lambda document: None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.indexes = indexes
        self.raw = storage.collection(name)
        self._unhurried = self.raw.with_options(write_concern=WriteConcern(w=1))
        self._storage = storage
        self._aggregate = aggregate
        self._derive = derive
        self._loads: Batcher[str, Json | None] = Batcher(self._load_batch, BATCH)
        self._saves: Batcher[UpdateOne, None] = Batcher(self._save_batch, BATCH)
        self._peeked: dict[str, D] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def create_indexes(self, *more: IndexModel) -> None:
        """Its own and these; of what there is already in large numbers, that takes its time. Raises StorageAway."""
        with patiently():
            await guarded(self.raw.create_indexes([*more, *self.indexes]))

    async def get(self, document_id: str) -> D | None:
        """The document, or None. Raises StorageAway."""
        found = await self._loads.submit(document_id)
        if found is None:
            return None
        document = self.kind.model_validate(found)
        document._owing = bool(found.get("pending"))
        return document

    async def peek(self, document_id: str) -> D | None:
        """The document as it is now, to be read and never changed: of one version everybody gets the same object, so
        that what many events rest on is made into an object once. For collections of a few. Raises StorageAway.
        """
        found = await self._loads.submit(document_id)
        if found is None:
            return None
        known = self._peeked.get(document_id)
        if known is None or known.version != found["version"]:
            known = self._peeked[document_id] = self.kind.model_validate(found)
        return known

    async def get_many(self, document_ids: Iterable[str]) -> dict[str, D]:
        """Those of the documents that exist, by id."""
        found = await self.find({"_id": {"$in": list(document_ids)}})
        return {document.id: document for document in found}

    async def find(
        self, where: Mapping[str, Any], *, sort: Sequence[tuple[str, int]] = (), limit: int = 0, hint: str | None = None
    ) -> list[D]:
        """The documents that match, all of them at once; `hint` names the index to use."""
        return [document async for document in self.each(where, sort=sort, limit=limit, hint=hint)]

    async def each(
        self, where: Mapping[str, Any], *, sort: Sequence[tuple[str, int]] = (), limit: int = 0, hint: str | None = None
    ) -> AsyncIterator[D]:
        """The documents that match, a few hundred in memory at a time."""
        # of what the server would send at once by itself, 16 MB, a hundred are as many in objects
        cursor = self.raw.find(where, _NOT_STATE, sort=list(sort) or None, limit=limit, hint=hint, batch_size=BATCH)
        while batch := await guarded(cursor.to_list(BATCH)):
            for found in batch:
                yield self.kind.model_validate(found)

    async def aggregate(self, pipeline: Sequence[Mapping[str, Any]], *, hint: str | None = None) -> list[Json]:
        """What an aggregation answers, for counts that no document holds; `hint` names the index to use.

        Without it, the database takes the index that served the same question best before, about another programme.
        """
        named = {} if hint is None else {"hint": hint}
        found: list[Json] = await guarded(self.raw.aggregate(list(pipeline), **named).to_list(None))
        return found

    async def count_each(self, wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
        """How many documents match each condition, by the condition's name: one question for a hundred of them.

        Each is counted by itself, because an index that answers it wholly counts without reading a document.
        """
        counted = dict.fromkeys(wanted, 0)
        names = list(wanted)
        for start in range(0, len(names), _COUNTED_AT_ONCE):
            first, *others = (_counting(name, wanted[name]) for name in names[start : start + _COUNTED_AT_ONCE])
            either = [{"$unionWith": {"coll": self.name, "pipeline": other}} for other in others]
            counted |= {one["_id"]: one["n"] for one in await self.aggregate([*first, *either])}
        return counted

    async def aggregate_patiently(self, pipeline: Sequence[Mapping[str, Any]], hint: str | None = None) -> list[Json]:
        """The same over very many documents, however long it takes, also until the database is there; `hint` names the
        index to use.
        """
        with patiently():
            return await self.aggregate(pipeline, hint=hint)

    async def change(
        self, document_id: str, decide: Callable[[D], Sequence[Event] | None], *, meta: Meta | None = None
    ) -> D:
        """Load the document (a blank one where there is none), let `decide` change it, and save it with its events.

        `decide` changes its argument and returns the events that causes, or None when nothing changed; it may be
        called again when somebody else saved first. What it adds to the document's ledger goes to the audit. With
        `meta`, the event is absorbed once: `decide` is not called for one that is in the document already, and the mark
        is saved with the change. Returns the document as it is now. Raises StorageAway, Taken, LedgerChanged, and
        whatever `decide` raises.
        """
        above = (await self._storage.restored()).versions_above
        async with self._lock(document_id):
            for _ in range(_ATTEMPTS):
                document = await self.get(document_id) or self.kind(_id=document_id)
                document._above = above
                if meta is not None and document.has_absorbed(meta):
                    return document
                events = decide(document)
                if meta is not None:
                    document.mark(meta)
                elif events is None:
                    return document
                try:
                    return await self._save(document, events or ())
                except VersionConflict:
                    continue
        raise VersionConflict(f"{self.name} {document_id} is contended")

    async def add(self, document: D, events: Sequence[Event] = ()) -> D:
        """Save a document that does not exist yet. Raises Taken when a unique value is held, `_id` included."""
        document._above = (await self._storage.restored()).versions_above
        try:
            return await self._save(document, events)
        except VersionConflict as error:
            raise Taken(("_id",)) from error

    async def pull(self, published: Mapping[str, list[str]], whole: Mapping[str, int]) -> None:
        """Take published entries out of their documents' outboxes: document id → entry ids.

        `whole` has, by document id, the version at which these entries are all that its outbox holds.
        """
        # losing a pull means publishing again, which is allowed, so it need not wait for the journal
        emptying = [UpdateOne(*emptying_of(id_, version)) for id_, version in whole.items()]
        if emptying:
            done = await guarded(self._unhurried.bulk_write(emptying, ordered=False))
            if done.matched_count == len(emptying):
                published = {id_: entry_ids for id_, entry_ids in published.items() if id_ not in whole}
        operations = [UpdateOne({"_id": id_}, pull_of(entry_ids)) for id_, entry_ids in published.items()]
        if operations:
            await guarded(self._unhurried.bulk_write(operations, ordered=False))

    async def pending(self, older_than_ms: int, limit: int, *, besides: Sequence[str] = ()) -> list[Committed]:
        """Documents, `besides` these, whose outbox has waited for longer than that, by the server's clock."""
        where = {**_left_behind(older_than_ms), "_id": {"$nin": list(besides)}}
        cursor = self.raw.find(where, {"outbox": 1}, limit=limit)
        return [Committed(self.name, found["_id"], found["outbox"]) for found in await guarded(cursor.to_list(limit))]

    async def outboxes(self, ids: Iterable[str]) -> dict[str, list[Json]]:
        """What these documents' outboxes hold now, by id."""
        cursor = self.raw.find({"_id": {"$in": list(ids)}}, {"outbox": 1})
        return {found["_id"]: found.get("outbox", []) for found in await guarded(cursor.to_list(None))}

    async def _save(self, document: D, events: Sequence[Event]) -> D:
        service = self._storage.service
        self._derive(document)
        added = document.added_to_ledger()
        entries = entries_of(service, self._aggregate, document, events)
        entries += deeds_of(service, self.name, self._aggregate, document, added)
        await self._saves.submit(save_of(document, entries, added))
        before, document.version = document.version, document.next_version
        document.settle_ledger()
        if entries:
            self._storage.on_commit(
                Committed(self.name, document.id, entries, document._owing, document.version, before)
            )
            document._owing = True
        return document

    async def _load_batch(self, ids: list[str]) -> list[Json | None]:
        cursor = self.raw.find({"_id": {"$in": ids}}, _LOADED)
        found = {document["_id"]: document for document in await guarded(cursor.to_list(None))}
        return [found.get(id_) for id_ in ids]

    async def _save_batch(self, saves: list[UpdateOne]) -> Sequence[Exception | None]:
        answers: list[Exception | None] = [None] * len(saves)
        try:
            await guarded(self.raw.bulk_write(saves, ordered=False))
        except BulkWriteError as error:
            if error.details.get("writeConcernErrors"):
                raise StorageAway from error
            for failure in error.details["writeErrors"]:
                answers[failure["index"]] = _loss(failure)
        except (InvalidDocument, Unstorable):  # one cannot be encoded, so none was sent
            if len(saves) == 1:
                return [Unstorable()]
            return [(await self._save_batch([save]))[0] for save in saves]
        return answers

    def _lock(self, document_id: str) -> asyncio.Lock:
        lock = self._locks.get(document_id)
        if lock is None:
            lock = self._locks[document_id] = asyncio.Lock()
        return lock


def _counting(name: str, where: Mapping[str, Any]) -> list[Json]:
    return [{"$match": where}, {"$group": {"_id": {"$literal": name}, "n": {"$sum": 1}}}]


async def _at_once() -> None:
    """Where nothing is published, nothing has to be waited for."""


def _left_behind(older_than_ms: int) -> Json:
    return {"pending": True, "$expr": {"$lt": ["$touched", {"$subtract": ["$$NOW", older_than_ms]}]}}


def save_of(document: Document, entries: list[Json], added: Sequence[Entry]) -> UpdateOne:
    """The operation that makes a document its next version.

    Upsert names the loser of a race: its filter finds nothing, so it inserts, and the _id is there already.
    """
    return UpdateOne(*write_of(document, entries, added), upsert=True)


def audit_database(database: str) -> str:
    """Where the audit of a service's database stands."""
    return f"{database}_{AUDIT}"


def _loss(failure: Mapping[str, Any]) -> Exception:
    if failure["code"] != _DUPLICATE_KEY:
        return OperationFailure(str(failure.get("errmsg")), failure["code"])
    fields = tuple(failure.get("keyPattern", {"_id": 1}))
    return VersionConflict() if fields == ("_id",) else Taken(fields)


def patiently() -> AbstractContextManager[None]:
    """What is asked of the database within it may take long: nobody's request waits for it."""
    return timeout(_PATIENT_S)


async def guarded(call: Awaitable[T]) -> T:
    """Await a driver call; what says that the server is away, or that the outcome is unknown, becomes StorageAway.

    Raises Unstorable for what the driver cannot encode.
    """
    try:
        return await call
    except (BulkWriteError, DuplicateKeyError, ConfigurationError):
        raise
    except (OverflowError, UnicodeEncodeError) as error:
        raise Unstorable from error
    except OperationFailure as error:
        if error.has_error_label("RetryableWriteError") or error.timeout:
            raise StorageAway from error
        raise
    except PyMongoError as error:
        raise StorageAway from error

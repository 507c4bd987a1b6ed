"""The services' databases in files and back: all of them as they were at one moment.

One session reads every collection of every service at the same point of the replica set's history. What one service has
published before that point, and another absorbed, is in both or in none.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import IO, Any

from bson import CodecOptions, decode_file_iter, json_util
from bson.raw_bson import RawBSONDocument
from pymongo import IndexModel, MongoClient, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure

from deploy.kept.files import Backup, Draft, Unusable
from deploy.topology import SERVICES
from shared.audit.chain import START, Head, faults
from shared.restored import COLLECTION, THE_ONE
from shared.storage import AUDIT, audit_database

Client = MongoClient[dict[str, Any]]
Counts = dict[str, dict[str, int]]  # database without prefix → collection → documents

# what tells where a service is with queues and leases of a broker that is gone, and who is signed in: a restored
# service hears the whole log again, and everybody signs in anew
LEFT_OUT = frozenset(
    {"heard", "sent_on", "leases", "webhook_places", "sheets_in_hand"}
    | {"sessions", "session_owners", "sign_in_failures", "look_up_failures", "drafts", "interrupted_forms"}
)
_OF_THESE_ONLY = {
    # one that is under way needs its sheet, which names people in clear and is not kept: it is to be handed in again
    ("gateway", "imports"): {"state": {"$nin": ["queued", "running"]}},
    # beside who has the turn to match stands the run that was decided and is half done
    ("placement", "leases"): {"run_id": {"$exists": True}},
}
# offsets in a log that is gone; whoever reads it begins again
_ANEW: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = (
    ("serving", {}, {"$set": {"offset": 0, "end": 0}}),
    ("webhooks", {"begins": {"$regex": "^[0-9]+$"}}, {"$set": {"begins": "first"}}),
)

_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
_SNAPSHOT_TOO_OLD, _SNAPSHOT_UNAVAILABLE = 239, 246
_ATTEMPTS = 5
_DOCUMENTS, _BYTES = 1000, 8 << 20  # of one insert


class Snapshot:
    """The databases `<prefix>_<name>` at one moment. A context manager."""

    def __init__(self, client: Client, prefix: str) -> None:
        """Raises Unusable, and pymongo's errors."""
        self._client = client
        self._prefix = prefix
        for _ in range(_ATTEMPTS):
            self.taken_at: datetime = client.admin.command("hello")["localTime"].replace(tzinfo=UTC)
            self._options = self._list()
            self._session: ClientSession = client.start_session(snapshot=True)
            if any(self._options.values()):
                name, collection = next((name, one) for name, held in self._options.items() for one in held)
                self._collection(name, collection).find_one(session=self._session)
            if self._list() == self._options:
                break
            self._session.end_session()  # a collection that was made in between could not be read at that moment
        else:
            raise Unusable("collections are being made all the time; try again when the services have started")
        if not any(self._options.values()):
            raise Unusable(f"there is nothing to back up: no database of the name {prefix}_… holds anything")

    def __enter__(self) -> "Snapshot":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.end_session()

    def write(self, draft: Draft) -> Counts:
        """Everything into files. Raises Unusable when it takes longer than MongoDB keeps its history."""
        try:
            counts = {
                name: {collection: self._write(draft, name, collection) for collection in held}
                for name, held in self._options.items()
            }
        except OperationFailure as error:
            if error.code == _SNAPSHOT_TOO_OLD:
                raise Unusable(
                    "MongoDB has given up the moment that was being read: it took longer than "
                    "minSnapshotHistoryWindowInSeconds (300). Set that higher, or take a snapshot of the volume "
                    "(docs/backup.md)"
                ) from error
            if error.code == _SNAPSHOT_UNAVAILABLE:
                raise Unusable("indexes or collections were changed meanwhile; try again") from error
            raise
        for name, held in self._list().items():
            if gone := self._options[name].keys() - held.keys():
                raise Unusable(
                    f"{sorted(gone)} of {name} were dropped meanwhile, as at the end of a rebuild; try again"
                )
        return counts

    def heads(self) -> dict[str, Head]:
        """The last chunk of each service's audit."""
        found: dict[str, Head] = {}
        for service in SERVICES:
            audit = self._collection(audit_database(service), AUDIT)
            last = audit.find_one({}, sort=[("_id", -1)], session=self._session) if self._has_audit(service) else None
            found[service] = START if last is None else Head(last["_id"], last["hash"])
        return found

    def versions(self, service: str, event_name: str, subjects: Sequence[str]) -> dict[str, int]:
        """Of the documents that had published such an event by then, the versions, by id."""
        where = {"_id": {"$in": list(subjects)}, f"published.{event_name}": {"$exists": True}}
        return {
            found["_id"]: int(found["version"])
            for collection in self._options.get(service, {})
            for found in self._collection(service, collection).find(where, {"version": 1}, session=self._session)
        }

    def _has_audit(self, service: str) -> bool:
        return AUDIT in self._options.get(audit_database(service), {})

    def _collection(self, name: str, collection: str) -> Any:
        return self._client[f"{self._prefix}_{name}"][collection]

    def _list(self) -> dict[str, dict[str, Any]]:
        """Options by database and collection."""
        return {
            name: {
                one["name"]: one.get("options", {})
                for one in self._client[f"{self._prefix}_{name}"].list_collections()
                if one["type"] == "collection" and is_kept(name, one["name"])
            }
            for name in names()
        }

    def _write(self, draft: Draft, name: str, collection: str) -> int:
        source = self._collection(name, collection)
        count = 0
        with draft.compressed(f"databases/{name}/{collection}.bson.gz") as file:
            found = source.with_options(codec_options=_RAW).find(
                _OF_THESE_ONLY.get((name, collection), {}), session=self._session, batch_size=_DOCUMENTS
            )
            for document in found:
                file.write(document.raw)
                count += 1
        about = {"indexes": list(source.list_indexes()), "collectionName": collection, "type": "collection"}
        with draft.compressed(f"databases/{name}/{collection}.metadata.json.gz") as file:
            file.write(json_util.dumps({**about, "options": self._options[name][collection]}).encode())
        return count


def names() -> list[str]:
    """The databases of the services, without the prefix."""
    return [name for service in SERVICES for name in (service, audit_database(service))]


def is_kept(name: str, collection: str) -> bool:
    """Whether a collection, or a part of it, belongs to a backup."""
    return (name, collection) in _OF_THESE_ONLY or not (collection in LEFT_OUT or collection.startswith("system."))


def held(client: Client, prefix: str) -> dict[str, int]:
    """What is there already: documents by `database.collection`."""
    return {
        f"{prefix}_{name}.{collection}": count
        for name in names()
        for collection in client[f"{prefix}_{name}"].list_collection_names()
        if is_kept(name, collection) and (count := client[f"{prefix}_{name}"][collection].estimated_document_count())
    }


def clear(client: Client, prefix: str) -> None:
    for name in names():
        client.drop_database(f"{prefix}_{name}")


def begin(client: Client, prefix: str, told: Mapping[str, Any]) -> None:
    """From now on no service works with these databases, until `finish`."""
    _tell(client, prefix, {**told, "finished": False})


def finish(client: Client, prefix: str) -> None:
    _tell(client, prefix, {"finished": True})


def load(client: Client, prefix: str, backup: Backup) -> None:
    """Everything from files into empty databases, as it was. Raises Unusable when it does not come to what was kept."""
    kept: Counts = backup.manifest["databases"]
    for name, collections in kept.items():
        database = client.get_database(f"{prefix}_{name}", write_concern=WriteConcern(w="majority", j=True))
        for collection, count in collections.items():
            if (name, collection) in ((service, COLLECTION) for service in SERVICES):
                continue  # of an earlier restore
            _load(database, collection, backup, f"databases/{name}/{collection}")
            found = database[collection].count_documents({})
            if found != count:
                raise Unusable(f"{prefix}_{name}.{collection} has {found} documents now, and {count} were kept")
    for collection, where, change in _ANEW:
        gateway = client.get_database(f"{prefix}_gateway", write_concern=WriteConcern(w="majority", j=True))
        gateway[collection].update_many(where, change)
    for service, (n, hash_) in backup.manifest["audit_heads"].items():
        _check_audit(client[f"{prefix}_{audit_database(service)}"], service, Head(n, hash_))


def skipped_before(backup: Backup) -> int:
    """How many numbers the restores have skipped that the backup has behind it."""
    if COLLECTION not in backup.manifest["databases"][SERVICES[0]]:
        return 0
    with backup.compressed(f"databases/{SERVICES[0]}/{COLLECTION}.bson.gz") as file:
        return max((int(one["numbers_skipped"]) for one in decode_file_iter(file)), default=0)


def connected(client: Client, accounts: Sequence[str]) -> list[str]:
    """The services that are connected now, by the names they give; of those with accounts of their own ours alone."""
    idle = {"$currentOp": {"allUsers": True, "idleConnections": True}}
    found = client.admin.aggregate([idle, {"$match": {"appName": {"$regex": "^jalur-"}}}])
    ours = (
        one["appName"]
        for one in found
        if not (users := {user["user"] for user in one.get("effectiveUsers", [])}) or users & set(accounts)
    )
    return sorted(set(ours))


def _tell(client: Client, prefix: str, told: Mapping[str, Any]) -> None:
    for service in SERVICES:
        database = client.get_database(f"{prefix}_{service}", write_concern=WriteConcern(w="majority", j=True))
        database[COLLECTION].update_one({"_id": THE_ONE}, {"$set": dict(told)}, upsert=True)


def _load(database: Any, collection: str, backup: Backup, file: str) -> None:
    with backup.compressed(f"{file}.metadata.json.gz") as about:
        described = json_util.loads(about.read())
    target = database.create_collection(collection, **described["options"])
    with backup.compressed(f"{file}.bson.gz") as documents:
        for portion in _portions(documents):
            target.insert_many(portion, ordered=False)
    wanted = [one for one in described["indexes"] if one["name"] != "_id_"]
    if wanted:
        target.create_indexes([_index(one) for one in wanted])


def _portions(file: IO[bytes]) -> Iterator[list[RawBSONDocument]]:
    portion: list[RawBSONDocument] = []
    size = 0
    for document in decode_file_iter(file, _RAW):
        portion.append(document)
        size += len(document.raw)
        if len(portion) == _DOCUMENTS or size > _BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _index(described: Mapping[str, Any]) -> IndexModel:
    options = {name: value for name, value in described.items() if name not in ("v", "key", "ns")}
    return IndexModel(list(described["key"].items()), **options)


def _check_audit(database: Any, service: str, head: Head) -> None:
    before = START
    for chunk in database[AUDIT].find(sort=[("_id", 1)]):
        for fault in faults(chunk, before):
            raise Unusable(f"the audit of {service} is not sound: {fault}")
        before = Head(chunk["_id"], chunk["hash"])
    if before != head:
        raise Unusable(f"the audit of {service} ends at {before.n}:{before.hash}, and {head.n}:{head.hash} was kept")

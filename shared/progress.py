"""How far a service is: which events it has published and absorbed, counted per programme."""

from collections import defaultdict
from typing import Any

from pydantic import BaseModel

from shared.storage import Storage, guarded

# what belongs to no programme, such as people and their earlier trainings, is counted under this instead of a code
ACROSS = "-"


class Reach(BaseModel):
    """Over how many documents an event has gone, and the sum of its last sequence in each."""

    subjects: int = 0
    sequence: int = 0


class Progress(BaseModel):
    published: dict[str, Reach]
    absorbed: dict[str, Reach]

    def covers(self, publisher: "Progress", event_name: str) -> bool:
        """Whether this service has absorbed all that the publisher has published of an event."""
        theirs = publisher.published.get(event_name, Reach())
        ours = self.absorbed.get(event_name, Reach())
        return ours.subjects >= theirs.subjects and ours.sequence >= theirs.sequence


async def progress(storage: Storage, programme_code: str) -> Progress:
    """Counted from the documents of one programme, or of those `ACROSS` programmes. Raises StorageAway."""
    programme_code = "" if programme_code == ACROSS else programme_code
    published: dict[str, Reach] = defaultdict(Reach)
    absorbed: dict[str, Reach] = defaultdict(Reach)
    await storage.ping()  # counting may take long; that the database is away is told at once
    for documents in storage.collections:
        for field, last, into in (("published", "$entry.v", published), ("marks", {"$first": "$entry.v"}, absorbed)):
            for found in await documents.aggregate_patiently(_pipeline(programme_code, field, last)):
                reach = into[found["_id"]]
                reach.subjects += found["subjects"]
                reach.sequence += found["sequence"]
    await _count_discarded(storage, programme_code, absorbed)
    return Progress(published=dict(published), absorbed=dict(absorbed))


async def _count_discarded(storage: Storage, programme_code: str, absorbed: dict[str, Reach]) -> None:
    """An event that somebody discarded on purpose has been heard too: nobody needs to wait for it any more."""
    where = {"discarded": True, "programme_code": programme_code, "event_name": {"$ne": ""}}
    found = await guarded(
        storage.collection("parked").find(where, {"event_name": 1, "subject": 1, "sequence": 1}).to_list(None)
    )
    by_event: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for one in found:
        by_event[one["event_name"]][one["subject"]].add(one["sequence"])
    for event_name, subjects in by_event.items():
        held: dict[str, int] = {}
        counted = False
        for documents in storage.collections:
            mark = f"marks.{event_name}"
            where = {"_id": {"$in": list(subjects)}, "programme_code": programme_code, mark: {"$exists": True}}
            for one in await guarded(documents.raw.find(where, {mark: 1}).to_list(None)):
                held[one["_id"]] = one["marks"][event_name][0]
                counted = event_name in documents.kind.counted
        for subject, sequences in subjects.items():
            before = held.get(subject)
            after = (before or 0) + len(sequences) if counted else max(before or 0, *sequences)
            absorbed[event_name].subjects += before is None
            absorbed[event_name].sequence += after - (before or 0)


def _pipeline(programme_code: str, field: str, last: Any) -> list[dict[str, Any]]:
    return [
        {"$match": {"programme_code": programme_code}},
        {"$project": {"entry": {"$objectToArray": f"${field}"}}},
        {"$unwind": "$entry"},
        {"$group": {"_id": "$entry.k", "subjects": {"$sum": 1}, "sequence": {"$sum": last}}},
    ]

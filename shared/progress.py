"""How far a service is: which events it has published and absorbed, counted per programme."""

from collections import defaultdict
from typing import Any

from pydantic import BaseModel

from shared.storage import Storage

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
    for documents in storage.collections:
        for field, last, into in (("published", "$entry.v", published), ("marks", {"$first": "$entry.v"}, absorbed)):
            for found in await documents.aggregate(_pipeline(programme_code, field, last)):
                reach = into[found["_id"]]
                reach.subjects += found["subjects"]
                reach.sequence += found["sequence"]
    return Progress(published=dict(published), absorbed=dict(absorbed))


def _pipeline(programme_code: str, field: str, last: Any) -> list[dict[str, Any]]:
    return [
        {"$match": {"programme_code": programme_code}},
        {"$project": {"entry": {"$objectToArray": f"${field}"}}},
        {"$unwind": "$entry"},
        {"$group": {"_id": "$entry.k", "subjects": {"$sum": 1}, "sequence": {"$sum": last}}},
    ]

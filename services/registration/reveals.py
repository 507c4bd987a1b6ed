"""The record of who was shown whose personal fields, and why."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import uuid4

from pydantic import Field

from shared.cells import JAKARTA
from shared.documents import Document
from shared.ledger import Entry, Signature, entry
from shared.storage import IndexModel, Storage


class Reveal(Document):
    """That somebody was shown personal fields of these applicants; `reason` None when they did not say why."""

    by: str = ""
    at: datetime | None = None
    applicant_ids: list[str] = Field(default_factory=list)
    fields: list[str] = Field(default_factory=list)
    reason: str | None = None
    ledger: list[Entry] = Field(default_factory=list)


class Looked(NamedTuple):
    """How much one member of staff was shown on a day."""

    by: str
    reveals: int
    people: int
    fields: list[str]
    without_reason: int


class Reveals:
    """What was revealed; nothing here names anybody but staff."""

    def __init__(self, storage: Storage) -> None:
        self._reveals = storage.documents(
            "reveals", Reveal, aggregate="reveal", indexes=[IndexModel([("applicant_ids", 1)]), IndexModel([("at", 1)])]
        )

    async def record(
        self,
        applicant_ids: Iterable[str],
        fields: Iterable[str],
        reason: str | None,
        signed: Signature,
        what: str = "revealed",
    ) -> None:
        """Put on record who is shown what, before they are. Raises StorageAway."""
        ids, shown = list(applicant_ids), list(fields)
        written = entry(signed, what, reason, applicant_ids=ids, fields=shown)
        reveal = Reveal(
            _id=uuid4().hex,
            by=signed.by,
            at=signed.at,
            applicant_ids=ids,
            fields=shown,
            reason=written.reason,
            ledger=[written],
        )
        await self._reveals.add(reveal)

    async def of(self, applicant_id: str) -> list[Reveal]:
        """Who was shown personal fields of this applicant, the earliest first."""
        return await self._reveals.find({"applicant_ids": applicant_id}, sort=[("at", 1)])

    async def on(self, day: date) -> list[Looked]:
        """Who was shown how much on that day in Jakarta, those who saw most people first."""
        start, end = (_utc(day + timedelta(days=days)) for days in (0, 1))
        by: dict[str, list[Reveal]] = {}
        async for reveal in self._reveals.each({"at": {"$gte": start, "$lt": end}}):
            by.setdefault(reveal.by, []).append(reveal)
        looked = [
            Looked(
                by=name,
                reveals=len(reveals),
                people=len({one for reveal in reveals for one in reveal.applicant_ids}),
                fields=sorted({field for reveal in reveals for field in reveal.fields}),
                without_reason=sum(reveal.reason is None for reveal in reveals),
            )
            for name, reveals in by.items()
        ]
        return sorted(looked, key=lambda one: (-one.people, one.by))


def _utc(day: date) -> str:
    """The day's start as times are stored; what follows the seconds there sorts behind it."""
    return f"{datetime.combine(day, time.min, JAKARTA).astimezone(UTC):%Y-%m-%dT%H:%M:%S}"

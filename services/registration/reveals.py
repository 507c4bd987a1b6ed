"""The record of who was shown whose personal fields, or found whom by them, and why."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from uuid import uuid4

from pydantic import Field

from shared.cells import JAKARTA
from shared.documents import Document
from shared.ledger import Entry, Signature, entry
from shared.storage import IndexModel, Storage, guarded

_IMPORTED: Final = "imported"
_MOST_PEOPLE: Final = 1_000  # in one record: a sheet may name more than fit into a document
_WITHOUT_OTHERS: Final = {"applicant_ids": 0, "ledger": 0, "outbox": 0}


class Reveal(Document):
    """That somebody was shown personal `fields` of these applicants, or found them by what was `sought`.

    `what` says how: "revealed", "exported", "searched", or "imported" with a sheet that has their NIKs. `sought` are
    the kinds ("name", "nik") and never the words: those would name somebody, whoever was found. `reason` is None when
    they did not say why.
    """

    by: str = ""
    at: datetime | None = None
    what: str = "revealed"
    applicant_ids: list[str] = Field(default_factory=list)
    fields: list[str] = Field(default_factory=list)
    sought: list[str] = Field(default_factory=list)
    reason: str | None = None
    ledger: list[Entry] = Field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """As whoever it is about gets to read it."""
        return self.model_dump(include={"at", "by", "what", "fields", "sought", "reason"})


class Looked(NamedTuple):
    """How much one member of staff was shown on a day, and how often they searched.

    `people` are those shown or found; `in_sheets` those whom NIKs in their sheets named. A search that found nobody
    counts too; `without_reason` counts reveals alone.
    """

    by: str
    reveals: int
    searches: int
    people: int
    in_sheets: int
    fields: list[str]
    sought: list[str]
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
        await self._add(signed, what, reason, applicant_ids=list(applicant_ids), fields=list(fields))

    async def record_search(
        self, applicant_ids: Iterable[str], sought: Iterable[str], reason: str | None, signed: Signature
    ) -> None:
        """Put on record whom a search finds, which may be nobody, before it tells. Raises StorageAway."""
        await self._add(signed, "searched", reason, applicant_ids=list(applicant_ids), sought=list(sought))

    async def record_sheet(self, applicant_ids: Sequence[str], signed: Signature) -> None:
        """Put on record whom the NIKs of a sheet name, before its importer learns it. Raises StorageAway."""
        for start in range(0, len(applicant_ids), _MOST_PEOPLE):
            ids = list(applicant_ids[start : start + _MOST_PEOPLE])
            await self._add(signed, _IMPORTED, None, applicant_ids=ids, sought=["nik"])

    async def _add(self, signed: Signature, what: str, reason: str | None, **detail: list[str]) -> None:
        written = entry(signed, what, reason, **detail)
        reveal = Reveal(
            _id=uuid4().hex,
            by=signed.by,
            at=signed.at,
            what=what,
            reason=written.reason,
            ledger=[written],
            **written.detail,
        )
        await self._reveals.add(reveal)

    async def of(self, applicant_id: str) -> list[Reveal]:
        """Who was shown personal fields of this applicant, or found them by these, the earliest first.

        Without whom else it was about: that may be a thousand.
        """
        found = self._reveals.raw.find({"applicant_ids": applicant_id}, _WITHOUT_OTHERS, sort=[("at", 1)])
        return [Reveal.model_validate(one) for one in await guarded(found.to_list(None))]

    async def on(self, day: date) -> list[Looked]:
        """Who was shown how much on that day in Jakarta, those who saw most people first."""
        start, end = (_utc(day + timedelta(days=days)) for days in (0, 1))
        by: dict[str, list[Reveal]] = {}
        async for reveal in self._reveals.each({"at": {"$gte": start, "$lt": end}}):
            by.setdefault(reveal.by, []).append(reveal)
        looked = [_looked(name, reveals) for name, reveals in by.items()]
        return sorted(looked, key=lambda one: (-one.people, -one.in_sheets, one.by))


def _looked(by: str, records: list[Reveal]) -> Looked:
    sheets = [one for one in records if one.what == _IMPORTED]
    searches = [one for one in records if one.sought and one.what != _IMPORTED]
    reveals = [one for one in records if not one.sought]
    return Looked(
        by=by,
        reveals=len(reveals),
        searches=len(searches),
        people=len({who for one in reveals + searches for who in one.applicant_ids}),
        in_sheets=len({who for one in sheets for who in one.applicant_ids}),
        fields=sorted({field for one in reveals for field in one.fields}),
        sought=sorted({kind for one in searches for kind in one.sought}),
        without_reason=sum(one.reason is None for one in reveals),
    )


def _utc(day: date) -> str:
    """The day's start as times are stored; what follows the seconds there sorts behind it."""
    return f"{datetime.combine(day, time.min, JAKARTA).astimezone(UTC):%Y-%m-%dT%H:%M:%S}"

"""Who would be screened or rated otherwise if a programme had other rules: a comparison that changes nothing."""

import heapq
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from services.selection import scoring, screening
from services.selection.applicant import Applicant, as_float
from shared.contracts.registration import Programme

MOST_SHOWN = 200


class Kind(StrEnum):
    """What another rule would do to somebody."""

    WOULD_PASS = "would_pass"  # refused now
    WOULD_BE_REFUSED = "would_be_refused"  # passed now
    OTHER_REASONS = "other_reasons"  # refused either way
    WOULD_FALL_BELOW = "would_fall_below"  # the pass mark
    WOULD_RISE_ABOVE = "would_rise_above"


class Standing(NamedTuple):
    """How somebody stands by some rules; no reasons means passed. No total: absent, or not scored yet."""

    reasons: tuple[str, ...]
    total: Decimal | None
    below_pass_mark: bool


class Affected(NamedTuple):
    """Somebody for whom another rule changes something."""

    number: int
    registration_no: str
    applicant_id: str
    kind: Kind
    now: Standing
    then: Standing

    def told(self) -> dict[str, Any]:
        return {
            "applicant_id": self.applicant_id,
            "registration_no": self.registration_no,
            "kind": self.kind,
            "now": _told(self.now),
            "then": _told(self.then),
        }


@dataclass
class Comparison:
    """Takes applicants in one after the other, in any order, and holds counts and the first few of them alone."""

    held: Programme
    wanted: Programme
    screened: int = 0
    unscreened: int = 0
    totals_changed: int = 0
    counts: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    _first: list[tuple[int, Affected]] = field(default_factory=list)

    def take(self, applicant: Applicant, trained_in: Collection[str]) -> None:
        """Compare one who has not withdrawn; `trained_in` is what is known of their earlier trainings."""
        if applicant.facts is None or applicant.screening is None:
            self.unscreened += 1
            return
        self.screened += 1
        held_reasons = tuple(finding.reason for finding in applicant.screening.findings)
        findings = screening.screen(self.wanted.eligibility, applicant.facts, trained_in, applicant.overruled)
        now = _standing(applicant, held_reasons, self.held)
        then = _standing(applicant, tuple(finding.reason for finding in findings), self.wanted)
        self.totals_changed += now.total != then.total
        if (kind := _kind(now, then)) is not None:
            self.counts[kind] += 1
            number = int(applicant.registration_no.rpartition("-")[2])
            self._note(Affected(number, applicant.registration_no, applicant.id, kind, now, then))

    def told(self) -> dict[str, Any]:
        """The counts, and those for whom something changes: the first by registration number, MOST_SHOWN at most."""
        shown = [affected for _, affected in sorted(self._first, reverse=True)]
        return {
            "screened": self.screened,
            "unscreened": self.unscreened,
            "totals_changed": self.totals_changed,
            "counts": self.counts,
            "items": [affected.told() for affected in shown],
            "left_out": sum(self.counts.values()) - len(shown),
        }

    def _note(self, affected: Affected) -> None:
        entry = (-affected.number, affected)  # a heap gives up the least: the last of those held
        if len(self._first) < MOST_SHOWN:
            heapq.heappush(self._first, entry)
        else:
            heapq.heappushpop(self._first, entry)


def _standing(applicant: Applicant, reasons: tuple[str, ...], programme: Programme) -> Standing:
    scores = applicant.scores
    total = scoring.total(scores.written, scores.interview, programme.selection) if scores else None
    below = total is not None and total < Decimal(str(programme.selection.pass_mark))
    return Standing(reasons, total, below)


def _kind(now: Standing, then: Standing) -> Kind | None:
    if now.reasons != then.reasons:
        if not then.reasons:
            return Kind.WOULD_PASS
        return Kind.OTHER_REASONS if now.reasons else Kind.WOULD_BE_REFUSED
    if now.reasons or now.below_pass_mark == then.below_pass_mark:
        return None
    return Kind.WOULD_FALL_BELOW if then.below_pass_mark else Kind.WOULD_RISE_ABOVE


def _told(standing: Standing) -> dict[str, Any]:
    total = as_float(standing.total)
    return {"reasons": list(standing.reasons), "total": total, "below_pass_mark": standing.below_pass_mark}

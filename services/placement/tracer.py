"""The tracer study: what became of graduates three, six and twelve months after the training."""

import re
from collections.abc import Hashable
from datetime import date
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator

from services.placement.confirming import recorded
from services.placement.graduate import Answer, Graduate
from shared.cells import BadCell, Cell, day, text, whole, word
from shared.contracts.placement import Source, Status
from shared.contracts.registration import Programme
from shared.contracts.selection import Outcome
from shared.judging import Change, RowWaits, Text, optional, per_person, read, refused
from shared.ledger import Signature
from shared.rows import Row

WAVES: Final = (3, 6, 12)
_STATUSES: Final = {
    written: status
    for status, words in {
        Status.EMPLOYED: ("bekerja", "sudah bekerja", "karyawan"),
        Status.SELF_EMPLOYED: ("wirausaha", "wiraswasta"),
        Status.STUDYING: ("melanjutkan studi", "kuliah", "mahasiswa", "sekolah"),
        Status.UNEMPLOYED: (
            *("belum bekerja", "tidak bekerja", "tidak/belum bekerja", "belum/tidak bekerja"),
            *("pencari kerja", "ibu rumah tangga"),
        ),
        Status.UNREACHABLE: ("tidak dapat dihubungi", "tidak bisa dihubungi"),
    }.items()
    for written in words
}


def wave(cell: Cell) -> int:
    """3, 6 or 12, also as "3 bulan" or "bulan ke-3". Raises BadCell, "unknown_wave" among others."""
    numbers = re.findall(r"[0-9]+", text(cell) or "") if isinstance(cell, str) else []
    months = whole(numbers[0]) if len(numbers) == 1 and "bulan" in word(cell) else whole(cell)
    if months not in WAVES:
        raise BadCell("unknown_wave")
    return months


def status(cell: Cell) -> Status:
    """The status a word stands for. Raises BadCell, "missing" or "unknown_status"."""
    if not word(cell):
        raise BadCell("missing")
    written = re.sub(r"\s*/\s*", "/", word(cell))
    if written not in _STATUSES:
        raise BadCell("unknown_status")
    return _STATUSES[written]


class TracerRow(BaseModel):
    wave: Annotated[int, BeforeValidator(wave)]
    status: Annotated[Status, BeforeValidator(status)]
    employer: Text
    started_on: Annotated[date | None, BeforeValidator(optional(day))]


def occasion(row: Row) -> Hashable:
    """Whose answer of which wave a row says. Raises RowRefused when it cannot be read."""
    return per_person(row), read(TracerRow, row.cells).wave


def record(graduate: Graduate, cells: dict[str, Cell], programme: Programme, signed: Signature) -> Change | None:
    """Record one answer (wave, status, employer, started_on), or correct the one of that wave.

    None when it is known already. Raises RowRefused, among others "not_a_graduate" for somebody known not to have
    completed the training; or RowWaits, "completion_unknown".
    """
    answer = Answer(**read(TracerRow, cells).model_dump())
    if graduate.programme_code not in ("", programme.code):
        raise refused("other_programme")
    return take(graduate, answer, signed)


def take(graduate: Graduate, answer: Answer, signed: Signature) -> Change | None:
    """Keep an answer that has been read. None and errors are those of `record`.

    What it leaves blank it does not take back: one tap by link says nothing of a first day that is known.
    """
    _check_graduate(graduate)
    before = next((known for known in graduate.answers if known.wave == answer.wave), None)
    answer = filled(answer, before)
    if answer == before:
        return None
    if before is None:
        graduate.answers.append(answer)
        graduate.write(signed, "answer_recorded", wave=answer.wave, status=answer.status)
    else:
        graduate.superseded.append(before)
        graduate.answers[graduate.answers.index(before)] = answer
        replaced = before.model_dump(mode="json", include={"employer", "started_on"}, exclude_none=True)
        graduate.write(
            signed, "answer_corrected", wave=answer.wave, before=before.status, after=answer.status, replaced=replaced
        )
    return Change([recorded(graduate, answer, Source.TRACER)], [])


def filled(answer: Answer, before: Answer | None) -> Answer:
    """With what was known of the same work: where and since when. At another employer the first day is another one."""
    if before is None or answer.status is not before.status:
        return answer
    employer = answer.employer or before.employer
    if word(employer) != word(before.employer):
        return answer
    return answer.model_copy(update={"employer": employer, "started_on": answer.started_on or before.started_on})


def _check_graduate(graduate: Graduate) -> None:
    if graduate.completed:
        return
    known_not_to = graduate.completed is False or graduate.withdrawn or graduate.outcome is Outcome.REJECTED
    if known_not_to:
        raise refused("not_a_graduate")
    raise RowWaits("completion_unknown")

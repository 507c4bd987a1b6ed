"""The ledger of an applicant as people read it: what happened, by whom, why."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Detail = Mapping[str, Any]


class Fact(NamedTuple):
    """A detail of a step: a text to be translated, and what stands behind it. `kind` says in which words it is told."""

    label: str
    value: Any
    kind: str = "text"


class Happened(NamedTuple):
    """One step. `by` is a member of staff, or None where a rule was applied by itself."""

    at: str
    title: str
    by: str | None
    role: str | None
    reason: str | None
    facts: Sequence[Fact]
    rule_version: int | None


# told by another service already, which is the one that decided it
_ECHOES = {
    ("selection", "facts_corrected"),
    ("selection", "withdrawn"),
    ("certification", "selection_decided"),
    ("certification", "withdrawn"),
    ("placement", "withdrawn"),
    ("placement", "training_completed"),
    ("placement", "training_not_completed"),
    ("placement", "certificate_issued"),
    ("placement", "certificate_revoked"),
}
_BY_ITSELF = "service"


def timeline(ledger: Sequence[Mapping[str, Any]]) -> list[Happened]:
    """The steps, the latest first. What one service only heard from another is left out."""
    told = [one for one in ledger if (one["service"], one["what"]) not in _ECHOES]
    return [_happened(one) for one in reversed(told)]


def _happened(entry: Mapping[str, Any]) -> Happened:
    detail: Detail = entry.get("detail") or {}
    title, facts = _TELLERS.get(entry["what"], _as_it_is)(detail)
    automatic = entry.get("role") == _BY_ITSELF
    return Happened(
        entry["at"],
        title or entry["what"],
        None if automatic else entry["by"],
        None if automatic else entry["role"],
        entry.get("reason"),
        [fact for fact in facts if fact.value not in (None, "", [])],
        detail.get("rule_version"),
    )


Told = tuple[str, list[Fact]]


def _as_it_is(detail: Detail) -> Told:
    return "", []


def _corrected(detail: Detail) -> Told:
    # a city is of the person and a fact
    corrected = dict.fromkeys([*detail.get("personal_fields", ()), *detail.get("facts", ())])
    return "Data diperbaiki", [Fact("Isian", list(corrected), "list")]


def _screened(detail: Detail) -> Told:
    title = "Lolos seleksi administrasi" if detail["passed"] else "Tidak lolos seleksi administrasi"
    return title, [Fact("Alasan", [finding[0] for finding in detail["findings"]], "reasons")]


def _scored(detail: Detail) -> Told:
    if detail.get("absent"):
        return "Tidak hadir tes atau wawancara", []
    return "Nilai dicatat", [
        Fact("Tes tertulis", detail.get("written"), "number"),
        Fact("Wawancara", detail.get("interview"), "number"),
        Fact("Nilai akhir", detail.get("total"), "number"),
    ]


_PARTS = {"written": "Tes tertulis", "interview": "Wawancara"}


def _entered(detail: Detail) -> Told:
    return "Satu nilai dicatat, yang lain belum", [Fact(_PARTS.get(detail.get("part", ""), ""), detail.get("value"))]


_OUTCOMES = {
    ("accepted", "ranking"): "Diterima",
    ("accepted", "promotion"): "Diterima dari cadangan",
    ("reserve", "ranking"): "Menjadi cadangan",
    ("rejected", "ranking"): "Tidak diterima",
    ("rejected", "promotion"): "Cadangan tidak mendapat kursi",
    ("rejected", "administration"): "Ditolak pada seleksi administrasi",
}


def _decided(detail: Detail) -> Told:
    return _OUTCOMES.get((detail["outcome"], detail["stage"]), "Keputusan seleksi"), [
        Fact("Kelas", detail.get("class_code")),
        Fact("Peringkat", detail.get("rank"), "number"),
        Fact("Nilai akhir", detail.get("total"), "number"),
        Fact("Alasan", detail.get("reasons"), "reasons"),
    ]


def _assessed(detail: Detail) -> Told:
    title = "Dinyatakan kompeten" if detail.get("result") == "competent" else "Dinyatakan belum kompeten"
    return title, [
        Fact("Uji ke", detail.get("attempt"), "number"),
        Fact("Tanggal uji", detail.get("assessed_on"), "day"),
    ]


def _certified(detail: Detail) -> Told:
    return "Sertifikat dicatat", [
        Fact("Nomor", detail.get("certificate_no")),
        Fact("Terbit", detail.get("issued_on"), "day"),
        Fact("Berlaku sampai", detail.get("valid_until"), "day"),
    ]


def _proposed(detail: Detail) -> Told:
    return "Diusulkan ke lowongan", [
        Fact("Perusahaan", detail.get("employer")),
        Fact("Jabatan", detail.get("position")),
        Fact("Nilai kecocokan", detail.get("score"), "number"),
        Fact("Alasan", detail.get("reasons"), "reasons"),
        Fact("Meskipun", detail.get("warnings"), "warnings"),
    ]


def _attended(detail: Detail) -> Told:
    return "Kehadiran dicatat", [
        Fact("Hari hadir", detail.get("present"), "number"),
        Fact("Hari pelatihan", detail.get("days"), "number"),
    ]


def _titled(title: str, *facts: tuple[str, str, str]) -> Callable[[Detail], Told]:
    """A step told by its title and by details as they are: (label, name, kind)."""
    return lambda detail: (title, [Fact(label, detail.get(name), kind) for label, name, kind in facts])


def _answer_corrected(detail: Detail) -> Told:
    replaced = detail.get("replaced") or {}
    return "Jawaban penelusuran diperbaiki", [
        Fact("Bulan ke", detail.get("wave"), "number"),
        Fact("Sebelumnya", detail.get("before"), "status"),
        Fact("Menjadi", detail.get("after"), "status"),
        Fact("Perusahaan sebelumnya", replaced.get("employer")),
        Fact("Mulai bekerja sebelumnya", replaced.get("started_on"), "day"),
    ]


_CONFIRMED = (
    ("Perusahaan", "employer", "text"),
    ("Lewat", "channel", "channel"),
    ("Dikatakan pada", "said_on", "day"),
)
_ANSWERED = (("Oleh", "party", "party"), ("Perusahaan", "employer", "text"), ("Jabatan", "position", "text"))
_TELLERS: dict[str, Callable[[Detail], Told]] = {
    "registered": _titled("Mendaftar", ("Nomor pendaftaran", "number", "text")),
    "corrected": _corrected,
    "training_start_moved": _titled("Tanggal mulai pelatihan berubah"),
    "withdrawn": _titled("Mengundurkan diri", ("Per tanggal", "withdrawn_on", "day")),
    "erased": _titled("Data pribadi dihapus"),
    "screened": _screened,
    "rule_overruled": _titled("Satu aturan dikesampingkan", ("Aturan", "rule", "reason")),
    "scores_recorded": _scored,
    "score_entered": _entered,
    "seat_offered": _titled(
        "Kursi ditawarkan", ("Kelas", "class_code", "text"), ("Jawaban paling lambat", "until", "day")
    ),
    "decided": _decided,
    "attendance_recorded": _attended,
    "days_marked": _titled("Kehadiran harian ditandai"),
    "attendance_corrected": _titled("Kehadiran diperbaiki"),
    "cover_recorded": _titled(
        "Pertanggungan BPJS dicatat",
        ("Keadaan", "state", "cover"),
        ("Jaminan", "insurances", "covers"),
        ("Mulai", "starts", "day"),
        ("Sampai", "ends", "day"),
    ),
    "participant_number_recorded": _titled("Nomor KPJ dicatat"),
    "participant_number_removed": _titled("Nomor KPJ dihapus"),
    "assessment_recorded": _assessed,
    "assessment_corrected": _titled("Hasil uji diperbaiki"),
    "appeal_filed": _titled("Banding diajukan", ("Uji ke", "attempt", "number"), ("Batas putusan", "due_on", "day")),
    "appeal_assigned": _titled("Asesor banding ditunjuk"),
    "appeal_decided": _titled("Banding diputuskan", ("Putusan", "outcome", "appeal")),
    "certificate_recorded": _certified,
    "certificate_corrected": _titled("Sertifikat diperbaiki"),
    "certificate_revoked": _titled("Sertifikat dicabut", ("Nomor", "certificate_no", "text")),
    "training_certificate_issued": _titled(
        "Sertifikat pelatihan diterbitkan", ("Nomor", "certificate_no", "text"), ("Hari hadir", "present", "number")
    ),
    "training_certificate_revoked": _titled("Sertifikat pelatihan dicabut", ("Nomor", "certificate_no", "text")),
    "proposed": _proposed,
    "match_accepted": _titled("Usulan diterima", *_ANSWERED),
    "match_refused": _titled("Usulan ditolak", *_ANSWERED),
    "answer_recorded": _titled(
        "Jawaban penelusuran lulusan", ("Bulan ke", "wave", "number"), ("Status", "status", "status")
    ),
    "answer_corrected": _answer_corrected,
    "placement_confirmed": _titled("Perusahaan membenarkan", *_CONFIRMED),
    "placement_denied": _titled("Perusahaan menyangkal", *_CONFIRMED),
    "placement_ended": _titled("Perusahaan melaporkan sudah berhenti", *_CONFIRMED, ("Sejak", "left_on", "day")),
}


def all_texts() -> list[str]:
    """Every text here that people read, for the catalogue."""
    blank: dict[str, Any] = {"passed": True, "findings": [], "outcome": "", "stage": ""}
    told = [teller(blank) for teller in _TELLERS.values()] + [_screened({**blank, "passed": False})]
    told += [_scored({"absent": True}), _assessed({"result": "competent"})]
    texts = {title for title, _ in told} | {fact.label for _, facts in told for fact in facts}
    return sorted(texts | set(_OUTCOMES.values()))

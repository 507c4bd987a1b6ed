"""The minutes of a selection (berita acara) as a PDF: by which rules it was decided, who got in, and who signs."""

from collections.abc import Mapping, Sequence
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table

from services.gateway import paper
from services.gateway.pages import language, words

_SIGN = ("Ketua tim seleksi", "Sekretaris", "Mengetahui, kepala dinas")
_WRITTEN = language.filters("id")
_LINE = "_" * 24


def minutes(told: Mapping[str, Any], names: Mapping[str, str] | None, *, office: str) -> bytes:
    """`told` is what selection tells of its decision; `names`, by applicant, are None for who may not see them."""
    programme, counts = told["programme"], told["counts"]
    story: list[Flowable] = [
        paper.heading("Berita acara seleksi peserta pelatihan"),
        paper.text(f"{programme['name']} ({programme['code']})", size=11, bold=True),
        paper.text(
            f"Pada {_WRITTEN['moment'](told['at'])} WIB telah diputuskan seleksi peserta program ini oleh {told['by']} "
            f"({words.say('role', told['role'])})."
        ),
        *_facts(programme, told["rule_version"]),
        paper.text("Hasil", size=11, bold=True),
        paper.table(
            ["Peserta seleksi", "Diterima", "Cadangan", "Tidak diterima", "Di pilihan pertama"],
            [[_number(counts[name]) for name in ("candidates", "accepted", "reserve", "rejected", "first_choice")]],
            [None] * 5,
        ),
        *_why_not(counts["reasons"]),
    ]
    for one in told["classes"]:
        story += _class(one, names)
    story += [
        Spacer(0, 12),
        KeepTogether(
            [
                paper.text("Jejak audit", size=11, bold=True),
                paper.text(
                    "Catatan keputusan sampai saat berita acara ini dicetak dapat diperiksa dengan kepala jejak audit "
                    f"{told['audit_head']}",
                ),
                Spacer(0, 12),
                paper.text(f"{programme['city']}, ______________________"),
                Table(
                    [[paper.text(one, centred=True) for one in row] for row in (_SIGN, [f"( {_LINE} )"] * len(_SIGN))],
                    rowHeights=[26 * mm, None],
                    style=[("VALIGN", (0, 0), (-1, -1), "TOP")],
                ),
            ]
        ),
    ]
    return paper.pdf(f"Berita acara seleksi {programme['code']}", story, office=office)


def _facts(programme: Mapping[str, Any], rule_version: int) -> list[Flowable]:
    rule = programme["selection"]
    training = programme["training"]
    rows = [
        ["Sumber dana", programme["fund"]],
        ["Pelatihan", f"{_WRITTEN['day'](training['starts'])} – {_WRITTEN['day'](training['ends'])}"],
        ["Bobot tes tertulis", _WRITTEN["percent"](rule["written_weight"], 1)],
        ["Bobot wawancara", _WRITTEN["percent"](rule["interview_weight"], 1)],
        ["Batas lulus", _WRITTEN["number"](rule["pass_mark"])],
        ["Cadangan per kelas", _number(rule["reserves_per_class"])],
        ["Aturan versi", str(rule_version)],
        [
            "Urutan",
            "Nilai akhir tertinggi, lalu nilai tes tertulis, lalu yang lebih dahulu mendaftar, lalu nomor pendaftaran",
        ],
    ]
    return [paper.table(["Aturan", "Isi"], rows, [120, None]), Spacer(0, 8)]


def _why_not(reasons: Mapping[str, int]) -> list[Flowable]:
    if not reasons:
        return []
    told = "; ".join(f"{words.say('reason', reason)}: {_number(people)}" for reason, people in reasons.items())
    return [Spacer(0, 4), paper.text(f"Tidak diterima karena {told}.")]


def _class(found: Mapping[str, Any], names: Mapping[str, str] | None) -> list[Flowable]:
    held = found["class"]
    title = f"{held['name']} – {held['provider']}"
    summed = (
        f"{_number(held['accepted'])} dari {_number(held['seats'])} kursi terisi; "
        f"nilai terendah yang diterima {_WRITTEN['number'](held['cut_off'], 2)}; "
        f"{_number(held['reserve'])} cadangan."
    )
    rows = [*_people(found["accepted"], names, "Diterima"), *_people(found["reserves"], names, "Cadangan")]
    headings = ["Peringkat", "Nomor", *(["Nama"] if names is not None else []), "Nilai akhir", "Hasil"]
    widths = [64, 105, *([None] if names is not None else []), 65, 75 if names is not None else None]
    head = KeepTogether([Spacer(0, 8), paper.text(title, size=11, bold=True), paper.text(summed)])
    return [head, *([paper.table(headings, rows, widths)] if rows else [])]


def _people(people: Sequence[Mapping[str, Any]], names: Mapping[str, str] | None, outcome: str) -> list[list[str]]:
    return [
        [
            _number(one["rank"]),
            one["registration_no"],
            *([names.get(one["applicant_id"], "–")] if names is not None else []),
            _WRITTEN["number"](one["total"], 2),
            f"{outcome} {place}" if outcome == "Cadangan" else outcome,
        ]
        for place, one in enumerate(people, start=1)
    ]


def _number(value: float | None) -> str:
    return _WRITTEN["number"](value, 0)

"""The sheet that a class signs on one day of training."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from services.gateway import paper
from services.gateway.pages.language import filters
from shared.contracts.registration import ClassOffer, Programme

_MM = 72 / 25.4


class Signer(NamedTuple):
    """One line; without a name there is room to write it."""

    registration_no: str
    name: str = ""


def sign_sheet(programme: Programme, offer: ClassOffer, day: date, signers: Sequence[Signer], office: str) -> bytes:
    """The PDF. Lines are as high as a signature needs."""
    story = [
        paper.heading("Daftar hadir"),
        paper.text(f"{programme.name} · {offer.name} ({offer.code})", bold=True),
        paper.text(f"Lembaga: {offer.provider}"),
        paper.text(f"Hari, tanggal: {_weekday(day)}, {filters('id')['day'](day)}", after=4 * _MM),
        paper.table(
            ["No.", "Nomor pendaftaran", "Nama", "Tanda tangan"],
            [[str(number), one.registration_no, one.name, ""] for number, one in enumerate(signers, start=1)],
            [12 * _MM, 42 * _MM, None, 50 * _MM],
            size=10,
            row_height=10 * _MM,
        ),
        paper.text("", after=6 * _MM),
        paper.text("Instruktur: ........................................", after=2 * _MM),
        paper.text("Catatan:"),
    ]
    return paper.pdf(f"Daftar hadir {offer.code} {day.isoformat()}", story, office=office)


def _weekday(day: date) -> str:
    return ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")[day.weekday()]

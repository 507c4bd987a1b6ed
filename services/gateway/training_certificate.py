"""The office's own certificate of training on paper (Sertifikat Pelatihan): a page for each person."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, PageBreak, Spacer, Table

from services.gateway import paper
from services.gateway.pages import language

_WRITTEN = language.filters("id")
_LINE = "_" * 30
_COMPETENCE = (
    "Menyatakan kehadiran dalam pelatihan; bukan sertifikat kompetensi, yang diterbitkan oleh lembaga sertifikasi."
)


class Certified(NamedTuple):
    """Whom a certificate is for, and what it states, as certification tells it."""

    name: str
    registration_no: str
    stated: Mapping[str, Any]


def training_certificates(people: Sequence[Certified], *, office: str, public_url: str) -> bytes:
    """The PDF; its QR codes lead to the page that tells whether the certificate is valid."""
    pages = [[*_page(one, office, public_url), PageBreak()] for one in people]
    return paper.pdf("Sertifikat pelatihan", list(chain(*pages)), office=office, wide=True, numbered=False)


def address(public_url: str, verify_code: str) -> str:
    """Where anybody sees what a certificate is worth."""
    return f"{public_url}/sertifikat/{verify_code}"


def _page(one: Certified, office: str, public_url: str) -> list[Flowable]:
    told = one.stated
    where = address(public_url, told["verify_code"])
    return [
        paper.text("SERTIFIKAT PELATIHAN", size=26, bold=True, centred=True, after=1 * mm),
        paper.text(f"Nomor {told['certificate_no']}", size=11, centred=True, after=6 * mm),
        paper.text("diberikan kepada", size=11, centred=True, after=2 * mm),
        paper.text(one.name, size=_size(one.name), bold=True, centred=True, after=1 * mm),
        paper.text(f"Nomor pendaftaran {one.registration_no}", size=9.5, centred=True, after=6 * mm),
        paper.text("yang telah menyelesaikan pelatihan", size=11, centred=True, after=1 * mm),
        paper.text(f"{told['class_name']}", size=15, bold=True, centred=True, after=1 * mm),
        paper.text(f"Program {told['programme_name']}", size=11, centred=True, after=1 * mm),
        paper.text(f"di {told['provider']}, {_days(told)}", size=11, centred=True, after=1 * mm),
        paper.text(
            f"hadir {_number(told['present'])} dari {_number(told['days'])} hari pelatihan.", size=11, centred=True
        ),
        Spacer(0, 6 * mm),
        Table(
            [[paper.qr(where), _verification(where, told["verify_code"]), _signature(office, told["issued_on"])]],
            colWidths=[36 * mm, 95 * mm, 120 * mm],
            style=[("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, 0), 0)],
        ),
    ]


def _verification(where: str, verify_code: str) -> list[Flowable]:
    return [
        paper.text("Periksa keaslian dengan kode QR ini, atau di:", size=8.5),
        paper.text(where, size=7),
        paper.text(f"Kode: {verify_code}", size=8.5, bold=True),
        paper.text(_COMPETENCE, size=7.5),
    ]


def _signature(office: str, issued_on: str) -> list[Flowable]:
    return [
        paper.text(f"Diterbitkan {_WRITTEN['day'](issued_on)}", size=10, centred=True),
        paper.text(f"Kepala {office}", size=10, centred=True, after=18 * mm),
        paper.text(_LINE, size=10, centred=True, after=0.5 * mm),
        paper.text("NIP", size=8.5, centred=True),
    ]


def _days(told: Mapping[str, Any]) -> str:
    return f"{_WRITTEN['day'](told['starts'])} sampai {_WRITTEN['day'](told['ends'])}"


def _number(value: int) -> str:
    return _WRITTEN["number"](value, 0)


def _size(name: str) -> float:
    """In points, so that a long name takes no second page."""
    return 24 if len(name) <= 40 else 15 if len(name) <= 90 else 10

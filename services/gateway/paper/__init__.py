"""What is printed: PDFs on A4 in one look, as minutes, rosters and certificates are made from them.

Texts may hold whatever people have typed: `text` escapes reportlab's markup.
"""

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import segno
from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, LongTable, Paragraph, SimpleDocTemplate, TableStyle

_INK, _SOFT, _LINE, _HEAD = HexColor("#1b2430"), HexColor("#55606e"), HexColor("#b8c0ca"), HexColor("#eef1f5")
_DARK: Any = {"strokeWidth": 0, "fillColor": _INK}
_MARGIN = 18 * mm
# the marks that turn the direction of what follows, and what no font draws
_UNSEEN = dict.fromkeys(
    [*range(0x20), 0x7F, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)


def pdf(title: str, story: Sequence[Flowable], *, office: str, wide: bool = False, numbered: bool = True) -> bytes:
    """As many pages as `story` fills, with the office at the head and the pages numbered unless each stands alone;
    `wide` is landscape.
    """
    _fonts()
    file = io.BytesIO()
    pages = SimpleDocTemplate(
        file,
        pagesize=landscape(A4) if wide else A4,
        leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN + 8 * mm, bottomMargin=_MARGIN,
        title=title, author=office, lang="id-ID",
    )  # fmt: skip

    def around(canvas: Any, page: Any) -> None:
        width, height = page.pagesize
        canvas.saveState()
        canvas.setFillColor(_SOFT)
        canvas.setFont("DejaVu", 8)
        canvas.drawString(_MARGIN, height - _MARGIN, office)
        canvas.drawString(_MARGIN, 10 * mm, plain(title))
        if numbered:
            canvas.drawRightString(width - _MARGIN, 10 * mm, str(canvas.getPageNumber()))
        canvas.setStrokeColor(_LINE)
        canvas.line(_MARGIN, height - _MARGIN - 2 * mm, width - _MARGIN, height - _MARGIN - 2 * mm)
        canvas.restoreState()

    pages.build(list(story), onFirstPage=around, onLaterPages=around)
    return file.getvalue()


def heading(words: str) -> Paragraph:
    return text(words, size=15, bold=True, after=3 * mm)


def text(
    words: str, *, size: float = 9.5, bold: bool = False, centred: bool = False, after: float = 1.5 * mm
) -> Paragraph:
    """A paragraph; sizes in points, `after` the space below it."""
    _fonts()
    style = ParagraphStyle(
        "text", fontName="DejaVu-Bold" if bold else "DejaVu", fontSize=size, leading=size * 1.35, textColor=_INK,
        spaceAfter=after, alignment=1 if centred else 0, splitLongWords=1,
    )  # fmt: skip
    return Paragraph(escape(plain(words)), style)


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[float | None],
    *,
    size: float = 8.5,
    row_height: float | None = None,
) -> LongTable:
    """Rows between lines, the headings again on every page; `widths` in points, None shares what is left.

    Rows are as high as their texts, or `row_height` points where somebody writes in them: a text too long for that is
    printed over the edge.
    """
    cells = [[text(cell, size=size, bold=True, after=0) for cell in headings]]
    cells += [[text(cell, size=size, after=0) for cell in row] for row in rows]
    heights = None if row_height is None else [None] + [row_height] * len(rows)
    made = LongTable(cells, colWidths=list(widths), rowHeights=heights, repeatRows=1)
    made.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.4, _LINE),
                ("BACKGROUND", (0, 0), (-1, 0), _HEAD),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ]
        )
    )
    return made


def qr(address: str, side: float = 32 * mm) -> Drawing:
    """The address as a QR code, `side` points wide, quiet zone included."""
    code = segno.make(address, error="m", micro=False)
    rows = list(code.matrix_iter(border=4))
    cell = side / len(rows)
    drawing = Drawing(side, side)
    for row, line in enumerate(rows):
        for column, dark in enumerate(line):
            if dark:
                drawing.add(Rect(column * cell, side - (row + 1) * cell, cell, cell, **_DARK))
    return drawing


def plain(words: str) -> str:
    """Without what cannot be seen: control characters, marks that turn the direction of writing."""
    return words.translate(_UNSEEN)


@cache
def _fonts() -> None:
    """Fonts that know more than Latin letters; they are embedded, a few glyphs each."""
    here = Path(__file__).parent
    for name, file in {"DejaVu": "DejaVuSans.ttf", "DejaVu-Bold": "DejaVuSans-Bold.ttf"}.items():
        pdfmetrics.registerFont(TTFont(name, here / file))

"""Spreadsheets made to do harm, each made when it is needed: small in the repository, large in what they claim."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

import openpyxl

HEADING = ("NIK", "Nilai Tes Tertulis", "Nilai Wawancara")
REFUSED = frozenset({413, 422})
READ = frozenset({200})

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def workbook(sheet: str, *, strings: str = "", prolog: str = "", more: dict[str, bytes] | None = None) -> bytes:
    """A workbook around the XML of one sheet; `more` replaces or adds parts."""
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="xml" '
        'ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{prolog}<workbook {_MAIN} xmlns:r="{relations}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" '
        f'Type="{relations}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"{prolog}<worksheet {_MAIN}>{sheet}</worksheet>",
        "xl/sharedStrings.xml": f"{prolog}<sst {_MAIN}>{strings}</sst>",
    }
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (parts | (more or {})).items():
            archive.writestr(name, content)
    return written.getvalue()


def texts(*cells: str, row: int = 1) -> str:
    inside = "".join(
        f'<c r="{"ABCDEF"[at]}{row}" t="inlineStr"><is><t>{cell}</t></is></c>' for at, cell in enumerate(cells)
    )
    return f'<row r="{row}">{inside}</row>'


def rows(*lines: tuple[str, ...]) -> str:
    return "<sheetData>" + "".join(texts(*line, row=at) for at, line in enumerate(lines, start=1)) + "</sheetData>"


SCORES = rows(HEADING, ("3375010101000001", "80", "80"))


def entities(declared: str, used: str) -> bytes:
    """A document type with entities, used in a cell."""
    prolog = f'<?xml version="1.0"?><!DOCTYPE x [{declared}]>'
    return workbook(rows(HEADING, (used, "80", "80")), prolog=prolog)


def billion_laughs() -> bytes:
    laughs = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return entities(laughs, "&a9;")


def external_entity() -> bytes:
    return entities('<!ENTITY e SYSTEM "file:///etc/passwd">', "&e;")


def external_parameter_entity() -> bytes:
    return entities('<!ENTITY % e SYSTEM "http://127.0.0.1:9/x.dtd"> %e;', "x")


def xinclude() -> bytes:
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    return workbook(rows(HEADING, (include, "80", "80")))


def bomb(megabytes: int = 2_000) -> bytes:
    """A sheet of so many megabytes of blanks, about a thousandth of it packed."""
    return _with_part("xl/worksheets/sheet1.xml", (b" " * (1 << 20) for _ in range(megabytes)))


def bomb_that_lies(megabytes: int = 1_200) -> bytes:
    """The same, but its directory says that it is small."""
    honest = bytearray(bomb(megabytes))
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = honest.rfind(signature)
        struct.pack_into("<I", honest, at + offset, 1000)
    return bytes(honest)


def _with_part(name: str, chunks: Iterator[bytes]) -> bytes:
    written = io.BytesIO(workbook(SCORES))
    with zipfile.ZipFile(written) as archive:
        parts = {one: archive.read(one) for one in archive.namelist() if one != name}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for one, content in parts.items():
            archive.writestr(one, content)
        with archive.open(name, "w") as target:
            target.write(f"<worksheet {_MAIN}>".encode())
            for chunk in chunks:
                target.write(chunk)
    return written.getvalue()


def overlapping() -> bytes:
    """Thousands of directory entries that all name one compressed stretch of a megabyte."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packed.compress(bytes(1 << 20)) + packed.flush()
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, 0, len(data), 1 << 20, 1, 0) + b"a" + data
    entry = struct.pack(
        "<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0, 0, len(data), 1 << 20, 1, 0, 0, 0, 0, 0, 0
    )
    count = 60_000
    directory = (entry + b"a") * count
    return local + directory + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), len(local), 0)


def nested() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.zip", bomb(50))
    return inner.getvalue()


def huge_shared_string() -> bytes:
    """One string of a megabyte, in every cell."""
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 30_000))
    return workbook(f"<sheetData>{cells}</sheetData>", strings=f"<si><t>{'x' * (1 << 20)}</t></si>")


def long_shared_string() -> bytes:
    """As many characters as a cell of Excel's holds, in every cell."""
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 30_000))
    return workbook(f"<sheetData>{cells}</sheetData>", strings=f"<si><t>{'x' * 32_767}</t></si>")


def huge_dimension() -> bytes:
    return workbook('<dimension ref="A1:XFD1048576"/>' + SCORES)


def far_cell() -> bytes:
    return workbook('<sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')


def impossible_cells() -> bytes:
    at = ("A0", "ZZZZZZZ1", "A99999999999999999999", "", "1A", "A-1", "\u0661")
    return workbook(
        "<sheetData>" + "".join(f'<row r="1"><c r="{one}"><v>1</v></c></row>' for one in at) + "</sheetData>"
    )


def styled_but_empty() -> bytes:
    """A sheet somebody formatted down to its end: a million rows without a value."""

    def lines() -> Iterator[bytes]:
        yield SCORES.removesuffix("</sheetData>").encode()
        for start in range(3, 1_048_576, 10_000):
            stop = min(start + 10_000, 1_048_577)
            yield "".join(f'<row r="{n}"><c r="A{n}" s="1"/></row>' for n in range(start, stop)).encode()
        yield b"</sheetData></worksheet>"

    return _with_part("xl/worksheets/sheet1.xml", lines())


def many_sheets() -> bytes:
    return workbook(SCORES, more={f"xl/worksheets/x{n}.xml": b"" for n in range(5_000)})


def macros() -> bytes:
    return workbook(SCORES, more={"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0" * 100})


def formulas() -> bytes:
    """Cells that would run a program where formulas were executed; only what was computed before is read."""
    evil = "cmd|' /C calc'!A1"
    cells = f'<c r="A2" t="str"><f>{evil}</f><v>3375010101000001</v></c>'
    cells += '<c r="B2"><f>WEBSERVICE("http://x")</f><v>80</v></c>'
    second = f'<row r="2">{cells}<c r="C2" t="inlineStr"><is><t>=1+1</t></is></c></row>'
    return workbook(rows(HEADING).replace("</sheetData>", second + "</sheetData>"))


def deep_xml() -> bytes:
    return workbook("<a>" * 300_000)


def truncated() -> bytes:
    whole = workbook(SCORES)
    return whole[: len(whole) // 2]


def no_sheet() -> bytes:
    return workbook(SCORES, more={"xl/workbook.xml": f"<workbook {_MAIN}><sheets/></workbook>".encode()})


def random_bits() -> bytes:
    return b"PK\x03\x04" + zlib.compress(b"x" * 1000) * 1000


def ods() -> bytes:
    """An OpenDocument sheet that repeats one row a thousand million times."""
    office = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{office}:office:1.0" xmlns:table="{office}:table:1.0" '
        f'xmlns:text="{office}:text:1.0"><office:body><office:spreadsheet><table:table table:name="S">'
        '<table:table-row table:number-rows-repeated="1000000000"><table:table-cell '
        'table:number-columns-repeated="1000000" office:value-type="string"><text:p>x</text:p></table:table-cell>'
        "</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    )
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    return written.getvalue()


def hyperlinks() -> bytes:
    book, written = openpyxl.Workbook(), io.BytesIO()
    book.active.append(HEADING)
    book.active.append(("3375010101000001", 80, 80))
    book.active["A2"].hyperlink = "javascript:alert(1)"
    book.save(written)
    return written.getvalue()


def csv(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\n".join(lines).encode(encoding)


_HEADING = ",".join(HEADING)

# name → (the file, which statuses answer it)
SHEETS: dict[str, tuple[Callable[[], bytes], frozenset[int]]] = {
    "billion laughs": (billion_laughs, REFUSED | READ),
    "external entity": (external_entity, REFUSED | READ),
    "external parameter entity": (external_parameter_entity, REFUSED | READ),
    "xinclude": (xinclude, REFUSED | READ),
    "zip bomb": (bomb, REFUSED),
    "zip bomb that lies": (bomb_that_lies, REFUSED),
    "overlapping entries": (overlapping, REFUSED),
    "nested zip": (nested, REFUSED),
    "huge shared string": (huge_shared_string, REFUSED),
    "long shared string": (long_shared_string, REFUSED),
    "huge dimension": (huge_dimension, READ),
    "far cell": (far_cell, REFUSED),
    "impossible cells": (impossible_cells, REFUSED),
    "styled but empty": (styled_but_empty, READ),
    "many parts": (many_sheets, REFUSED),
    "macros": (macros, READ),
    "formulas": (formulas, READ),
    "deep xml": (deep_xml, REFUSED),
    "truncated": (truncated, REFUSED),
    "no sheet": (no_sheet, REFUSED),
    "random bits": (random_bits, REFUSED),
    "ods": (ods, REFUSED),
    "hyperlinks": (hyperlinks, READ),
    "csv of one cell": (lambda: b"x" * (19 << 20), REFUSED),
    "csv with one long cell": (lambda: csv(_HEADING, "x" * (18 << 20) + ",1,2"), REFUSED),
    "csv with an open quote": (lambda: csv(_HEADING, '"' + "x,\n" * (5 << 20)), REFUSED),
    "csv of a million columns": (lambda: csv(_HEADING, "," * 1_000_000), REFUSED | READ),
    "csv of full columns": (lambda: csv(",".join(f"k{n}" for n in range(1_000_000)), "1,2"), REFUSED),
    "csv of blank lines": (lambda: csv(_HEADING, "\n" * (18 << 20)), REFUSED),
    "csv of many rows": (lambda: csv(_HEADING, "1,2,3\n" * 3_000_000), REFUSED),
    "csv of many cells": (lambda: csv(_HEADING, (",1" * 199 + "\n") * 50_000), REFUSED),
    "csv with NUL": (lambda: csv(_HEADING, "\0,1,2"), REFUSED),
    "csv of mixed encodings": (lambda: csv(_HEADING) + b"\n\xff\xfeN\0,\x81\x8d,\xe9", REFUSED | READ),
    "csv in UTF-16 cut short": (lambda: csv(_HEADING, "1,2,3", encoding="utf-16")[:-1], REFUSED),
    "csv with formulas": (lambda: csv(_HEADING, "=cmd|' /C calc'!A1,@SUM(1),+1"), READ),
    "csv with carriage returns": (lambda: csv(_HEADING, "1\r2\r3,4,5"), REFUSED | READ),
}

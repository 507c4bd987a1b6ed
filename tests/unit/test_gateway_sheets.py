"""A stranger's file is read in a child process, within limits, or refused with a reason."""

import csv
import datetime as dt
import io
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import openpyxl
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway import sheet_reader, sheets
from services.gateway.kinds import SCORES
from shared.problems import Invalid, Problem, TooLarge


def workbook(path: Path, *rows: list[object]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_a_workbook_keeps_row_numbers_and_turns_cells_into_plain_values(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        ["Rekap nilai"],
        [],
        ["NIK", "Nilai", "Tanggal", "Catatan"],
        ["337501", 16.0, dt.datetime(2025, 4, 14, 8, 46, 41), None],  # noqa: DTZ001 - a sheet knows no zone
        [None, None, " "],
        ["337502", 16.5, dt.date(2025, 4, 14), "x"],
    )
    assert list(sheet_reader.read(path)) == [
        (1, ["Rekap nilai"]),
        (3, ["NIK", "Nilai", "Tanggal", "Catatan"]),
        (4, ["337501", 16, "2025-04-14T08:46:41"]),
        (6, ["337502", 16.5, "2025-04-14", "x"]),
    ]


def test_the_first_shown_sheet_with_cells_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    hidden = book.create_sheet("hidden", 0)
    hidden.append(["not", "this"])
    hidden.sheet_state = "hidden"
    shown = book.create_sheet("shown")
    shown["B2"], shown["C3"] = "this", 3
    book.save(tmp_path / "a.xlsx")
    assert list(sheet_reader.read(tmp_path / "a.xlsx")) == [(2, [None, "this"]), (3, [None, None, 3])]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_csv_is_read_whatever_its_separator_and_encoding(tmp_path: Path, mark: str, encoding: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=mark).writerows(
        [["NIK", "Nama", "Nilai"], [], ["0337501", "Café\nbaru", "63,3"], ["0337502", "", ""]]
    )
    path = tmp_path / "a.csv"
    path.write_bytes(written.getvalue().encode(encoding))
    assert list(sheet_reader.read(path)) == [
        (1, ["NIK", "Nama", "Nilai"]),
        (3, ["0337501", "Café\nbaru", "63,3"]),
        (4, ["0337502"]),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"   \n\n", "empty"),
        (b"NIK,Nama\n", "no_rows"),
        (b"hello", "not_a_spreadsheet"),
        (b"\x89PNG\r\n\x1a\n\x00\x00,\x00", "not_a_spreadsheet"),
        (b"PK\x03\x04rubbish", "not_a_spreadsheet"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"0" * 600, "not_a_spreadsheet"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
    ],
)
async def test_a_file_that_is_no_usable_sheet_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(Invalid) as refused:
        await sheets.read_table(path, SCORES)
    assert refused.value.code == reason


async def test_a_zip_bomb_is_refused_by_its_declared_size(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["NIK", "Nilai"], ["1", 2])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/media/bomb", "w") as bomb:
        for _ in range(500):
            bomb.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(TooLarge) as refused:
        await sheets.read_table(path, SCORES)
    assert refused.value.code == "too_large"


async def test_a_sheet_that_outgrows_the_memory_limit_ends_the_child_and_not_the_gateway(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "NIK", 1
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(Problem) as refused:
        await sheets.read_table(tmp_path / "a.xlsx", SCORES)
    assert refused.value.code == "too_large"


def test_too_many_rows_or_columns_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_reader, "MOST_ROWS", 3)
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" * 3)
    assert len(list(sheet_reader.read(path))) == 3
    path.write_text("a,b\n" * 4)
    with pytest.raises(sheet_reader.Unreadable, match="too_large"):
        list(sheet_reader.read(path))
    path.write_text(",".join("x" * (sheet_reader.MOST_COLUMNS + 1)) + "\n1,2\n")
    with pytest.raises(sheet_reader.Unreadable, match="too_large"):
        list(sheet_reader.read(path))


def test_the_reader_imports_nothing_of_ours_and_sees_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JALUR_ACTOR_PRIVATE_KEY", "secret")
    script = (
        "import os, sys, services.gateway.sheet_reader as reader;"
        "print([name for name in sys.modules if name.startswith(('shared', 'pydantic', 'fastapi'))],"
        "[name for name in os.environ if name.startswith('JALUR')])"
    )
    printed = subprocess.check_output([sys.executable, "-c", script], env=sheets._environment(), text=True)
    assert printed.split() == ["[]", "[]"]


async def test_a_sheet_of_a_kind_arrives_by_our_names(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["NIK", "Nilai Wawancara", "NILAI TES TERTULIS"], ["337501", "81,5", 63])
    table = await sheets.read_table(path, SCORES)
    assert list(table.rows) == [(2, {"nik": "337501", "interview": "81,5", "written": 63})]
    assert table.headings["written"] == "NILAI TES TERTULIS"


@given(st.integers(0, 70), st.slices(70), st.lists(st.integers(0, 69), max_size=8))
async def test_rows_that_were_packed_are_the_rows_that_were_written(number: int, part: slice, some: list[int]) -> None:
    rows = [(n + 1, [f"x{n}", n, None, "a\nb"]) for n in range(number)]

    async def written() -> AsyncIterator[bytes]:
        for row in rows:
            yield orjson.dumps(row)
        yield b'{"rows":1}'

    lines, last = await sheets.packed(written())
    assert last == b'{"rows":1}'
    assert len(lines) == number
    assert list(lines) == rows
    assert list(lines[part]) == rows[part]
    assert [lines[at] for at in some if at < number] == [rows[at] for at in some if at < number]
    assert list(lines[part][::2]) == rows[part][::2]


async def test_a_reader_that_wrote_nothing_has_no_rows_and_no_last_word() -> None:
    async def written() -> AsyncIterator[bytes]:
        for _ in ():
            yield b""

    lines, last = await sheets.packed(written())
    assert (list(lines), last) == ([], b"")

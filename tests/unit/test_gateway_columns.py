"""Columns are recognised by their headings, in any order, or the file is refused saying which are missing."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway import columns
from services.gateway.kinds import APPLICANTS, ASSESSMENTS, BY_NAME, SCORES, Kind
from shared.cells import Cell
from shared.problems import Invalid


def table(kind: Kind, *rows: list[Cell]) -> columns.Table:
    return columns.tabulate(kind, list(enumerate(rows, start=1)))


@given(kind=st.sampled_from(list(BY_NAME.values())), seed=st.integers(), our_names=st.booleans())
def test_headings_are_recognised_in_any_order_and_writing(kind: Kind, seed: int, our_names: bool) -> None:
    chance = random.Random(seed)
    known = [column for column in kind.columns if not kind.units_between]
    chance.shuffle(known)
    if not known:
        return
    written = [column.name if our_names else chance.choice(column.headings) for column in known]
    written = [chance.choice([title.upper(), f"  {title.lower()} ", f"{title} (sesuai KTP)?"]) for title in written]
    read = table(kind, list(written), list(range(len(written))))
    assert list(read.rows) == [(2, {column.name: place for place, column in enumerate(known)})]


def test_no_heading_of_a_kind_belongs_to_two_of_its_columns() -> None:
    for kind in BY_NAME.values():
        claimed: dict[str, str] = {}
        for column in kind.columns:
            for heading in (column.name, *column.headings):
                assert claimed.setdefault(columns._plain(heading), column.name) == column.name


def test_the_heading_may_stand_below_titles_and_unknown_columns_are_left_out() -> None:
    read = table(
        SCORES,
        ["Rekap nilai", None],
        ["Tahun", 2025],
        ["No", "NIK", "Nilai Tes Tertulis", "Nilai Wawancara", "Paraf"],
        [1, "3375", 60],
    )
    assert list(read.rows) == [(4, {"nik": "3375", "written": 60, "interview": None})]


def test_missing_columns_are_named_with_those_found() -> None:
    with pytest.raises(Invalid) as refused:
        table(SCORES, ["No", "NIK", "Nilai Wawancara"], [1, "3375", 60])
    assert refused.value.code == "columns_missing"
    assert refused.value.extra["missing"] == ["Nilai Tes Tertulis"]
    assert refused.value.extra["found"] == ["No", "NIK", "Nilai Wawancara"]


def test_a_column_that_only_a_rule_needs_may_lack_where_the_rule_does_not_apply() -> None:
    without = [column.headings[0] for column in APPLICANTS.columns if column.name != "health_certificate"]
    row: list[Cell] = ["x"] * len(without)
    assert len(columns.tabulate(APPLICANTS, [(1, list(without)), (2, row)], ["never_trained"]).rows) == 1
    with pytest.raises(Invalid) as refused:
        columns.tabulate(APPLICANTS, [(1, list(without)), (2, row)], ["healthy"])
    assert refused.value.extra["missing"] == ["Surat Keterangan Sehat"]


def test_two_columns_that_say_the_same_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        table(SCORES, ["NIK", "Nilai Wawancara", "Wawancara", "Tes Tertulis"], ["3375", 1, 2, 3])
    assert refused.value.code == "columns_ambiguous"
    assert [error["column"] for error in refused.value.extra["errors"]] == ["Nilai Wawancara", "Wawancara"]


def test_a_heading_without_rows_below_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        table(SCORES, ["Rekap"], ["NIK", "Nilai Wawancara", "Nilai Tes Tertulis"])
    assert refused.value.code == "no_rows"


ASSESSED = ["NIK", "Tanggal Asesmen", "Skema", "J.01", "Nama", "J.02", None, "Rekomendasi", "Catatan"]


def test_the_columns_between_scheme_and_recommendation_are_units() -> None:
    read = table(ASSESSMENTS, list(ASSESSED), ["3375", "01/11/2025", "Barista", "K", "Tri", "BK", None, "BK", "x"])
    units = {name: cell for name, cell in read.rows[0][1].items() if name.startswith(columns.UNIT)}
    assert units == {"unit:J.01": "K", "unit:J.02": "BK"}
    assert read.headings["unit:J.02"] == "J.02"


@pytest.mark.parametrize(
    ("heading", "row", "code"),
    [
        (list(ASSESSED), ["3375", "01/11/2025", "Barista", "K", "Tri", "BK", "K", "BK"], "columns_ambiguous"),
        (["J.01" if title == "J.02" else title for title in ASSESSED], ["3375"], "columns_ambiguous"),
        (["NIK", "Tanggal", "Skema", "Rekomendasi", "J.01"], ["3375"], "no_unit_columns"),
    ],
)
def test_units_that_cannot_be_told_apart_or_are_absent_are_refused(
    heading: list[Cell], row: list[Cell], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        table(ASSESSMENTS, heading, row)
    assert refused.value.code == code

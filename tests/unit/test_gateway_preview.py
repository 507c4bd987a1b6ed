"""A sheet as it would be imported: every row counted, the wrong cells found in the file's own letters."""

from services.gateway import preview
from services.gateway.columns import Line, tabulate
from services.gateway.importing import Imported
from services.gateway.kinds import ASSESSMENTS, SCORES
from services.gateway.preview import MOST_SHOWN, Preview, View
from services.gateway.verdicts import Verdicts
from shared.rows import Judged, Problem, Verdict


def test_columns_are_lettered_as_spreadsheets_do() -> None:
    for place, letter in ((0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")):
        lines: list[Line] = [(1, [*[None] * place, "NIK", "Tes Tertulis", "Nilai Wawancara"])]
        table = tabulate(SCORES, [*lines, (2, [*[None] * place, "1", 1, 1])])
        assert preview.of_table(SCORES, "nilai.xlsx", table).columns[0].letter == letter


def previewed(rows: int, *told: Judged) -> Preview:
    """Of a sheet with a title, a column nobody knows, and a heading in row 3; its rows are numbered from 4."""
    lines: list[Line] = [(1, ["Nilai"]), (3, [None, "Catatan lain", "NIK", "Tes Tertulis", "Nilai Wawancara"])]
    lines += [(number, [None, "x", f"nik {number}", 140, 70.0]) for number in range(4, 4 + rows)]
    table = tabulate(SCORES, lines)
    silent = [Judged(row=number, verdict=Verdict.ACCEPTED) for number in range(4, 4 + rows)]
    verdicts = Verdicts({one.row: one for one in (*silent, *told)}.values())
    before = preview.of_table(SCORES, "nilai.xlsx", table)
    after = preview.judged(before, Imported(SCORES, table, verdicts))
    return Preview.model_validate_json(after.model_dump_json())  # as it is kept


def test_wrong_cells_are_named_by_letter_heading_and_what_was_typed() -> None:
    problem = Problem(column="written", reason="out_of_range", value=140)
    other = Problem(column="class", reason="missing")
    seen = previewed(3, Judged(row=5, verdict=Verdict.REFUSED, problems=[problem, other]))
    assert [(one.letter, one.heading, one.ours) for one in seen.columns] == [
        ("C", "NIK", "NIK"),
        ("D", "Tes Tertulis", "Nilai Tes Tertulis"),
        ("E", "Nilai Wawancara", "Nilai Wawancara"),
    ]
    [wrong] = seen.views[View.BAD]
    assert (wrong.row, wrong.cells) == (5, ["nik 5", "140", "70"])
    assert [(one.letter, one.heading, one.reason, one.wrong) for one in wrong.findings] == [
        ("D", "Tes Tertulis", "out_of_range", True),
        (None, "class", "missing", True),
    ]
    marks = [[one.reason for one in findings] for _, _, findings in preview.marked(seen.columns, wrong)]
    assert marks == [[], ["out_of_range"], []]
    assert [one.verdict for one in seen.views[View.ALL]] == ["accepted", "refused", "accepted"]


def test_every_row_is_counted_and_the_first_of_each_sort_are_shown() -> None:
    odd = Problem(column="written", reason="note_without_score", value=1)
    told = [
        Judged(row=number, verdict=Verdict.REFUSED, problems=[Problem(reason="absent")])
        for number in range(300, 200, -1)
    ]
    told += [
        Judged(row=number, verdict=Verdict.DUPLICATE, note="UJI-1-0001", warnings=[odd]) for number in range(4, 10)
    ]
    told += [Judged(row=number, verdict=Verdict.ACCEPTED, warnings=[odd]) for number in range(10, 15)]
    told.append(Judged(row=20, verdict=Verdict.WAITING, problems=[Problem(reason="screening_not_arrived")]))
    seen = previewed(400, *told)
    assert seen.counts.model_dump() == {"accepted": 293, "duplicates": 6, "refused": 101, "warned": 5}
    assert [one.row for one in seen.views[View.BAD]] == [20, *range(201, 201 + MOST_SHOWN - 1)]
    assert [one.row for one in seen.views[View.ODD]] == list(range(10, 15))
    assert [one.note for one in seen.views[View.ALL]][:7] == ["UJI-1-0001"] * 6 + [None]
    assert len(seen.views[View.ALL]) == MOST_SHOWN
    assert seen.views[View.BAD][0].verdict == "refused"


def test_a_unit_is_none_of_our_columns() -> None:
    lines: list[Line] = [
        (1, ["NIK", "Skema", "U.01", "Rekomendasi", "Tanggal Asesmen"]),
        (2, ["1", "Las", "K", "K", "2025-01-01"]),
    ]
    seen = preview.of_table(ASSESSMENTS, "uji.csv", tabulate(ASSESSMENTS, lines))
    assert [(one.letter, one.heading, one.ours) for one in seen.columns][2] == ("C", "U.01", None)

"""Rows of one sheet that contradict each other: one of them counts, and importing the sheet again changes nothing."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from shared.cells import Cell
from shared.judging import Change, judge, per_person, refused
from shared.rows import Judged, Row, Rows, Verdict


class Book:
    """What is known of each person; a score above 100 is refused."""

    def __init__(self) -> None:
        self.known: dict[str, Cell] = {}
        self.paces: list[int] = []  # how many were known whenever it had to wait for its events

    async def keep_pace(self) -> None:
        self.paces.append(len(self.known))

    async def record(self, row: Row) -> Change | None:
        await asyncio.sleep(0)
        assert row.applicant_id is not None
        score = row.cells["written"]
        if isinstance(score, int) and score > 100:
            raise refused("out_of_range", "written", score)
        if self.known.get(row.applicant_id) == score:
            return None
        self.known[row.applicant_id] = score
        return Change([], [])

    def take(self, *said: tuple[str, Cell]) -> list[Judged]:
        rows = [Row(row=n, applicant_id=who, cells={"written": score}) for n, (who, score) in enumerate(said, start=2)]
        return asyncio.run(judge(Rows(rows=rows), self.record, per_person, keep_pace=self.keep_pace)).results


def test_the_last_row_about_a_person_counts_and_the_others_say_which_one() -> None:
    book = Book()
    judged = book.take(("a", 60), ("b", 50), ("a", 70))
    assert book.known == {"a": 70, "b": 50}
    assert [one.verdict for one in judged] == [Verdict.REFUSED, Verdict.ACCEPTED, Verdict.ACCEPTED]
    assert [(problem.reason, problem.value) for problem in judged[0].problems] == [("later_row_counts", 4)]


def test_a_later_row_that_cannot_be_used_does_not_count() -> None:
    book = Book()
    judged = book.take(("a", 60), ("a", 160))
    assert book.known == {"a": 60}
    assert [one.verdict for one in judged] == [Verdict.ACCEPTED, Verdict.REFUSED]
    assert [problem.reason for problem in judged[1].problems] == ["out_of_range"]


def test_rows_that_say_the_same_are_duplicates() -> None:
    assert [one.verdict for one in Book().take(("a", 60), ("a", " 60 "))] == [Verdict.DUPLICATE, Verdict.ACCEPTED]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([40, 60, 80, 160])), max_size=12))
def test_the_same_sheet_again_changes_nothing(said: list[tuple[str, int]]) -> None:
    book = Book()
    first = book.take(*said)
    known = dict(book.known)
    again = book.take(*said)
    assert book.known == known
    assert [one.row for one in first] == [one.row for one in again] == list(range(2, len(said) + 2))
    assert Verdict.ACCEPTED not in {one.verdict for one in again}
    assert [one.verdict is Verdict.REFUSED for one in first] == [one.verdict is Verdict.REFUSED for one in again]


def test_of_very_many_rows_some_are_told_before_others_are_taken() -> None:
    book = Book()
    book.take(*((f"person {n}", 60) for n in range(1000)))
    assert book.paces == [0, 300, 600, 900]

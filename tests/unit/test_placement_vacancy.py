"""A vacancy is read from a row, and is the same one when its code and employer are."""

from datetime import date

import pytest

from services.placement import education, matching, vacancy_list
from services.placement.places import Neighbours
from services.placement.vacancy import State, Terms, Vacancy, read_terms, vacancy_id
from services.placement.vacancy_list import Seats, Wanted
from shared.cells import BadCell, Cell
from shared.judging import RowRefused
from shared.places import place
from tests.unit.placement_examples import SIGNED, row


def terms(cells: dict[str, Cell]) -> Terms:
    return read_terms(cells)


def test_a_row_becomes_the_terms_of_a_vacancy() -> None:
    found = terms(row(location="KAB. TEGAL", wage_min="Rp 2.000.000,-", wage_max="2.500.000", education="sma/smk"))
    assert (found.location, found.education) == ("Kabupaten Tegal", "SMA")
    assert (found.wage_min, found.wage_max, found.twice_the_wage) == (2_000_000, 2_500_000, 4_500_000)
    assert (found.seats, found.closes_on) == (2, date(2030, 12, 31))


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("code", None, "missing"),
        ("employer", " ", "missing"),
        ("code", "3376 0141 0799 0012", "looks_like_nik"),
        ("vocation", None, "missing"),
        ("seats", 0, "greater_than_equal"),
        ("seats", 1.5, "not_whole"),
        ("location", None, "missing"),
        ("education", "pengalaman", "unknown_education"),
        ("wage_min", "nego", "not_a_number"),
        ("wage_min", 0, "greater_than"),
        ("wage_max", 1_999_999, "below_minimum"),
        ("wage_max", 10**12, "less_than_equal"),
        ("closes_on", 45000.0, "not_a_date"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_naming_its_column(column: str, cell: Cell, reason: str) -> None:
    with pytest.raises(RowRefused) as refusal:
        terms(row(**{column: cell}))
    assert [(problem.column, problem.reason, problem.value) for problem in refusal.value.problems] == [
        (column, reason, cell)
    ]


def test_a_vacancy_is_identified_by_code_and_employer() -> None:
    same = row(code="l-001", employer="cv  maju JAYA", position="Operator", seats=9)
    assert vacancy_id(terms(same)) == vacancy_id(terms(row()))
    assert vacancy_id(terms(row(employer="PT Lain"))) != vacancy_id(terms(row()))
    assert vacancy_id(terms(row(code="L-002"))) != vacancy_id(terms(row()))


def test_a_changed_vacancy_is_taken_over_and_what_it_replaced_is_kept() -> None:
    vacancy = Vacancy(_id="v-1")
    assert vacancy.report(terms(row()), SIGNED) is not None
    assert vacancy.report(terms(row()), SIGNED) is None
    assert vacancy.report(terms(row(seats=5)), SIGNED) is not None
    assert vacancy.terms is not None
    assert vacancy.terms.seats == 5
    assert [entry.what for entry in vacancy.ledger] == ["vacancy_reported", "vacancy_changed"]
    assert vacancy.ledger[-1].detail["before"]["seats"] == 2


@pytest.mark.parametrize(
    ("written", "spelling"),
    [
        ("kota  TEGAL", "Kota Tegal"),
        ("Tegal Kota", "Kota Tegal"),
        ("Tegal, Jawa Tengah", "Tegal"),
        ("Kab.Tegal", "Kabupaten Tegal"),
        ("KABUPATEN TEGAL", "Kabupaten Tegal"),
        ("Tegal, Kab.", "Kabupaten Tegal"),
        ("kota padang panjang", "Kota Padang Panjang"),
    ],
)
def test_places_have_one_spelling(written: str, spelling: str) -> None:
    assert place(written) == spelling
    assert place(spelling) == spelling


@pytest.mark.parametrize("written", ["kota", "?", "12"])
def test_what_is_no_place_is_refused(written: str) -> None:
    with pytest.raises(BadCell, match="not_a_place"):
        place(written)


def test_neighbours_are_so_both_ways() -> None:
    neighbours = Neighbours([("kota tegal", "Kab. Tegal"), ("kota tegal", "Kab. Brebes")])
    assert neighbours.are("Kabupaten Tegal", "Kota Tegal")
    assert neighbours.are("Kota Tegal", "Kabupaten Brebes")
    assert not neighbours.are("Kabupaten Tegal", "Kabupaten Brebes")
    assert not neighbours.are("Kota Tegal", "Kota Tegal")


def test_levels_of_education_are_ordered() -> None:
    ranks = [education.rank(level) for level in ("SD", "smp", "SMA", "D1", "D-III", "S1", "S2")]
    assert None not in ranks
    assert ranks == sorted(set(ranks), key=ranks.index) == sorted(ranks, key=lambda rank: rank or 0)
    assert education.rank("SMK") == education.rank("SMA")
    assert education.rank("kursus") is None


@pytest.mark.parametrize(
    ("graduate", "asked", "suffices"),
    [
        ("SMK", "SMA", True),
        ("SMA", "SMA/SMK sederajat", True),
        ("SMP", "SMA", False),
        ("S1", "minimal D3", True),
        ("D3", "S1", False),
        ("kursus", None, True),
        ("kursus", "-", True),
        ("kursus", "SD", False),
    ],
)
def test_education_must_be_at_least_what_is_asked(graduate: str, asked: Cell, suffices: bool) -> None:
    assert education.suffices(education.rank(graduate), education.minimum(asked)) is suffices


def test_what_is_published_of_a_vacancy_has_no_numbers_of_people() -> None:
    found = terms(row(employer="PT Kopi, hub. 0812-3450-0987", position="Barista (3376014107990012)"))
    assert (found.employer, found.position) == ("PT Kopi, hub. …", "Barista (…)")


@pytest.mark.parametrize(
    ("taken", "closes_on", "closed", "standing"),
    [
        (0, "2030-08-01", False, State.OPEN),
        (1, "2030-08-01", False, State.OPEN),
        (2, "2030-08-01", False, State.FILLED),
        (3, "2030-08-01", False, State.FILLED),
        (2, "2030-07-31", False, State.EXPIRED),
        (0, "2030-08-01", True, State.CLOSED),
    ],
)
def test_a_vacancy_is_open_filled_expired_or_closed(taken: int, closes_on: str, closed: bool, standing: State) -> None:
    vacancy = Vacancy(_id="v", terms=read_terms(row(seats=2, closes_on=closes_on)))
    if closed:
        assert vacancy.close("batal", SIGNED) == []
        assert vacancy.close("batal lagi", SIGNED) is None
    [one] = vacancy_list.listed([vacancy], {"v": Seats(taken, 0)}, date(2030, 8, 1))
    assert (one.state, one.seats_left) == (standing, max(0, 2 - taken))
    assert [entry.what for entry in vacancy.ledger] == ["vacancy_closed"] * closed


def test_nobody_is_matched_with_a_closed_vacancy_until_it_is_open_again() -> None:
    vacancy = Vacancy(_id="v", terms=read_terms(row()))
    vacancy.close("batal", SIGNED)
    assert matching.openings([vacancy], {}, date(2030, 8, 1)) == []
    assert vacancy.reopen("jadi juga", SIGNED) == [] and vacancy.reopen("jadi juga", SIGNED) is None
    assert len(matching.openings([vacancy], {}, date(2030, 8, 1))) == 1


def test_vacancies_are_found_by_state_vocation_and_words() -> None:
    vacancies = [
        Vacancy(_id="1", terms=read_terms(row(code="L-1", employer="CV Maju"))),
        Vacancy(_id="2", terms=read_terms(row(code="L-2", employer="PT Lain", vocation="Menjahit"))),
    ]
    shown = vacancy_list.listed(vacancies, {"1": Seats(2)}, date(2030, 8, 1))
    for wanted, ids in (
        ({}, "12"),
        ({"state": State.FILLED}, "1"),
        ({"vocation": "MENJAHIT"}, "2"),
        ({"search": "lain l-2"}, "2"),
        ({"search": "maju", "state": State.OPEN}, ""),
    ):
        assert {one.vacancy_id for one in shown if Wanted.model_validate(wanted).wants(one)} == set(ids)


def test_what_is_open_comes_first_and_what_is_over_last_the_latest_first() -> None:
    days = {"a": "2030-07-01", "b": "2030-07-31", "c": "2030-09-01", "d": "2030-08-15", "e": "2030-08-10"}
    vacancies = [Vacancy(_id=id_, terms=read_terms(row(closes_on=day))) for id_, day in days.items()]
    shown = vacancy_list.listed(vacancies, {"e": Seats(2)}, date(2030, 8, 1))
    assert [one.vacancy_id for one in shown] == ["d", "c", "e", "b", "a"]

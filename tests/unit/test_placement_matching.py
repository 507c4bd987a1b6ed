"""Matching proposes as many graduates as possible, then the best total, and nothing that a hard rule forbids."""

from collections import Counter
from datetime import date
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.graph.python import linear_sum_assignment

from benchmarks import population
from services.placement import education, matching
from services.placement.graduate import Answer, Certificate, Graduate
from services.placement.match import Match
from services.placement.matching import Candidate, Opening, Proposal
from services.placement.places import Neighbours
from services.placement.run import match_of
from services.placement.vacancy import Vacancy, Work, read_terms
from shared.contracts.placement import Status
from shared.contracts.registration import Programme
from tests.unit.certification_examples import programme
from tests.unit.placement_examples import row

AS_OF = date(2030, 8, 1)
NEIGHBOURS = Neighbours([("Kota Tegal", "Kabupaten Tegal")])


def opening(vacancy_id: str = "v-1", seats: int = 1, **cells: Any) -> Opening:
    return Opening(vacancy_id, read_terms(row(**cells)), seats)


def candidate(applicant_id: str = "a-1", **fields: Any) -> Candidate:
    valid = {"vocation": "pengelasan", "education": education.rank("SMA"), "city": "Kota Tegal", "total": 70.0}
    return Candidate(applicant_id, **{**valid, **fields})


def proposed(*people: Candidate, to: list[Opening]) -> dict[str, str]:
    return {one.applicant_id: one.vacancy_id for one in matching.propose(list(people), to, NEIGHBOURS)}


def graduate(applicant_id: str = "a-1", **fields: Any) -> Graduate:
    """Somebody in LAS-1 who may be proposed."""
    held = Certificate(certificate_id="c", issued_on=date(2030, 7, 20), valid_until=date(2033, 7, 20))
    valid = {"class_code": "LAS-1", "completed": True, "city": "KOTA TEGAL", "education": "SMK", "certificates": [held]}
    return Graduate.model_validate({"_id": applicant_id, **valid, **fields})


def eligible(*graduates: Graduate, of: Programme | None = None, as_of: date = AS_OF) -> list[str]:
    return [one.applicant_id for one in matching.candidates(graduates, of or programme(), as_of)]


def test_the_vocation_of_a_graduate_is_that_of_their_class() -> None:
    [found] = matching.candidates([graduate(total=71.5)], programme(), AS_OF)
    assert found == Candidate("a-1", "pengelasan", education.rank("SMA"), "Kota Tegal", 71.5)


@pytest.mark.parametrize(
    "fields",
    [
        {"certificates": []},
        {"certificates": [Certificate(certificate_id="c", revoked=True)]},
        {"class_code": None},
        {"completed": False},
        {"withdrawn": True},
        {"answers": [Answer(wave=3, status=Status.EMPLOYED, employer=None, started_on=None)]},
        {"answers": [Answer(wave=3, status=Status.STUDYING, employer=None, started_on=None)]},
        {"match": Match(match_id="m", run_id="r", vacancy_id="v", employer="e", position="p", score=1, reasons=[])},
    ],
)
def test_nobody_is_proposed_who_has_no_certificate_or_has_found_a_place(fields: dict[str, Any]) -> None:
    assert eligible(graduate(**fields)) == []


def test_somebody_unemployed_or_unreachable_may_be_proposed() -> None:
    for status in (Status.UNEMPLOYED, Status.UNREACHABLE):
        answers = [Answer(wave=3, status=status, employer=None, started_on=None)]
        assert eligible(graduate(answers=answers)) == ["a-1"]


def test_the_certificate_must_be_valid_on_the_day_matched() -> None:
    assert eligible(graduate(), as_of=date(2030, 7, 19)) == []
    assert eligible(graduate(), as_of=date(2033, 7, 20)) == ["a-1"]
    assert eligible(graduate(), as_of=date(2033, 7, 21)) == []


def test_a_vacancy_is_open_through_its_last_day_and_proposed_seats_are_taken() -> None:
    vacancy = Vacancy(_id="v-1", terms=read_terms(row(seats=3, closes_on="2030-08-01")))
    assert [one.seats_left for one in matching.openings([vacancy], {}, date(2030, 8, 1))] == [3]
    assert [one.seats_left for one in matching.openings([vacancy], {"v-1": 2}, date(2030, 8, 1))] == [1]
    assert [one.seats_left for one in matching.openings([vacancy], {"v-1": 4}, date(2030, 8, 1))] == [0]
    assert matching.openings([vacancy], {}, date(2030, 8, 2)) == []


def test_vocations_are_compared_without_case_and_spacing() -> None:
    assert proposed(candidate(), to=[opening(vocation=" PENGELASAN ")]) == {"a-1": "v-1"}
    assert proposed(candidate(), to=[opening(vocation="Menjahit")]) == {}


def test_education_must_be_at_least_what_is_asked() -> None:
    assert proposed(candidate(), to=[opening(education="SMK")]) == {"a-1": "v-1"}
    assert proposed(candidate(), to=[opening(education="D3")]) == {}
    assert proposed(candidate(education=None), to=[opening(education="SD")]) == {}


@pytest.mark.parametrize(
    ("location", "score", "reason"),
    [
        ("Kota Tegal", 60 + 40 * 0.9, "same_city"),
        ("Kabupaten Tegal", 30 + 40 * 0.9, "neighbouring_city"),
        ("Kota Semarang", 40 * 0.9, "other_city"),
    ],
)
def test_the_score_is_the_place_and_the_share_of_the_highest_wage(location: str, score: float, reason: str) -> None:
    highest = opening("v-2", vocation="Menjahit", wage_min=2_500_000, wage_max=2_500_000)
    [found] = matching.propose([candidate()], [opening(location=location), highest], NEIGHBOURS)
    assert found == Proposal(
        applicant_id="a-1",
        vacancy_id="v-1",
        score=score,
        reasons=["same_vocation", "education_suffices", reason],
    )


def test_the_highest_wage_counts_also_when_its_seats_are_taken() -> None:
    highest = opening("v-2", seats=0, wage_min=4_500_000, wage_max=4_500_000)
    [found] = matching.propose([candidate()], [opening(), highest], NEIGHBOURS)
    assert (found.vacancy_id, found.score) == ("v-1", 80)


def test_more_graduates_win_over_a_better_total() -> None:
    learned, other = candidate("a-1", education=education.rank("S1")), candidate("a-2")
    near = opening("v-1")
    far = opening("v-2", education="D3", location="Kota Semarang")
    assert proposed(learned, other, to=[near, far]) == {"a-1": "v-2", "a-2": "v-1"}


def test_among_equals_the_higher_total_of_the_selection_is_proposed() -> None:
    people = [
        candidate("a-1", total=None),
        candidate("a-2", total=65.0),
        candidate("a-3", total=80.0, education=education.rank("S1")),
        candidate("a-4", total=80.0, education=education.rank("SMP")),
    ]
    assert proposed(*people, to=[opening()]) == {"a-3": "v-1"}
    assert proposed(*people, to=[opening(seats=3)]).keys() == {"a-2", "a-3", "a-4"}


def test_within_a_type_the_higher_total_gets_the_better_vacancy() -> None:
    better = opening("v-9", wage_min=2_500_000)
    assert proposed(candidate("a-1"), candidate("a-2", total=90.0), to=[opening(), better]) == {
        "a-1": "v-1",
        "a-2": "v-9",
    }


CITIES = ["Kota Tegal", "Kabupaten Tegal", "Kota Semarang"]
LEVELS = ["SMP", "SMA", "D3"]
VOCATIONS = ["Pengelasan", "Menjahit"]
people = st.lists(
    st.builds(
        candidate,
        vocation=st.sampled_from([vocation.casefold() for vocation in VOCATIONS]),
        education=st.sampled_from([education.rank(level) for level in LEVELS]),
        city=st.sampled_from(CITIES),
        total=st.sampled_from([None, 60.0, 70.0]),
    ),
    max_size=5,
).map(lambda found: [Candidate(**{**vars(one), "applicant_id": f"a-{n}"}) for n, one in enumerate(found)])
vacancies = st.lists(
    st.builds(
        opening,
        seats=st.integers(0, 2),
        vocation=st.sampled_from(VOCATIONS),
        location=st.sampled_from(CITIES),
        education=st.sampled_from(LEVELS),
        wage_min=st.sampled_from([1_000_000, 1_700_000, 1_900_001]),
        wage_max=st.sampled_from([2_000_000, 2_300_000]),
    ),
    max_size=3,
).map(lambda found: [Opening(f"v-{n}", one.work, one.seats_left) for n, one in enumerate(found)])


def score(one: Candidate, work: Work, highest: Fraction, neighbours: Neighbours = NEIGHBOURS) -> Fraction:
    near = 60 if one.city == work.location else 30 if neighbours.are(str(one.city), work.location) else 0
    return near + 40 * Fraction(work.wage_min + work.wage_max, 2) / highest


def reference(among: list[Candidate], to: list[Opening]) -> tuple[int, Fraction]:
    """How many can be proposed and their greatest total score, by trying every assignment."""
    highest = max((Fraction(one.work.wage_min + one.work.wage_max, 2) for one in to), default=Fraction(1))
    best = (0, Fraction(0))
    for places in product([None, *to], repeat=len(among)):
        pairs = [(one, place) for one, place in zip(among, places, strict=True) if place is not None]
        numbers = Counter(place.vacancy_id for _, place in pairs)
        if all(allowed(one, place.work) for one, place in pairs) and all(
            numbers[place.vacancy_id] <= place.seats_left for place in to
        ):
            best = max(best, (len(pairs), sum((score(one, place.work, highest) for one, place in pairs), Fraction(0))))
    return best


def allowed(one: Candidate, work: Work) -> bool:
    return one.vocation == work.vocation.casefold() and (one.education or 0) >= (
        education.rank(str(work.education)) or 0
    )


@settings(deadline=None, max_examples=150)
@given(among=people, to=vacancies)
def test_no_assignment_is_better(among: list[Candidate], to: list[Opening]) -> None:
    by_id = {one.applicant_id: one for one in among}
    work = {one.vacancy_id: one.work for one in to}
    highest = max((Fraction(one.twice_the_wage, 2) for one in work.values()), default=Fraction(1))
    found = matching.propose(among, to, NEIGHBOURS)
    pairs = [(by_id[one.applicant_id], work[one.vacancy_id]) for one in found]
    total = sum((score(one, place, highest) for one, place in pairs), Fraction(0))
    assert (len(found), total) == reference(among, to)


@settings(deadline=None)
@given(among=people, to=vacancies, seed=st.randoms(use_true_random=False))
def test_nobody_is_proposed_twice_no_seat_is_given_twice_and_order_does_not_matter(
    among: list[Candidate], to: list[Opening], seed: Any
) -> None:
    found = matching.propose(among, to, NEIGHBOURS)
    assert len({one.applicant_id for one in found}) == len(found)
    numbers = Counter(one.vacancy_id for one in found)
    assert all(numbers[one.vacancy_id] <= one.seats_left for one in to)
    by_id = {one.applicant_id: one for one in among}
    work = {one.vacancy_id: one.work for one in to}
    assert all(allowed(by_id[one.applicant_id], work[one.vacancy_id]) for one in found)
    shuffled = list(among)
    seed.shuffle(shuffled)
    assert matching.propose(shuffled, to[::-1], NEIGHBOURS) == found


def exact(among: list[Candidate], to: list[Opening]) -> tuple[int, Fraction]:
    """How many can be proposed and their greatest total score, by another algorithm: each person and seat by itself."""
    seats = [one.work for one in to for _ in range(one.seats_left)]
    highest = Fraction(max(one.work.twice_the_wage for one in to), 2)
    unplaced = 100 * highest.numerator * (len(among) + 1)
    solver = linear_sum_assignment.SimpleLinearSumAssignment()
    # a person without a seat and a seat without a person have a partner each that nobody else may have
    pairs = [(m, n) for m, one in enumerate(among) for n, work in enumerate(seats) if allowed(one, work)]
    for m, n in pairs:
        points = score(among[m], seats[n], highest, population.NEIGHBOURS) * highest.numerator
        assert points.denominator == 1
        solver.add_arc_with_cost(m, n, 100 * highest.numerator - int(points))
        solver.add_arc_with_cost(len(among) + n, len(seats) + m, 0)
    for m in range(len(among)):
        solver.add_arc_with_cost(m, len(seats) + m, unplaced)
    for n in range(len(seats)):
        solver.add_arc_with_cost(len(among) + n, n, 0)
    assert solver.solve() == solver.OPTIMAL
    placed = [m for m in range(len(among)) if solver.right_mate(m) < len(seats)]
    total = sum(
        (score(among[m], seats[solver.right_mate(m)], highest, population.NEIGHBOURS) for m in placed), Fraction(0)
    )
    return len(placed), total


@settings(deadline=None, max_examples=20)
@given(number=st.integers(1, 120), vacancies=st.integers(1, 60), seed=st.integers(0, 1000))
def test_an_exact_assignment_of_single_people_to_single_seats_is_no_better(
    number: int, vacancies: int, seed: int
) -> None:
    among, to = population.graduates(number, 1, seed), population.vacancies(vacancies, 1, seed)
    by_id = {one.applicant_id: one for one in among}
    work = {one.vacancy_id: one.work for one in to}
    highest = Fraction(max(one.twice_the_wage for one in work.values()), 2)
    found = matching.propose(among, to, population.NEIGHBOURS)
    pairs = [(by_id[one.applicant_id], work[one.vacancy_id]) for one in found]
    total = sum((score(one, place, highest, population.NEIGHBOURS) for one, place in pairs), Fraction(0))
    assert (len(found), total) == exact(among, to)


def test_thousands_are_matched_though_wages_are_large_numbers_and_their_order_does_not_matter() -> None:
    among, to = population.graduates(2600, 1), population.vacancies(1000, 1)
    found = matching.propose(among, to, population.NEIGHBOURS)
    assert len(found) == min(len(among), sum(one.seats_left for one in to))
    assert matching.propose(among[::-1], to[::-1], population.NEIGHBOURS) == found


def test_what_is_published_of_an_employer_holds_no_phone_number() -> None:
    proposal = Proposal(applicant_id="a", vacancy_id="v", score=1, reasons=[])
    terms = read_terms(row(employer="CV Maju 0812-3456-7890"))
    assert match_of(proposal, terms, "run").employer == "CV Maju …"


def test_a_refused_pair_is_not_proposed_again_but_others_get_the_seat() -> None:
    first, second = candidate("a-1", refused=("v-1",)), candidate("a-2")
    assert proposed(first, to=[opening("v-1")]) == {}
    assert proposed(first, second, to=[opening("v-1"), opening("v-2")]) == {"a-1": "v-2", "a-2": "v-1"}
    assert proposed(first, second, to=[opening("v-1")]) == {"a-2": "v-1"}
    held = Match(match_id="m", run_id="r", vacancy_id="v-1", employer="e", position="p", score=1, reasons=[])
    [found] = matching.candidates([graduate(refused=[held])], programme(), AS_OF)
    assert tuple(found.refused) == ("v-1",)


def test_a_hand_s_score_is_the_matching_s() -> None:
    highest = opening("v-2", vocation="Menjahit", wage_min=2_500_000, wage_max=2_500_000)
    [found] = matching.propose([candidate()], [opening(), highest], NEIGHBOURS)
    mine = matching.score("Kota Tegal", opening().work, [opening(), highest], NEIGHBOURS)
    assert mine == (found.score, found.reasons[-1])

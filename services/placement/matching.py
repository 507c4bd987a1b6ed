"""Who is proposed for which vacancy: as many graduates as possible, and among those the greatest total score."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from math import inf
from typing import Final, NamedTuple

from pydantic import BaseModel

from services.placement import education
from services.placement.assignment import Place, assign
from services.placement.graduate import Graduate
from services.placement.places import Neighbours
from services.placement.vacancy import Vacancy, Work
from shared.cells import BadCell, word
from shared.contracts.registration import Programme
from shared.places import place

_PLACE: Final = {"same_city": 60, "neighbouring_city": 30, "other_city": 0}
_WAGE: Final = 40


class Type(NamedTuple):
    """What alone decides, within a vocation, which kinds of vacancies suit a graduate and how well."""

    education: int | None
    city: str | None
    refused: frozenset[str]


class Kind(NamedTuple):
    """What alone decides, within a vocation, whom a vacancy suits and how near it is; its wage is the same for all.

    `vacancy_id` is None unless somebody has refused just this one.
    """

    education: str | None
    location: str
    vacancy_id: str | None


@dataclass(frozen=True)
class Candidate:
    """A graduate who may be proposed. `education` is a rank, None when unknown; `city` is None when unreadable.

    `refused` are the vacancies that came to nothing for them, sorted.
    """

    applicant_id: str
    vocation: str
    education: int | None
    city: str | None
    total: float | None
    refused: Sequence[str] = ()

    @property
    def type(self) -> Type:
        return Type(self.education, self.city, frozenset(self.refused))


@dataclass(frozen=True)
class Opening:
    """A vacancy that is open, with the seats nobody has been proposed for."""

    vacancy_id: str
    work: Work
    seats_left: int


class Proposal(BaseModel):
    """One graduate for one seat; `score` is 0 to 100."""

    applicant_id: str
    vacancy_id: str
    score: float
    reasons: list[str]


def candidates(graduates: Iterable[Graduate], programme: Programme, as_of: date) -> list[Candidate]:
    """The graduates of a programme who hold a valid certificate, are not placed, and have not been proposed."""
    found = []
    for graduate in graduates:
        offer = programme.class_of(graduate.class_code or "")
        out = graduate.withdrawn or graduate.completed is False or graduate.placed or graduate.match is not None
        if offer is None or out or not graduate.certified(as_of):
            continue
        found.append(
            Candidate(
                applicant_id=graduate.id,
                vocation=word(offer.vocation),
                education=education.rank(graduate.education or ""),
                city=_place_or_none(graduate.city),
                total=graduate.total,
                refused=tuple(sorted(graduate.refuses)),
            )
        )
    return found


def openings(vacancies: Iterable[Vacancy], taken: Mapping[str, int], as_of: date) -> list[Opening]:
    """The vacancies that take applications on that day; `taken` are the seats proposed already, by vacancy id."""
    return [
        Opening(vacancy.id, vacancy.terms, max(0, vacancy.terms.seats - taken.get(vacancy.id, 0)))
        for vacancy in vacancies
        if vacancy.terms is not None and vacancy.closing is None and vacancy.terms.closes_on >= as_of
    ]


def propose(among: list[Candidate], open_now: list[Opening], neighbours: Neighbours) -> list[Proposal]:
    """The proposals, ordered by applicant id; the same for the same input in any order.

    Where nothing else decides between graduates, those with the higher total in the selection are proposed.
    """
    scale = _Scale(max((opening.work.twice_the_wage for opening in open_now), default=0), neighbours)
    people: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in among:
        people[candidate.vocation].append(candidate)
    vacancies: dict[str, list[Opening]] = defaultdict(list)
    for opening in open_now:
        if opening.seats_left:
            vacancies[word(opening.work.vocation)].append(opening)
    proposals: list[Proposal] = []
    for vocation in sorted(people.keys() & vacancies.keys()):
        proposals += _propose_in_vocation(people[vocation], vacancies[vocation], scale)
    return sorted(proposals, key=lambda proposal: proposal.applicant_id)


def score(city: str | None, work: Work, open_now: Iterable[Opening], neighbours: Neighbours) -> tuple[float, str]:
    """How well one vacancy suits somebody from that city, 0 to 100 among those that are open; and how near it is."""
    highest = max((opening.work.twice_the_wage for opening in open_now), default=0)
    scale, home = _Scale(max(highest, work.twice_the_wage), neighbours), _place_or_none(city)
    return scale.score(home, work), scale.nearness(home, work.location)


@dataclass(frozen=True)
class _Scale:
    """Scores as whole numbers: 100 points are 100 times the highest wage (twice its midpoint) of all open vacancies."""

    highest: int
    neighbours: Neighbours

    def nearness(self, city: str | None, location: str) -> str:
        if city == location:
            return "same_city"
        near = city is not None and self.neighbours.are(city, location)
        return "neighbouring_city" if near else "other_city"

    def place(self, city: str | None, location: str) -> int:
        return _PLACE[self.nearness(city, location)] * self.highest

    def wage(self, work: Work) -> int:
        return _WAGE * work.twice_the_wage

    def score(self, city: str | None, work: Work) -> float:
        return round((self.place(city, work.location) + self.wage(work)) / self.highest, 2)


def _propose_in_vocation(among: list[Candidate], vacancies: list[Opening], scale: _Scale) -> list[Proposal]:
    ranked = sorted(among, key=lambda one: (inf if one.total is None else -one.total, one.applicant_id))
    open_now = {opening.vacancy_id: opening for opening in sorted(vacancies, key=lambda one: one.vacancy_id)}
    refused = {vacancy_id for one in among for vacancy_id in one.refused}
    places = [
        Place(vacancy_id, _kind(vacancy_id, work, refused), opening.seats_left, scale.wage(work))
        for vacancy_id, opening in open_now.items()
        for work in [opening.work]
    ]
    kinds = dict.fromkeys(place.kind for place in places)
    chosen = assign(
        [(candidate.applicant_id, candidate.type) for candidate in ranked],
        places,
        {
            (type_, kind): scale.place(type_.city, kind.location)
            for type_ in dict.fromkeys(candidate.type for candidate in ranked)
            for kind in kinds
            if education.suffices(type_.education, kind.education) and kind.vacancy_id not in type_.refused
        },
    )
    cities = {candidate.applicant_id: candidate.city for candidate in among}
    return [
        _proposal(applicant_id, cities[applicant_id], open_now[vacancy_id], scale)
        for applicant_id, vacancy_id in chosen.items()
    ]


def _kind(vacancy_id: str, work: Work, refused: Set[str]) -> Kind:
    return Kind(work.education, work.location, vacancy_id if vacancy_id in refused else None)


def _proposal(applicant_id: str, city: str | None, opening: Opening, scale: _Scale) -> Proposal:
    return Proposal(
        applicant_id=applicant_id,
        vacancy_id=opening.vacancy_id,
        score=scale.score(city, opening.work),
        reasons=["same_vocation", "education_suffices", scale.nearness(city, opening.work.location)],
    )


def _place_or_none(city: str | None) -> str | None:
    try:
        return place(city)
    except BadCell:
        return None

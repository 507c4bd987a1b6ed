"""The best assignment of people to seats: as many as possible, then the greatest total weight, then the best ranked."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from math import gcd
from typing import Final, Generic, NamedTuple, TypeVar

T = TypeVar("T", bound=Hashable)
K = TypeVar("K", bound=Hashable)

_LARGEST_COST: Final = 2**62  # the solver multiplies costs by the number of nodes, in 64 bits


class Place(NamedTuple, Generic[K]):
    """Where people may be sent: at least one seat, of a kind; `worth` (whole) counts for each of them."""

    name: str
    kind: K
    seats: int
    worth: int


class _TooLarge(Exception):
    """Costs that the solver cannot calculate with."""


def assign(
    ranked: Sequence[tuple[str, T]], places: Sequence[Place[K]], weights: Mapping[tuple[T, K], int]
) -> dict[str, str]:
    """Who gets a seat where: person → name of the place.

    `ranked` are the people, best first, each with a type; `weights` (whole) has an entry for each type and kind of
    place that go together, to which the worth of the place is added. Of all assignments with the most people and among
    those the greatest sum of weights, the one that takes the best ranked; within a type they also get the places of
    the greatest weight. The same input gives the same answer.
    """
    if not weights:
        return {}
    # one unit of weight outweighs all the ranks together; where that is too much for the solver, ranks decide only
    # within a type
    try:
        sent, filled = _flow(ranked, places, weights, unit=len(ranked) * (len(ranked) + 1) // 2 + 1, rank=1)
    except _TooLarge:
        sent, filled = _flow(ranked, places, weights, unit=1, rank=0)
    people: dict[T, list[str]] = defaultdict(list)
    for person, type_ in ranked:
        people[type_].append(person)
    free: dict[K, list[Place[K]]] = defaultdict(list)
    for place in sorted(filled.elements(), key=lambda one: (one.worth, one.name)):
        free[place.kind].append(place)
    seats: dict[T, list[tuple[int, str]]] = defaultdict(list)
    for type_, kind in sent.elements():
        place = free[kind].pop()
        seats[type_].append((-weights[type_, kind] - place.worth, place.name))
    assigned: dict[str, str] = {}
    for type_, of_type in seats.items():
        names = (name for _, name in sorted(of_type))
        assigned |= zip(people[type_], names, strict=False)  # those of a type who are left over rank last
    return assigned


def _flow(
    ranked: Sequence[tuple[str, T]],
    places: Sequence[Place[K]],
    weights: Mapping[tuple[T, K], int],
    unit: int,
    rank: int,
) -> tuple[Counter[tuple[T, K]], Counter[Place[K]]]:
    """How many of each type go to each kind of place, and how many to each place: a maximum flow of minimum cost.

    One unit flows from the source through each person taken to their type, to a kind of place, and through one of its
    places to the sink: people and places are an arc each, and only types and kinds are in the middle. A unit of weight
    less costs `unit`, each place in the ranking `rank`. Raises _TooLarge.
    """
    # here, because the solver's library is large and a service that matches nobody does without it
    from ortools.graph.python import min_cost_flow

    solver = min_cost_flow.SimpleMinCostFlow()
    source, sink = 0, 1
    types = {type_: node for node, type_ in enumerate(dict.fromkeys(type_ for _, type_ in ranked), start=2)}
    kinds = {
        kind: node for node, kind in enumerate(dict.fromkeys(place.kind for place in places), start=2 + len(types))
    }
    heaviest, most = max(weights.values()), max(place.worth for place in places)
    # only differences decide, and their greatest common measure makes them small
    step = gcd(*(heaviest - weight for weight in weights.values()), *(most - place.worth for place in places)) or 1
    span = heaviest - min(weights.values()) + most - min(place.worth for place in places)
    if span // step * unit * (2 + len(types) + len(kinds)) >= _LARGEST_COST:
        raise _TooLarge
    for position, (_, type_) in enumerate(ranked):
        solver.add_arc_with_capacity_and_unit_cost(source, types[type_], 1, position * rank)
    between = {
        (type_, kind): solver.add_arc_with_capacity_and_unit_cost(
            types[type_], kinds[kind], len(ranked), (heaviest - weight) // step * unit
        )
        for (type_, kind), weight in weights.items()
    }
    through = [
        solver.add_arc_with_capacity_and_unit_cost(
            kinds[place.kind], sink, place.seats, (most - place.worth) // step * unit
        )
        for place in places
    ]
    solver.set_node_supply(source, len(ranked))
    solver.set_node_supply(sink, -len(ranked))
    status = solver.solve_max_flow_with_min_cost()
    if status == solver.BAD_COST_RANGE and rank:
        raise _TooLarge
    if status != solver.OPTIMAL:
        raise ArithmeticError(f"no assignment was found: {status}")
    return (
        Counter({pair: solver.flow(arc) for pair, arc in between.items()}),
        Counter({place: solver.flow(arc) for place, arc in zip(places, through, strict=True)}),
    )

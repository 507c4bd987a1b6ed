"""The best assignment of people to seats: as many as possible, then the greatest total weight, then the best ranked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

_LARGEST_COST: Final = 2**62  # the solver multiplies costs by the number of nodes, in 64 bits


def assign(
    ranked: Sequence[tuple[str, T]], seats: Mapping[str, int], weights: Mapping[tuple[T, str], int]
) -> dict[str, str]:
    """Who gets a seat where: person → place.

    `ranked` are the people, best first, each with a type; `seats` the places with how many seats each has (at least
    1); `weights` (whole, not negative) has an entry for each type and place that go together. Of all assignments with
    the most people and among those the greatest sum of weights, the one that takes the best ranked; within a type
    they also get the places of the greatest weight. The same input gives the same answer.
    """
    if not weights:
        return {}
    people: dict[T, list[str]] = defaultdict(list)
    for person, type_ in ranked:
        people[type_].append(person)
    assigned: dict[str, str] = {}
    for type_, numbers in _numbers(ranked, seats, weights).items():
        best_first = sorted(numbers, key=lambda place: (-weights[type_, place], place))
        places = [place for place in best_first for _ in range(numbers[place])]
        assigned |= zip(people[type_], places, strict=False)  # those of a type who are left over rank last
    return assigned


def _numbers(
    ranked: Sequence[tuple[str, T]], seats: Mapping[str, int], weights: Mapping[tuple[T, str], int]
) -> dict[T, dict[str, int]]:
    """How many of each type go where: a maximum flow of minimum cost.

    One unit flows from the source through each person taken to their type, to a place, to the sink. Types instead of
    people in the middle keep the network small.
    """
    # here, because the solver's library is large and a service that matches nobody does without it
    from ortools.graph.python import min_cost_flow

    solver = min_cost_flow.SimpleMinCostFlow()
    source, sink = 0, 1
    types = {type_: node for node, type_ in enumerate(dict.fromkeys(type_ for _, type_ in ranked), start=2)}
    places = {place: node for node, place in enumerate(seats, start=2 + len(types))}
    heaviest = max(weights.values())
    # one unit of weight outweighs all the ranks together; where that is too much for the solver, ranks decide only
    # within a type
    unit = len(ranked) * (len(ranked) + 1) // 2 + 1
    ranks_decide = heaviest * unit * (2 + len(types) + len(places)) < _LARGEST_COST
    for rank, (_, type_) in enumerate(ranked):
        solver.add_arc_with_capacity_and_unit_cost(source, types[type_], 1, rank if ranks_decide else 0)
    arcs = {
        (type_, place): solver.add_arc_with_capacity_and_unit_cost(
            types[type_], places[place], seats[place], (heaviest - weight) * (unit if ranks_decide else 1)
        )
        for (type_, place), weight in weights.items()
    }
    for place, free in seats.items():
        solver.add_arc_with_capacity_and_unit_cost(places[place], sink, free, 0)
    solver.set_node_supply(source, len(ranked))
    solver.set_node_supply(sink, -len(ranked))
    status = solver.solve_max_flow_with_min_cost()
    if status != solver.OPTIMAL:
        raise ArithmeticError(f"no assignment was found: {status}")
    numbers: dict[T, dict[str, int]] = defaultdict(dict)
    for (type_, place), arc in arcs.items():
        if number := solver.flow(arc):
            numbers[type_][place] = number
    return numbers

"""The pure rules at scale: screening, the allocation of seats, and matching, in time and in memory."""

import multiprocessing
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from typing import Any, Final, NamedTuple

from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from benchmarks import population
from benchmarks.figures import Curve, Figure, Section
from benchmarks.residency import Which, forget_peak, resident_bytes
from services.placement import matching
from services.selection.allocation import allocate
from services.selection.run import contender_of
from services.selection.screening import screen
from shared.contracts.registration import Facts

_RUNS: Final = 3
_CLASSES: Final = 2000
_VOCATIONS: Final = 20
_DIFFERENT: Final = 5000  # people whose facts are screened again and again

_HOW: Final = """
Times are processor seconds of one process, so that other work on the machine does not count. Each allocation and each
matching has a process of its own; its memory is the peak of what was resident, interpreter and people included.

- Screening: facts of which a third fails some rule; the floor reads the same facts and makes nothing of them.
- Allocation: 2,000 classes of 16 seats, one to three choices, two thirds willing to move: most people find all classes
  full. The floor sorts the same people by a float. What bounds time is the sort and who asks at full classes;
  what bounds memory is the people themselves.
- Matching: 20 vocations, 36 cities, five levels of education, three vacancies for ten graduates. The floor is the time
  within the solver in the same run.
""".strip()


class Cost(NamedTuple):
    """Seconds, those of the floor, and MB resident before and at the peak."""

    seconds: float
    floor: float
    before: float
    peak: float


def measure(quick: bool) -> Section:
    """Quick: a twentieth of the full sizes, in less than 40 s of processor time."""
    part = 20 if quick else 1
    people, graduates = 1_000_000 // part, 100_000 // part
    facts = population.applicants(_DIFFERENT)
    rates = [(_rate(_screening, facts, people), _rate(_reading, facts, people)) for _ in range(_RUNS)]
    allocations = {n: [_apart(allocation, n) for _ in range(_RUNS)] for n in _up_to(people)}
    matchings = {n: [_apart(match, n) for _ in range(_RUNS)] for n in _up_to(graduates)}

    figures = [
        *_against(
            f"screening, {people:,} applicants",
            "reading the same facts",
            [ours for ours, _ in rates],
            [floor for _, floor in rates],
            "applicants/s",
            "≥ 50,000/s",
            statistics.median(ours for ours, _ in rates) >= 50_000,
        ),
        *_figures(f"allocation, {people:,} over {_CLASSES:,} classes", "sorting them", allocations[people], 4, 500),
        *_figures(
            f"matching, {graduates:,} to {_vacancies(graduates):,} vacancies", "solver alone", matchings[graduates], 60
        ),
    ]
    curves = [
        Curve(
            "decisions",
            "Cost of a decision per person",
            "people",
            "µs of processor time a person",
            {
                "screening": [(n, 1e6 / _rate(_screening, facts, n)) for n in _up_to(people)],
                "allocation": _per_person(allocations),
                "matching": _per_person(matchings),
            },
            logarithmic=True,
        )
    ]
    return Section("Decisions", _HOW, figures, curves)


def allocation(people: int) -> Cost:
    """Allocate them, as a decision does, after sorting them as the floor."""
    offered = population.classes(_CLASSES)
    candidates = [contender_of(row) for row in population.scored(people, offered)]
    floor = _seconds(lambda: sorted(candidates, key=lambda one: float(one.total or -1)))
    forget_peak()
    before = _resident_mb("VmRSS")
    # outcomes are made as they are gone through
    seconds = _seconds(lambda: deque(allocate(offered, candidates), maxlen=0))
    return Cost(seconds, floor, before, _resident_mb("VmHWM"))


def match(number: int) -> Cost:
    """Match so many graduates, taking the time within the solver as the floor."""
    graduates = population.graduates(number, _VOCATIONS)
    vacancies = population.vacancies(_vacancies(number), _VOCATIONS)
    solve = SimpleMinCostFlow.solve_max_flow_with_min_cost
    solving: list[float] = []

    def timed(solver: Any) -> Any:
        start = time.process_time()
        status = solve(solver)
        solving.append(time.process_time() - start)
        return status

    SimpleMinCostFlow.solve_max_flow_with_min_cost = timed
    forget_peak()
    before = _resident_mb("VmRSS")
    seconds = _seconds(lambda: matching.propose(graduates, vacancies, population.NEIGHBOURS))
    return Cost(seconds, sum(solving), before, _resident_mb("VmHWM"))


def _screening(facts: Iterable[Facts]) -> None:
    rules = population.classes(1).eligibility
    for one in facts:
        screen(rules, one, ())


def _reading(facts: Iterable[Facts]) -> None:
    for one in facts:
        _ = (
            one.city,
            one.age,
            one.health_certificate,
            one.trained_before,
            one.occupation,
            one.follows_social_media,
        )


def _rate(work: Callable[[Iterable[Facts]], None], facts: list[Facts], number: int) -> float:
    """How many a second."""
    return number / _seconds(lambda: work(islice(cycle(facts), number)))


def _figures(what: str, floor: str, costs: list[Cost], within_s: float, within_mb: float | None = None) -> list[Figure]:
    seconds = [one.seconds for one in costs]
    peaks = [one.peak for one in costs]
    before = [one.before for one in costs]
    met = statistics.median(seconds) <= within_s
    return [
        *_against(what, floor, seconds, [one.floor for one in costs], "s", f"≤ {within_s:g} s", met),
        *_against(
            f"{what}: peak of memory",
            "interpreter and people before it",
            peaks,
            before,
            "MB",
            None if within_mb is None else f"≤ {within_mb:g} MB",
            None if within_mb is None else statistics.median(peaks) <= within_mb,
        ),
    ]


def _against(
    what: str, floor: str, runs: list[float], floors: list[float], unit: str, goal: str | None, met: bool | None
) -> list[Figure]:
    beside = Figure(f"{floor} ({what})", tuple(floors), unit)
    return [Figure(what, tuple(runs), unit, beside, goal, met), beside]


def _per_person(costs: dict[int, list[Cost]]) -> list[tuple[float, float]]:
    return [(n, 1e6 * statistics.median(one.seconds for one in runs) / n) for n, runs in costs.items()]


def _up_to(number: int) -> list[int]:
    """From a thousand in tens up to that number."""
    return [*(10**power for power in range(3, 6) if 10**power < number), number]


def _vacancies(graduates: int) -> int:
    return graduates * 3 // 10


def _apart(work: Callable[[int], Cost], number: int) -> Cost:
    """In a process that has done nothing before."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(work, number).result()


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _resident_mb(which: Which) -> float:
    return resident_bytes(which) / 2**20

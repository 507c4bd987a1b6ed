"""People who are counted together, because they are alike, give the same counts as each of them by themselves."""

import itertools
import random
import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.certification import cover
from services.certification import store as certification
from services.certification.trainee import Attendance, Cover, CoverState, Insurance, Trainee
from services.placement import outcomes, tracer_queries
from services.placement import store as placement
from services.placement.confirmation import Channel, Confirmation
from services.placement.graduate import Answer, Graduate
from services.placement.outcomes import Alike
from services.selection import store as selection
from services.selection.applicant import Applicant
from services.selection.roster import Filled, Roster
from shared.contracts import Event
from shared.contracts.placement import EmployerSays, Status
from shared.contracts.selection import Outcome
from shared.storage import Storage
from tests.conftest import Urls
from tests.unit.certification_examples import programme

CODE = programme().code
CLASSES = [offer.code for offer in programme().classes]
PEOPLE = 1500  # so that many are alike but for one thing


@pytest.fixture
async def storage(servers: Urls) -> AsyncIterator[Storage]:
    storage = Storage(servers.mongo, f"test_{uuid.uuid4().hex[:8]}", "uji")
    yield storage
    storage.close()


async def test_whose_cover_is_alike(storage: Storage) -> None:
    store, rng = certification.Store(storage), random.Random(1)
    await storage.prepare()
    whole, part = (date(2030, 5, 1), date(2030, 6, 30)), (date(2030, 5, 20), date(2030, 6, 30))

    def some_cover() -> Cover:
        starts, ends = rng.choice([whole, part])
        insured = rng.choice([[*Insurance], [Insurance.JKK]])
        return Cover(insurances=insured, starts=starts, ends=ends, state=rng.choice([*CoverState]))

    def some_attendance(class_code: str) -> Attendance:
        note = rng.choice([None, "Mengundurkan diri", "Sakit"])
        present = rng.randrange(20)
        return Attendance(class_code=class_code, days=20, present=present, note=note, completed=True)

    everybody = []
    for number in range(PEOPLE):
        class_code = rng.choice(CLASSES)
        everybody.append(
            Trainee(
                _id=f"a{number}",
                programme_code=rng.choice([CODE, CODE, CODE, "LAIN"]),
                class_code=rng.choice([class_code, class_code, None]),
                withdrawn=rng.random() < 0.2,
                attendance=rng.choice([None, some_attendance(class_code)]),
                covers=[some_cover() for _ in range(rng.choice([0, 0, 1, 2]))],
            )
        )
    await _keep(store.trainees, everybody)
    groups = await store.to_be_covered(programme())
    assert sum(len(of_class) for of_class in groups.values()) < len(everybody)
    for offer in programme().classes:
        of_class = await store.of_class(CODE, offer.code)
        assert cover.counts_of(groups[offer.code], offer, programme()) == cover.counts(of_class, offer, programme())


async def test_what_became_of_graduates_who_are_alike(storage: Storage) -> None:
    store, rng = placement.Store(storage), random.Random(2)
    await storage.prepare()
    employers = [None, "CV Maju", "CV Maju", "cv  maju", "PT Lain"]

    def answer(wave: int) -> Answer:
        status = rng.choice([*[Status.EMPLOYED] * 5, *Status])
        return Answer(wave=wave, status=status, employer=rng.choice(employers), started_on=None)

    def confirmation() -> Confirmation:
        said = {"says": rng.choice([*EmployerSays]), "channel": Channel.LINK, "said_on": date(2030, 7, 1)}
        moment = datetime(2030, 7, 1, rng.randrange(24), tzinfo=UTC)
        return Confirmation(employer=rng.choice(["CV Maju", "CV MAJU", "PT Lain"]), by="x", at=moment, **said)

    everybody = [
        Graduate(
            _id=f"a{number}",
            programme_code=rng.choice([CODE, CODE, CODE, "LAIN"]),
            class_code=rng.choice([*CLASSES, None]),
            completed=rng.choice([True, True, True, False, None]),
            answers=[answer(wave) for wave in rng.choice([[], [3], [3], [3, 6], [12, 3]])],
            confirmations=[confirmation() for _ in range(rng.choice([0, 0, 1, 2]))],
        )
        for number in range(PEOPLE)
    ]
    await _keep(store.graduates, everybody)
    groups = await tracer_queries.alike(store.graduates, CODE)
    each = [Alike(one) for one in await tracer_queries.completed(store.graduates, CODE)]
    assert len(each) == sum(one.completed is True and one.programme_code == CODE for one in everybody)
    assert len(groups) < len(each)
    for months in (None, 3, 6, 12):
        assert outcomes.outcomes(groups, months) == outcomes.outcomes(each, months)
        assert outcomes.per_class(groups, months) == outcomes.per_class(each, months)


async def test_whoever_got_their_first_choice_is_counted_and_not_read(storage: Storage) -> None:
    store = selection.Store(storage)
    await storage.prepare()
    kinds = itertools.product(("A", "B", None), (["A", "B"], ["B"], ["A"]), Outcome, (True, False), (CODE, "LAIN"))
    people = [
        {
            "_id": f"a{number}",
            "programme_code": code,
            "decision": {"outcome": outcome.value, "class_code": class_code},
            "facts": {"choices": choices},
            "withdrawn": withdrawn,
        }
        for number, (class_code, choices, outcome, withdrawn, code) in enumerate(kinds)
    ]
    await store.applicants.raw.insert_many(people)
    database, profile = store.applicants.raw.database, {"filter": {"op": "command"}}
    await database.command("profile", 2, **profile)
    assert await store.first_choices(CODE, ["A", "B", "C"]) == {"A": 2, "B": 1, "C": 0}
    await database.command("profile", 0)
    [noted] = await database["system.profile"].find({"command.aggregate": "applicants"}).to_list(None)
    assert (noted["docsExamined"], noted["keysExamined"] < len(people) // 4) == (0, True)


async def test_of_who_holds_a_seat_only_those_are_told_who_may_be_the_last_that_got_in(storage: Storage) -> None:
    store = selection.Store(storage)
    await storage.prepare()

    def fill(roster: Roster) -> list[Event]:
        roster.programme_code, roster.class_code, roster.seats = CODE, "A", 4
        roster.holders, roster.reserves = ["a", "b", "c", "d"], ["e", "f", "g", "h"]
        assert (roster.free("a", promote=True), roster.free("c", promote=True)) == ("e", "f")
        roster.free("b", promote=True, until=date(2030, 1, 1))
        return []

    roster = await store.rosters.change("A", fill)
    assert roster.holders == ["d", "e", "f"]
    assert await store.filled(CODE) == {"A": Filled(accepted=3, offered=1, waiting=1, last=["d", "e", "f"])}
    await store.rosters.raw.update_one({"_id": "A"}, {"$unset": {"offers": 1, "promotions": 1}})  # as it once was
    assert await store.filled(CODE) == {"A": Filled(accepted=3, offered=0, waiting=1, last=["f"])}
    assert await store.filled("LAIN") == {}


async def _keep(documents: Any, everybody: Sequence[Applicant | Graduate | Trainee]) -> None:
    await documents.raw.insert_many([one.model_dump(mode="json", by_alias=True) for one in everybody])

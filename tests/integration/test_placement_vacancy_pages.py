"""Pages of vacancies, of which the database reads only what they show, hold what the rules say, in the same order."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from aio_pika.abc import AbstractConnection

from services.placement import vacancy_list
from services.placement.app import build
from services.placement.settings import Settings
from services.placement.store import Store
from services.placement.vacancy import State
from services.placement.vacancy_api import today
from services.placement.vacancy_list import Wanted
from shared.cells import JAKARTA
from shared.service import storage_of
from tests.conftest import Running
from tests.events import until
from tests.integration.test_placement import graduate, graduated, knows_programme, open_programme, report, vacancy

MakeSettings = Callable[..., Settings]


def in_days(days: int) -> str:
    return (datetime.now(JAKARTA).date() + timedelta(days=days)).isoformat()


async def test_every_page_is_the_part_of_the_whole_that_it_says(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    settings = settings_for(Settings)
    async with running(build, settings, "placement") as client:
        await open_programme(broker)
        await graduate(broker, 1)
        await until(lambda: graduated(client, 1))
        await until(lambda: knows_programme(client))
        rows = [
            vacancy(
                number,
                seats=1.0,
                employer=("CV Maju", "cv  MAJU", "PT Lain (Pusat)")[number % 3],
                vocation=("Kejuruan A", "Menjahit")[number % 2],
                closes_on=in_days((number % 7) - 3),
            )
            for number in range(40)
        ]
        assert set(await report(client, *rows)) == {"accepted"}
        store = Store(storage_of(settings, "placement"))
        every = await store.vacancies.find({})
        for one in every[::5]:
            closing = {"closed": True, "reason": "batal"}
            assert (await client.post(f"/vacancies/{one.id}/state", json=closing)).is_success
        body = {"applicant_id": "a0001", "vacancy_id": every[1].id, "despite": True, "as_of": in_days(-3)}
        assert (await client.post("/matches", json=body)).is_success
        for side in ("graduate", "employer"):
            known = (await client.get("/applicants/a0001")).json()["match"]
            path = f"/applicants/a0001/matches/{known['match_id']}/answers"
            answered = {"party": side, "accepted": True, "seen": len(known["answers"])}
            assert (await client.post(path, json=answered)).is_success

        whole = vacancy_list.listed(await store.vacancies.find({}), await store.seats(), today())
        states = {kind: sum(one.state is kind for one in whole) for kind in State}
        assert min(states[State.OPEN], states[State.EXPIRED], states[State.CLOSED]) > 3
        for state, vocation, search, first in product(
            (None, *State), ("", "MENJAHIT"), ("", "maju l-0", "(pusat)"), (None, -1)
        ):
            asked: dict[str, Any] = {"state": state, "vocation": vocation, "search": search}
            asked |= {} if first is None else {"closes_from": in_days(first)}
            wanted = Wanted.model_validate(asked)
            ids = [one.vacancy_id for one in whole if wanted.wants(one)]
            query = {name: value for name, value in asked.items() if value}
            found: list[str] = []
            while len(found) < len(ids) or not found:
                page = (await client.get("/vacancies", params={**query, "skip": len(found), "limit": 7})).json()
                assert (page["total"], page["states"]) == (len(ids), states)
                found += [one["vacancy_id"] for one in page["vacancies"]]
                if not page["vacancies"]:
                    break
            assert found == ids, asked
        shown = (await client.get("/vacancies", params={"limit": 200})).json()
        assert [one["seats_agreed"] for one in shown["vacancies"]].count(1) == 1
        assert shown["vocations"] == ["Kejuruan A", "Menjahit"]

        for skip, names in ((0, ["CV Maju", "PT Lain (Pusat)"]), (1, ["PT Lain (Pusat)"])):
            page = (await client.get("/employers", params={"skip": skip})).json()
            assert ([one["employer"] for one in page["employers"]], page["total"]) == (names, 2)
        [maju, other] = (await client.get("/employers")).json()["employers"]
        assert (maju["vacancies"], maju["seats"], other["vacancies"]) == (27, 27, 13)
        counted = [one for one in whole if one.state is State.OPEN]
        assert maju["open"] + other["open"] == len(counted)
        assert maju["seats_taken"] + other["seats_taken"] == maju["seats_agreed"] + other["seats_agreed"] == 1

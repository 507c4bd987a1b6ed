"""Reading: lists of applicants by any filter and sort, the funnel, and building the read model anew."""

import contextlib
import os
import random
import statistics
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import uvloop

from benchmarks import rebuilds
from benchmarks.figures import Curve, Figure, Section
from benchmarks.lives import CLASSES, documents
from deploy import topology
from services.gateway import sorting
from services.gateway.app import build
from services.gateway.readmodel import Applicant, ProgrammeView
from services.gateway.settings import Settings
from services.gateway.sorting import SortName
from services.gateway.store import ReadModel, Store
from shared import actor_keys
from shared.storage import Storage
from shared.unwatched import settle
from tests.builders import programme
from tests.conftest import Urls
from tests.servers import start
from tests.serving import served

_CODE = "UJI-1"
_PAGE = 50
_ROUNDS = 3
_SECRETS = {"admin_token": "token-of-the-first-administrator", "admin_password": "kata sandi yang panjang"}
_SORTS: tuple[SortName, ...] = ("registration_no", "-registered_at", "-total", "rank")
_FILTERS: dict[str, tuple[str | None, str | None, str | None]] = {
    "everybody": (None, None, None),
    "stage": ("placed", None, None),
    "class": (None, CLASSES[0], None),
    "stage and class": ("placed", CLASSES[0], None),
    "reason": (None, None, "no_seat"),
    "stage and reason": ("refused", None, "under_age"),
}
_HOW = """Applicants of one programme are put into the read model as documents that events have made. Each page has 50
applicants and begins behind a random one. *bare* is the same `find` by the driver, without our documents.
Over HTTP the gateway and its client share one process, so the client's own work counts. *built anew* reads
a log of people who live through the programme, 1,000 a programme; its floor reads the same log and writes
each event into a document by a bulk of unconditional updates. A page is bounded by the documents on it:
loading them, and making objects of them. Counting everybody (the funnel, and who they are) reads two entries of
indexes per applicant; when somebody has changed, those of the ten thousand in one block with them. Building is
bounded by reading messages one by one in Python, which is what the line *read alone* shows."""

Reading = Callable[[], Awaitable[object]]


def measure(quick: bool) -> Section:
    """On the servers in JALUR_AMQP_URL and JALUR_MONGO_URL, or on some of its own."""
    with _servers() as urls:
        return uvloop.run(_measure(urls, quick))


async def _measure(urls: Urls, quick: bool) -> Section:
    sizes = (10_000, 100_000) if quick else (10_000, 100_000, 1_000_000)
    each = 12 if quick else 100
    curves = ("page, p99", "page, bare, p99", "count of everybody", "count when somebody has changed")
    grown: dict[str, list[tuple[float, float]]] = {name: [] for name in curves}
    figures: list[Figure] = []
    settle()  # as a service does, when it has started
    for size in sizes:
        async with _filled(urls, size) as (store, places):
            page = (await _list(store, places, "stage", "-total", each))[-1]
            counts = tuple(
                [await _ms(partial(store.rollups.recount, everything=True)) for _ in range(_ROUNDS)],
            )
            again = tuple([await _ms(partial(_changed, store, places[0])) for _ in range(_ROUNDS)])
            grown["page, p99"].append((size, page.median))
            grown["page, bare, p99"].append((size, page.to.median if page.to else 0))
            grown["count of everybody"].append((size, statistics.median(counts)))
            grown["count when somebody has changed"].append((size, statistics.median(again)))
            whole = Figure(f"the funnel of one programme of {size:,}, everybody counted", counts, "ms")
            figures += [whole, Figure(f"the funnel of {size:,} when somebody has changed", again, "ms", whole)]
            if size == sizes[-1]:
                for name in _FILTERS:
                    for sort in _SORTS:
                        figures += await _list(store, places, name, sort, each)
                figures += await _over_http(urls, store, places, each)
    figures += await _built(urls, 1000 if quick else 10_000)
    curve = Curve("reads", "Reading, as the read model grows", "applicants", "ms", {**grown}, logarithmic=True)
    return Section(f"Reads, {sizes[-1]:,} applicants", _HOW, figures, [curve])


async def _changed(store: Store, somebody: Applicant) -> None:
    store.rollups.changed(somebody)
    await store.rollups.recount()


async def _list(store: Store, places: list[Applicant], name: str, sort: SortName, each: int) -> list[Figure]:
    facet = sorting.facet(*_FILTERS[name])
    chance = random.Random(name)  # noqa: S311 - the same pages in every run
    ours, bare = [], []
    for _ in range(_ROUNDS):
        behind = [sorting.place(chance.choice(places), sort) for _ in range(each)]
        ours.append([await _ms(partial(store.page, _CODE, facet, sort, one, _PAGE)) for one in behind])
        bare.append([await _ms(partial(_bare, store, facet, sort, one)) for one in behind])
    goal = "< 100 ms"
    figures = []
    for quantile, what in ((0.5, "p50"), (0.99, "p99")):
        floor = Figure(f"{name} by {sort}, {what}, bare", _quantiles(bare, quantile), "ms")
        runs = _quantiles(ours, quantile)
        is_goal = what == "p99"
        met = statistics.median(runs) < 100 if is_goal else None
        figures.append(Figure(f"{name} by {sort}, {what}", runs, "ms", floor, goal if is_goal else None, met))
    return figures


async def _bare(store: Store, facet: str, sort: SortName, behind: sorting.Place) -> None:
    still = _PAGE
    for where, order in sorting.stretches(sort, behind):
        if still:
            where = {"programme_code": _CODE, "facets": facet, **where}
            cursor = store.applicants.raw.find(where, sort=order, limit=still, hint=sorting.index_of(sort))
            still -= len(await cursor.to_list(None))


async def _over_http(urls: Urls, store: Store, places: list[Applicant], each: int) -> list[Figure]:
    """The list and the funnel as a client sees them."""
    chance = random.Random(7)  # noqa: S311 - the same pages in every run
    database = store.applicants.raw.database.name.removesuffix("_gateway")
    key = actor_keys.new_key()
    await topology.declare(urls.amqp)
    with tempfile.TemporaryDirectory() as spool:
        settings = Settings.load(
            amqp_url=urls.amqp,
            mongo_url=urls.mongo,
            db_prefix=database,
            spool_dir=Path(spool),
            actor_public_keys=actor_keys.public_keys(key),
            actor_private_key=key,
            **_SECRETS,
        )
        async with served(build(settings)) as url:
            headers = {"Authorization": f"Bearer {_SECRETS['admin_token']}"}
            async with httpx.AsyncClient(base_url=f"{url}/api/v1/programmes/{_CODE}", headers=headers) as client:

                async def get(path: str, **query: Any) -> None:
                    (await client.get(path, params=query)).raise_for_status()

                pages, funnels = [], []
                for _ in range(_ROUNDS):
                    cursors = [sorting.cursor(chance.choice(places), "-total") for _ in range(each)]
                    pages.append([await _ms(partial(get, "/applicants", sort="-total", cursor=one)) for one in cursors])
                    funnels.append([await _ms(partial(get, "/funnel")) for _ in range(each)])
    page, asked = _quantiles(pages, 0.99), _quantiles(funnels, 0.99)
    return [
        Figure("a page over HTTP, p99", page, "ms", None, "< 100 ms", statistics.median(page) < 100),
        Figure("the funnel over HTTP, p99", asked, "ms", None, "< 50 ms", statistics.median(asked) < 50),
    ]


async def _built(urls: Urls, people: int) -> list[Figure]:
    events = await rebuilds.publish(urls, people)
    rates: dict[str, list[float]] = {}
    for _ in range(_ROUNDS):
        for way in (rebuilds.only_read, rebuilds.floor, rebuilds.ours):
            rates.setdefault(way.__name__, []).append(await way(urls, events))
    read = Figure("the log, read alone", tuple(rates["only_read"]), "events/s")
    floor = Figure("the log, read and written", tuple(rates["floor"]), "events/s", read)
    ours = tuple(rates["ours"])
    met = statistics.median(ours) >= 5000
    return [read, floor, Figure("the read model built anew", ours, "events/s", floor, "≥ 5,000 events/s", met)]


@contextlib.asynccontextmanager
async def _filled(urls: Urls, size: int) -> AsyncIterator[tuple[Store, list[Applicant]]]:
    """A read model with so many applicants of one programme, and a thousand of them."""
    storage = Storage(urls.mongo, f"bench_{uuid.uuid4().hex[:8]}_gateway", "gateway")
    model, store = ReadModel(storage, 0), Store(storage)
    made = documents(size, _CODE)
    while chunk := list(islice(made, 2000)):
        await model.applicants.raw.insert_many(chunk, ordered=False)
    await model.prepare()
    store.serve(model)
    view = ProgrammeView(_id=_CODE, programme_code=_CODE, revision=1, programme=programme(dict.fromkeys(CLASSES, 20)))
    await store.programmes.add(view)
    numbers = random.Random(size).sample(range(1, size + 1), 1000)  # noqa: S311 - the same people in every run
    places = await store.applicants.find({"_id": {"$in": [f"{_CODE}-{number:032x}" for number in numbers]}})
    try:
        yield store, places
    finally:
        await model.applicants.raw.database.client.drop_database(model.applicants.raw.database.name)
        storage.close()


async def _ms(reading: Reading) -> float:
    began = time.perf_counter()
    await reading()
    return (time.perf_counter() - began) * 1000


def _quantiles(rounds: list[list[float]], quantile: float) -> tuple[float, ...]:
    """Of each round."""
    return tuple(sorted(one)[min(len(one) - 1, round(quantile * len(one)))] for one in rounds)


@contextlib.contextmanager
def _servers() -> Iterator[Urls]:
    amqp, mongo = os.environ.get("JALUR_AMQP_URL"), os.environ.get("JALUR_MONGO_URL")
    if amqp and mongo:
        yield Urls(amqp, mongo)
        return
    with tempfile.TemporaryDirectory() as home, start(Path(home)) as urls:
        yield urls

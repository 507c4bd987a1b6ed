"""Whatever is put into the parsers, only the errors they declare come out, soon, and a cleaned value stays as it is."""

import base64
import contextlib
import io
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import openpyxl
import orjson
import pytest
from aio_pika.abc import AbstractIncomingMessage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.certification import verify_code
from services.gateway import columns, sheet_reader, sorting, workbook
from services.gateway.api.programmes import read_definition
from services.gateway.kinds import BY_NAME
from services.placement import education, tracer
from services.registration import answers, contacts, nik
from services.registration.programme import BadDefinition, parse
from shared import actors, cells, free_text, meta, places
from shared.cells import BadCell, Cell
from shared.contracts.registration import ApplicantWithdrawn
from shared.messaging import decode
from shared.meta import BadHeaders
from shared.problems import Invalid, Unauthenticated
from shared.retries import Permanent
from tests.conftest import ACTOR_KEY, ACTOR_PUBLIC_KEYS, STAFF

LONG = 100_000  # characters: what takes as long as the square of its length takes minutes
SOON_S = 10  # of processor time; each takes some hundredths
EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

READERS: dict[str, Callable[[Cell], object]] = {
    "text": cells.text,
    "word": cells.word,
    "day": cells.day,
    "moment": cells.moment,
    "number": cells.number,
    "whole": cells.whole,
    "yes": cells.yes,
    "place": places.place,
    "nik": nik.clean,
    "phone": contacts.phone,
    "email": contacts.email,
    "gender": answers.gender,
    "education": answers.education,
    "occupation": answers.occupation,
    "wave": tracer.wave,
    "status": tracer.status,
    "minimum": education.minimum,
}
# what people write, cut up
PIECES = st.sampled_from(
    [
        *("12", "01", "2001", "31", "Januari", "jan", "/", "-", ".", ",", ":", "T", "Z", "wib", "+62", "0812"),
        *("3375014101000001", "e5", "ya", "tidak", "belum", "bulan", "SMA", "sederajat", "Kota", "Kab."),
        *("Pekalongan", "bekerja", "kuliah", "@", "contoh.id", "'", "1.000.000,5", "\u0660", "\u00b2"),
        *("\u0301", "\u200b", "\ud800", "\x00", "\ufeff"),
    ]
)
TEXTS = st.one_of(st.text(st.characters(), max_size=60), st.lists(PIECES, max_size=8).map(" ".join), PIECES)
CELLS: st.SearchStrategy[Cell] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)


@pytest.mark.parametrize("name", READERS)
@EXAMPLES
@given(cell=CELLS)
def test_a_cell_is_read_or_refused(name: str, cell: Cell) -> None:
    with contextlib.suppress(BadCell):
        READERS[name](cell)


@pytest.mark.parametrize(
    "clean",
    [cells.text, places.place, nik.clean, contacts.phone, contacts.email, answers.education],
    ids=lambda f: f.__name__,
)
@EXAMPLES
@given(cell=CELLS)
def test_what_is_clean_stays_as_it_is(clean: Callable[[Cell], str | None], cell: Cell) -> None:
    with contextlib.suppress(BadCell):
        once = clean(cell)
        assert once is None or clean(once) == once


@EXAMPLES
@given(written=st.one_of(TEXTS, st.lists(TEXTS).map("".join)))
def test_a_discreet_text_stays_as_it_is(written: str) -> None:
    once = free_text.discreet(written)
    assert free_text.discreet(once) == once
    assert not free_text.holds_nik(once)


# each makes one expression or another look far ahead from every place
REPEATED = [
    "x",
    "(",
    "[",
    " ",
    "a ",
    "1",
    "1.",
    "+",
    "'",
    "a@",
    "a.",
    "/",
    "-",
    "\u0301\u0323\u0331",
    "1/1/",
    "=",
    "\t",
]
TEXT_READERS: dict[str, Callable[[str], object]] = {
    **{name: reader for name, reader in READERS.items() if name not in ("gender", "education", "occupation")},
    "discreet": free_text.discreet,
    "holds_nik": free_text.holds_nik,
    "harmless": workbook.harmless,
    "sheet's text": sheet_reader._text,
    "verify code": verify_code.as_issued,
    "cursor": lambda written: sorting.behind(written, "total"),
    "heading": lambda written: columns.by_our_names(BY_NAME["applicants"], {written: 1}),
}


@pytest.mark.parametrize("name", TEXT_READERS)
def test_no_text_takes_long(name: str) -> None:
    for repeated in REPEATED:
        for written in (repeated * (LONG // len(repeated)), "1 januari 2000" + repeated * LONG + "x"):
            began = time.process_time()
            with contextlib.suppress(BadCell, Invalid, sheet_reader.Unreadable):
                TEXT_READERS[name](written)
            assert time.process_time() - began < SOON_S, repeated


@EXAMPLES
@given(lines=st.lists(st.lists(CELLS, max_size=6), min_size=1, max_size=6), kind=st.sampled_from(sorted(BY_NAME)))
def test_a_sheet_is_tabulated_or_refused(lines: list[list[Cell]], kind: str) -> None:
    with contextlib.suppress(Invalid):
        columns.tabulate(BY_NAME[kind], list(enumerate(lines, start=1)))


def sheets() -> list[bytes]:
    book, written = openpyxl.Workbook(), io.BytesIO()
    for row in (("NIK", "Nama"), ("3375014101000001", "Siti"), (1.5, True)):
        book.active.append(row)
    book.save(written)
    text = "NIK;Nama\n3375014101000001;'=1+1\n"
    return [written.getvalue(), text.encode(), text.encode("utf-16")]


MUTATIONS = st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(max_size=8), st.integers(0, 40)), max_size=8)


@EXAMPLES
@given(which=st.integers(0, 2), mutations=MUTATIONS)
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, which: int, mutations: list[tuple[int, bytes, int]]) -> None:
    content = sheets()[which]
    for at, put, dropped in mutations:
        place = at % (len(content) + 1)
        content = content[:place] + put + content[place + dropped :]
    path = tmp_path / "sheet"
    path.write_bytes(content)
    with contextlib.suppress(sheet_reader.Unreadable):
        for _, row in sheet_reader.read(path):
            json.dumps(row)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=10,
)


@EXAMPLES
@given(changes=st.dictionaries(st.sampled_from(["code", "selection", "classes", "eligibility", "training"]), JSON))
def test_a_definition_is_read_or_refused(sample: Path, changes: dict[str, Any]) -> None:
    definition = read_definition((sample / "lpks-2025" / "programme.yaml").read_bytes())
    with contextlib.suppress(BadDefinition):
        parse({**definition, **changes})


@EXAMPLES
@given(body=st.one_of(st.binary(max_size=80), TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_yaml_is_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(Invalid, BadDefinition):
        parse(read_definition(body))


EVENT = {"applicant_id": "a", "programme_code": "P", "reason": "moved", "withdrawn_on": "2025-01-01"}
HEADERS = {
    "ce-id": "registration.applicant:a:1:0",
    "ce-type": ApplicantWithdrawn.ce_type(),
    "ce-source": "registration",
    "ce-subject": "a",
    "ce-time": "2025-01-01T00:00:00Z",
    "ce-sequence": "000000000001",
}
VALUES = st.one_of(JSON, st.binary(max_size=8), st.just(float("inf")), st.just("9" * 5000), st.dates())
BODIES = st.one_of(
    st.binary(max_size=60),
    st.dictionaries(st.sampled_from(sorted(EVENT)), JSON).map(lambda changes: json.dumps(EVENT | changes).encode()),
    st.just(b"[" * LONG),
)


@EXAMPLES
@given(changes=st.dictionaries(st.sampled_from([*HEADERS, meta.ATTEMPT]), VALUES), body=BODIES)
def test_a_message_is_an_event_or_permanently_none(changes: dict[str, Any], body: bytes) -> None:
    message = cast(AbstractIncomingMessage, SimpleNamespace(headers=HEADERS | changes, body=body))
    with contextlib.suppress(Permanent):
        decode(ApplicantWithdrawn, message)
    with contextlib.suppress(BadHeaders):
        assert 0 <= meta.read(HEADERS | changes).attempt <= 1_000_000


def test_a_message_as_it_should_be_is_an_event() -> None:
    message = cast(AbstractIncomingMessage, SimpleNamespace(headers=HEADERS, body=orjson.dumps(EVENT)))
    event, about = decode(ApplicantWithdrawn, message)
    assert (event.reason, about.attempt) == ("moved", 0)


@EXAMPLES
@given(inside=st.one_of(st.binary(max_size=40), TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_a_cursor_is_ours_or_refused(inside: bytes) -> None:
    for cursor in (base64.urlsafe_b64encode(inside).decode(), inside.decode("latin-1")):
        with contextlib.suppress(Invalid):
            sorting.behind(cursor, "-total")


@EXAMPLES
@given(mutations=MUTATIONS)
def test_a_changed_actor_token_is_refused(mutations: list[tuple[int, bytes, int]]) -> None:
    whole = token = actors.sign(ACTOR_KEY, STAFF, "selection")
    for at, put, dropped in mutations:
        place = at % (len(token) + 1)
        token = token[:place] + put.decode("latin-1") + token[place + dropped :]
    if token != whole:
        with pytest.raises(Unauthenticated):
            actors.verify(ACTOR_PUBLIC_KEYS, token, "selection")


def test_a_token_in_other_clothes_is_refused() -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    heads: list[object] = [
        {"alg": "none"},
        {"alg": "HS256", "kid": []},
        {"alg": "EdDSA", "kid": {"a": 1}},
        [],
        None,
        "x",
        1,
    ]
    claims: list[object] = [{"sub": "a", "aud": "selection", "exp": 1e400}, {"exp": "9" * 5000}, [], None, {"aud": {}}]
    for head, claim, signature in itertools.product(heads, claims, ("", "AAAA", "\u00e9")):
        with pytest.raises(Unauthenticated):
            actors.verify(ACTOR_PUBLIC_KEYS, f"{part(head)}.{part(claim)}.{signature}", "selection")

"""A hash chain: whatever is done to it afterwards is found, and an outsider can check it with ten lines."""

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.audit import chain
from shared.audit.chain import START, Chunk, Head, chunk_after, faults, portions

VALUES = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=8)
DETAIL = st.dictionaries(st.text(min_size=1, max_size=4), VALUES | st.lists(VALUES, max_size=2), max_size=3)


def deed(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"uji.account:a{number}:1:a0", "document": f"a{number}", "by": "petugas", "detail": {}, **more}


def chained(groups: list[list[dict[str, Any]]]) -> list[Chunk]:
    head = START
    chunks: list[Chunk] = []
    for entries in groups:
        chunks.append(chunk_after(head, "2030-01-01T00:00:00+00:00", entries))
        head = Head(chunks[-1]["_id"], chunks[-1]["hash"])
    return chunks


def found(chunks: list[Chunk]) -> list[str]:
    head = START
    all_found: list[str] = []
    for chunk in chunks:
        all_found += faults(chunk, head)
        head = Head(chunk["_id"], chunk["hash"])
    return all_found


chains = st.lists(st.lists(DETAIL, min_size=1, max_size=3), min_size=2, max_size=5).map(
    lambda groups: chained(
        [[deed(10 * n + m, detail=detail) for m, detail in enumerate(group)] for n, group in enumerate(groups)]
    )
)


@given(chains)
def test_an_untouched_chain_is_sound(chunks: list[Chunk]) -> None:
    assert found(chunks) == []
    assert found(json.loads(json.dumps(chunks))) == []


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key, held in value.items() for leaf in _leaves(held, (*path, key))] or [path]
    if isinstance(value, list):
        return [leaf for at, held in enumerate(value) for leaf in _leaves(held, (*path, at))] or [path]
    return [path]


@given(chains, st.data())
def test_any_change_to_any_value_is_found(chunks: list[Chunk], data: st.DataObject) -> None:
    forged = copy.deepcopy(chunks)
    *way, last = data.draw(st.sampled_from(_leaves(forged)))
    place: Any = forged
    for step in way:
        place = place[step]
    place[last] = data.draw((VALUES | st.lists(VALUES)).filter(lambda new: json.dumps(new) != json.dumps(place[last])))
    try:
        assert found(forged)
    except TypeError:
        assert not isinstance(forged[way[0] if way else last]["_id"], int)  # a number is a number in the database


TAMPERINGS: dict[str, Callable[[list[Any]], object]] = {
    "removed": lambda held: held.pop(0),
    "repeated": lambda held: held.insert(0, copy.deepcopy(held[0])),
    "reversed": lambda held: held.reverse(),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
@given(chunks=chains)
def test_a_chunk_removed_repeated_or_moved_is_found(tampering: str, chunks: list[Chunk]) -> None:
    TAMPERINGS[tampering](chunks)
    assert found(chunks)


@pytest.mark.parametrize("tampering", TAMPERINGS)
@given(chunks=chains.filter(lambda chunks: any(len(chunk["entries"]) > 1 for chunk in chunks)))
def test_an_entry_removed_repeated_or_moved_is_found(tampering: str, chunks: list[Chunk]) -> None:
    TAMPERINGS[tampering](next(chunk["entries"] for chunk in chunks if len(chunk["entries"]) > 1))
    assert found(chunks)


def test_a_chunk_forged_with_a_right_hash_no_longer_carries_the_next() -> None:
    chunks = chained([[deed(1)], [deed(2)], [deed(3)]])
    chunks[1] = chunk_after(Head(1, chunks[0]["hash"]), chunks[1]["at"], [deed(2, by="lain")])
    assert found(chunks) == [
        f"chunk 3 does not follow chunk 2: prev is {chunks[2]['prev']}, expected {chunks[1]['hash']}"
    ]


def test_what_is_wrong_is_named() -> None:
    chunks = chained([[deed(1)], [deed(2)], [deed(3)], [deed(4)]])
    assert found([chunks[0], chunks[3]]) == ["chunks 2 to 3 missing: after 1 comes 4"]
    assert found(chunks[1:]) == ["chunk 1 missing: after 0 comes 2"]
    del chunks[0]["at"]
    assert found(chunks) == ["chunk 1 is not in the form of a chunk: KeyError 'at'"]


def test_portions_hold_every_entry_once_in_order_and_no_more_than_a_document_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deeds = [deed(number) for number in range(1200)]
    parts = list(portions([*deeds, deeds[0], deeds[700]]))
    assert [len(part) for part in parts] == [500, 500, 200]
    assert [one for part in parts for one in part] == deeds
    monkeypatch.setattr(chain, "_MOST_BYTES", 1000)
    large = [deed(1, reason="x" * 600), deed(2, reason="x" * 600), deed(3), deed(4, reason="x" * 2000)]
    assert [[one["document"] for one in part] for part in portions(large)] == [["a1"], ["a2", "a3"], ["a4"]]
    assert list(portions([])) == []


def test_the_ten_lines_in_the_documents_verify_a_chain() -> None:
    page = (Path(__file__).parents[2] / "docs" / "mechanisms.md").read_text()
    (program,) = (code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "hashlib" in code)
    chunks = chained([[deed(1, reason="pindah “jauh” é")], [deed(2, detail={"total": 72.5})], [deed(3)]])

    def check(held: list[Chunk]) -> subprocess.CompletedProcess[str]:
        lines = "".join(json.dumps(chunk) + "\n" for chunk in held)
        return subprocess.run([sys.executable, "-c", program], input=lines, text=True, capture_output=True, check=False)

    assert check(chunks).stdout == f"head 3:{chunks[2]['hash']}\n"
    chunks[1]["entries"][0]["by"] = "orang lain"
    refused = check(chunks)
    assert (refused.returncode, refused.stderr) == (1, "chunk 2 is not what it should be\n")

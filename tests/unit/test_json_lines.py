"""Bodies of many lines are read line by line, however they were cut up on their way."""

from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from shared.json_lines import lines


@given(st.lists(st.binary(max_size=5).filter(lambda line: b"\n" not in line)), st.integers(1, 7), st.booleans())
async def test_lines_come_whole_and_without_blank_ones(written: list[bytes], size: int, ended: bool) -> None:
    body = b"\n".join(written) + (b"\n" if ended else b"")

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    assert [line async for line in lines(chunks())] == [line for line in written if line]

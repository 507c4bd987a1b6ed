"""Concurrent calls become few, and those who are answered do not take the event loop from everybody else."""

import asyncio
import time

from shared.batching import Batcher

_WORK_S = 0.001


async def test_callers_go_on_a_few_at_a_time_and_what_they_hand_in_next_is_one_batch_again() -> None:
    batches: dict[str, list[int]] = {"load": [], "save": []}

    async def load(items: list[int]) -> list[int]:
        batches["load"].append(len(items))
        return items

    async def save(items: list[int]) -> list[int]:
        batches["save"].append(len(items))
        await asyncio.sleep(0.01)
        return items

    loads, saves = Batcher(load, 200), Batcher(save, 200)

    async def change(number: int) -> int:
        loaded = await loads.submit(number)
        began = time.perf_counter()
        while time.perf_counter() - began < _WORK_S:
            pass
        return await saves.submit(loaded)

    turns: list[float] = []

    async def somebody_else() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0)
            turns.append(time.perf_counter() - began)

    other = asyncio.create_task(somebody_else())
    assert await asyncio.gather(*(change(number) for number in range(150))) == list(range(150))
    other.cancel()
    assert batches == {"load": [150], "save": [150]}
    # 150 ms of work: whoever else wants the loop gets it time and again
    assert len([turn for turn in turns if turn > 4 * _WORK_S]) > 5


async def test_an_answer_that_is_an_exception_is_its_own_callers_and_the_others_have_theirs() -> None:
    async def run(items: list[int]) -> list[int | Exception]:
        return [ValueError(str(item)) if item % 2 else item for item in items]

    batcher = Batcher(run, 200)
    answers = await asyncio.gather(*(batcher.submit(number) for number in range(40)), return_exceptions=True)
    assert [one for one in answers if not isinstance(one, ValueError)] == list(range(0, 40, 2))


async def test_more_callers_than_a_batch_holds_are_all_answered() -> None:
    sizes = list[int]()

    async def run(items: list[int]) -> list[int]:
        sizes.append(len(items))
        return items

    batcher = Batcher(run, 50)
    assert await asyncio.gather(*(batcher.submit(number) for number in range(120))) == list(range(120))
    assert sizes == [50, 50, 20]

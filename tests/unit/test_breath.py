import asyncio

import pytest

from shared.breath import side_by_side


async def test_many_give_others_a_turn_while_they_begin_and_answer_in_their_order() -> None:
    begun = 0
    all_begun = asyncio.Event()

    async def one(number: int) -> int:
        nonlocal begun
        begun += 1
        if begun == 100:
            all_begun.set()
        await all_begun.wait()
        if number == 7:
            raise ValueError(number)
        return number

    running = asyncio.create_task(side_by_side(map(one, range(100))))
    in_a_turn = []
    while begun < 100:
        before = begun
        await asyncio.sleep(0)
        in_a_turn.append(begun - before)
    assert max(in_a_turn) <= 10
    answers = await running
    assert [number for number, answer in enumerate(answers) if answer != number] == [7]
    assert isinstance(answers[7], ValueError)


async def test_ended_while_some_have_not_begun_none_is_left_running() -> None:
    ended = 0

    async def one() -> None:
        nonlocal ended
        try:
            await asyncio.Event().wait()
        finally:
            ended += 1

    waiting = (one() for _ in range(100))
    running = asyncio.create_task(side_by_side(waiting))
    for _ in range(4):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert 0 < ended < 100
    assert len(asyncio.all_tasks()) == 1

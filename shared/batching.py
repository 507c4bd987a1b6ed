"""Coalesces concurrent calls into one: while a batch runs, the next one gathers."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_STRETCH_S = 0.005
_FEWEST = 8


class Batcher(Generic[Item, Answer]):
    """Callers hand in one item each and get its answer; `run` sees up to `limit` items at a time.

    `run` answers in the order of its items; an answer that is an exception is raised for that one caller only,
    an exception raised by `run` itself for all of the batch.

    Callers go on with their answers a few at a time, as many as have work for some milliseconds, and the event loop is
    everybody's in between; what they then hand in to the next batcher still goes into one batch.
    """

    def __init__(self, run: Callable[[list[Item]], Awaitable[Sequence[Answer | Exception]]], limit: int) -> None:
        self._run = run
        self._limit = limit
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._at_once = _FEWEST  # callers that go on in one turn of the loop

    async def submit(self, item: Item) -> Answer:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                batch = [self._waiting.popleft() for _ in range(min(self._limit, len(self._waiting)))]
                await self._answer(batch)
        finally:
            self._worker = None

    async def _gather(self) -> None:
        """Callers that are ready in this turn of the loop join, and as long as some come, those of the next turn."""
        before = 0
        while before < len(self._waiting) < self._limit:
            before = len(self._waiting)
            await asyncio.sleep(0)

    async def _answer(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._run([item for item, _ in batch])
        except BaseException as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        told = 0
        try:
            while told < len(batch):
                some = slice(told, told + self._at_once)
                for (_, future), answer in zip(batch[some], answers[some], strict=True):
                    _tell(future, answer)
                told += self._at_once
                if told < len(batch):
                    await self._let_them_go_on()
        finally:
            for (_, future), answer in zip(batch[told:], answers[told:], strict=True):
                _tell(future, answer)  # when the loop ends: nobody waits for ever

    async def _let_them_go_on(self) -> None:
        began = time.perf_counter()
        await asyncio.sleep(0)
        took_s = time.perf_counter() - began
        if took_s > _STRETCH_S:
            self._at_once = max(_FEWEST, self._at_once // 2)
        elif took_s < _STRETCH_S / 2:
            self._at_once = min(self._limit, self._at_once * 2)


def _tell(future: asyncio.Future[Answer], answer: Answer | Exception) -> None:
    if future.done():  # its caller was cancelled meanwhile
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)

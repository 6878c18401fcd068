"""Group commit: callers that write one kind of thing at once share a transaction, and each gets its own answer.

While a transaction runs, whoever comes waits; the next one takes them all, in the order in which they came, as soon as
it holds the journal lock. So a lonely caller waits for nobody, and many together write as fast as one batch does.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from cypher.store import Overloaded, Store, StoreExhausted, StoreTimeout, StoreUnavailable, Transaction

A = TypeVar("A")
T = TypeVar("T")

RETRY_AFTER_SECONDS_MAX = 30


@dataclass(slots=True, eq=False)
class _Caller(Generic[A, T]):
    asked: A
    rows: int
    now: int
    answer: asyncio.Future[T]


Work = Callable[[Transaction, Sequence[A]], Awaitable[Sequence[T | Exception]]]


class Gathering(Generic[A, T]):
    """One kind of write.

    `work` writes what several callers ask, in one transaction, and answers each in its place; an exception there is
    raised to that caller alone. Like every write it may run again. `rows`: how much a caller asks. A transaction takes
    `batch_max` rows, or one caller; above `waiting_max` rows in all, callers get Overloaded.
    """

    def __init__(
        self, work: Work[A, T], *, rows: Callable[[A], int], batch_max: int = 1_000, waiting_max: int = 10_000
    ) -> None:
        self._work = work
        self._rows = rows
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._lines: WeakKeyDictionary[Store, _Line[A, T]] = WeakKeyDictionary()

    async def ask(self, store: Store, asked: A, *, now: int) -> T:
        """This caller's answer, once it is committed; a caller that is cancelled leaves the others as they are."""
        line = self._lines.get(store)
        if line is None:
            line = self._lines[store] = _Line(self._work, self._batch_max, self._waiting_max)
        return await line.join(store, asked, self._rows(asked), now)


class _Line(Generic[A, T]):
    """Who waits for one store. It is handed the store and keeps none, or neither would ever end."""

    def __init__(self, work: Work[A, T], batch_max: int, waiting_max: int) -> None:
        self._work = work
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._waiting: deque[_Caller[A, T]] = deque()
        self._rows = 0
        self._seconds_per_row = 0.0
        self._serving: asyncio.Task[None] | None = None

    async def join(self, store: Store, asked: A, rows: int, now: int) -> T:
        if self._rows and self._rows + rows > self._waiting_max:
            seconds = math.ceil(self._rows * self._seconds_per_row)
            raise Overloaded(waiting=self._rows, retry_after_seconds=min(max(seconds, 1), RETRY_AFTER_SECONDS_MAX))
        caller: _Caller[A, T] = _Caller(asked, rows, now, asyncio.get_running_loop().create_future())
        self._waiting.append(caller)
        self._rows += rows
        caller.answer.add_done_callback(lambda _: self._left(caller))
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve(store))
        return await caller.answer

    def _left(self, caller: _Caller[A, T]) -> None:
        self._rows -= caller.rows
        if caller.answer.cancelled():
            with contextlib.suppress(ValueError):
                self._waiting.remove(caller)

    async def _serve(self, store: Store) -> None:
        taken: list[_Caller[A, T]] = []
        try:
            while self._waiting:
                taken.clear()
                await self._write_next(store, taken)
        except BaseException:
            # Whatever ends this task, nobody may wait for it for ever.
            for caller in (*taken, *self._waiting):
                caller.answer.cancel()
            self._waiting.clear()
            raise

    async def _write_next(self, store: Store, taken: list[_Caller[A, T]]) -> None:
        """One transaction; who is in it is settled when it holds the lock, and stays so if it runs again."""

        async def work(transaction: Transaction) -> Sequence[T | Exception]:
            if not taken:
                taken.extend(self._take())
            return await self._together(taken, transaction)

        began = time.monotonic()
        try:
            answers = await store.write(work)
        except Exception as error:
            # Without the lock nobody was taken, and whoever waits would wait in vain again.
            failed = taken or list(self._waiting)
            if not taken:
                self._waiting.clear()
            await self._failed(store, failed, error)
        else:
            rows = sum(caller.rows for caller in taken)
            self._seconds_per_row = (time.monotonic() - began) / max(rows, 1)
            _tell(taken, answers)

    def _take(self) -> list[_Caller[A, T]]:
        """The next callers, without those that were cancelled meanwhile."""
        taken: list[_Caller[A, T]] = []
        rows = 0
        while self._waiting and (not taken or rows + self._waiting[0].rows <= self._batch_max):
            caller = self._waiting.popleft()
            if not caller.answer.done():
                taken.append(caller)
                rows += caller.rows
        return taken

    async def _together(self, callers: Sequence[_Caller[A, T]], transaction: Transaction) -> Sequence[T | Exception]:
        if not callers:
            return []
        transaction.recorded_at = max(caller.now for caller in callers)
        return await self._work(transaction, [caller.asked for caller in callers])

    async def _failed(self, store: Store, callers: Sequence[_Caller[A, T]], error: Exception) -> None:
        """What fails alone fails; several are written again by halves, so that who is at fault fails alone.

        If it is the store that fails, halves would only take as long again.
        """
        store_failed = isinstance(error, StoreUnavailable | StoreTimeout) and not isinstance(error, StoreExhausted)
        if store_failed or len(callers) < 2:
            _tell(callers, [error] * len(callers))
            return
        middle = len(callers) // 2
        for half in (callers[:middle], callers[middle:]):
            try:
                answers = await store.write(partial(self._together, half))
            except Exception as again:
                await self._failed(store, half, again)
            else:
                _tell(half, answers)


def _tell(callers: Sequence[_Caller[A, T]], answers: Sequence[T | Exception]) -> None:
    for caller, answer in zip(callers, answers, strict=True):
        if caller.answer.done():
            continue
        if isinstance(answer, Exception):
            caller.answer.set_exception(answer)
        else:
            caller.answer.set_result(answer)

"""Collects what one moment of the event loop asks for, so that a whole page of resolvers makes one round trip."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from inspect import isawaitable
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R")
S = TypeVar("S")

HOPS = 3
"""Turns of the event loop to wait for more: siblings that first await something already there come late."""


class Ticks(Generic[K, V]):
    """A loader of unlike keys: one call of `answer` for all keys of a moment, and each key at most once.

    `answer` may say more than it was asked; that is remembered too. A key that it leaves out is an error.
    """

    def __init__(self, answer: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._answer = answer
        self._told: dict[K, V] = {}
        self._known: dict[K, asyncio.Future[V]] = {}
        self._asked: dict[K, asyncio.Future[V]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, key: K) -> asyncio.Future[V]:
        """The answer to come; await it through `shielded`, as it is shared."""
        known = self._known.get(key)
        if known is None and key in self._asked:  # forgotten, but not sent yet: as fresh as a new one
            known = self._known[key] = self._asked[key]
        if known is not None:
            return known
        future = self._known[key] = asyncio.get_running_loop().create_future()
        if key in self._told:
            future.set_result(self._told[key])
            return future
        future.add_done_callback(_looked_at)
        if not self._asked:
            self._wait(HOPS)
        self._asked[key] = future
        return future

    def soon(self, keys: Sequence[K], make: Callable[..., R]) -> Soon[R]:
        """What is made of the answers to these: at once if all of them are there."""
        told = self._told
        try:
            return Now(make(*[told[key] for key in keys]))
        except KeyError:
            return Later([self.ask(key) for key in keys], make)

    def tell(self, key: K, value: V) -> None:
        """Remember an answer that nobody asked for yet; the first one stays."""
        self._told.setdefault(key, value)

    def forget(self) -> None:
        """Ask again from now on; what is under way goes on."""
        self._known, self._told = {}, {}

    def _wait(self, hops: int) -> None:
        loop = asyncio.get_running_loop()
        if hops:
            loop.call_soon(self._wait, hops - 1)
            return
        asked, self._asked = self._asked, {}
        task = loop.create_task(self._settle(asked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self, asked: dict[K, asyncio.Future[V]]) -> None:
        try:
            found = await self._answer(list(asked))
            if all(self._known.get(key) is future for key, future in asked.items()):
                for key, value in found.items():
                    self.tell(key, value)
            for key, future in asked.items():
                future.set_result(found[key])
        except BaseException as error:
            for key, future in asked.items():
                if self._known.get(key) is future:
                    del self._known[key]
                if not future.done():
                    future.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
            if not isinstance(error, Exception):
                raise


class Now(Generic[R]):
    """A value that is there."""

    __slots__ = ("_value",)

    def __init__(self, value: R) -> None:
        self._value = value

    def then(self, make: Callable[[R], S | Awaitable[S]]) -> S | Awaitable[S]:
        return make(self._value)

    def __await__(self) -> Generator[Any, None, R]:
        return self._value
        yield  # what makes it a generator


class Later(Generic[R]):
    """A value that is made of shared answers once they are there."""

    __slots__ = ("_futures", "_make")

    def __init__(self, futures: Sequence[asyncio.Future[Any]], make: Callable[..., R]) -> None:
        self._futures = futures
        self._make = make

    async def then(self, make: Callable[[R], S | Awaitable[S]]) -> S:
        made = make(await self)
        return await made if isawaitable(made) else made

    def __await__(self) -> Generator[Any, None, R]:
        return self._made().__await__()

    async def _made(self) -> R:
        return self._make(*[await shielded(future) for future in self._futures])


Soon = Now[R] | Later[R]
"""Await it; or go on with `then`, which answers at once if the value is there."""


async def shielded(future: asyncio.Future[V]) -> V:
    """A shared answer: whoever is cancelled while waiting does not cancel it for the others."""
    return future.result() if future.done() else await asyncio.shield(future)


def _looked_at(future: asyncio.Future[V]) -> None:
    """An answer that was only asked for in advance may fail unseen."""
    if not future.cancelled():
        future.exception()

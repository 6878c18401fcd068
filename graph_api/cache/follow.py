"""Keeps a process at the head of the journal while others write."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Awaitable, Callable

from cypher.store import Store, StoreTimeout, StoreUnavailable
from graph_api.cache.cache import Cache

FOLLOW_SECONDS = 0.1


async def follow(
    store: Store, cache: Cache, tell: Callable[[], Awaitable[None]], *, every_seconds: float = FOLLOW_SECONDS
) -> None:
    """Runs until cancelled; `tell` hands on what is new to whoever waits for it in this process.

    `tell` runs as soon as this process knows of something new, its own commits at once; the journal is looked at each so
    many seconds. Each goes at its own pace: a `tell` that runs into the statement's time limit must not hold up the fold, without
    which this process answers from a past it does not know to be past.
    """
    async with asyncio.TaskGroup() as tasks:
        look, pause = functools.partial(cache.follow_once, store), functools.partial(asyncio.sleep, every_seconds)
        tasks.create_task(_repeated(look, pause))
        tasks.create_task(_repeated(tell, functools.partial(_moved, store, every_seconds)))


async def _moved(store: Store, within_seconds: float) -> None:
    """Until the head moves; not longer than told, as a page of news may be left."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_seconds):
            await store.moved.wait()
    store.moved.clear()


async def _repeated(step: Callable[[], Awaitable[None]], pause: Callable[[], Awaitable[None]]) -> None:
    """While Neo4j is away nothing can have been written that a reader could miss; whatever else happens, it goes on."""
    while True:
        try:
            await step()
        except (StoreUnavailable, StoreTimeout):
            pass
        except Exception:
            logging.getLogger(__name__).exception("could not follow the journal")
        await pause()

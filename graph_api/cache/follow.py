"""Keeps a process at the head of the journal while others write."""

from __future__ import annotations

import asyncio
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

    While Neo4j is away nothing can have been written that a reader could miss.
    """
    steps = (functools.partial(cache.follow_once, store), tell)
    while True:
        for step in steps:
            try:
                await step()
            except (StoreUnavailable, StoreTimeout):
                pass
            except Exception:
                # Whatever it is, a process that stopped following would answer from a past it does not know to be past.
                logging.getLogger(__name__).exception("could not follow the journal")
        await asyncio.sleep(every_seconds)

"""Keeps a process at the head of the journal while others write."""

from __future__ import annotations

import asyncio
import logging

from cypher.store import Store, StoreTimeout, StoreUnavailable
from graph_api.cache.cache import Cache

FOLLOW_SECONDS = 0.1


async def follow(store: Store, cache: Cache, *, every_seconds: float = FOLLOW_SECONDS) -> None:
    """Runs until cancelled. While Neo4j is away nothing can have been written that a reader could miss."""
    while True:
        try:
            await cache.follow_once(store)
        except (StoreUnavailable, StoreTimeout):
            pass
        except Exception:
            # Whatever it is, a process that stopped following would answer from a past it does not know to be past.
            logging.getLogger(__name__).exception("could not follow the journal")
        await asyncio.sleep(every_seconds)

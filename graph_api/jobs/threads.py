"""Work in a thread whose end is awaited, whatever becomes of whoever asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the work gives. A thread cannot be cancelled: who is cancelled goes only when the thread has ended.

    What it holds, a snapshot of the whole network say, is then counted by the lock under which it was begun.
    """
    running = asyncio.create_task(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await _ended(running)
        raise


async def _ended(running: asyncio.Task[T]) -> None:
    """However often the wait for it is cancelled too; what it gives or raises is nobody's any more."""
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError:
            continue
    if not running.cancelled():
        running.exception()

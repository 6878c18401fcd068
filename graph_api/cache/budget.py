"""What each caller may still ask for: a bucket in Redis that leaks at a steady rate, shared by all processes.

A process draws a little more than it needs and spends it without asking again, so a busy caller costs a call to Redis
once in many requests. While Redis is away each process keeps buckets of its own, as large.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import dataclass

from graph_api.cache.door import Away, Door
from graph_api.cache.scripts import TAKE

WINDOW_SECONDS = 60
"""How long a full bucket takes to become empty."""
SHARE = 50
"""What a process draws at once is at most this part of the bucket, unless one request needs more."""
PAYERS_KEPT = 10_000


class BudgetSpent(Exception):
    """The caller has asked for more than its share; `retry_after_seconds` later this request would have been paid."""

    def __init__(self, *, asked: int, remaining: int, retry_after_seconds: int) -> None:
        super().__init__(f"the budget of queries is spent, ask again in {retry_after_seconds} s")
        self.asked = asked
        self.remaining = remaining
        self.retry_after_seconds = retry_after_seconds


@dataclass(slots=True)
class _Purse:
    """`left`: drawn and not spent yet; `room`: what the bucket still held then; `empty_at_ms`: of the own bucket."""

    left: int = 0
    room: int = 0
    empty_at_ms: float = 0.0


class Budgets:
    """One process's view of the buckets; without Redis they are its own."""

    def __init__(self, door: Door | None) -> None:
        self._door = door
        self._purses: OrderedDict[str, _Purse] = OrderedDict()

    async def take(self, payer: str, size: int, cost: int) -> int:
        """Pay `cost` out of a bucket of `size` a minute. What is left, as far as this process knows, or BudgetSpent."""
        purse = self._purse(payer)
        if purse.left >= cost:
            purse.left -= cost
            return purse.room + purse.left
        mine, purse.left = purse.left, 0  # nobody else spends it while Redis is asked
        least = cost - mine
        taken, room, wait_ms = await self._drawn(payer, purse, size, least, max(least, size // SHARE))
        purse.room = room
        if taken < least:
            purse.left += mine
            seconds = max(math.ceil(wait_ms / 1000), 1)
            raise BudgetSpent(asked=cost, remaining=room + purse.left, retry_after_seconds=seconds)
        purse.left += taken - least
        return room + purse.left

    def _purse(self, payer: str) -> _Purse:
        purse = self._purses.get(payer)
        if purse is None:
            purse = self._purses[payer] = _Purse()
            if len(self._purses) > PAYERS_KEPT:
                self._purses.popitem(last=False)
        else:
            self._purses.move_to_end(payer)
        return purse

    async def _drawn(self, payer: str, purse: _Purse, size: int, least: int, wanted: int) -> tuple[int, int, int]:
        """(taken, room left, milliseconds until `least` fits); nothing is taken if less than `least` fits."""
        if self._door is not None:
            try:
                key = f"pg:budget:{{{payer}}}"
                taken, room, wait_ms = await self._door.run(TAKE, [key], [size, WINDOW_SECONDS * 1000, least, wanted])
            except Away:
                pass
            else:
                return int(taken), int(room), int(wait_ms)
        drawn, purse.empty_at_ms = leaked(
            purse.empty_at_ms, now_ms=time.monotonic() * 1000, size=size, least=least, wanted=wanted
        )
        return drawn


def leaked(
    empty_at_ms: float, *, now_ms: float, size: int, least: int, wanted: int
) -> tuple[tuple[int, int, int], float]:
    """What the script does, for a bucket here: ((taken, room, wait_ms), when it will be empty).

    >>> leaked(0.0, now_ms=1_000.0, size=600, least=100, wanted=200)
    ((200, 400, 0), 21000.0)
    >>> leaked(21_000.0, now_ms=1_000.0, size=600, least=500, wanted=500)
    ((0, 400, 10000), 21000.0)
    >>> leaked(21_000.0, now_ms=12_000.0, size=600, least=500, wanted=500)
    ((500, 10, 0), 71000.0)
    """
    window_ms = WINDOW_SECONDS * 1000
    unit_ms = window_ms / size
    full_until_ms = min(max(empty_at_ms, now_ms), now_ms + window_ms)
    room = int((now_ms + window_ms - full_until_ms) / unit_ms + 1e-6)
    if room < least:
        return (0, room, math.ceil(full_until_ms + least * unit_ms - now_ms - window_ms)), empty_at_ms
    taken = min(wanted, room)
    return (taken, room - taken, 0), full_until_ms + taken * unit_ms

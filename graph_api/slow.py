"""Statements that took long: told in the log at once, and once each with the plan that Neo4j has for them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sized
from typing import Any

import structlog

from cypher import explaining
from cypher.statements import Statement
from cypher.store import Store, StoreTimeout, StoreUnavailable
from cypher.timing import Timed

PLAN_SECONDS = 10.0
"""At most one plan is asked for in this time: what makes statements slow is often that the server has too much to do."""
WAITING_MAX = 100

log = structlog.get_logger("promograph.slow")


def sizes(parameters: Mapping[str, Any]) -> dict[str, int]:
    """How much was given, without saying what: values may be somebody's.

    >>> sizes({"codes": ["a", "b"], "depth": 3, "search": None})
    {'codes': 2}
    """
    found = parameters.items()
    return {name: len(value) for name, value in found if isinstance(value, Sized) and not isinstance(value, str)}


class SlowStatements:
    """A listener; its plans are asked for beside the requests, each statement's once in the life of the process."""

    def __init__(self, store: Store, *, slow_seconds: float, plan_seconds: float = PLAN_SECONDS) -> None:
        self._store = store
        self._slow_seconds = slow_seconds
        self._plan_seconds = plan_seconds
        self._explained: set[str] = set()
        self._waiting: asyncio.Queue[Statement] = asyncio.Queue(WAITING_MAX)

    def __call__(self, timed: Timed) -> None:
        if timed.seconds < self._slow_seconds:
            return
        statement, name = timed.statement, timed.statement.full_name
        took_ms = round(timed.seconds * 1000)
        log.warning(
            "slow statement", statement=name, took_ms=took_ms, failed=timed.failed, sizes=sizes(timed.parameters)
        )
        if name not in self._explained and not self._waiting.full():
            self._explained.add(name)
            self._waiting.put_nowait(statement)

    async def explain(self) -> None:
        """Runs until cancelled: the plan of one slow statement after the other."""
        while True:
            statement = await self._waiting.get()
            try:
                plan = await explaining.plan(self._store, statement)
            except (StoreUnavailable, StoreTimeout):
                self._explained.discard(statement.full_name)
            else:
                log.warning("plan of a slow statement", statement=statement.full_name, plan=plan)
            await asyncio.sleep(self._plan_seconds)

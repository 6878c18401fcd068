"""Reads of plan versions."""

from __future__ import annotations

import asyncio

from cypher import plans
from cypher.store import Store
from graph_api.rules.plan import Plan, plan_in_force


class PlanReads:
    """Plan versions for one request, read at most once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reading: asyncio.Task[list[Plan]] | None = None

    async def in_force(self, at: int) -> Plan:
        """The version that orders paid at `at` use."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read())
        return plan_in_force(await self._reading, at)

    async def _read(self) -> list[Plan]:
        return [plans.plan_of(row.plan) for row in await plans.versions(self._store)]

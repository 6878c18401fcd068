"""Whether cached values are what the graph says: a check, for `recompute` and `doctor`; nothing should ever be found."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cypher.store import Store
from graph_api.batched import forest, graph
from graph_api.batched.asks import Ask, ask_of
from graph_api.cache import Cache

AT_ONCE = 200
TEAMS_AT_ONCE = 50_000
PASS_FROM = 1_000
"""From so many teams on, one pass over the network counts them all sooner than a traversal for each."""


@dataclass(frozen=True, slots=True)
class CacheDrift:
    """A cached value of a promoter that differs from the graph's."""

    code: str
    field: str
    cached: Any
    counted: Any


async def cache_drift(store: Store, cache: Cache) -> list[CacheDrift]:
    """Every cached value that differs from the graph; searches are left out, as their text is not kept."""
    # A process that has not read yet does not know the epoch.
    await cache.follow_once(store)
    found: list[CacheDrift] = []
    asks: list[Ask] = []
    teams: list[Ask] = []
    async for code, name, _ in cache.values():
        ask = ask_of(code, name)
        if ask is not None:
            (teams if ask.kind == "team" else asks).append(ask)
        if len(asks) == AT_ONCE:
            found += await _drifted(store, cache, asks)
            asks = []
        if len(teams) == TEAMS_AT_ONCE:
            found += await _drifted(store, cache, teams)
            teams = []
    return [*found, *(await _drifted(store, cache, asks)), *(await _drifted(store, cache, teams))]


async def _drifted(store: Store, cache: Cache, asks: Sequence[Ask]) -> list[CacheDrift]:
    """Looks before and after counting: a value that ended meanwhile is no drift but a change."""
    fields = {ask: ask.field for ask in asks}
    before = (await cache.read(store, list(fields.values()))).values
    held = [ask for ask in asks if fields[ask] in before]
    counted = await _counted(store, held)
    await cache.follow_once(store)
    after = (await cache.read(store, [fields[ask] for ask in held])).values
    return [
        CacheDrift(ask.code, fields[ask].name, _compared(before[fields[ask]]), _compared(counted[ask]))
        for ask in held
        if after.get(fields[ask]) == before[fields[ask]] and _compared(before[fields[ask]]) != _compared(counted[ask])
    ]


async def _counted(store: Store, asks: Sequence[Ask]) -> Mapping[Ask, Any]:
    if len(asks) < PASS_FROM or asks[0].kind != "team":
        return await graph.answers(store, asks) if asks else {}
    months = {ask.number for ask in asks}
    network = await forest.read(store, months)
    counted: dict[Ask, Any] = {}
    for month in months:
        of_month = [ask for ask in asks if ask.number == month]
        teams = await asyncio.to_thread(network.teams, [ask.code for ask in of_month], month)
        counted |= {ask: {"levels": teams[ask.code]} for ask in of_month}
    return counted


def _compared(value: Any) -> Any:
    """As it would be kept, without the instant of counting."""
    plain = json.loads(json.dumps(value))
    return {name: part for name, part in plain.items() if name != "at"} if isinstance(plain, dict) else plain

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
from graph_api.cache import Cache, Field, Reading
from graph_api.cache.door import Away

AT_ONCE = 200
PAGES_AT_ONCE = 10
"""Of pages that have the teams of their members: each walks twenty."""
OF_TEAMS = ("team", "total")
"""Kinds of asks that one pass over the network counts for all."""
TRIES, PAUSE_SECONDS = 5, 0.5
NOT_COMPARED = "the cache did not answer, so its values were not all compared with the graph"
TEAMS_AT_ONCE = 50_000
PASS_FROM = 1_000
"""From so many teams on, one pass over the network counts them all sooner than a traversal for each."""


class CacheAway(Exception):
    """There was a cache, and it could not be compared."""


@dataclass(frozen=True, slots=True)
class CacheDrift:
    """A cached value of a promoter that differs from the graph's."""

    code: str
    field: str
    cached: Any
    counted: Any


async def cache_drift(store: Store, cache: Cache) -> list[CacheDrift]:
    """Every cached value that differs from the graph; searches are left out, as their text is not kept.

    CacheAway if there is a cache and not all of it could be looked at.
    """
    # A process that has not read yet does not know the epoch.
    await cache.follow_once(store)
    found: list[CacheDrift] = []
    asks: list[Ask] = []
    teams: list[Ask] = []
    try:
        async for code, name, _ in cache.values():
            ask = ask_of(code, name)
            if ask is not None:
                (teams if ask.kind in OF_TEAMS else asks).append(ask)
            if len(asks) == AT_ONCE:
                found += await _drifted(store, cache, asks)
                asks = []
            if len(teams) == TEAMS_AT_ONCE:
                found += await _drifted(store, cache, teams)
                teams = []
    except Away as error:
        raise CacheAway(NOT_COMPARED) from error
    return [*found, *(await _drifted(store, cache, asks)), *(await _drifted(store, cache, teams))]


async def _drifted(store: Store, cache: Cache, asks: Sequence[Ask]) -> list[CacheDrift]:
    """Looks before and after counting: a value that ended meanwhile is no drift but a change."""
    before = await _held(store, cache, asks)
    held = [ask for ask in asks if ask in before]
    counted = await _counted(store, held)
    await cache.follow_once(store)
    after = await _held(store, cache, held)
    return [
        CacheDrift(ask.code, ask.field.name, _compared(before[ask]), _compared(counted[ask]))
        for ask in held
        if after.get(ask) == before[ask] and _compared(before[ask]) != _compared(counted[ask])
    ]


async def _held(store: Store, cache: Cache, asks: Sequence[Ask]) -> dict[Ask, Any]:
    """What is cached now, in calls so small that none of them is in anybody's way; CacheAway if one had no answer."""
    held: dict[Ask, Any] = {}
    for start in range(0, len(asks), AT_ONCE):
        fields = {ask: ask.field for ask in asks[start : start + AT_ONCE]}
        reading = await _read(store, cache, list(fields.values()))
        held |= {ask: reading.values[field] for ask, field in fields.items() if field in reading.values}
    return held


async def _read(store: Store, cache: Cache, fields: Sequence[Field]) -> Reading:
    for _ in range(TRIES):
        reading = await cache.read(store, fields)
        if reading.position is not None:
            return reading
        await asyncio.sleep(PAUSE_SECONDS)
    raise CacheAway(NOT_COMPARED)


async def _counted(store: Store, asks: Sequence[Ask]) -> Mapping[Ask, Any]:
    counted: dict[Ask, Any] = {}
    if len(asks) < PASS_FROM or asks[0].kind not in OF_TEAMS:
        size = PAGES_AT_ONCE if any(ask.window is not None and ask.window.totals for ask in asks) else AT_ONCE
        for start in range(0, len(asks), size):
            counted |= await graph.answers(store, asks[start : start + size])
        return counted
    months = {ask.number for ask in asks}
    network = await forest.read(store, months)
    for month in months:
        of_month = [ask for ask in asks if ask.number == month]
        teams = await asyncio.to_thread(network.teams, [ask.code for ask in of_month], month)
        counted |= {ask: _of_kind(ask, teams[ask.code]) for ask in of_month}
    return counted


def _of_kind(ask: Ask, levels: Sequence[Sequence[int]]) -> dict[str, Any]:
    if ask.kind == "team":
        return {"levels": levels}
    return {"total": graph.total_of(levels)}


def _compared(value: Any) -> Any:
    """As it would be kept, without the instant of counting."""
    plain = json.loads(json.dumps(value))
    return {name: part for name, part in plain.items() if name != "at"} if isinstance(plain, dict) else plain

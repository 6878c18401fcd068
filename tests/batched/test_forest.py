"""Every team at once, against the same teams counted in memory and by traversal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from cypher.store import Store
from graph_api.batched import drift, forest
from graph_api.batched.asks import ALL_TIME
from graph_api.cache import Cache
from graph_api.pii import Pii
from tests.batched.network import MONTHS, Network, Reader, statement


@pytest.mark.parametrize("page", [1, 7, 1_000])
async def test_all_teams_are_those_counted_in_memory(store: Store, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(forest, "PAGE", page)
    network = Network(store)
    await network.plant(40, reach=5, sales=60)
    for code in ("P020", "P030"):
        await network.move(code, "P000")
    read = await forest.read(store, (ALL_TIME, *MONTHS))
    codes = list(network.referrers)
    for month in (None, *MONTHS):
        teams = read.teams([*codes, "nobody"], month or ALL_TIME)
        assert teams.pop("nobody") == []
        expected = {code: [list(level) for level in network.expected_team(code, month)] for code in codes}
        assert teams == expected


async def test_an_empty_store_has_no_teams(store: Store) -> None:
    read = await forest.read(store)
    assert (list(read.levels()), read.teams(["nobody"])) == ([], {"nobody": []})


async def test_sums_beyond_the_whole_numbers_of_a_float_are_exact(store: Store) -> None:
    network = Network(store)
    await network.enrol("A", None)
    await network.enrol("B", "A")
    await network.sell("B", fen=2**60 + 1)
    assert (await forest.read(store)).teams(["A"]) == {"A": [[1, 1, 1, 2**60 + 1]]}


async def test_drift_of_cached_teams_is_found_by_the_pass_as_by_traversals(
    store: Store, redis_url: str, pii: Pii, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network(store)
    await network.plant(20, sales=20)
    async with closed(await Cache.open(redis_url, call_seconds=2.0)) as cache:
        reads = Reader(store, cache, pii).reads()
        for code in network.referrers:
            for month in (None, MONTHS[0]):
                await reads.team(code, month)
        monkeypatch.setattr(drift, "PASS_FROM", 1)
        monkeypatch.setattr(drift, "AT_ONCE", 7)
        assert await drift.cache_drift(store, cache) == []
        await store.unjournalled.run(statement("MATCH (p:Promoter {code: 'P019'}) SET p.sales_orders = 99"), {})
        by_pass = await drift.cache_drift(store, cache)
        assert {(found.code, found.field) for found in by_pass} == {(code, "team:0") for code in network.path("P019")}
        monkeypatch.setattr(drift, "PASS_FROM", 10_000)
        by_traversal = await drift.cache_drift(store, cache)
        assert sorted(by_pass, key=code_of) == sorted(by_traversal, key=code_of)


async def test_a_cache_that_does_not_answer_is_not_said_to_agree(store: Store) -> None:
    async with closed(await Cache.open("redis://127.0.0.1:1")) as cache:
        with pytest.raises(drift.CacheAway):
            await drift.cache_drift(store, cache)
    async with closed(await Cache.open(None)) as none:
        assert await drift.cache_drift(store, none) == []


def test_pages_that_show_a_circle_end_at_the_ceiling_of_a_tree() -> None:
    sums = {ALL_TIME: np.zeros(2, dtype=np.int64)}
    torn = forest.Forest({"P": 0, "Q": 1}, np.array([1, 0], dtype=np.int32), sums, sums)
    assert sum(1 for _ in torn.levels()) == 1_000


@asynccontextmanager
async def closed(cache: Cache) -> AsyncIterator[Cache]:
    try:
        yield cache
    finally:
        await cache.close()


def code_of(found: drift.CacheDrift) -> str:
    return found.code

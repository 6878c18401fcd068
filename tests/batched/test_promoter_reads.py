"""Reads of promoters against a network counted in memory."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from cypher.store import Store
from graph_api.batched import graph
from graph_api.batched.asks import Ask, DownlineOrder, Kind, PromoterOrder
from graph_api.batched.drift import cache_drift
from graph_api.batched.promoters import PromoterReads
from graph_api.cache import Cache
from graph_api.cache.flights import Flights
from graph_api.errors import Invalid
from graph_api.pii import Pii
from graph_api.viewer import Role, Viewer
from tests.batched.network import ADMIN, MONTHS, Network, Reader, levels, statement, total

DOWNLINE_ORDERS: tuple[DownlineOrder, ...] = ("LEVEL", "JOINED_AT_DESC", "SALES_DESC", "TEAM_VOLUME_DESC")
PROMOTER_ORDERS: tuple[PromoterOrder, ...] = (
    "JOINED_AT_DESC",
    "CODE",
    "SALES_DESC",
    "TEAM_SIZE_DESC",
    "TEAM_VOLUME_DESC",
)


@pytest_asyncio.fixture
async def cache(redis_url: str, store: Store) -> Any:
    # The tests here count round trips, so a busy machine must not make a call of the cache too slow.
    cache = await Cache.open(redis_url, call_seconds=2.0)
    yield cache
    await cache.close()


@pytest_asyncio.fixture
async def network(store: Store) -> Network:
    network = Network(store)
    await network.plant(60, sales=80)
    return network


def reads_of(network: Network, pii: Pii, viewer: Viewer = ADMIN) -> PromoterReads:
    return PromoterReads(network.store, None, viewer, pii)


async def test_a_view_of_twenty_members_takes_two_statements_cold_and_none_warm(
    store: Store, cache: Cache, pii: Pii
) -> None:
    network = Network(store)
    await network.enrol("root", None)
    for index in range(20):
        await network.enrol(f"m{index:02d}", "root")
        await network.enrol(f"n{index:02d}", f"m{index:02d}")
        await network.sell(f"n{index:02d}", month=202601, fen=100 + index)
    await Reader(store, cache, pii).reads().card("root")
    await cache.drop(store)

    async def view() -> list[int]:
        reads = PromoterReads(store, cache, ADMIN, pii)
        reads.prefetch_downline("root", first=20)
        root = await reads.card("root")
        assert root is not None
        page = await reads.downline("root", first=20)
        members = [row.card.code for row in page.rows]
        sales = asyncio.gather(*(reads.sales(code, 202601) for code in members))
        teams, _ = await asyncio.gather(asyncio.gather(*(reads.team(code, 202601) for code in members)), sales)
        return [team.levels[0].volume_fen for team in teams]

    for statements in (2, 0):
        before = store.statements_run
        assert sorted(await view()) == [100 + index for index in range(20)]
        assert store.statements_run - before == statements


@pytest.mark.parametrize("cached", [True, False])
async def test_whoever_asks_the_same_at_once_shares_one_statement(
    network: Network, cache: Cache, pii: Pii, *, cached: bool
) -> None:
    """An order wakes every watcher of a team; else each would walk the whole of it."""
    shared = cache if cached else Cache(None)
    await PromoterReads(network.store, shared, ADMIN, pii).card("P050")
    await shared.drop(network.store)
    before = network.store.statements_run
    teams = await asyncio.gather(
        *(PromoterReads(network.store, shared, ADMIN, pii).team("P000", None) for _ in range(100))
    )
    assert network.store.statements_run - before == 1
    assert all(levels(team) == network.expected_team("P000", None) for team in teams)
    assert len(shared.flights) == 0


async def test_nobody_shares_a_statement_that_began_before_what_it_knows_of(
    network: Network, pii: Pii, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end, answers = asyncio.Event(), asyncio.Event(), graph.answers

    async def slow(store: Store, asks: Any, **wanted: bool) -> Any:
        found = await answers(store, asks, **wanted)
        begun.set()
        await may_end.wait()
        return found

    shared = Cache(None)
    monkeypatch.setattr(graph, "answers", slow)
    early = asyncio.ensure_future(PromoterReads(network.store, shared, ADMIN, pii).sales("P003", None))
    await begun.wait()
    await network.sell("P003", fen=5)
    late = asyncio.ensure_future(PromoterReads(network.store, shared, ADMIN, pii).sales("P003", None))
    may_end.set()
    assert (await late).volume_fen == (await early).volume_fen + 5


async def test_whoever_waited_at_the_gate_looks_into_the_cache_again(
    network: Network, cache: Cache, pii: Pii, redis_url: str
) -> None:
    other = await Cache.open(redis_url, call_seconds=2.0)
    cache.flights = Flights(at_once=1)
    async with cache.flights.gate:
        waiting = asyncio.ensure_future(PromoterReads(network.store, cache, ADMIN, pii).team("P000", None))
        async with asyncio.timeout(10):
            while not len(cache.flights):  # noqa: ASYNC110 - nothing tells us
                await asyncio.sleep(0.01)
        told = await PromoterReads(network.store, other, ADMIN, pii).team("P000", None)
        before = network.store.statements_run
    assert (await waiting).source == "CACHE"
    assert (await waiting).levels == told.levels
    assert network.store.statements_run == before
    await other.close()


async def test_everything_asked_in_one_tick_is_one_statement(network: Network, pii: Pii) -> None:
    reads, before = reads_of(network, pii), network.store.statements_run
    await asyncio.gather(
        *(reads.card(code) for code in network.referrers),
        *(reads.sales(code, month) for code in network.referrers for month in (None, *MONTHS)),
        *(reads.team(code, month) for code in network.referrers for month in (None, *MONTHS)),
        *(reads.promotion(code) for code in network.referrers),
    )
    assert network.store.statements_run - before == 1


async def test_nested_pages_of_many_promoters_are_one_statement(network: Network, pii: Pii) -> None:
    reads, before = reads_of(network, pii), network.store.statements_run
    pages = await asyncio.gather(*(reads.downline(code, first=3) for code in network.referrers))
    assert network.store.statements_run - before == 1
    for code, page in zip(network.referrers, pages, strict=True):
        expected = network.expected_page(code, 1)
        assert [(row.card.code, row.level, row.card.path) for row in page.rows] == expected[:3]
        assert page.has_next == (len(expected) > 3)


async def test_answers_are_those_counted_in_memory(network: Network, pii: Pii) -> None:
    reader = Reader(network.store, Cache(None), pii)
    for _ in range(3):
        assert await reader.stale(network, list(network.referrers)) == []


@pytest.mark.parametrize("order", DOWNLINE_ORDERS)
async def test_a_page_brings_its_members_numbers_along(network: Network, pii: Pii, order: DownlineOrder) -> None:
    reads, before = reads_of(network, pii), network.store.statements_run
    reads.prefetch_downline("P000", depth=5, order=order, first=7, totals=True)
    page = await reads.downline("P000", depth=5, order=order, first=7, totals=True)
    assert len(page.rows) == 7
    for row in page.rows:
        assert (row.sales.orders, row.sales.volume_fen) == network.own(row.card.code, None)
        assert row.team is not None
        assert total(row.team) == network.expected_total(row.card.code)
        assert row.card.path == network.path(row.card.code)
        assert (await reads.card(row.card.code)) == row.card
    assert network.store.statements_run - before == 1


async def test_each_part_of_the_statement_of_facts_is_read_alone_as_with_the_others(network: Network) -> None:
    kinds: tuple[Kind, ...] = ("card", "sales", "buyers", "total", "team", "valid", "promotion", "balance")
    monthly = ("sales", "buyers", "total", "team")
    asks = [Ask(kind, code) for kind in kinds for code in network.referrers]
    asks += [Ask(kind, code, 202601) for kind in monthly for code in network.referrers]
    together = await graph.answers(network.store, asks)
    for kind, number in sorted({(ask.kind, ask.number) for ask in asks}):
        some = [ask for ask in asks if (ask.kind, ask.number) == (kind, number)]
        alone = await graph.answers(network.store, some)
        assert [_timeless(alone[ask]) for ask in some] == [_timeless(together[ask]) for ask in some]
        assert any(alone.values()) or kind == "valid"  # of whom this network has none


def _timeless(answer: Any) -> Any:
    return {name: value for name, value in answer.items() if name != "at"} if isinstance(answer, dict) else answer


async def test_buyers_are_counted_once(network: Network, pii: Pii) -> None:
    reads = reads_of(network, pii)
    for code in network.referrers:
        assert (await reads.sales(code, 202601)).buyers == len(network.buyers[code, 202601])
        everybody = set().union(*(network.buyers[code, month] for month in MONTHS))
        assert (await reads.sales(code, None)).buyers == len(everybody)


@pytest.mark.parametrize("order", DOWNLINE_ORDERS)
async def test_pages_walk_everybody_once_and_in_order(network: Network, pii: Pii, order: DownlineOrder) -> None:
    below = network.below("P000")

    def volume(code: str) -> int:
        return sum(network.own(other, None)[1] for other in network.below(code))

    keys: dict[str, Any] = {
        "LEVEL": lambda code: (below[code], network.joined_at[code], code),
        "JOINED_AT_DESC": lambda code: (-network.joined_at[code], code),
        "SALES_DESC": lambda code: (-network.own(code, None)[1], code),
        "TEAM_VOLUME_DESC": lambda code: (-volume(code), code),
    }
    seen: list[str] = []
    after = None
    while True:
        page = await reads_of(network, pii).downline("P000", depth=1000, order=order, first=7, after=after)
        seen += [row.card.code for row in page.rows]
        if not page.has_next:
            break
        after = page.rows[-1].cursor
    assert seen == sorted(below, key=keys[order])


async def test_a_page_goes_on_where_it_was_though_its_last_row_is_gone(network: Network, pii: Pii) -> None:
    page = await reads_of(network, pii).downline("P000", depth=1000, first=10)
    rest = await reads_of(network, pii).downline("P000", depth=1000, first=100, after=page.rows[-1].cursor)
    leaf = next(code for code in network.referrers if not network.below(code) and code == page.rows[-1].card.code)
    await network.store.unjournalled.run(statement(f"MATCH (p:Promoter {{code: '{leaf}'}}) DETACH DELETE p"), {})
    again = await reads_of(network, pii).downline("P000", depth=1000, first=100, after=page.rows[-1].cursor)
    assert [row.card.code for row in again.rows] == [row.card.code for row in rest.rows]


async def test_one_level_and_the_filters(network: Network, pii: Pii) -> None:
    await network.enrol("名", "P002", name_hash=pii.hash("name", "王小明"))
    await network.store.unjournalled.run(
        statement("MATCH (p:Promoter {code: 'P007'}) SET p.status = 'LOCKED', p.rank = 'SENIOR'"), {}
    )
    reads, below = reads_of(network, pii), network.below("P000")
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"level": 2}, {code for code, level in below.items() if level == 2}),
        ({"level": 2, "depth": 1}, {code for code, level in below.items() if level == 2}),
        ({"depth": 3}, {code for code, level in below.items() if level <= 3}),
        ({"depth": 99, "search": "P01"}, {code for code in below if code.startswith("P01")}),
        ({"depth": 99, "search": "王小明"}, {"名"}),
        ({"depth": 99, "search": "nobody"}, set()),
        ({"depth": 99, "status": "LOCKED"}, {"P007"}),
        ({"depth": 99, "rank": "SENIOR"}, {"P007"}),
        ({"depth": 0}, set()),
        ({"level": 0}, set()),
        ({"level": 1001}, set()),
    ]
    for which, expected in cases:
        page = await reads.downline("P000", **which, first=100)
        assert {row.card.code for row in page.rows} == expected, which
        assert await reads.downline_count("P000", **which) == len(expected)


@pytest.mark.parametrize("cursor", ["", "x", "bm9wZQ", "W10", "WyJMRVZFTCIsMSwyXQ", "WyJDT0RFIiwxLDIsIkEiXQ", "💥"])
async def test_a_cursor_that_is_not_of_this_list_is_refused(network: Network, pii: Pii, cursor: str) -> None:
    with pytest.raises(Invalid):
        await reads_of(network, pii).downline("P000", after=cursor)


async def test_a_promoter_sees_itself_and_its_team_and_nobody_else(network: Network, pii: Pii) -> None:
    own = max(list(network.referrers)[1:], key=lambda code: len(network.below(code)))
    reads = reads_of(network, pii, Viewer(Role.PROMOTER, own))
    seen = {code for code in [*network.referrers, "nobody"] if await reads.card(code) is not None}
    assert seen == {own, *network.below(own)}
    assert (await reads.promoters()).rows == ()
    assert await reads.promoters_count() == 0


@pytest.mark.parametrize("order", PROMOTER_ORDERS)
async def test_lists_walk_everybody_once_and_in_order(network: Network, pii: Pii, order: PromoterOrder) -> None:
    def volume(code: str) -> int:
        return sum(network.own(other, None)[1] for other in network.below(code))

    keys: dict[str, Any] = {
        "JOINED_AT_DESC": lambda code: (-network.joined_at[code], [-ord(letter) for letter in code]),
        "CODE": lambda code: code,
        "SALES_DESC": lambda code: (-network.own(code, None)[1], code),
        "TEAM_SIZE_DESC": lambda code: (-len(network.below(code)), code),
        "TEAM_VOLUME_DESC": lambda code: (-volume(code), code),
    }
    seen: list[str] = []
    after = None
    while True:
        page = await reads_of(network, pii).promoters(order=order, first=11, after=after)
        assert all(row.card.path == network.path(row.card.code) for row in page.rows)
        seen += [row.card.code for row in page.rows]
        if not page.has_next:
            break
        after = page.rows[-1].cursor
    assert seen == sorted(network.referrers, key=keys[order])


async def test_list_filters(network: Network, pii: Pii) -> None:
    await network.enrol("名", "P002", name_hash=pii.hash("name", "王小明"))
    joined = sorted(network.joined_at.values())[20]
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"search": "P01"}, {code for code in network.referrers if code.startswith("P01")}),
        ({"search": "王小明"}, {"名"}),
        ({"joined_from": joined}, {code for code, at in network.joined_at.items() if at >= joined}),
        ({"joined_to": joined}, {code for code, at in network.joined_at.items() if at < joined}),
        ({"referrer_code": "P002"}, {code for code, above in network.referrers.items() if above == "P002"}),
        ({"status": "CLOSED"}, set()),
        ({"rank": "PROMOTER", "search": "P05"}, {code for code in network.referrers if code.startswith("P05")}),
    ]
    for which, expected in cases:
        for order in PROMOTER_ORDERS:
            page = await reads_of(network, pii).promoters(**which, order=order, first=100)
            assert {row.card.code for row in page.rows} == expected, (which, order)
        assert await reads_of(network, pii).promoters_count(**which) == len(expected)


async def test_a_cached_list_ends_with_any_change(store: Store, cache: Cache, pii: Pii) -> None:
    network = Network(store)
    await network.plant(5)
    for expected in (5, 5, 6):
        if expected == 6:
            await network.enrol("new", "P001")
        reads = PromoterReads(store, cache, ADMIN, pii)
        assert len((await reads.promoters()).rows) == await reads.promoters_count() == expected


async def test_a_request_that_writes_reads_its_own_writes(network: Network, pii: Pii) -> None:
    reads = reads_of(network, pii)
    before = await reads.sales("P003", None)
    await network.sell("P003", fen=5)
    assert (await reads.sales("P003", None)).volume_fen == before.volume_fen + 5


async def test_promotion_counts_the_months_up_to_the_one_after_the_last_closed(
    store: Store, cache: Cache, pii: Pii
) -> None:
    network = Network(store)
    await network.enrol("A", None)
    reader, now = Reader(store, cache, pii), 1_777_000_000_000_000
    facts = await reader.reads().promotion("A", now=now)
    assert (facts.month, facts.months) == (202604, ((202602, 0), (202603, 0), (202604, 0)))
    await network.sell("A", month=202602, fen=70)
    facts = await reader.reads().promotion("A", now=now)
    assert facts.months == ((202512, 0), (202601, 0), (202602, 70))

    async def close(transaction: Any) -> None:
        seq = transaction.journal("month_closed", at=0, actor="test")
        await transaction.run(statement("CREATE (:MonthClose {month: 202602, seq: $seq})"), {"seq": seq})

    await store.write(close)
    facts = await reader.reads().promotion("A", sales_months=2)
    assert facts.months == ((202602, 70), (202603, 0))


async def test_drift_is_found_and_only_where_it_is(store: Store, cache: Cache, pii: Pii, redis_url: str) -> None:
    network = Network(store)
    await network.plant(20, sales=20)
    reader = Reader(store, cache, pii)
    await reader.stale(network, list(network.referrers))
    await reader.reads().promoters(search="P00")
    await reader.reads().promoters()
    await asyncio.gather(reader.reads().promotion("P000"), reader.reads().nearly_valid("P000", 3))
    assert await cache_drift(store, cache) == []
    await store.unjournalled.run(statement("MATCH (p:Promoter {code: 'P019'}) SET p.rank = 'ELITE'"), {})
    found = await cache_drift(store, cache)
    assert {drift.code for drift in found if drift.field == "card:0"} == {"P019"}
    assert {drift.code for drift in found} <= {"", "P019", *network.path("P019")}
    just_started = await Cache.open(redis_url, call_seconds=2.0)
    assert await cache_drift(store, just_started) == found
    await just_started.close()
    await cache.drop(store)
    assert await cache_drift(store, cache) == []

"""A real network of 5,881 promoters and 69,659 orders: every number the service answers is the oracle's, to the fen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from tests.blackbox.api import Api, Json, quoted
from tests.blackbox.command import Command, Ended
from tests.blackbox.recount import rows
from tests.oracle.oracle import Level, Network, Sales, month_end

DATA = Path(__file__).parents[3] / "shared" / "data" / "otc-cdnow"
PROMOTERS, REFERRALS, ORDERS = 5_881, 5_190, 69_659
SALES = "{ orders buyers volumeFen refundedFen }"
LEVELS = "byLevel { level size orders volumeFen }"
OF_ALL_TIME = (
    f"code rank referrer {{ code }} sales {SALES}"
    f" team {{ size directCount validDirectCount maxDepth orders volumeFen {LEVELS} }}"
)
OF_A_MONTH = (
    f"sales(month: $month) {SALES} team(month: $month) {{ size orders volumeFen {LEVELS} }}"
    " earnings(month: $month) { baseFen tierFen overrideFen clawbackFen adjustmentFen totalFen"
    " overrides { level rateBp salesFen amountFen } }"
)
EVERY_ENTRY = """
MATCH (p:Promoter)-[:EARNED]->(c:Commission)
OPTIONAL MATCH (o:Order)-[:YIELDED]->(c)
RETURN collect([o.number, p.code, c.kind, c.level, c.rate_bp, c.amount_fen]) AS entries
"""
EVERY_PROMOTION = """
MATCH (s:Promotion)
RETURN s.promoter_code AS code, s.to_rank AS to_rank, s.effective_at AS effective_at, s.route AS route
"""

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the OTC network is not beside the project")


class Loaded(NamedTuple):
    """The network after the import, all its months closed, and what oracle and product said on the way."""

    api: Api
    store: Any
    oracle: Network
    first: Ended
    again: Ended
    facts_before: Json
    facts_after: Json
    closed: dict[str, Json]


@pytest_asyncio.fixture(scope="module")
async def loaded(
    promograph: Command,
    emptied: Callable[[], Awaitable[None]],
    opened: Callable[[str], AbstractAsyncContextManager[Api]],
    redis_url: str,
    connected: Any,
) -> AsyncIterator[Loaded]:
    await emptied()
    first = await promograph("import", DATA)
    facts_before = await _facts(connected)
    again = await promograph("import", DATA)
    facts_after = await _facts(connected)
    oracle = Network.read(DATA)
    async with opened(redis_url) as api:
        closed = {month: await api.close_month(month) for month in oracle.months}
        yield Loaded(api, connected, oracle, first, again, facts_before, facts_after, closed)


async def _facts(store: Any) -> Json:
    """How much of everything there is."""
    (row,) = await rows(
        store,
        "RETURN COUNT { (:Promoter) } AS promoters, COUNT { ()-[:REFERRED]->() } AS referrals,"
        " COUNT { (:Order) } AS orders, COUNT { (:Commission) } AS entries, COUNT { (:Person) } AS people,"
        " COUNT { (:JournalEntry) } AS journal",
    )
    return row


async def test_all_of_it_loads(loaded: Loaded) -> None:
    assert loaded.first.status == 0, loaded.first
    report = {kind: loaded.first.report[kind] for kind in ("promoters", "products", "orders")}
    none = {"unchanged": 0, "rejected": 0, "quarantined": 0}
    assert report == {
        "promoters": {"loaded": PROMOTERS, **none},
        "products": {"loaded": 1, **none},
        "orders": {"loaded": ORDERS, **none},
    }
    facts = loaded.facts_before
    assert (facts["promoters"], facts["referrals"], facts["orders"]) == (PROMOTERS, REFERRALS, ORDERS)


async def test_loading_it_again_changes_nothing(loaded: Loaded) -> None:
    assert loaded.again.status == 0, loaded.again
    none = {"loaded": 0, "rejected": 0, "quarantined": 0}
    assert loaded.again.report["promoters"] == {"unchanged": PROMOTERS, **none}
    assert loaded.again.report["orders"] == {"unchanged": ORDERS, **none}
    assert loaded.facts_after == loaded.facts_before


async def test_every_month_closes_with_its_tiers_and_promotions(loaded: Loaded) -> None:
    tiers, promotions = loaded.oracle.tiers(), loaded.oracle.promotions()
    assert {month: (closed["tierEntries"], closed["promotions"]) for month, closed in loaded.closed.items()} == {
        month: (
            sum(of == month for _, of in tiers),
            sum(step.month == month for step in promotions),
        )
        for month in loaded.oracle.months
    }


async def test_every_promotion_is_the_oracles(loaded: Loaded) -> None:
    found = {
        (row["code"], row["to_rank"], row["effective_at"], row["route"])
        for row in await rows(loaded.store, EVERY_PROMOTION)
    }
    expected = {
        (step.code, step.to_rank, int(month_end(step.month).timestamp()) * 1_000_000): step.routes
        for step in loaded.oracle.promotions()
    }
    assert {row[:3] for row in found} == expected.keys()
    assert all(route in expected[code, rank, at] for code, rank, at, route in found)


async def test_every_entry_is_the_oracles(loaded: Loaded) -> None:
    (row,) = await rows(loaded.store, EVERY_ENTRY)
    found = sorted(tuple(entry) for entry in row["entries"] if entry[0] is not None and entry[5])
    expected = sorted(
        (order.number, code, kind, level, rate, amount)
        for order in loaded.oracle.orders.values()
        for code, kind, level, rate_bp in loaded.oracle.receivers(order)
        for line in order.lines
        for rate in [rate_bp if level else loaded.oracle.rates[line.sku]]
        if (amount := line.net_fen * rate // 10_000)
    )
    assert len(found) == len(expected)
    assert not set(found) ^ set(expected)
    tiers = {(entry[1], entry[2], entry[5]) for entry in row["entries"] if entry[0] is None}
    assert tiers == {(code, "TIER", fen) for (code, _), fen in loaded.oracle.tiers().items()}


async def test_every_number_of_all_time_is_the_oracles_cold_and_warm(loaded: Loaded) -> None:
    expected = _of_all_time(loaded.oracle)
    for _ in range(2):
        _same(await _asked(loaded, OF_ALL_TIME), expected)


async def test_every_number_of_every_month_is_the_oracles_cold_and_warm(loaded: Loaded) -> None:
    for month, expected in _of_months(loaded.oracle).items():
        for _ in range(2):
            _same(await _asked(loaded, OF_A_MONTH.replace("$month", quoted(month))), expected)


async def _asked(loaded: Loaded, fields: str) -> dict[str, Json]:
    return await loaded.api.promoters(loaded.oracle.promoters, fields)


def _same(found: dict[str, Json], expected: dict[str, Json]) -> None:
    wrong = [(code, found[code], expected[code]) for code in expected if found[code] != expected[code]]
    assert not wrong, (len(wrong), wrong[:3])


def _of_all_time(oracle: Network) -> dict[str, Json]:
    ranks = {code: promoter.rank for code, promoter in oracle.promoters.items()}
    for step in oracle.promotions():
        ranks[step.code] = step.to_rank
    at = month_end(oracle.months[-1])
    teams = oracle.teams()
    return {
        code: {
            "code": code,
            "rank": ranks[code],
            "referrer": {"code": promoter.referrer} if promoter.referrer else None,
            "sales": _sales(oracle.sales(code)),
            "team": _team(teams[code])
            | {
                "directCount": len(oracle.children[code]),
                "validDirectCount": oracle.valid_downlines(code, at),
                "maxDepth": len(teams[code]),
            },
        }
        for code, promoter in oracle.promoters.items()
    }


def _of_months(oracle: Network) -> dict[str, dict[str, Json]]:
    earned, tiers, lines = oracle.earnings(), oracle.tiers(), oracle.override_lines()
    expected: dict[str, dict[str, Json]] = {}
    for month in oracle.months:
        teams = oracle.teams(month)
        expected[month] = {
            code: {
                "sales": _sales(oracle.sales(code, month)),
                "team": _team(teams[code]),
                "earnings": _earnings(
                    {kind: earned.get((code, month, kind), 0) for kind in ("BASE", "OVERRIDE", "CLAWBACK")},
                    tiers.get((code, month), 0),
                    lines.get((code, month), {}),
                ),
            }
            for code in oracle.promoters
        }
    return expected


def _earnings(by_kind: dict[str, int], tier: int, lines: dict[tuple[int, int], tuple[int, int]]) -> Json:
    return {
        "baseFen": by_kind["BASE"],
        "tierFen": tier,
        "overrideFen": by_kind["OVERRIDE"],
        "clawbackFen": by_kind["CLAWBACK"],
        "adjustmentFen": 0,
        "totalFen": sum(by_kind.values()) + tier,
        "overrides": [
            {"level": level, "rateBp": rate_bp, "salesFen": sales_fen, "amountFen": amount_fen}
            for (level, rate_bp), (sales_fen, amount_fen) in sorted(lines.items())
            if sales_fen
        ],
    }


def _sales(sales: Sales) -> Json:
    return {
        "orders": sales.orders,
        "buyers": sales.buyers,
        "volumeFen": sales.volume_fen,
        "refundedFen": sales.refunded_fen,
    }


def _team(levels: list[Level]) -> Json:
    return {
        "size": sum(level.size for level in levels),
        "orders": sum(level.orders for level in levels),
        "volumeFen": sum(level.volume_fen for level in levels),
        "byLevel": [
            {
                "level": index + 1,
                "size": level.size,
                "orders": level.orders,
                "volumeFen": level.volume_fen,
            }
            for index, level in enumerate(levels)
        ],
    }

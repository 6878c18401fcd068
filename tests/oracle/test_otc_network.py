"""A real network of 5,881 promoters and 69,659 orders: every number the service answers is the oracle's, to the fen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from tests.blackbox.api import Api, Json, quoted
from tests.blackbox.command import Command, Ended
from tests.blackbox.recount import rows
from tests.oracle.expected import OF_ALL_TIME, SALES_OF_A_MONTH, TEAM_OF_A_MONTH, of_all_time, of_months, same
from tests.oracle.oracle import Network, month_end

DATA = Path(__file__).parents[3] / "shared" / "data" / "otc-cdnow"
PROMOTERS, REFERRALS, ORDERS = 5_881, 5_190, 69_659
EVERY_ENTRY = """
MATCH (p:Promoter)-[:EARNED]->(c:Commission)
OPTIONAL MATCH (o:Order)-[:YIELDED]->(c)
RETURN collect([o.number, p.code, c.kind, c.level, c.rate_bp, c.amount_fen]) AS entries
"""
EVERY_PROMOTION = """
MATCH (s:Promotion)
RETURN s.promoter_code AS code, s.to_rank AS to_rank, s.effective_at AS effective_at, s.route AS route
"""

IMPORT_SECONDS_MAX = 600
"""Two of them on a busy machine, beside whatever the other process of the suite does."""

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not DATA.exists(), reason="the OTC network is not beside the project"),
    pytest.mark.timeout(1_500),  # a busy machine takes minutes for the whole network
]


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
    first = await promograph("import", DATA, timeout_seconds=IMPORT_SECONDS_MAX)
    facts_before = await _facts(connected)
    again = await promograph("import", DATA, timeout_seconds=IMPORT_SECONDS_MAX)
    facts_after = await _facts(connected)
    oracle = Network.read(DATA)
    async with opened(redis_url) as api:
        closed = {month: await api.close_month(month) for month in oracle.months}
        yield Loaded(api, connected, oracle, first, again, facts_before, facts_after, closed)
    await emptied()


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
    expected = of_all_time(loaded.oracle)
    for _ in range(2):
        same(await _asked(loaded, OF_ALL_TIME), expected)


async def test_every_number_of_every_month_is_the_oracles(loaded: Loaded) -> None:
    """Everybody who sold, earned or has a team that sold; of the others, whose sums of all time leave 0, some."""
    for month, expected in of_months(loaded.oracle).items():
        some = set(list(expected)[::50])
        sold = [code for code, of in expected.items() if code in some or _any(of["sales"]) or _any(of["earnings"])]
        teams = [code for code, of in expected.items() if code in some or of["team"]["orders"]]
        for _ in range(2 if month == loaded.oracle.months[-1] else 1):
            for codes, fields in ((sold, SALES_OF_A_MONTH), (teams, TEAM_OF_A_MONTH)):
                found = await _asked(loaded, fields.replace("$month", quoted(month)), codes)
                same(found, {code: {name: expected[code][name] for name in found[code]} for code in codes})


def _any(numbers: Json) -> bool:
    return any(numbers.values())


async def _asked(loaded: Loaded, fields: str, codes: Iterable[str] | None = None) -> dict[str, Json]:
    return await loaded.api.promoters(codes or loaded.oracle.promoters, fields)

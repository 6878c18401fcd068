"""A simulation reads a window in pages that cost what they hold, and holds up nothing else while it counts."""

from __future__ import annotations

import asyncio
import doctest
import gc
import time
from dataclasses import replace
from typing import Any

import neo4j
import pytest_asyncio

from cypher import simulation
from cypher.store import Store
from graph_api.batched import simulation as batched
from graph_api.batched.simulation import Simulations, Window, past_orders
from graph_api.rules.plan import DEFAULT_PLAN
from graph_api.servers import Servers
from tests.conftest import Query, empty

ORDERS = 3_000
AT_ONE_INSTANT = 400
PAGE = 50
FILL = """
MERGE (s:Person:Promoter {code: 'S', status: 'ACTIVE', rank: 'PROMOTER', joined_at: 0})
MERGE (u:Person:Promoter {code: 'U', status: 'ACTIVE', rank: 'PROMOTER', joined_at: 0})
MERGE (t:Product {sku: 't', active: true, commission_bps: [2000], commission_since_ats: [0]})
WITH s, u, t UNWIND range(1, $orders) AS i
CREATE (s)-[:SOLD]->(o:Order {
  number: 'o' + i, paid_at: CASE WHEN i <= $at_one_instant THEN 1000 ELSE 1000 + i / 3 END, month: 202601,
  paid_fen: 1000, refunded_fen: 0, buyer_code: 'x', given_code: 'S', plan_version: 'default', seq: i,
  chain_codes: ['S', 'U'], receiver_codes: ['S', 'U', ''], override_bps: [300, 0], commissionable: true})
CREATE (o)-[:CONTAINS {line_index: 0, quantity: 1, paid_fen: 1000, refunded_fen: 0, base_bp: 2000}]->(t)
CREATE (s)-[:EARNED]->(:Commission {id: i + '-0', level: 0, sku: 't', amount_fen: 200, cause: 'sale'})<-[:YIELDED]-(o)
CREATE (u)-[:EARNED]->(:Commission {id: i + '-1', level: 1, sku: 't', amount_fen: 30, cause: 'sale'})<-[:YIELDED]-(o)
"""


@pytest_asyncio.fixture(scope="module")
async def sold(connected: Store, query: Query) -> Store:
    await empty(connected)
    await query(FILL, orders=ORDERS, at_one_instant=AT_ONE_INSTANT)
    return connected


async def test_pages_hold_every_order_of_the_window_once_in_order(sold: Store) -> None:
    seen: list[tuple[int, str]] = []
    at, number = 1000, ""
    while True:
        page = await simulation.orders(sold, paid_at=at, number=number, paid_to=1900, first=PAGE)
        orders = list(past_orders(page.values))
        if not orders:
            break
        assert len(orders) <= PAGE
        seen += [(order.paid_at, order.number) for order in orders]
        at, number = seen[-1]
    paid_ats = [(1000 if i <= AT_ONE_INSTANT else 1000 + i // 3, f"o{i}") for i in range(1, ORDERS + 1)]
    assert seen == sorted(pair for pair in paid_ats if pair[0] < 1900)


def test_the_examples_hold() -> None:
    assert doctest.testmod(batched).failed == 0


async def test_a_page_walks_no_more_of_the_index_than_it_holds(sold: Store, servers: Servers) -> None:
    statement = simulation.orders.statement  # type: ignore[attr-defined]
    positions = [(1000, ""), (1000, "o2"), (1000, "o399"), (1200, "o602"), (1900, "")]
    async with neo4j.AsyncGraphDatabase.driver(
        servers.neo4j_uri, auth=(servers.neo4j_user, servers.neo4j_password)
    ) as driver:
        for at, number in positions:
            given = {"paid_at": at, "number": number, "paid_to": 2**62, "first": PAGE}
            _, summary, _ = await driver.execute_query(f"PROFILE {statement.sent_text}", {"given": given})
            rows = _rows_by_operator(summary.profile)
            assert "NodeByLabelScan" not in rows
            assert max(rows["NodeIndexSeek"]) <= PAGE
            assert max(rows["Top"]) <= PAGE


async def test_counting_holds_up_nothing_else(sold: Store) -> None:
    """In processor time of this thread, which other programs on the machine do not lengthen."""
    longest_seconds, over = 0.0, False

    async def watch() -> None:
        nonlocal longest_seconds
        while not over:
            before = time.thread_time()
            await asyncio.sleep(0)
            longest_seconds = max(longest_seconds, time.thread_time() - before)

    gc.collect()
    gc.freeze()  # as `serve` does
    watching = asyncio.create_task(watch())
    plan = replace(DEFAULT_PLAN, version="other", override_bp=((500, 500, 500),))
    simulated = await Simulations(sold).run(plan, Window.of(None, None))
    over = True
    await watching
    gc.unfreeze()
    assert simulated.simulation.simulated.fen == [200 * ORDERS, 50 * ORDERS, 0, 0]
    assert simulated.simulation.actual.fen == [200 * ORDERS, 30 * ORDERS, 0, 0]
    assert longest_seconds < 0.03


def _rows_by_operator(plan: dict[str, Any]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {plan["operatorType"].split("@")[0]: [plan["args"]["Rows"]]}
    for child in plan.get("children", ()):
        for operator, rows in _rows_by_operator(child).items():
            found.setdefault(operator, []).extend(rows)
    return found

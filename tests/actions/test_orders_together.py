"""Orders that many callers record at once: one transaction, each its own outcomes, every sum exact."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from cypher.statements import Record, Statement
from cypher.store import Store, Transaction, connect
from graph_api.actions import ledger, orders, touches
from graph_api.actions.orders import NewLine, NewOrder
from graph_api.actions.outcome import Outcome
from graph_api.actions.promoters import Enrolment, enrol
from graph_api.actions.recompute import recompute
from graph_api.actions.touches import NewTouch
from graph_api.errors import Conflict
from graph_api.pii import Pii
from tests.actions.test_orders import BY, PAID_AT, chain_of_four, order
from tests.conftest import Query
from tests.cypher.test_gathering import locked

CLIENTS = 32
ORDERS = 50
DEPTH = 14


async def told(store: Store, *batches: list[NewOrder]) -> list[list[Outcome] | BaseException]:
    """Each batch by a caller of its own, all in one transaction unless one of them spoils it."""
    async with locked(store):
        tasks = [asyncio.create_task(orders.record(store, batch, **BY)) for batch in batches]
        await asyncio.sleep(0)
    return await asyncio.gather(*tasks, return_exceptions=True)


async def counted_alike(store: Store) -> bool:
    return (await recompute(store, **BY, repair=False)).drift == []


async def deep_tree(store: Store, pii: Pii) -> list[str]:
    """Under the root "0" eight chains of 14; the codes of their ends."""
    rows = [Enrolment("0", joined_at=0)]
    for chain in range(8):
        codes = ["0", *(f"{chain}-{level}" for level in range(DEPTH))]
        rows += [Enrolment(code, referrer_code=above, joined_at=0) for above, code in itertools.pairwise(codes)]
    assert {outcome.state for outcome in await enrol(store, pii, rows, **BY)} == {"recorded"}
    return [f"{chain}-{DEPTH - 1}" for chain in range(8)]


async def test_many_clients_under_one_root_lose_nothing(store: Store, pii: Pii, query: Query) -> None:
    await chain_of_four(store, pii)
    leaves = await deep_tree(store, pii)
    elsewhere = connect(
        store._login["uri"], user=store._login["user"], password=store._login["password"], database=store._database
    )
    draw = random.Random(7)
    expected: Counter[str] = Counter()

    async def client(index: int) -> set[str]:
        states = set()
        for turn in range(ORDERS):
            seller, fen = draw.choice(leaves), draw.randrange(1, 10_000)
            expected[seller] += fen
            recorded = await orders.record(
                (store, elsewhere)[index % 2],
                [order(f"{index}-{turn}", fen, seller=seller, buyer=f"b{draw.randrange(100)}")],
                **BY,
            )
            states |= {outcome.state for outcome in recorded}
        return states

    assert await asyncio.gather(*(client(index) for index in range(CLIENTS))) == [{"recorded"}] * CLIENTS
    rows = await query("MATCH (p:Promoter) WHERE p.sales_orders > 0 RETURN p.code AS code, p.sales_volume_fen AS fen")
    assert {row["code"]: row["fen"] for row in rows} == expected
    (team,) = await query("MATCH (:Promoter {code: '0'})-[:REFERRED*]->(p) RETURN sum(p.sales_volume_fen) AS fen")
    assert team["fen"] == sum(expected.values())
    (count,) = await query("MATCH (e:JournalEntry {kind: 'order_recorded'}) RETURN count(DISTINCT e.seq) AS n")
    assert count["n"] == CLIENTS * ORDERS
    assert await counted_alike(store)
    assert await ledger.problems(store) == []
    await elsewhere.close()


async def test_callers_in_one_transaction_get_each_its_own_outcomes(store: Store, pii: Pii, query: Query) -> None:
    await chain_of_four(store, pii)
    await orders.record(store, [order("old", 5)], **BY)
    answers = await told(
        store,
        [order("o1", 100), order("o2", 100, seller="nobody")],
        [order("o1", 100)],
        [order("o1", 101), order("o3", 7)],
        [order("old", 5)],
        [],
    )
    states = [[outcome.state for outcome in outcomes] for outcomes in answers if isinstance(outcomes, list)]
    assert states == [["recorded", "refused"], ["unchanged"], ["refused", "recorded"], ["unchanged"], []]
    assert isinstance(answers[2], list)
    assert isinstance(answers[2][0].error, Conflict)
    (heads,) = await query("MATCH (o:Order) RETURN count(o) AS n, sum(o.paid_fen) AS fen")
    assert heads == {"n": 3, "fen": 112}


async def test_a_caller_with_a_row_that_nothing_can_write_fails_alone(store: Store, pii: Pii, query: Query) -> None:
    await chain_of_four(store, pii)
    poison = NewOrder("\ud800", "b1", "D", (NewLine("tea", 1, 100),), PAID_AT)
    answers = await told(store, [order("o1", 1)], [order("o2", 2), poison], [order("o3", 3)], [order("o4", 4)])
    assert isinstance(answers[1], UnicodeEncodeError)
    assert [outcomes[0].state for outcomes in answers if isinstance(outcomes, list)] == ["recorded"] * 3
    rows = await query("MATCH (o:Order) RETURN o.number AS number ORDER BY number")
    assert [row["number"] for row in rows] == ["o1", "o3", "o4"]


async def test_each_order_stands_in_the_journal_in_its_own_callers_name(store: Store, pii: Pii, query: Query) -> None:
    await chain_of_four(store, pii)
    async with locked(store):
        tasks = [
            asyncio.create_task(orders.record(store, [order(number, 1)], actor=actor, now=BY["now"]))
            for number, actor in (("o1", "x"), ("o2", "y"), ("o3", "x"), ("o1", "y"))
        ]
        await asyncio.sleep(0)
    assert [outcomes[0].state for outcomes in await asyncio.gather(*tasks)] == [*["recorded"] * 3, "unchanged"]
    rows = await query(
        "MATCH (e:JournalEntry {kind: 'order_recorded'}) MATCH (o:Order {seq: e.seq})"
        " RETURN o.number AS number, e.actor AS actor ORDER BY number"
    )
    assert rows == [
        {"number": "o1", "actor": "x"},
        {"number": "o2", "actor": "y"},
        {"number": "o3", "actor": "x"},
    ]


async def test_a_codeless_order_and_the_coded_one_that_binds_its_buyer_come_from_two_callers(
    store: Store, pii: Pii, query: Query
) -> None:
    await chain_of_four(store, pii)
    await told(store, [order("late", 100, seller=None, at=PAID_AT + 1)], [order("coded", 100, seller="C")])
    rows = await query("MATCH (o:Order) RETURN o.number AS number, o.seller_code AS seller ORDER BY number")
    assert [row["seller"] for row in rows] == ["C", "C"]
    assert await counted_alike(store)


async def test_forty_callers_cost_as_many_statements_as_one(
    store: Store, pii: Pii, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chain_of_four(store, pii)
    run: list[str] = []
    run_one = Transaction.run

    async def counted(self: Transaction, statement: Statement, parameters: Mapping[str, Any]) -> list[Record]:
        run.append(statement.name)
        return await run_one(self, statement, parameters)

    await orders.record(store, [order("warm", 1)], **BY)
    monkeypatch.setattr(Transaction, "run", counted)
    await orders.record(store, [order("alone", 1)], **BY)
    alone = run.copy()
    run.clear()
    await told(store, *([order(f"o{index}", 1)] for index in range(40)))
    assert run == [*(name for name in alone if name == "lock"), *alone]


async def test_touches_told_together_bind_once_and_each_caller_learns_of_its_own(
    store: Store, pii: Pii, query: Query
) -> None:
    await chain_of_four(store, pii)
    await orders.record(
        store, [order("o1", 100, seller=None, buyer="x"), order("o2", 100, seller=None, buyer="y")], **BY
    )
    first = NewTouch("x", "C", PAID_AT - 2, "k1")
    callers = [first], [first], [NewTouch("x", "D", PAID_AT - 2, "k1")], [NewTouch("y", "B", PAID_AT - 1, "k2")]
    async with locked(store):
        tasks = [asyncio.create_task(touches.record(store, each, **BY)) for each in callers]
        await asyncio.sleep(0)
    states = [outcomes[0].state for outcomes in await asyncio.gather(*tasks)]
    assert states == ["recorded", "unchanged", "refused", "recorded"]
    rows = await query("MATCH (o:Order) RETURN o.seller_code AS seller ORDER BY o.number")
    assert [row["seller"] for row in rows] == ["C", "B"]
    assert await query("MATCH (e:JournalEntry {kind: 'touches_recorded'}) RETURN e.facts AS facts") == [
        {"facts": '{"count":2}'}
    ]

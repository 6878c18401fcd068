"""A drawn graph that is stored gives the snapshot that was drawn, and the same findings."""

from __future__ import annotations

from typing import Any

import pytest

from cypher.store import Store
from graph_api.actions import identifiers, orders, products, promoters
from graph_api.jobs import snapshot
from graph_api.pii import Pii
from graph_api.risk.registry import DETECTORS, scan
from graph_api.risk.snapshot import Snapshot
from graph_api.rules.calendar import DAY_US, instant
from tests.conftest import Query
from tests.risk.drawn import Drawn, drawn

JOINED = instant("2025-01-01T00:00:00Z")
PAID = instant("2026-03-02T04:00:00Z")


async def stored(query: Query, graph: Drawn) -> None:
    """The graph as nodes; an income comes from an order of its day that nobody sold."""
    await query("UNWIND $codes AS code CREATE (:Person:Promoter {code: code})", codes=list(graph.people))
    people = [vars(person) | {"code": code} for code, person in graph.people.items()]
    await query(
        "UNWIND $people AS row MATCH (p:Promoter {code: row.code}) SET p.joined_at = row.joined_at WITH p, row"
        " OPTIONAL MATCH (q:Promoter {code: row.under}) OPTIONAL MATCH (c:Promoter {code: row.claims})"
        " FOREACH (q IN CASE WHEN q IS NULL THEN [] ELSE [q] END | CREATE (q)-[:REFERRED {promoter_code: p.code,"
        " since_at: CASE WHEN row.referred_at <> row.joined_at THEN row.referred_at END}]->(p))"
        " FOREACH (c IN CASE WHEN c IS NULL THEN [] ELSE [c] END | CREATE (c)-[:CLAIMED_REFERRAL {promoter_code: p.code}]->(p))",
        people=people,
    )
    sold = [
        {
            "number": f"{n:06}",
            "buyer_code": buyer,
            "seller_code": seller,
            "paid_at": at,
            "paid_fen": paid_fen,
            "refunded_fen": refunded_fen,
            "commissionable": countable,
        }
        for n, (buyer, seller, at, paid_fen, refunded_fen, countable) in enumerate(graph.orders)
    ]
    await query("UNWIND $rows AS row CREATE (o:Order) SET o = row", rows=sold)
    entries = [
        {
            "number": f"income-{n:06}",
            "code": code,
            "at": day * DAY_US,
            "amounts": [[0, own_fen - open_fen, "PAID"], [0, open_fen, "HELD"], [2, override_fen, "PAID"]],
        }
        for n, (code, day, own_fen, override_fen, open_fen) in enumerate(graph.incomes)
    ]
    await query(
        "UNWIND $rows AS row MATCH (p:Promoter {code: row.code}) CREATE (o:Order {number: row.number, paid_at: row.at})"
        " WITH p, o, row UNWIND row.amounts AS amount CREATE (p)-[:EARNED]->(c:Commission {level: amount[0], amount_fen: amount[1],"
        " state: amount[2], sku: 'P'})<-[:YIELDED]-(o)",
        rows=entries,
    )
    await query(
        "UNWIND $rows AS row MERGE (p:Person {code: row[0]}) MERGE (i:Identifier {id: row[1]}) MERGE (p)-[:IDENTIFIED_BY]->(i)",
        rows=[list(link) for link in graph.links],
    )


def told(read: Snapshot) -> dict[str, Any]:
    """What a snapshot says, whatever numbers it says it with; an identifier of one person says nothing."""
    shared = [i for i, people in enumerate(read.people_by_identifier) if people > 1]
    names = [*read.codes, None]
    columns = (read.referrers, read.claims, read.joined_ats, read.referred_ats)
    incomes = (read.income_receivers, read.income_days, read.own_fens, read.override_fens, read.open_fens)
    sold = (read.buyers, read.sellers, read.paid_ats, read.paid_fens, read.refunded_fens, read.countables)
    return {
        "promoters": [
            (names[n], names[above], names[claim], *map(int, rest))
            for n, (above, claim, *rest) in enumerate(zip(*columns, strict=True))
        ],
        "orders": sorted((names[b], names[s], *map(int, rest)) for b, s, *rest in zip(*sold, strict=True)),
        "incomes": sorted((names[who], *map(int, rest)) for who, *rest in zip(*incomes, strict=True)),
        "links": {(read.identifiers[i], names[p]) for i in shared for p in read.people_with(i)},
    }


@pytest.mark.parametrize("key", DETECTORS)
async def test_a_stored_graph_gives_the_drawn_snapshot(
    store: Store, query: Query, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for page in ("PROMOTERS_PAGE", "ORDERS_PAGE", "IDENTIFIERS_PAGE"):
        monkeypatch.setattr(snapshot, page, 7)
    graph = drawn(key.lower())
    await stored(query, graph)
    read, expected = await snapshot.read(store, as_of=graph.as_of), graph.snapshot()
    assert told(read) == told(expected)
    every = scan(read, DETECTORS.values())
    assert {each for done in every for each in done.found} == {
        each for done in scan(expected, DETECTORS.values()) for each in done.found
    }
    assert sum(len(done.found) for done in every if done.detector.key == key) == len(graph.finds)


async def test_what_is_recorded_is_what_is_read(store: Store, pii: Pii) -> None:
    await products.upsert(store, products.NewProduct("P", "茶", 100_000, 2000), actor="test", now=JOINED)
    rows = [
        promoters.Enrolment(code, joined_at=JOINED, referrer_code=above)
        for code, above in zip("ABC", [None, *"AB"], strict=True)
    ]
    await promoters.enrol(store, pii, rows, actor="test", now=JOINED)
    sales = [
        orders.NewOrder("o1", "x", "C", (orders.NewLine("P", 1, 100_000),), PAID),
        orders.NewOrder("o2", "C", "C", (orders.NewLine("P", 1, 50_000),), PAID),
        orders.NewOrder("o3", "nobody's", None, (orders.NewLine("P", 1, 50_000),), PAID),
    ]
    await orders.record(store, sales, actor="test", now=PAID)
    await orders.refund(store, number="o1", key="r", sku=None, refund_fen=50_000, at=PAID + 1, actor="test", now=PAID)
    links = [identifiers.Identification(code, "DEVICE", "d") for code in ("A", "x")]
    await identifiers.link(store, pii, links, actor="test", now=PAID)
    read = told(await snapshot.read(store, as_of=PAID))
    assert read["promoters"] == [
        ("A", None, None, JOINED, JOINED),
        ("B", "A", None, JOINED, JOINED),
        ("C", "B", None, JOINED, JOINED),
    ]
    assert read["orders"] == [("C", "C", PAID, 50_000, 0, 0), ("x", "C", PAID, 100_000, 50_000, 1)]
    day = (PAID + 8 * 3_600_000_000) // DAY_US
    assert read["incomes"] == [
        ("A", day, 0, 1_500, 1_500),
        ("B", day, 0, 1_500, 1_500),
        ("C", day, 10_000, 0, 10_000),
    ]
    assert {person for _, person in read["links"]} == {"A", "x"}

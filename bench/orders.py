"""`make bench ARGS=orders`: orders a second through GraphQL beside bare Cypher that writes the same."""

from __future__ import annotations

import itertools
import logging
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import network
from bench.http_load import Connections, Figures, graphql_body, hammer
from bench.raw import Raw
from bench.service import Service
from cypher import migrations
from cypher.store import Store, connect
from graph_api.actions import products, promoters
from graph_api.actions.orders import NewOrder
from graph_api.actions.promoters import Enrolment
from graph_api.pii import Pii
from graph_api.rules.calendar import instant_text
from graph_api.servers import Servers
from graph_api.viewer import Role

SELLERS = 1_000
BATCH, BATCH_CLIENTS = 100, 8
BARE_BATCH = 1_000
SINGLE_CLIENTS = 256
DEPTH = 14
SHIFT = 10**12
"""Added to journal positions of what bare Cypher writes, so that it stays apart."""
RECORD = "mutation($input: [OrderInput!]!) { recordOrders(input: $input) { recorded problems { message } } }"
WRITTEN = """
UNWIND $numbers AS number
MATCH (b:Person)-[:PLACED]->(o:Order {number: number})<-[:SOLD]-(s:Promoter)
MATCH (o)-[line:CONTAINS]->(p:Product)
MATCH (x:Posting {id: toString(o.seq)})
MATCH (j:JournalEntry {seq: o.seq})
RETURN b.code AS buyer_code, s.code AS seller_code, p.sku AS sku, properties(o) AS order, properties(line) AS line,
       properties(x) AS posting, properties(j) AS entry,
       COLLECT { MATCH (o)-[:YIELDED]->(c)<-[:EARNED]-(q) RETURN {code: q.code, properties: properties(c)} } AS commissions
"""
WRITE = """
UNWIND $rows AS row
MERGE (b:Person {code: row.buyer_code})
SET b:Buyer
WITH row, b
MATCH (s:Promoter {code: row.seller_code})
MATCH (p:Product {sku: row.sku})
CREATE (b)-[:PLACED]->(o:Order)<-[:SOLD]-(s), (o)-[line:CONTAINS]->(p), (x:Posting), (j:JournalEntry)
SET o = row.order, line = row.line, x = row.posting, j = row.entry,
    s.sales_orders = s.sales_orders + 1, s.sales_volume_fen = s.sales_volume_fen + row.order.paid_fen
MERGE (m:SalesMonth {promoter_code: row.seller_code, month: row.order.month})
ON CREATE SET m.orders = 0, m.volume_fen = 0
SET m.orders = m.orders + 1, m.volume_fen = m.volume_fen + row.order.paid_fen
MERGE (s)-[:SOLD_IN]->(m)
WITH row, o
UNWIND row.commissions AS commission
MATCH (q:Promoter {code: commission.code})
CREATE (q)-[:EARNED]->(c:Commission)<-[:YIELDED]-(o)
SET c = commission.properties
"""
FORGET = (
    "MATCH (o:Order) WHERE o.number STARTS WITH 'bare-' CALL (o) {"
    " OPTIONAL MATCH (o)-[:YIELDED]->(c) DETACH DELETE c WITH DISTINCT o DETACH DELETE o } IN TRANSACTIONS OF 2000 ROWS",
    f"MATCH (x:Posting) WHERE x.seq >= {SHIFT} CALL (x) {{ DELETE x }} IN TRANSACTIONS OF 10000 ROWS",
    f"MATCH (j:JournalEntry) WHERE j.seq >= {SHIFT} CALL (j) {{ DELETE j }} IN TRANSACTIONS OF 10000 ROWS",
)


async def bench(servers: Servers, data_dir: Path, *, workers: int, quick: bool) -> None:
    store = connect(
        servers.neo4j_uri, user=servers.neo4j_user, password=servers.neo4j_password, database=servers.neo4j_database
    )
    raw = Raw(servers, connections=SINGLE_CLIENTS)
    people = await prepare(store)
    service = Service(servers, data_dir / "service", workers=workers)
    try:
        await service.ready()
        connections = Connections(service.port, service.token(Role.SERVICE))
        told = Told(people)
        await _recorded(connections, told, orders=2_000, batch=BATCH, clients=BATCH_CLIENTS)
        most = await bench_batches(connections, told, raw, orders=4_000 if quick else 40_000, rounds=2 if quick else 5)
        await bench_singles(connections, told, raw, orders=2_000 if quick else 20_000, most=most)
        print(f"peak memory: service {service.peak_memory_mib()} MiB")
    finally:
        service.stop()
        await raw.close()
        await store.close()


async def prepare(store: Store) -> list[Enrolment]:
    """A tree of sellers, and apart from it a chain, c0 above all."""
    await migrations.migrate(store)
    now = network.BEGAN_AT
    await products.upsert(store, products.NewProduct("tea", "tea", 10_000, 2000), actor="bench", now=now)
    people = network.team(SELLERS)
    chain = [
        Enrolment(f"c{level}", referrer_code=f"c{level - 1}" if level else None, joined_at=now)
        for level in range(DEPTH + 1)
    ]
    outcomes = await promoters.enrol(
        store, Pii.from_secret("bench" * 10), [*people, *chain], historical=True, actor="bench", now=now
    )
    assert all(outcome.state == "recorded" for outcome in outcomes)
    return people


class Told:
    """Orders of random people, as mutations tell them; no number twice."""

    def __init__(self, people: Sequence[Enrolment]) -> None:
        self._rounds = (
            network.orders(list(people), count=count, prefix=f"n{count}-") for count in itertools.count(5_000)
        )
        self._orders = itertools.chain.from_iterable(self._rounds)

    def next(self, count: int) -> list[dict[str, Any]]:
        return [as_input(order) for order in itertools.islice(self._orders, count)]


def as_input(order: NewOrder) -> dict[str, Any]:
    return {
        "number": order.number,
        "buyerCode": order.buyer_code,
        "promoterCode": order.promoter_code,
        "lines": [{"sku": line.sku, "quantity": line.quantity, "paidFen": line.paid_fen} for line in order.lines],
        "paidAt": instant_text(order.paid_at),
    }


async def record(connections: Connections, rows: list[dict[str, Any]]) -> None:
    answer = await connections.post(graphql_body(RECORD, input=rows))
    assert answer["data"]["recordOrders"] == {"recorded": len(rows), "problems": []}, answer


async def _recorded(
    connections: Connections, told: Told, *, orders: int, batch: int, clients: int
) -> tuple[Figures, list[str]]:
    """What it took, per request, and the numbers recorded; texts are made before the clock starts."""
    connections.close()
    batches = [told.next(batch) for _ in range(orders // batch)]
    bodies = [graphql_body(RECORD, input=rows) for rows in batches]

    async def ask(turn: int) -> None:
        answer = await connections.post(bodies[turn])
        assert answer["data"]["recordOrders"]["recorded"] == batch, answer

    figures = await hammer(ask, clients=clients, turns=range(len(bodies)))
    return figures, [row["number"] for rows in batches for row in rows]


async def _as_written(raw: Raw, numbers: Sequence[str], *, turn: int) -> list[dict[str, Any]]:
    """What the service has written for these orders, to be written once more under other keys."""
    rows: list[dict[str, Any]] = []
    shift = SHIFT * (turn + 1)
    for start in range(0, len(numbers), BARE_BATCH):
        rows += await raw.run(WRITTEN, numbers=numbers[start : start + BARE_BATCH])
    assert len(rows) == len(numbers)
    for row in rows:
        seq = row["order"]["seq"] + shift
        row["order"] |= {"number": f"bare-{turn}-{row['order']['number']}", "seq": seq}
        row["posting"] |= {"id": str(seq), "seq": seq}
        row["entry"] |= {"seq": seq}
        for index, commission in enumerate(row["commissions"]):
            commission["properties"] |= {"id": f"{seq}-{index}", "seq": seq}
    return rows


async def bench_batches(connections: Connections, told: Told, raw: Raw, *, orders: int, rounds: int) -> float:
    """Batches of 100 by 8 clients, beside bare batches of 1,000 that write the same nodes and relationships, in turn.

    What the bare ones write a second is the answer: more is not to be had of this Neo4j.
    """
    pairs: list[tuple[float, float]] = []
    for turn in range(rounds):
        figures, numbers = await _recorded(connections, told, orders=orders, batch=BATCH, clients=BATCH_CLIENTS)
        rows = await _as_written(raw, numbers, turn=turn)
        began = time.perf_counter()
        for start in range(0, len(rows), BARE_BATCH):
            await raw.write(WRITE, rows=rows[start : start + BARE_BATCH])
        pairs.append((figures.per_second * BATCH, len(rows) / (time.perf_counter() - began)))
        await _forget(raw)
    ours, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"recordOrders, {BATCH} x {BATCH_CLIENTS} clients   promograph {ours:7.0f} orders/s"
        f"   bare batches of {BARE_BATCH} {bare:7.0f} orders/s   ratio {ours / bare:.2f}"
    )
    return bare


async def bench_singles(connections: Connections, told: Told, raw: Raw, *, orders: int, most: float) -> None:
    """One order a mutation by 256 clients, beside one bare transaction an order: one after the other, and by as many clients.

    The latter share commits in Neo4j, deadlock on promoters they have in common, and run again after a pause of the driver.
    `most` is told as a ratio too: whoever writes through this Neo4j stays below it.
    """
    logging.getLogger("neo4j").setLevel(logging.ERROR)
    ours, numbers = await _recorded(connections, told, orders=orders, batch=1, clients=SINGLE_CLIENTS)
    rows = await _as_written(raw, numbers[: max(orders // 4, SINGLE_CLIENTS)], turn=len(numbers))

    async def write(turn: int) -> None:
        await raw.write(WRITE, rows=rows[turn : turn + 1])

    alone = len(rows) // 5
    bare = {1: await hammer(write, clients=1, turns=range(alone))}
    bare[SINGLE_CLIENTS] = await hammer(write, clients=SINGLE_CLIENTS, turns=range(alone, len(rows)))
    await _forget(raw)
    print(f"single orders, {SINGLE_CLIENTS} clients   promograph {ours}")
    for clients, figures in bare.items():
        ratio, limit = (each / figures.per_second for each in (ours.per_second, most))
        print(
            f"  one bare transaction each, {clients:3} at once    {figures}   ratio {ratio:.1f},"
            f" of bare batches of {BARE_BATCH} {limit:.1f}"
        )


async def _forget(raw: Raw) -> None:
    for text in FORGET:
        await raw.run(text)

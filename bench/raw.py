"""The yardstick: the same work as bare Cypher through the bare driver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from itertools import islice
from typing import Any

import neo4j

from graph_api.actions.orders import NewOrder
from graph_api.actions.promoters import Enrolment
from graph_api.servers import Servers

BATCH = 2_000

PROMOTERS = """
UNWIND $rows AS row
CREATE (p:RawPromoter {code: row.code, joined_at: row.joined_at})
WITH p, row WHERE row.referrer_code IS NOT NULL
MATCH (q:RawPromoter {code: row.referrer_code})
CREATE (q)-[:RAW_REFERRED]->(p)
"""
ORDERS = """
UNWIND $rows AS row
MATCH (p:RawPromoter {code: row.promoter_code})
MERGE (b:RawBuyer {code: row.buyer_code})
CREATE (b)-[:RAW_PLACED]->(o:RawOrder {number: row.number, paid_fen: row.paid_fen, paid_at: row.paid_at, sku: row.sku})<-[:RAW_SOLD]-(p)
"""
TEAM = """
MATCH (:Promoter {code: $code})-[r:REFERRED*1..1000]->(m)
RETURN count(m) AS size, sum(m.sales_volume_fen) AS volume_fen
"""
VIEW = """
MATCH (p:Promoter {code: $code})
RETURN p {.code, .rank, .status, members: COLLECT {
  MATCH (p)-[:REFERRED]->(m:Promoter)
  WITH m ORDER BY m.joined_at, m.code LIMIT 20
  OPTIONAL MATCH (m)-[:SOLD_IN]->(s:SalesMonth {month: $month})
  RETURN m {.code, .rank, .status, orders: s.orders, volume_fen: s.volume_fen, team: COLLECT {
    MATCH (m)-[:REFERRED*1..1000]->(d)
    OPTIONAL MATCH (d)-[:SOLD_IN]->(t:SalesMonth {month: $month})
    RETURN [count(d), sum(t.volume_fen)]
  }}
}} AS view
"""


class Raw:
    """A bare driver on the benchmark's Neo4j."""

    def __init__(self, servers: Servers, *, connections: int = 64) -> None:
        self._driver = neo4j.AsyncGraphDatabase.driver(
            servers.neo4j_uri,
            auth=(servers.neo4j_user, servers.neo4j_password),
            notifications_min_severity="OFF",
            max_connection_pool_size=connections,
        )
        self._database = servers.neo4j_database

    async def run(self, text: str, **parameters: Any) -> list[dict[str, Any]]:
        async with self._driver.session(database=self._database) as session:
            return [record.data() async for record in await session.run(text, parameters)]

    async def write(self, text: str, **parameters: Any) -> None:
        """In a transaction of its own, again if Neo4j says so."""
        await self._driver.execute_query(text, parameters, database_=self._database)

    async def stream(self, text: str) -> AsyncIterator[neo4j.Record]:
        async with self._driver.session(database=self._database) as session:
            async for record in await session.run(text):
                yield record

    async def prepare(self) -> None:
        for label, key in (("RawPromoter", "code"), ("RawBuyer", "code"), ("RawOrder", "number")):
            await self.run(f"CREATE CONSTRAINT {label.lower()} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{key} IS UNIQUE")

    async def load(self, people: Iterable[Enrolment], told: Iterable[NewOrder]) -> None:
        """The same rows, as little as a graph of them needs: no commission, no sums, no journal, no checks."""
        rows = ({"code": p.code, "referrer_code": p.referrer_code, "joined_at": p.joined_at} for p in people)
        await self._batches(PROMOTERS, rows)
        lines = (
            {
                "number": order.number,
                "buyer_code": order.buyer_code,
                "promoter_code": order.promoter_code,
                "paid_at": order.paid_at,
                "paid_fen": line.paid_fen,
                "sku": line.sku,
            }
            for order in told
            for line in order.lines
        )
        await self._batches(ORDERS, lines)

    async def _batches(self, text: str, rows: Iterable[dict[str, Any]]) -> None:
        iterator = iter(rows)
        while batch := list(islice(iterator, BATCH)):
            await self.run(text, rows=batch)

    async def clear(self) -> None:
        await self.run(
            "MATCH (n:RawPromoter|RawBuyer|RawOrder) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"
        )

    async def close(self) -> None:
        await self._driver.close()

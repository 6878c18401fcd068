"""Migrations apply once, also when two start together."""

from __future__ import annotations

import asyncio

import pytest

from cypher import migrations
from cypher.store import Store, connect
from graph_api.servers import Servers
from tests.conftest import Query


async def drop_schema(query: Query) -> None:
    for row in await query("SHOW CONSTRAINTS YIELD name"):
        await query(f"DROP CONSTRAINT {row['name']}")
    for row in await query("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name"):
        await query(f"DROP INDEX {row['name']}")


@pytest.mark.parametrize("fresh", [False, True], ids=["nothing recorded", "no schema yet"])
async def test_two_that_start_together_leave_one_schema(
    servers: Servers, store: Store, query: Query, fresh: bool
) -> None:
    await query("MATCH (m:Migration) DELETE m")
    if fresh:
        await drop_schema(query)
    await query("MATCH (m:Journal|Store|Plan) DETACH DELETE m")
    stores = [
        connect(
            servers.neo4j_uri, user=servers.neo4j_user, password=servers.neo4j_password, database=servers.neo4j_database
        )
        for _ in range(2)
    ]
    await asyncio.gather(*(migrations.migrate(one) for one in stores))
    counted = await query(
        "MATCH (n:Migration|Journal|Store|Plan) RETURN labels(n)[0] AS label, count(*) AS n ORDER BY label"
    )
    steps = len(migrations.numbered())
    assert counted == [
        {"label": "Journal", "n": 1},
        {"label": "Migration", "n": steps},
        {"label": "Plan", "n": 1},
        {"label": "Store", "n": 1},
    ]
    assert await migrations.migrate(store) == 0
    for one in stores:
        await one.close()

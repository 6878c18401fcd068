"""The routed scheme `neo4j://` is a setting like `bolt://`: the driver asks who writes and who reads."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator

import pytest_asyncio

from cypher.store import Store
from graph_api.pii import Pii
from graph_api.servers import Servers
from graph_api.settings import Settings
from tests.conftest import empty
from tests.schema.conftest import Service, fill, serving


@pytest_asyncio.fixture
async def routed(store: Store, servers: Servers, settings: Settings, pii: Pii) -> AsyncIterator[Service]:
    await empty(store)
    address = servers.neo4j_uri.replace("bolt://", "neo4j://", 1)
    assert address.startswith("neo4j://")
    async with serving(settings, dataclasses.replace(servers, neo4j_uri=address)) as running:
        await fill(running.store, pii)
        yield running


async def test_a_service_writes_and_reads_through_a_routing_table(routed: Service) -> None:
    team = '{ promoter(code: "A") { team { size volumeFen } } }'
    before = await routed.data(team)
    assert before["promoter"]["team"]["size"] == 4
    enrol = 'mutation { enrolPromoter(input: {code: "new", referrerCode: "D"}) { errors { code } } }'
    assert (await routed.data(enrol))["enrolPromoter"]["errors"] == []
    assert (await routed.data(team))["promoter"]["team"]["size"] == 5
    assert (await routed.client.get("/readyz")).json()["neo4j"] == "ok"


async def test_what_was_written_is_named_to_whoever_reads_next(routed: Service) -> None:
    """The bookmark of the last write goes along with every read, so a secondary that is behind it waits."""
    before = (await routed.store.way_in())["bookmarks"]
    await routed.data('mutation { enrolPromoter(input: {code: "newer"}) { errors { code } } }')
    after = (await routed.store.way_in())["bookmarks"]
    assert len(after) == 1
    assert after != before

"""A tree that is larger than the nodes and edges an answer may hold, and what a first load brings over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Request, expect

from cypher.store import Store
from graph_api.batched.structures import NODES_MAX
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.conftest import Query, empty
from tests.console.site import Site, watched

PEOPLE = NODES_MAX + 1_001
FIRST_LOAD_BYTES = 400_000
# Each stands under the one at half its own number: a tree of levels that double.
GROWN = """UNWIND range(0, $people - 1) AS at
CREATE (p:Person:Promoter {code: 'L' + at, status: 'ACTIVE', rank: 'PROMOTER', joined_at: 1, sales_volume_fen: at})
WITH collect(p) AS all
UNWIND range(1, $people - 1) AS at
WITH all[at] AS p, all[(at - 1) / 2] AS q
CREATE (q)-[:REFERRED {promoter_code: p.code}]->(p)"""


@pytest_asyncio.fixture(scope="module")
async def large(
    connected: Store, servers: Servers, settings: Settings, browser: Browser, query: Query
) -> AsyncIterator[Site]:
    await empty(connected)
    await query(GROWN, people=PEOPLE)
    running = Site(settings, servers)
    await running.start()
    yield running
    await running.stop()


async def test_a_tree_over_the_limit_of_nodes_opens_with_everybody_in_it(browser: Browser, large: Site) -> None:
    async with watched(browser, large) as watching:
        await watching.open("/console/explore?root=L0&depth=1000&limit=100000", Role.OPERATOR)
        place = watching.page.locator(".canvas")
        await expect(place).to_have_attribute("data-nodes", str(PEOPLE))
        status = watching.page.get_by_role("status").first
        await expect(status).to_contain_text(f"{PEOPLE:,}")
        await expect(status).to_contain_text(f"{PEOPLE - 1:,}")
        assert "Cut" not in await status.inner_text()
        box = await place.bounding_box()
        first = await place.get_attribute("data-first")
        assert box is not None
        assert first is not None
        left, top = map(float, first.split())
        await watching.page.mouse.click(box["x"] + left, box["y"] + top)
        await expect(watching.page).to_have_url(f"{large.url}/console/explore?root=L0&depth=1000&limit=100000&sel=L0")
        await watching.settled()


async def test_the_first_load_of_the_explorer_is_small_and_without_charts_and_workbench(
    browser: Browser, large: Site
) -> None:
    async with watched(browser, large) as watching:
        loaded: list[Request] = []
        watching.page.on("requestfinished", lambda request: loaded.append(request))
        await watching.open("/console/explore", Role.ADMIN)
        files = [request for request in loaded if "/console/assets/" in request.url]
        names = " ".join(request.url.rpartition("/")[2] for request in files)
        assert "explore-" in names
        assert [lazy for lazy in ("charts-", "workbench-", "dashboard-") if lazy in names] == []
        sizes = [await request.sizes() for request in loaded]
        assert sum(size["responseBodySize"] for size in sizes) < FIRST_LOAD_BYTES

"""A real Chromium, and the small network of `schema/conftest.py` with a ring in it, behind the service."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

import hatch_build
from cypher.store import Store
from graph_api.actions import identifiers, promoters
from graph_api.pii import Pii
from graph_api.servers import Servers
from graph_api.settings import Settings
from tests.conftest import empty
from tests.console.site import Site
from tests.schema.conftest import JOINED, fill

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Containers have no sandbox of their own, and no graphics card.
ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("NO BROWSER TESTS: no Chromium on the path; on Debian: apt-get install chromium fonts-noto-cjk")
    hatch_build.build_pages()
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        await opened.close()


async def with_ring(store: Store, pii: Pii) -> None:
    """The picture of `schema/conftest.py`, and R over five with one device."""
    await fill(store, pii)
    enrolled = [promoters.Enrolment("R", joined_at=JOINED)]
    enrolled += [promoters.Enrolment(f"R{n}", joined_at=JOINED, referrer_code="R") for n in range(1, 6)]
    await promoters.enrol(store, pii, enrolled, actor="test", now=JOINED)
    links = [identifiers.Identification(f"R{n}", "DEVICE", "phone-of-all") for n in range(1, 6)]
    await identifiers.link(store, pii, links, actor="test", now=JOINED)


@pytest_asyncio.fixture(scope="module")
async def site(
    connected: Store, servers: Servers, settings: Settings, pii: Pii, browser: Browser
) -> AsyncIterator[Site]:
    """Shared by the tests of a module."""
    await empty(connected)
    await with_ring(connected, pii)
    running = Site(settings, servers)
    await running.start()
    yield running
    await running.stop()

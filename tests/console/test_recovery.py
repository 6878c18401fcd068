"""A service that goes away while a page is open: it says so, comes back by itself, and loses nothing that was typed."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from graph_api.servers import Servers
from graph_api.viewer import Role
from tests.blackbox.command import PROGRAM, environment
from tests.conftest import SECRET
from tests.console.site import PHONE, ROOT, Site, watched
from tests.schema.conftest import NAMES


class Served:
    """`promograph serve`, a process of its own that is killed and begun anew at one port."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = {**os.environ, **env}
        self._process: asyncio.subprocess.Process | None = None
        self.url = "http://127.0.0.1:0"

    async def start(self) -> None:
        port = self.url.rpartition(":")[2]
        command = (*PROGRAM, "serve", "--no-jobs", "--port", port)
        self._process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=self._env, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        told = (await self._process.stdout.readline()).decode()
        found = re.search(r"answers at (http://\S+)", told)
        assert found, f"it did not start: {told}"
        self.url = found[1]

    async def kill(self) -> None:
        """With no grace: nothing is said to whoever is connected."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.communicate()


@pytest_asyncio.fixture
async def served(site: Site, servers: Servers, redis_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    """Another instance over what `site` stands on."""
    one = Served(environment(servers, secret=SECRET, data_dir=tmp_path, redis_url=redis_url))
    await one.start()
    yield one
    await one.kill()


@pytest.mark.long
async def test_what_is_half_typed_outlives_a_service_that_is_killed(browser: Browser, served: Served) -> None:
    async with watched(browser, served) as watching:
        page = watching.page
        await watching.open("/console/promoter/B", Role.OPERATOR)
        await page.get_by_role("button", name="Move…").click()
        await page.get_by_label("New referrer's code").fill("E")
        await page.get_by_label("Reason").fill("half a rea")
        await served.kill()
        await page.get_by_role("button", name="Preview").click()
        await expect(page.locator(".banner")).to_contain_text("does not answer")
        await served.start()
        await expect(page.locator(".banner")).not_to_contain_text("does not answer")
        await expect(page.get_by_text("3 people would move.")).to_be_visible()
        await expect(page.get_by_label("New referrer's code")).to_have_value("E")
        await expect(page.get_by_label("Reason")).to_have_value("half a rea")


@pytest.mark.long
async def test_a_room_that_was_never_visited_opens_when_the_service_is_back(browser: Browser, served: Served) -> None:
    async with watched(browser, served) as watching:
        page = watching.page
        await watching.open("/console/promoters", Role.RISK)
        await served.kill()
        await page.get_by_role("link", name="Risk").click()
        await expect(page.locator(".banner")).to_contain_text("does not answer")
        await expect(page.get_by_role("link", name="Promoters")).to_be_visible()
        await served.start()
        await expect(page.locator("h1")).to_have_text("Findings")
        # Its style sheet has come as well.
        await expect(page.locator(".desk")).to_have_css("display", "grid")


async def test_a_form_outlives_the_service(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/promoter/E", Role.OPERATOR)
        await page.get_by_role("button", name="Lock…").click()
        await expect(page.get_by_text("What a lock would do")).to_be_visible()
        await page.get_by_label("Reason").fill("a reason of many words")
        await site.stop()
        lock = page.get_by_role("dialog").get_by_role("button", name="Lock", exact=True)
        await lock.click()
        await expect(page.get_by_role("dialog").get_by_text("Not sent")).to_be_visible()
        await expect(page.locator(".banner")).to_contain_text("does not answer")
        await site.start()
        await expect(page.locator(".banner")).not_to_contain_text("does not answer")
        await expect(page.get_by_label("Reason")).to_have_value("a reason of many words")
        await lock.click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.locator("h1 .status.LOCKED")).to_be_visible()


async def test_a_page_that_was_opened_in_vain_fills_by_itself(browser: Browser, site: Site) -> None:
    async with watched(browser, site, size=PHONE) as watching:
        page = watching.page
        await watching.open("/m/?month=2026-01", Role.PROMOTER, "A")
        await site.stop()
        await page.get_by_role("link", name="Team").click()
        await expect(page.locator(".banner")).to_contain_text("does not answer")
        await page.get_by_label("Code or exact name").fill("E")
        await site.start()
        await expect(page.locator(".rows li")).to_have_count(1)
        await expect(page.get_by_label("Code or exact name")).to_have_value("E")
        await page.get_by_role("link", name="Home").click()
        await expect(page.locator("h1")).to_contain_text(NAMES["A"])

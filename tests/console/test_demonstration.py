"""The demonstration's network in a real browser, as each kind of people first walks through it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from cypher.store import Store
from graph_api.jobs import scan
from graph_api.pii import Pii
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from loaders import demo
from loaders.demo.world import LAST_MONTH
from tests.conftest import empty
from tests.console.site import DESKTOP, PHONE, Site, watched
from tests.console.words import Say, words

pytestmark = pytest.mark.long
MONTH = f"{LAST_MONTH // 100}-{LAST_MONTH % 100:02}"
WAYS = pytest.mark.parametrize(
    ("size", "language"), [(DESKTOP, "zh-CN"), (PHONE, "en-US")], ids=["desktop zh", "phone en"]
)


@dataclass(frozen=True, slots=True)
class Demonstration:
    site: Site
    leader_code: str


@pytest_asyncio.fixture(scope="module")
async def shown(
    connected: Store, servers: Servers, settings: Settings, pii: Pii, browser: Browser
) -> AsyncIterator[Demonstration]:
    await empty(connected)
    now = time.time_ns() // 1000
    manifest, _ = await demo.load(connected, pii, now=now, promoters=100)
    await demo.pay_out(connected, pii, manifest.signers, now=now)
    await scan.find(connected, detectors=None, actor="test", now=now)
    site = Site(settings, servers)
    await site.start()
    yield Demonstration(site, manifest.leader_code)
    await site.stop()


async def fits(page: Page, size: dict[str, int]) -> bool:
    width: int = await page.evaluate("document.documentElement.scrollWidth")
    return width <= size["width"]


@WAYS
async def test_an_operator_walks_the_network_and_reads_who_somebody_is(
    browser: Browser, shown: Demonstration, size: dict[str, int], language: str
) -> None:
    leader, say = shown.leader_code, words(language)
    async with watched(browser, shown.site, size=size, language=language) as watching:
        page = watching.page
        await watching.open("/console/explore", Role.OPERATOR)
        await page.get_by_role("searchbox").fill(leader)
        await page.locator(".picks button").first.click()
        await expect(page.locator("section.rows tbody tr").nth(5)).to_be_visible()
        assert await watching.faults() == []
        await page.goto(f"{shown.site.url}/console/promoter/{leader}?month={MONTH}")
        await watching.settled()
        await expect(page.locator("h1")).to_contain_text(leader)
        await expect(payouts_of(page, say)).not_to_have_count(0)
        assert await fits(page, size)
        assert await watching.faults() == []


@WAYS
async def test_a_risk_analyst_finds_what_was_planted(
    browser: Browser, shown: Demonstration, size: dict[str, int], language: str
) -> None:
    async with watched(browser, shown.site, size=size, language=language) as watching:
        page = watching.page
        await watching.open("/console/risk", Role.RISK)
        await expect(page.locator(".queue tbody tr").nth(9)).to_be_visible()
        await page.locator(".queue tbody tr").first.click()
        await expect(page.locator(".case tbody tr")).not_to_have_count(0)
        assert await watching.faults() == []
        for path in ("detectors", "workbench", f"dashboard?month={MONTH}", "audit"):
            await page.goto(f"{shown.site.url}/console/{path}")
            await watching.settled()
            assert await fits(page, size)
            assert await watching.faults() == []


@WAYS
async def test_finance_sees_what_was_paid(
    browser: Browser, shown: Demonstration, size: dict[str, int], language: str
) -> None:
    say = words(language)
    async with watched(browser, shown.site, size=size, language=language) as watching:
        page = watching.page
        await watching.open(f"/console/dashboard?month={MONTH}", Role.FINANCE)
        latest = page.locator("section", has=page.locator("h2", has_text=say("dash.payouts")))
        await expect(latest.locator("tbody tr")).not_to_have_count(0)
        ledger = page.locator(".figure", has=page.locator("dt", has_text=say("dash.ledger")))
        await expect(ledger).to_contain_text("¥0.00")
        await page.goto(f"{shown.site.url}/console/promoter/{shown.leader_code}?month={MONTH}")
        await watching.settled()
        await expect(payouts_of(page, say)).not_to_have_count(0)
        assert await watching.faults() == []


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
async def test_a_promoter_looks_at_team_earnings_and_payouts(
    browser: Browser, shown: Demonstration, language: str
) -> None:
    async with watched(browser, shown.site, size=PHONE, language=language) as watching:
        page = watching.page
        await watching.open("/m/", Role.PROMOTER, shown.leader_code)
        for path in ("team", f"earnings?month={MONTH}", "payouts", "invite"):
            await page.goto(f"{shown.site.url}/m/{path}")
            await watching.settled()
            assert await fits(page, PHONE)
            assert await watching.faults() == []
            if path in ("team", "payouts"):
                await expect(page.locator("main li")).not_to_have_count(0)


def payouts_of(page: Page, say: Say) -> Locator:
    section = page.locator("section", has=page.locator("h2", has_text=say("who.payouts")))
    return section.locator("tbody tr")

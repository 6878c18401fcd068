"""A promoter's page: its lists to their ends, its months, its lock, and what FINANCE finds there."""

from __future__ import annotations

import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from cypher.store import Store
from graph_api.actions import orders
from graph_api.viewer import Role
from tests.console.site import Site, watched
from tests.console.test_journeys import content
from tests.schema.conftest import PAID, Json

MANY = 25


@pytest_asyncio.fixture(scope="module", autouse=True)
async def _sales(site: Site, connected: Store) -> None:
    """T sells on in January, beside its one order of the picture."""
    sold = [
        orders.NewOrder(f"o-T{n}", "x-T", "T", (orders.NewLine("P", 1, 100_000),), PAID + n) for n in range(1, MANY)
    ]
    await orders.record(connected, sold, actor="test", now=PAID + MANY)


async def test_lists_are_gone_through_to_their_end_and_months_stand_in_a_table(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/promoter/T?month=2026-01", Role.OPERATOR)
        for name, rows, first in (("Commission entries", "li", 20), ("Orders", "tbody tr", 10)):
            section = page.locator("section", has=page.get_by_role("heading", name=name))
            await expect(section.locator(rows)).to_have_count(first)
            await section.get_by_role("button", name="Show more").click()
            await expect(section.locator(rows)).to_have_count(MANY)
            await expect(section.get_by_role("button", name="Show more")).to_have_count(0)
        await page.get_by_text("The last 12 months").click()
        months = page.get_by_role("table", name="The last 12 months").locator("tbody tr")
        await expect(months).to_have_count(12)
        await expect(months.first).to_contain_text("2026-01")
        await expect(months.first).to_contain_text("¥25,000.00")
        await expect(months.last).to_contain_text("2025-02")
        assert await watching.faults() == []


async def test_a_promoter_is_locked_and_let_go_and_the_page_says_so(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/promoter/E", Role.RISK)
        for ask, do, said in (("Lock…", "Lock", "Locked."), ("Unlock…", "Unlock", "Unlocked.")):
            await page.get_by_role("button", name=ask).click()
            await page.get_by_role("dialog").get_by_label("Reason").fill("to look closer")
            await page.get_by_role("dialog").get_by_role("button", name=do, exact=True).click()
            await expect(page.get_by_text(said, exact=True)).to_be_visible()
        await expect(page.get_by_role("button", name="Lock…")).to_be_visible()


async def test_nobody_is_locked_before_it_is_seen_what_that_would_hold(browser: Browser, site: Site) -> None:
    async def refuses(route: Route) -> None:
        sent: Json = route.request.post_data_json or {}
        if "codes" not in sent["variables"]:
            return await route.continue_()
        error = {"message": "too much at once", "path": ["blastRadius"], "extensions": {"code": "TOO_COSTLY"}}
        return await route.fulfill(json={"data": {"blastRadius": None}, "errors": [error]})

    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/promoter/E", Role.RISK)
        await page.route("**/graphql", refuses)
        await page.get_by_role("button", name="Lock…").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Reason").fill("unseen")
        await expect(dialog.get_by_role("alert")).to_contain_text("too much at once")
        lock = dialog.get_by_role("button", name="Lock", exact=True)
        await expect(lock).to_be_disabled()
        await page.unroute("**/graphql")
        await dialog.get_by_role("button", name="Try again").click()
        await expect(lock).to_be_enabled()


async def test_finance_takes_the_statement_along_and_is_offered_no_picture(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/promoter/T?month=2026-01", Role.FINANCE)
        await expect(page.get_by_role("link", name="Explore its tree")).to_have_count(0)
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Statement as CSV").click()
        assert b"o-T24" in await content(download)
    async with watched(browser, site) as watching:
        await watching.open("/console/promoter/T?month=2026-01", Role.OPERATOR)
        await expect(watching.page.get_by_role("link", name="Explore its tree")).to_be_visible()
        await expect(watching.page.get_by_role("button", name="Statement as CSV")).to_have_count(0)

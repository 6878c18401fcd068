"""A service that goes away while a page is open: it says so, comes back by itself, and loses nothing that was typed."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from graph_api.viewer import Role
from tests.console.site import PHONE, Site, watched
from tests.schema.conftest import NAMES


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

"""The explorer: earlier days, what lies over the tree, how it looks, keys, and what can be taken back."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, expect

from cypher.store import Store
from graph_api.actions import promoters
from graph_api.pii import Pii
from graph_api.rules.calendar import instant
from graph_api.viewer import Role
from tests.console.site import Site, watched
from tests.console.test_journeys import changed, enrolment
from tests.schema.conftest import JOINED, NAMES, Json

LATER = instant("2025-07-01T00:00:00Z")
BETWEEN = "2025-03-01"
EARLY, LATE = 3, 57


@pytest_asyncio.fixture(scope="module", autouse=True)
async def hub(site: Site, connected: Store, pii: Pii) -> None:
    """G over H, and H over three who joined with it and 57 who joined half a year later."""
    enrolled = [
        promoters.Enrolment("G", joined_at=JOINED),
        promoters.Enrolment("H", joined_at=JOINED, referrer_code="G"),
    ]
    for number in range(EARLY + LATE):
        joined_at = JOINED if number < EARLY else LATER
        enrolled.append(promoters.Enrolment(f"K{number:02}", joined_at=joined_at, referrer_code="H"))
    outcomes = await promoters.enrol(connected, pii, enrolled, actor="test", now=LATER)
    assert {outcome.state for outcome in outcomes} == {"recorded"}


def rows(page: Page) -> Locator:
    return page.locator("section.rows tbody tr")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


async def test_a_hub_is_expanded_page_by_page(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/explore?root=G&depth=1&sel=H", Role.OPERATOR)
        await expect(rows(page)).to_have_count(2)
        await expect(page.get_by_role("status").first).to_contain_text("Deeper levels are not loaded.")
        await button(page, "Expand").click()
        await expect(rows(page)).to_have_count(2 + 50)
        await button(page, "Next 10 of 60").click()
        await expect(rows(page)).to_have_count(2 + EARLY + LATE)
        await expect(button(page, "Expand")).to_have_count(0)
        await page.get_by_label("Levels").select_option("2")
        await expect(page.get_by_role("status").first).not_to_contain_text("Deeper levels")
        await expect(rows(page)).to_have_count(2 + EARLY + LATE)


async def test_expanding_on_an_earlier_day_shows_only_who_was_there(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open(f"/console/explore?root=G&depth=1&sel=H&at={BETWEEN}", Role.OPERATOR)
        await expect(page.get_by_text(f"Structure as of {BETWEEN}")).to_be_visible()
        await button(page, "Expand").click()
        await expect(rows(page)).to_have_count(2 + EARLY)
        await page.get_by_label(BETWEEN).fill("")
        await expect(rows(page)).to_have_count(2 + 50)


async def test_days_are_compared_and_the_slider_goes_by_days_of_shanghai(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/explore?root=G", Role.OPERATOR)
        await page.get_by_label("Compare with").fill(BETWEEN)
        await expect(page.locator(".legend")).to_contain_text(f"+{LATE}")
        await page.get_by_role("slider", name="As of").press("ArrowLeft")
        yesterday = datetime.now(ZoneInfo("Asia/Shanghai")) - timedelta(days=1)
        await expect(page).to_have_url(re.compile(f"at={yesterday:%Y-%m-%d}"))


async def test_how_it_looks_survives_a_reload(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/explore?root=A", Role.RISK)
        await button(page, "Radial").click()
        await page.get_by_label("Size").select_option("Rank")
        await page.get_by_label("Colour").select_option("Team sales shown")
        await expect(page.locator(".legend")).to_contain_text("> ¥400.00")
        await page.reload()
        await watching.settled()
        await expect(button(page, "Radial")).to_have_attribute("aria-pressed", "true")
        await expect(page.get_by_label("Size")).to_have_value("rank")
        await expect(page.locator(".legend")).to_contain_text("> ¥400.00")
        await page.get_by_label("Colour").select_option("Finding")
        await expect(page.locator(".legend")).to_contain_text("named by none")
        await expect(page.locator(".legend")).to_contain_text("Of the 50 gravest findings")


async def test_purchases_and_shared_identifiers_lie_over_the_tree_and_go_by_the_same_button(
    browser: Browser, site: Site
) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/explore?root=A&sel=A", Role.RISK)
        await expect(rows(page)).to_have_count(5)
        await button(page, "Purchases").click()
        await expect(rows(page).filter(has_text="x-A")).to_contain_text("Buyer")
        await expect(page.locator(".legend")).to_contain_text("Purchase")
        await button(page, "Shared identifiers").click()
        await expect(page.get_by_text("Nobody shares an identifier with it.")).to_be_visible()
        asked = page.get_by_role("complementary", name="Filter").locator("details.query")
        await expect(asked).to_have_count(3)
        await asked.nth(2).locator("summary").click()
        await expect(asked.nth(2)).to_contain_text("query ExplorePurchases")
        await expect(asked.nth(2)).to_contain_text('"code": "A"')
        assert await watching.faults() == []
        await button(page, "Purchases").click()
        await button(page, "Shared identifiers").click()
        await expect(rows(page)).to_have_count(5)
        await expect(page.get_by_text("Nobody shares an identifier with it.")).to_have_count(0)
        await expect(asked).to_have_count(1)


async def test_who_is_found_by_a_whole_name_becomes_the_root_and_pins_stay(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/explore?root=A&sel=B", Role.OPERATOR)
        await button(page, "Pin").click()
        await page.get_by_role("searchbox").fill(NAMES["S"])
        await page.get_by_role("button", name="S 姓*").click()
        await expect(rows(page)).to_have_count(2)
        await page.reload()
        await watching.settled()
        await page.get_by_role("region", name="Pinned").get_by_role("button", name="B").click()
        await expect(rows(page)).to_have_count(3)
        await expect(rows(page).first).to_contain_text("● B")


async def test_ways_are_asked_for_from_and_to_who_is_selected(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/explore?root=A&sel=B", Role.OPERATOR)
        await button(page, "Path from here").click()
        await rows(page).filter(has_text="D").click()
        await button(page, "Path to here").click()
        await expect(page.get_by_text("2 hops")).to_be_visible()
        await button(page, "Undo").click()
        await expect(page.get_by_label("To code")).to_have_value("")
        await button(page, "Reset").click()
        await expect(page.get_by_label("From code")).to_have_value("")


async def test_keys_fold_pin_and_zoom_and_tell_what_they_are(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/explore?root=A&sel=A", Role.OPERATOR)
        await expect(rows(page)).to_have_count(5)
        await page.keyboard.press("c")
        await expect(rows(page)).to_have_count(1)
        await page.keyboard.press("x")
        await expect(rows(page)).to_have_count(5)
        await page.keyboard.press("p")
        await expect(rows(page).first).to_contain_text("● A")
        canvas = page.locator(".canvas")
        await page.keyboard.press("+")
        await expect(canvas).to_have_attribute("data-zoom", "1.50")
        # The address has what is looked at, so a link shows another the same.
        await expect(page).to_have_url(re.compile(r"cam=0\.5%2C0\.5%2C0\.66"))
        await page.reload()
        await expect(rows(page)).to_have_count(5)
        await expect(canvas).to_have_attribute("data-zoom", "1.50")
        await page.keyboard.press("0")
        await expect(canvas).to_have_attribute("data-zoom", "1.00")
        await expect(page).not_to_have_url(re.compile("cam="))
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog", name="Keys")).to_contain_text("x expand")
        assert await watching.faults() == []
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page).to_have_url(re.compile("sel=A"))


async def test_a_link_shows_what_was_looked_at_also_when_its_picture_comes_part_by_part(
    browser: Browser, site: Site
) -> None:
    async def late(route: Route) -> None:
        sent: Json = route.request.post_data_json or {}
        await asyncio.sleep("from" in sent["variables"])
        await route.continue_()

    async with watched(browser, site) as watching:
        page = watching.page
        await page.route("**/graphql", late)
        await watching.open("/console/explore?root=A&from=B&to=S&cam=0.5,0.5,0.5", Role.OPERATOR)
        await expect(rows(page)).to_have_count(5)
        await expect(page.locator(".stage")).to_have_attribute("aria-busy", "false")
        await expect(page.get_by_text("No path within 12 hops.")).to_be_visible()
        await expect(page.locator(".canvas")).to_have_attribute("data-zoom", "2.00")
        assert "cam=0.5,0.5,0.5" in page.url


async def test_a_picture_that_is_come_back_to_after_a_while_shows_who_has_joined(browser: Browser, site: Site) -> None:
    await changed(site, 'enrolPromoter(input: {code: "N"})')
    async with watched(browser, site) as watching:
        page = watching.page
        await page.clock.install()
        await watching.open("/console/explore?root=N", Role.OPERATOR)
        await expect(rows(page)).to_have_count(1)
        await changed(site, enrolment("N1", "N"))
        await page.get_by_role("link", name="Promoters").click()
        await expect(page.locator("h1")).to_have_text("Promoters")
        await page.clock.fast_forward(16_000)
        await page.go_back()
        await expect(rows(page)).to_have_count(2)


async def test_selecting_is_no_step_to_take_back_and_typing_is_one(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/explore?root=A", Role.OPERATOR)
        await rows(page).filter(has_text="B").click()
        await expect(page).to_have_url(re.compile("sel=B"))
        await expect(button(page, "Undo")).to_be_disabled()
        await page.get_by_label("Own sales ≥ ¥").press_sequentially("1001")
        await expect(rows(page)).to_have_count(0)
        await button(page, "Undo").click()
        await expect(rows(page)).to_have_count(5)
        await expect(page.get_by_label("Own sales ≥ ¥")).to_have_value("")
        await expect(button(page, "Undo")).to_be_disabled()


async def test_gephi_is_given_the_colours_of_the_picture(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        await watching.open("/console/explore?root=A", Role.OPERATOR)
        await expect(rows(watching.page)).to_have_count(5)
        async with watching.page.expect_download() as download:
            await button(watching.page, "GEXF").click()
        path = await (await download.value).path()
        text = (await asyncio.to_thread(path.read_bytes)).decode()
        assert text.count('<viz:color r="108" g="116" b="128"/>') == 5

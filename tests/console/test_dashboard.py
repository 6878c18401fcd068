"""Sums over time that open and narrow, and that move by themselves while the page is open."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from graph_api.viewer import Role
from tests.console.site import Site, watched
from tests.console.test_journeys import asked


def order(number: str, *, seller: str = "B", paid_on: str = "2026-01-11", medium: str = "", campaign: str = "") -> str:
    """One of ¥1,000 that came by Douyin."""
    return f"""mutation {{ recordOrders(input: [{{number: "{number}", buyerCode: "x-{number}", promoterCode: "{seller}",
        paidAt: "{paid_on}T04:00:00Z", utmSource: "douyin", utmMedium: "{medium}", utmCampaign: "{campaign}",
        lines: [{{sku: "P", quantity: 1, paidFen: 100000}}]}}]) {{ recorded }} }}"""


def total(page: Page, name: str) -> Locator:
    """A figure of all points together."""
    return page.locator(".series .figure", has=page.locator("dt", has_text=name)).locator("dd").first


def sold(page: Page) -> Locator:
    """What was sold in all points together."""
    return total(page, "Sales")


def groups(page: Page) -> Locator:
    """The parts that the sums are made of."""
    return page.get_by_role("region", name="Made of").get_by_role("listitem")


async def test_sums_open_from_months_to_days_and_are_narrowed_by_what_is_sold_to_whom_and_how(
    browser: Browser, site: Site
) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/dashboard?month=2026-01", Role.OPERATOR)
        await expect(sold(page)).to_have_text("¥7,000.00")
        await expect(total(page, "Paid out")).to_have_text("¥0.00")
        await expect(total(page, "New promoters")).to_have_text("0")
        series = page.get_by_role("region", name="Sales over time")
        money = series.get_by_role("img", name="Sales, commission, payouts")
        people = series.get_by_role("img", name="Promoters:")
        await expect(money).to_contain_text("Paid out")
        await expect(people).to_contain_text("New promoters")
        await series.get_by_label("Period").select_option("MONTH")
        await expect(page).to_have_url(f"{site.url}/console/dashboard?month=2026-01&by=MONTH")
        await series.locator("summary", has_text="Table").click()
        await expect(series.locator("tbody tr")).to_have_count(12)
        await series.locator("tbody tr", has_text="2026-01-01").click()
        await expect(series.get_by_role("heading", level=2)).to_contain_text("2026-01-01 – 2026-01-31")
        await expect(series.locator("tbody tr")).to_have_count(31)
        await expect(series.locator("tbody tr", has_text="2026-01-10").first).to_contain_text("¥7,000.00")
        await series.get_by_label("Product").select_option("P")
        # No payout and no newcomer belongs to a product: that nobody knows is not told as a nought.
        await expect(total(page, "Paid out")).to_have_text("—")
        await expect(total(page, "New promoters")).to_have_text("—")
        await expect(money).not_to_contain_text("Paid out")
        await expect(money).to_have_attribute("aria-label", re.compile(r"2026-01-10 7K / [\d.]+K;"))
        await expect(people).not_to_contain_text("New promoters")
        await expect(series.get_by_role("img", name="Fission coefficient")).to_have_count(0)
        await series.get_by_label("Branch below code").fill("B")
        await expect(sold(page)).to_have_text("¥3,000.00")
        await series.get_by_label("Channel: source").fill("nowhere")
        await expect(sold(page)).to_have_text("¥0.00")
        await series.get_by_label("Channel: source").fill("")
        await series.get_by_label("Product").select_option("")
        await series.get_by_label("Rank").select_option("ELITE")
        await expect(sold(page)).to_have_text("¥0.00")
        await expect(total(page, "Paid out")).to_have_text("¥0.00")
        await expect(total(page, "New promoters")).to_have_text("—")
        await series.get_by_role("button", name="Back to the longer span").click()
        await expect(series.locator("tbody tr")).to_have_count(12)
        assert await watching.faults() == []


@pytest.mark.long
async def test_a_sale_and_a_finding_are_told_to_an_open_page_also_after_the_service_was_away(
    browser: Browser, site: Site
) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/dashboard?month=2026-01&code=A", Role.ADMIN)
        now = page.locator(".board [aria-live=polite]")
        await expect(page.locator(".live")).to_have_text("Live: A")
        await expect(now).to_contain_text("4 people, 4 orders, ¥4,000.00")
        await expect(groups(page)).to_contain_text(["¥7,000.00"])
        assert (await asked(site, Role.ADMIN, order("n1")))["recordOrders"]["recorded"] == 1
        await expect(now).to_contain_text("5 orders, ¥5,000.00")
        await expect(sold(page)).to_have_text("¥8,000.00")
        await expect(groups(page)).to_contain_text(["¥8,000.00"])
        assert (await asked(site, Role.RISK, "mutation { scanRisk { raised } }"))["scanRisk"]["raised"] >= 1
        await expect(page.locator(".notice")).to_contain_text("Identity ring")
        await site.stop()
        await expect(page.locator(".live")).to_have_text("Not live")
        await site.start()
        await expect(page.locator(".live")).to_have_text("Live: A")
        await asked(site, Role.ADMIN, order("n2"))
        await expect(now).to_contain_text("6 orders, ¥6,000.00")
        assert await watching.faults() == []


async def test_a_sale_of_another_team_shows_within_a_quarter_of_a_minute_while_somebody_looks(
    browser: Browser, site: Site
) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await page.clock.install()
        await watching.open("/console/dashboard?month=2026-03&code=A", Role.OPERATOR)
        await expect(page.locator(".live")).to_have_text("Live: A")
        await expect(sold(page)).to_have_text("¥0.00")
        updated = page.locator(".series .updated")
        first = await updated.inner_text()
        assert re.fullmatch(r"Updated at \d\d:\d\d:\d\d", first)
        assert (await asked(site, Role.ADMIN, order("n3", seller="S", paid_on="2026-03-02")))["recordOrders"][
            "recorded"
        ] == 1
        await page.clock.fast_forward(16_000)
        await expect(sold(page)).to_have_text("¥1,000.00")
        await expect(groups(page)).to_contain_text(["¥1,000.00"])
        await expect(updated).not_to_have_text(first)


async def test_a_channel_is_opened_from_its_source_to_its_campaign(browser: Browser, site: Site) -> None:
    for number, medium, campaign in (("c1", "live", "spring"), ("c2", "live", "autumn"), ("c3", "feed", "")):
        text = order(number, paid_on="2026-02-03", medium=medium, campaign=campaign)
        assert (await asked(site, Role.ADMIN, text))["recordOrders"]["recorded"] == 1
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/dashboard?month=2026-02", Role.OPERATOR)
        await page.get_by_role("button", name="Channel", exact=True).click()
        await expect(groups(page)).to_contain_text(["¥3,000.00"])
        await groups(page).get_by_role("button", name="douyin").click()
        await expect(groups(page)).to_contain_text(["live", "feed"])
        await groups(page).get_by_role("button", name="live").click()
        await expect(sold(page)).to_have_text("¥2,000.00")
        await expect(groups(page)).to_contain_text(["autumn", "spring"])
        await groups(page).get_by_role("button", name="spring").click()
        await expect(sold(page)).to_have_text("¥1,000.00")
        await expect(page).to_have_url(re.compile("source=douyin&medium=live&campaign=spring"))
        assert await watching.faults() == []
        await page.go_back()
        await expect(sold(page)).to_have_text("¥2,000.00")


async def test_who_may_not_see_sums_of_all_sees_teams_alone(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        await watching.open("/console/dashboard?month=2026-01", Role.RISK)
        await expect(watching.page.get_by_role("heading", name="Largest teams")).to_be_visible()
        await expect(watching.page.locator(".live")).to_contain_text("Live: ")
        await expect(watching.page.locator(".series")).to_have_count(0)

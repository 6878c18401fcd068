"""Sums over time that open and narrow, and that move by themselves while the page is open."""

from __future__ import annotations

from playwright.async_api import Browser, Locator, Page, expect

from graph_api.viewer import Role
from tests.console.site import Site, watched
from tests.console.test_journeys import asked

ORDER = """mutation {{ recordOrders(input: [{{number: "{number}", buyerCode: "x-{number}", promoterCode: "B",
    paidAt: "2026-01-11T04:00:00Z", utmSource: "douyin", lines: [{{sku: "P", quantity: 1, paidFen: 100000}}]}}])
    {{ recorded }} }}"""


def sold(page: Page) -> Locator:
    """What was sold in all points together."""
    return page.locator(".series .figure").first.locator("dd").first


async def test_sums_open_from_months_to_days_and_are_narrowed_by_what_is_sold_to_whom_and_how(
    browser: Browser, site: Site
) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/dashboard?month=2026-01", Role.OPERATOR)
        await expect(sold(page)).to_have_text("¥7,000.00")
        series = page.get_by_role("region", name="Sales over time")
        await series.get_by_label("Period").select_option("MONTH")
        await expect(page).to_have_url(f"{site.url}/console/dashboard?month=2026-01&by=MONTH")
        await series.locator("summary", has_text="Table").click()
        await expect(series.locator("tbody tr")).to_have_count(12)
        await series.locator("tbody tr", has_text="2026-01-01").click()
        await expect(series.get_by_role("heading", level=2)).to_contain_text("2026-01-01 – 2026-01-31")
        await expect(series.locator("tbody tr")).to_have_count(31)
        await expect(series.locator("tbody tr", has_text="2026-01-10").first).to_contain_text("¥7,000.00")
        await series.get_by_label("Product").select_option("P")
        await series.get_by_label("Branch below code").fill("B")
        await expect(sold(page)).to_have_text("¥3,000.00")
        await series.get_by_label("Channel: source").fill("nowhere")
        await expect(sold(page)).to_have_text("¥0.00")
        await series.get_by_label("Channel: source").fill("")
        await series.get_by_label("Rank").select_option("ELITE")
        await expect(sold(page)).to_have_text("¥0.00")
        await series.get_by_role("button", name="Back to the longer span").click()
        await expect(series.locator("tbody tr")).to_have_count(12)
        assert await watching.faults() == []


async def test_a_sale_and_a_finding_are_told_to_an_open_page_also_after_the_service_was_away(
    browser: Browser, site: Site
) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/dashboard?month=2026-01&code=A", Role.ADMIN)
        now = page.locator(".board [aria-live=polite]")
        await expect(page.locator(".live")).to_have_text("Live")
        await expect(now).to_contain_text("4 people, 4 orders, ¥4,000.00")
        assert (await asked(site, Role.ADMIN, ORDER.format(number="n1")))["recordOrders"]["recorded"] == 1
        await expect(now).to_contain_text("5 orders, ¥5,000.00")
        await expect(sold(page)).to_have_text("¥8,000.00")
        assert (await asked(site, Role.RISK, "mutation { scanRisk { raised } }"))["scanRisk"]["raised"] >= 1
        await expect(page.locator(".notice")).to_contain_text("Identity ring")
        await site.stop()
        await expect(page.locator(".live")).to_have_text("Not live")
        await site.start()
        await expect(page.locator(".live")).to_have_text("Live")
        await asked(site, Role.ADMIN, ORDER.format(number="n2"))
        await expect(now).to_contain_text("6 orders, ¥6,000.00")
        assert await watching.faults() == []


async def test_who_may_not_see_sums_of_all_sees_teams_alone(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        await watching.open("/console/dashboard?month=2026-01", Role.RISK)
        await expect(watching.page.get_by_role("heading", name="Largest teams")).to_be_visible()
        await expect(watching.page.locator(".live")).to_have_text("Live")
        await expect(watching.page.locator(".series")).to_have_count(0)

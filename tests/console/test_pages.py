"""Every page, for who may see it, at both sizes, in both languages: readable by everybody, quiet, and from us alone."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from graph_api.viewer import Role
from tests.console.site import DESKTOP, IN_FULL, PHONE, Site, watched
from tests.schema.conftest import NAMES, PHONES

MONTH = "month=2026-01"
STAFF = (
    "/console/promoters",
    f"/console/promoter/B?{MONTH}",
    "/console/explore?root=A",
    "/console/risk",
    "/console/detectors",
    "/console/workbench",
    f"/console/dashboard?{MONTH}",
    "/console/audit",
)
PROMOTERS = (
    f"/m/?{MONTH}",
    "/m/team",
    f"/m/member/B?{MONTH}",
    f"/m/earnings?{MONTH}",
    "/m/payouts",
    "/m/invite",
    "/m/join/A",
)


@pytest.mark.parametrize("path", STAFF)
@pytest.mark.parametrize(
    ("size", "language", "theme"),
    [(DESKTOP, "en-US", "light"), pytest.param(PHONE, "zh-CN", "dark", marks=pytest.mark.long)],
    ids=["desktop", "phone"],
)
async def test_staff_pages(
    browser: Browser, site: Site, path: str, size: dict[str, int], language: str, theme: str
) -> None:
    async with watched(browser, site, size=size, language=language, theme=theme) as watching:
        await watching.open(path, Role.ADMIN)
        assert await watching.page.locator("h1").count() == 1
        assert await watching.page.evaluate("document.documentElement.lang") == language.replace("-US", "")
        text = await watching.page.inner_text("body")
        assert [raw for raw in (*NAMES.values(), *PHONES.values()) if raw in text] == []
        width: int = await watching.page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"]
        assert await watching.faults() == []


@pytest.mark.parametrize("path", PROMOTERS)
@pytest.mark.parametrize(
    ("language", "theme"), [pytest.param("en-US", "dark", marks=pytest.mark.long), ("zh-CN", "light")], ids=["en", "zh"]
)
async def test_promoters_pages(browser: Browser, site: Site, path: str, language: str, theme: str) -> None:
    async with watched(browser, site, size=PHONE, language=language, theme=theme) as watching:
        await watching.open(path, Role.PROMOTER, "A")
        text = await watching.page.inner_text("body")
        assert [raw for code, raw in NAMES.items() if code != "A" and raw in text] == []
        assert [raw for raw in PHONES.values() if raw in text] == []
        width: int = await watching.page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"]
        assert await watching.faults() == []


@pytest.mark.parametrize("path", PROMOTERS[:-1])
async def test_a_screen_of_the_phone_is_one_query(browser: Browser, site: Site, path: str) -> None:
    async with watched(browser, site, size=PHONE) as watching:
        asked: list[str] = []
        watching.page.on("request", lambda request: asked.append(request.url) if "/graphql" in request.url else None)
        await watching.open(path, Role.PROMOTER, "A")
        # React asks twice of what it mounts only in development; a page that was built asks once.
        assert len(asked) == 1


async def test_a_service_that_takes_no_ids_is_asked_in_full(browser: Browser, site: Site) -> None:
    await site.stop()
    await site.start(trusted_documents="off")
    try:
        async with watched(browser, site, size=PHONE) as watching:
            await watching.open(f"/m/?{MONTH}", Role.PROMOTER, "A")
            await expect(watching.page.locator("h1")).to_contain_text(NAMES["A"])
            assert watching.complaints == [IN_FULL]
            watching.complaints.clear()
    finally:
        await site.stop()
        await site.start()


async def test_a_promoter_gets_nothing_of_the_console(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        await watching.open("/console/promoters", Role.PROMOTER, "A")
        await expect(watching.page.locator("h1")).to_have_text("Sign in to the console")
        assert "Promoters" not in await watching.page.inner_text("body")


async def test_staff_are_not_taken_for_promoters(browser: Browser, site: Site) -> None:
    async with watched(browser, site, size=PHONE) as watching:
        await watching.open("/m/", Role.ADMIN)
        await expect(watching.page.get_by_label("Or a token")).to_be_visible()


@pytest.mark.parametrize(
    ("role", "rooms"),
    [
        (Role.OPERATOR, ["Explore", "Promoters", "Risk", "Detectors", "Dashboard"]),
        (Role.RISK, ["Explore", "Promoters", "Risk", "Detectors", "Workbench", "Dashboard", "Audit log"]),
        (Role.FINANCE, ["Promoters", "Dashboard"]),
    ],
)
async def test_each_role_is_offered_what_it_may_see(browser: Browser, site: Site, role: Role, rooms: list[str]) -> None:
    async with watched(browser, site) as watching:
        await watching.open("/console/promoters", role)
        assert await watching.page.locator("nav[aria-label=Main] a").all_inner_texts() == rooms


async def test_a_link_for_somebody_else_shows_nothing_of_who_was_signed_in(browser: Browser, site: Site) -> None:
    async with watched(browser, site, size=PHONE) as watching:
        await watching.open(f"/m/?{MONTH}", Role.PROMOTER, "A")
        await expect(watching.page.locator("h1")).to_contain_text(NAMES["A"])
        await watching.open(f"/m/?{MONTH}", Role.PROMOTER, "B")
        await expect(watching.page.locator("h1")).to_contain_text(NAMES["B"])
        assert NAMES["A"] not in await watching.page.inner_text("body")


async def test_an_address_that_is_no_proper_encoding_is_a_page_without_anybody(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        await watching.open("/console/promoter/%E0%A4%A", Role.OPERATOR)
        await expect(watching.page.get_by_text("There is nothing under this address")).to_be_visible()


async def test_a_token_leaves_the_address_and_stays_within_the_tab(browser: Browser, site: Site) -> None:
    async with watched(browser, site, size=PHONE) as watching:
        await watching.open(f"/m/?{MONTH}", Role.PROMOTER, "A")
        assert "token" not in watching.page.url
        await watching.page.reload()
        await watching.settled()
        await expect(watching.page.locator("h1")).to_contain_text(NAMES["A"])
        assert await watching.page.evaluate("Object.keys(localStorage).join()") == ""

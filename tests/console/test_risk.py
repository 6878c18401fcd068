"""The risk team's rooms: whom a finding names, the queue's order, detectors, and the workbench."""

from __future__ import annotations

import re

import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from cypher.store import Store
from graph_api.actions import orders, promoters
from graph_api.pii import Pii
from graph_api.viewer import Role
from tests.console.site import Site, watched
from tests.console.test_journeys import asked
from tests.schema.conftest import JOINED, PAID, Json

SCAN = "mutation { scanRisk { raised errors { code } } }"
FINDINGS = "{ findings(%s) { edges { node { id detector sentence members(first: 100) { code } } } } }"


@pytest_asyncio.fixture(scope="module", autouse=True)
async def _chains(site: Site, connected: Store, pii: Pii) -> None:
    """Beside the picture two thin chains, of 60 and of seven; the shorter one has sold, and is not paid yet."""
    rows = [
        promoters.Enrolment(f"{chain}{n:02}", joined_at=JOINED, referrer_code=f"{chain}{n - 1:02}" if n else None)
        for chain, length in (("L", 60), ("C", 7))
        for n in range(length)
    ]
    await promoters.enrol(connected, pii, rows, actor="test", now=JOINED)
    sold = [orders.NewOrder("o-C", "x-C", "C02", (orders.NewLine("P", 1, 100_000),), PAID)]
    await orders.record(connected, sold, actor="test", now=PAID)
    assert (await asked(site, Role.RISK, SCAN))["scanRisk"]["errors"] == []


async def chains(site: Site) -> list[Json]:
    """Of the thin chains what the API tells, the longest first."""
    found = (await asked(site, Role.RISK, FINDINGS % 'filter: {detector: "DEEP_CHAIN"}'))["findings"]["edges"]
    return sorted((edge["node"] for edge in found), key=lambda one: -len(one["members"]))


async def run(page: Page, text: str) -> None:
    """Ask the workbench, and show the answer as a graph."""
    await page.get_by_label("Cypher that only reads").fill(text)
    await page.keyboard.press("Control+Enter")
    await page.get_by_role("button", name="Graph").click()


async def test_members_beyond_the_first_page_are_listed_chosen_and_locked_and_a_stopped_lock_goes_on(
    browser: Browser, site: Site
) -> None:
    long, *_ = await chains(site)
    codes = [member["code"] for member in long["members"]]
    assert len(codes) > 50
    *_, lost, last = codes
    dropped: list[str] = []

    async def loses_an_answer(route: Route) -> None:
        sent: Json = route.request.post_data_json or {}
        if sent["variables"].get("code") == last and not dropped:
            dropped.append(last)
            await route.abort()
        else:
            await route.continue_()

    async with watched(browser, site) as watching:
        page = watching.page
        await page.route("**/graphql", loses_an_answer)
        await watching.open(f"/console/risk?id={long['id']}", Role.RISK)
        rows = page.get_by_role("table", name="Members").locator("tbody tr")
        await expect(rows).to_have_count(50)
        await expect(page.get_by_text(f"50 of {len(codes)}")).to_be_visible()
        await page.locator(".case").get_by_role("button", name="Show more").click()
        await expect(rows).to_have_count(len(codes))
        await expect(page.get_by_role("button", name=f"Lock {len(codes)} members…")).to_be_visible()
        await page.get_by_role("button", name="Choose none").click()
        await page.get_by_label(f"Lock {lost}").check()
        await page.get_by_label(f"Lock {last}").check()
        assert await watching.faults() == []
        await page.get_by_role("button", name="Lock 2 members…").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_role("heading", name="Lock 2 promoters")).to_be_visible()
        await expect(dialog.get_by_text("2 promoters would be locked")).to_be_visible()
        await dialog.get_by_label("Reason").fill("one person")
        lock = dialog.get_by_role("button", name="Lock", exact=True)
        await lock.click()
        await expect(dialog.get_by_text(f"Stopped at {last}: 1 are locked, 1 are not.")).to_be_visible()
        await expect(rows.filter(has_text=lost).locator(".LOCKED")).to_be_visible()
        await expect(dialog.get_by_text("1 promoters would be locked")).to_be_visible()
        await lock.click()
        await expect(page.get_by_text("Locked.", exact=True)).to_be_visible()
        await expect(page.locator(".case .status.LOCKED")).to_have_count(2)
    told = await asked(
        site, Role.RISK, "{ promoters(filter: {status: LOCKED}, first: 50) { edges { node { code } } } }"
    )
    locked = {edge["node"]["code"] for edge in told["promoters"]["edges"]}
    assert locked & set(codes) == {lost, last}


async def test_whom_an_analyst_spares_is_spared_after_the_verdict_and_on_later_pages(
    browser: Browser, site: Site
) -> None:
    long, *_ = await chains(site)
    codes = [member["code"] for member in long["members"]]
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open(f"/console/risk?id={long['id']}", Role.RISK)
        rows = page.get_by_role("table", name="Members").locator("tbody tr")
        await expect(rows).to_have_count(50)
        await page.get_by_role("button", name="Choose none").click()
        await page.get_by_label(f"Lock {codes[0]}", exact=True).check()
        await page.locator(".case").get_by_role("button", name="Show more").click()
        await expect(rows).to_have_count(len(codes))
        await expect(page.get_by_role("button", name="Lock 1 members…")).to_be_visible()
        await page.get_by_role("button", name="Confirm").click()
        await expect(page.get_by_text("Decision recorded.")).to_be_visible()
        await expect(rows).to_have_count(50)
        await expect(page.get_by_role("button", name="Lock 1 members…")).to_be_visible()


async def test_a_number_that_is_none_is_refused_not_taken_for_the_default(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/workbench", Role.RISK)
        await page.get_by_role("button", name="Who earns from others and sells nothing").click()
        await page.get_by_label("month: ").fill("2026-05")
        await page.get_by_role("button", name="Run").click()
        await expect(page.get_by_text("month must be given, as Int")).to_be_visible()


async def test_the_queue_goes_by_score_or_by_money_and_keeps_that_in_its_address(browser: Browser, site: Site) -> None:
    orders_of = {
        by: [edge["node"]["sentence"] for edge in (await asked(site, Role.RISK, FINDINGS % by))["findings"]["edges"]]
        for by in ("orderBy: SCORE", "orderBy: AT_STAKE")
    }
    by_score, by_money = orders_of.values()
    assert by_score != by_money
    async with watched(browser, site, language="zh-CN") as watching:
        page = watching.page
        await watching.open("/console/risk", Role.RISK)
        sentences = page.locator(".queue .said small")
        await expect(sentences).to_have_text(by_score)
        await page.get_by_label("排序").select_option("AT_STAKE")
        await expect(sentences).to_have_text(by_money)
        await page.reload()
        await expect(sentences).to_have_text(by_money)


async def test_a_finding_that_is_gone_is_shown_to_who_asks_for_it(browser: Browser, site: Site) -> None:
    *_, short = await chains(site)
    move = 'mutation { moveBranch(input: {promoterCode: "C03", reason: "apart", key: "apart"}) { errors { code } } }'
    assert (await asked(site, Role.ADMIN, move))["moveBranch"]["errors"] == []
    await asked(site, Role.RISK, SCAN)
    async with watched(browser, site, language="zh-CN") as watching:
        page = watching.page
        await watching.open("/console/risk?detector=DEEP_CHAIN", Role.RISK)
        gone = page.locator(".queue tbody tr", has_text=short["sentence"])
        await expect(page.locator(".queue tbody tr")).to_have_count(1)
        await expect(gone).to_have_count(0)
        await page.get_by_label("包括已消失的").check()
        await expect(gone).to_have_count(1)


async def test_a_detector_is_tried_set_and_judged_by_its_reviews(browser: Browser, site: Site) -> None:
    long, *_ = await chains(site)
    review = f'mutation {{ reviewFinding(id: "{long["id"]}", verdict: CONFIRM) {{ errors {{ code }} }} }}'
    assert (await asked(site, Role.RISK, review))["reviewFinding"]["errors"] == []
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/detectors?key=DEEP_CHAIN", Role.RISK)
        one = page.locator("details.detector[open]")
        await expect(one).to_have_count(1)
        precision = one.get_by_role("table", name="Precision by version and parameters").locator("tbody tr")
        await expect(precision.locator("td").last).to_have_text("100%")
        field = one.get_by_role("spinbutton").first
        tried, put = one.get_by_role("button", name="Dry run"), one.get_by_role("button", name="Set for every scan…")
        await field.fill("7.5")
        await expect(one.get_by_text("Not a whole number: 7.5")).to_be_visible()
        await expect(tried).to_be_disabled()
        await field.fill("")
        await expect(tried).to_be_enabled()
        await expect(put).to_be_disabled()
        value = int(await field.get_attribute("placeholder") or "") + 1
        await field.fill(str(value))
        await tried.click()
        await expect(
            one.get_by_text("Nothing was written. With the parameters in force, the last scan")
        ).to_be_visible()
        assert await watching.faults() == []
        await put.click()
        await page.get_by_role("dialog").get_by_label("Reason").fill("too many")
        await page.get_by_role("dialog").get_by_role("button", name="Confirm").click()
        await expect(one.get_by_text("In force from now on.")).to_be_visible()
        await page.reload()
        await expect(one.get_by_role("spinbutton").first).to_have_value(str(value))
        await page.locator("details.detector summary").first.click()
        await expect(page).not_to_have_url(re.compile("DEEP_CHAIN"))
        await expect(page.locator("details.detector[open]")).to_have_count(1)


async def test_the_workbench_draws_what_an_answer_says_is_joined_and_nothing_else(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/workbench", Role.RISK)
        caption = page.locator(".structure figcaption")
        await run(page, "MATCH path = (:Promoter {code: 'A'})-[:REFERRED]->(:Promoter)-[:SOLD]->(:Order) RETURN path")
        await expect(caption).to_contain_text("Promoter 3")
        await expect(caption).to_contain_text("Order 2")
        await expect(caption).to_contain_text("REFERRED 2")
        await expect(caption).to_contain_text("SOLD 2")
        await run(page, "MATCH (a:Promoter {code: 'A'})-[r:REFERRED]->(b) RETURN a, r, b")
        await expect(caption).to_have_text(re.compile(r"^\s*Promoter 3\s*— REFERRED 2$"))
        await run(page, "MATCH (a:Promoter {code: 'A'})-[:REFERRED]->(b) RETURN a.code AS code, b.code AS other_code")
        await expect(caption).to_have_text(re.compile(r"^\s*Promoter 3$"))
        await run(page, "MATCH (p:Promoter {code: 'A'}) RETURN p.code, p.rank")
        await expect(page.get_by_text("These rows hold nothing to draw")).to_be_visible()
        await page.get_by_label("Saved questions").get_by_role("button").nth(1).click()
        await expect(page.get_by_text("These rows hold nothing to draw")).to_have_count(0)
        assert await watching.faults() == []


async def test_a_question_of_ones_own_is_kept_under_a_name_until_it_is_removed(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/workbench", Role.RISK)
        text = page.get_by_label("Cypher that only reads")
        await text.fill("RETURN 1 AS one_thing")
        await page.get_by_label("Keep under the name").fill("mine")
        await page.get_by_role("button", name="Save", exact=True).click()
        await text.fill("RETURN 2")
        await page.reload()
        await page.get_by_role("button", name="mine", exact=True).click()
        await expect(text).to_have_value("RETURN 1 AS one_thing")
        await page.get_by_role("button", name="Remove mine").click()
        await page.reload()
        await expect(page.get_by_role("heading", name="Kept by me")).to_be_visible()
        await expect(page.get_by_role("button", name="mine", exact=True)).to_have_count(0)

"""What people come for, from the first key to the last, in a real browser."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from graph_api import auth
from graph_api.viewer import Role
from tests.conftest import SECRET
from tests.console.site import DESKTOP, JSQR, PHONE, Site, watched
from tests.console.words import words
from tests.schema.conftest import NAMES, PHONES, REFERRERS

Size = dict[str, int]
WAYS = pytest.mark.parametrize(
    ("size", "language"),
    [(DESKTOP, "en-US"), pytest.param(PHONE, "zh-CN", marks=pytest.mark.long)],
    ids=["desktop-en", "phone-zh"],
)


async def content(download: Any) -> bytes:
    """Of a file that the page gave."""
    path = await (await download.value).path()
    return await asyncio.to_thread(path.read_bytes)


async def asked(site: Site, role: Role, query: str) -> dict[str, Any]:
    """The data of an answer to somebody who uses no page."""
    headers = {"Authorization": f"Bearer {auth.issue(SECRET, role)}"}
    async with httpx.AsyncClient(base_url=site.url, timeout=60, trust_env=False) as client:
        answer = await client.post("/graphql", json={"query": query}, headers=headers)
    data: dict[str, Any] = answer.json()["data"]
    return data


async def changed(site: Site, *mutations: str) -> None:
    """Fields of mutations, one after the other, none of which may be refused."""
    fields = " ".join(f"m{n}: {mutation} {{ errors {{ code }} }}" for n, mutation in enumerate(mutations))
    answer = await asked(site, Role.ADMIN, f"mutation {{ {fields} }}")
    assert all(each["errors"] == [] for each in answer.values()), answer


def enrolment(code: str, referrer: str) -> str:
    return f'enrolPromoter(input: {{code: "{code}", referrerCode: "{referrer}"}})'


async def ring(site: Site, root: str) -> None:
    """Five with one device below a new root: R once more, for a test that changes what it finds."""
    members = [f"{root}{n}" for n in range(1, 6)]
    links = ", ".join(f'{{code: "{one}", kind: DEVICE, value: "phone-of-{root}"}}' for one in members)
    await changed(
        site,
        f'enrolPromoter(input: {{code: "{root}"}})',
        *(enrolment(member, root) for member in members),
        f"linkIdentifiers(input: [{links}])",
    )


@WAYS
async def test_a_promoter_sees_sales_finds_a_member_and_reads_why_it_earned(
    browser: Browser, site: Site, size: Size, language: str
) -> None:
    say = words(language)
    async with watched(browser, site, size=size, language=language) as watching:
        page = watching.page
        await watching.open("/m/?month=2026-01", Role.PROMOTER, "A")
        await expect(page.locator(".figure").first).to_contain_text("¥1,000.00")
        await page.get_by_role("link", name=say("nav.team"), exact=True).click()
        await page.get_by_label(say("team.search")).fill("B")
        await expect(page.locator(".rows li")).to_have_count(1)
        await page.locator(".rows a").click()
        await expect(page.locator("h1")).to_have_text("姓**")
        await page.get_by_role("link", name=say("nav.earnings"), exact=True).click()
        await page.get_by_role("button", name=say("month.previous")).click()
        await page.goto(f"{site.url}/m/earnings?month=2026-01")
        await watching.settled()
        await page.locator(".rows summary").first.click()
        await expect(page.locator(".why").first).to_contain_text(re.compile("(order|订单) o-"))
        assert await watching.faults() == []


async def test_nobody_is_paid_before_the_contract_is_accepted_on_the_phone(browser: Browser, site: Site) -> None:
    publish = 'mutation { publishContract(version: "v1", title: "Terms", body: "Be fair.") { errors { code } } }'
    assert (await asked(site, Role.ADMIN, publish))["publishContract"]["errors"] == []
    async with watched(browser, site, size=PHONE) as watching:
        page = watching.page
        await watching.open("/m/payouts", Role.PROMOTER, "A")
        await page.get_by_text("Terms (v1)").click()
        await expect(page.get_by_text("Be fair.")).to_be_visible()
        assert await watching.faults() == []
        # Another one by now: the first tap says so, and accepts neither.
        assert (await asked(site, Role.ADMIN, publish.replace("v1", "v2").replace("fair", "quick")))["publishContract"][
            "errors"
        ] == []
        await page.get_by_role("button", name="I have read it and accept").click()
        await expect(page.get_by_role("alert")).to_contain_text("v1")
        await expect(page.get_by_text("Terms (v2)")).to_be_visible()
        await expect(page.get_by_text("Be quick.")).to_be_visible()
        await page.get_by_role("button", name="I have read it and accept").click()
        await expect(page.get_by_text("Contract to accept")).to_have_count(0)
        await page.reload()
        await watching.settled()
        await expect(page.get_by_text("Contract to accept")).to_have_count(0)


SEEN = """async bytes => {
    const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
    const paint = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
    paint.drawImage(picture, 0, 0);
    const {data, width, height} = paint.getImageData(0, 0, picture.width, picture.height);
    return jsQR(data, width, height)?.data;
}"""


async def test_a_camera_reads_from_the_saved_invitation_where_it_leads(browser: Browser, site: Site) -> None:
    async with watched(browser, site, size=PHONE) as watching:
        page = watching.page
        await watching.open("/m/invite", Role.PROMOTER, "A")
        await expect(page.get_by_role("img", name="Invitation poster")).to_be_visible()
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Save picture").click()
        await page.evaluate(JSQR.read_text("utf-8"))
        seen = await page.evaluate(SEEN, list(await content(download)))
        assert seen == f"{site.url}/m/join/A"
        await page.goto(seen)
        await expect(page.locator(".large")).to_have_text("A")


@WAYS
async def test_the_network_is_walked_and_every_step_can_be_taken_back(
    browser: Browser, site: Site, size: Size, language: str
) -> None:
    say = words(language)
    async with watched(browser, site, size=size, language=language) as watching:
        page = watching.page
        await watching.open("/console/explore", Role.OPERATOR)
        await page.keyboard.press("/")
        await page.keyboard.type("A")
        await page.get_by_role("button", name="A 姓*").click()
        rows = page.locator("section.rows tbody tr")
        await expect(rows).to_have_count(5)
        await page.get_by_role("button", name=say("explore.collapse"), exact=True).click()
        await expect(rows).to_have_count(1)
        restored = page.url
        await page.get_by_role("button", name=say("act.undo"), exact=True).click()
        await expect(rows).to_have_count(5)
        await page.get_by_role("button", name=say("act.redo"), exact=True).click()
        await expect(rows).to_have_count(1)
        await page.goto(restored)
        await expect(rows).to_have_count(1)
        await expect(page.get_by_role("button", name=say("act.undo"), exact=True)).to_be_disabled()


async def test_somebody_is_found_by_a_phone_or_a_name_that_no_address_keeps(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/explore", Role.OPERATOR)
        await page.get_by_role("searchbox").fill(PHONES["B"])
        await page.get_by_role("button", name="B 姓*").click()
        await expect(page).to_have_url(re.compile("root=B"))
        await watching.open("/console/promoters", Role.OPERATOR)
        rows = page.locator("table tbody tr")
        await expect(rows).to_have_count(len(REFERRERS) + 6)
        await page.get_by_role("searchbox").fill(PHONES["B"])
        await expect(rows).to_have_count(1)
        await expect(rows.first).to_contain_text("姓**")
        assert PHONES["B"] not in page.url
        await page.get_by_role("searchbox").fill(f"86 {PHONES['B'][:3]}-{PHONES['B'][3:]}")
        await expect(rows).to_have_count(1)
        await expect(page).to_have_url(f"{site.url}/console/promoters")
        await page.get_by_role("searchbox").fill(NAMES["E"])
        await expect(rows.first).to_contain_text("E")
        await expect(rows).to_have_count(1)
        await expect(page).to_have_url(f"{site.url}/console/promoters")
        await page.get_by_role("searchbox").fill("R1")
        await expect(page).to_have_url(f"{site.url}/console/promoters?q=R1")
        await expect(rows).to_have_count(1)
        await page.get_by_role("searchbox").fill("")
        await expect(rows).to_have_count(len(REFERRERS) + 6)
        assert await watching.faults() == []


@WAYS
async def test_the_list_is_narrowed_by_who_brought_somebody_and_when(
    browser: Browser, site: Site, size: Size, language: str
) -> None:
    say = words(language)
    async with watched(browser, site, size=size, language=language) as watching:
        page = watching.page
        await watching.open("/console/promoters", Role.OPERATOR)
        rows = page.locator("table tbody tr")
        await expect(page.get_by_label(say("list.joinedFrom"))).to_be_hidden()
        await page.get_by_text(say("list.further")).click()
        await page.get_by_label(say("list.referrer")).fill("A")
        await expect(rows).to_have_count(2)
        await page.get_by_label(say("list.joinedTo")).fill("2024-12-31")
        await expect(page.get_by_text(say("list.none"))).to_be_visible()
        # The first instant of 2025 in London is a morning of that day in Shanghai.
        await page.get_by_label(say("list.joinedFrom")).fill("2025-01-01")
        await page.get_by_label(say("list.joinedTo")).fill("2025-01-01")
        await expect(rows).to_have_count(2)
        assert await watching.faults() == []
        await page.reload()
        await expect(rows).to_have_count(2)
        await expect(page.get_by_label(say("list.referrer"))).to_have_value("A")
        await expect(page.get_by_text(f"{say('list.further')} · 3")).to_be_visible()


async def test_two_people_are_joined_by_the_shortest_way_and_a_ring_lies_over_the_tree(
    browser: Browser, site: Site
) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/explore?root=R&from=R1&to=R2", Role.RISK)
        await expect(page.get_by_text("2 hops")).to_be_visible()
        rows = page.locator("section.rows tbody tr")
        await expect(rows.filter(has_text="R1")).to_have_count(1)
        await rows.filter(has_text="R3").click()
        await page.get_by_role("button", name="Shared identifiers").click()
        await expect(rows.filter(has_text="Device")).to_have_count(1)
        await page.get_by_label("Device").uncheck()
        await expect(page).to_have_url(re.compile("hide=DEVICE"))


async def test_what_is_shown_can_be_taken_along_in_four_forms(browser: Browser, site: Site) -> None:
    beginnings = {"PNG": b"\x89PNG", "SVG": b"<svg", "GEXF": b"<?xml", "CSV": "\ufeffkind,code".encode()}
    async with watched(browser, site) as watching:
        await watching.open("/console/explore?root=A", Role.OPERATOR)
        await expect(watching.page.locator("section.rows tbody tr")).to_have_count(5)
        for name, beginning in beginnings.items():
            async with watching.page.expect_download() as download:
                await watching.page.get_by_role("button", name=name).click()
            assert (await content(download)).startswith(beginning)


@WAYS
async def test_a_branch_is_moved_only_after_its_preview(
    browser: Browser, site: Site, size: Size, language: str
) -> None:
    root, new_referrer = ("V", "E") if language == "en-US" else ("W", "B")
    await ring(site, root)
    say = words(language)
    async with watched(browser, site, size=size, language=language) as watching:
        page = watching.page
        await watching.open(f"/console/promoter/{root}", Role.OPERATOR)
        await page.get_by_role("button", name=say("who.move")).click()
        unseen = page.get_by_role("button", name=say("move.confirm", count=0))
        await expect(unseen).to_be_disabled()
        to = page.get_by_label(say("move.to"))
        await to.fill(f"{root}1")
        await page.get_by_role("button", name=say("move.preview"), exact=True).click()
        await expect(page.get_by_text(say("move.cycle"))).to_be_visible()
        await to.fill(new_referrer)
        await expect(unseen).to_be_disabled()
        await page.get_by_role("button", name=say("move.preview"), exact=True).click()
        await expect(page.get_by_text(say("move.count", count=6))).to_be_visible()
        assert await watching.faults() == []
        await page.get_by_label(say("move.reason")).fill("asked for it")
        await page.get_by_role("button", name=say("move.confirm", count=6)).click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.get_by_text(say("move.done"), exact=True)).to_be_visible()
        await expect(page.locator(".chain a")).to_have_count(2)


@WAYS
async def test_a_finding_goes_from_the_queue_to_its_members_lock(
    browser: Browser, site: Site, size: Size, language: str
) -> None:
    root = "X" if language == "en-US" else "Y"
    await ring(site, root)
    assert (await asked(site, Role.RISK, "mutation { scanRisk { raised } }"))["scanRisk"]["raised"] >= 1
    say = words(language)
    async with watched(browser, site, size=size, language=language) as watching:
        page = watching.page
        await watching.open("/console/risk", Role.RISK)
        await page.keyboard.press("j")
        await expect(page.locator("tbody tr").first).to_be_focused()
        await page.locator(".queue tr", has_text=say("detector.IDENTITY_RING")).filter(has_text=f"{root}1").click()
        await expect(page.get_by_role("heading", name=say("risk.evidence"), exact=True)).to_be_visible()
        await expect(page.locator(".case tbody tr")).to_have_count(5)
        assert await watching.faults() == []
        await page.get_by_label(say("risk.note")).fill("one telephone")
        await page.get_by_role("button", name=say("risk.DISMISS")).click()
        await expect(page.get_by_text(say("risk.reviewed"))).to_be_visible()
        await page.get_by_role("button", name=say("risk.lockMembers", count=5)).click()
        await expect(page.get_by_text(say("blast.title"))).to_be_visible()
        await page.get_by_label(say("field.reason")).fill("after all")
        await page.get_by_role("dialog").get_by_role("button", name=say("lock.confirm"), exact=True).click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.get_by_text(say("lock.done"), exact=True)).to_be_visible()
        await expect(page.locator(".case .status.LOCKED")).to_have_count(5)


@WAYS
async def test_finance_reads_a_promoters_name_and_books_and_that_they_balance(
    browser: Browser, site: Site, size: Size, language: str
) -> None:
    say = words(language)
    async with watched(browser, site, size=size, language=language) as watching:
        page = watching.page
        await watching.open("/console/", Role.FINANCE)
        await expect(page.get_by_role("navigation", name=say("nav.main")).get_by_role("link")).to_have_text(
            [say("nav.promoters"), say("nav.dashboard")]
        )
        await page.get_by_role("searchbox", name=say("list.search")).fill(NAMES["B"])
        row = page.locator("table tbody tr", has_text=PHONES["B"])
        await expect(row).to_contain_text(NAMES["B"])
        await row.click()
        await expect(page.locator("h1")).to_contain_text(NAMES["B"])
        await expect(page.locator(".chain")).to_contain_text(PHONES["B"])
        await page.goto(f"{site.url}/console/promoter/B?month=2026-01")
        entry = page.locator(".entries details", has_text="o-B")
        await entry.locator("summary").click()
        await expect(entry).to_contain_text("+¥200.00")
        await page.locator("details", has=page.locator("summary", has_text=say("who.statement"))).click()
        await expect(page.locator("dt", has_text=say("who.opening")).locator("xpath=..")).to_contain_text("¥0.00")
        for forbidden in ("who.move", "who.lock"):
            await expect(page.get_by_role("button", name=say(forbidden))).to_have_count(0)
        assert await watching.faults() == []
        await page.get_by_role("link", name=say("nav.dashboard"), exact=True).click()
        ledger = page.locator(".figure", has=page.locator("dt", has_text=say("dash.ledger")))
        await expect(ledger).to_contain_text("¥0.00")
        await expect(ledger).to_contain_text(re.compile(say("dash.balanced", entries=r"\d+")))
        assert await watching.faults() == []
        await page.goto(f"{site.url}/console/risk")
        await expect(page.locator("h1")).to_have_text(say("list.title"))


async def test_a_question_of_ones_own_is_answered_as_table_and_as_graph(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/workbench", Role.RISK)
        text = "MATCH (a:Promoter)-[:REFERRED]->(b:Promoter {code: 'E'}) RETURN a.code AS above, b.code AS below"
        await page.get_by_label("Cypher that only reads").fill(text)
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await page.get_by_role("button", name="Graph").click()
        await expect(page.locator(".structure canvas").first).to_be_visible()
        await page.get_by_label("Cypher that only reads").fill("CREATE (:X)")
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_role("alert")).to_be_visible()
        await page.reload()
        await expect(page.get_by_label("Cypher that only reads")).to_have_value("CREATE (:X)")


async def test_who_is_one_order_short_is_counted_and_shown_as_far_as_asked_for(browser: Browser, site: Site) -> None:
    await changed(site, *(enrolment(f"Z{n}", "T") for n in range(7)))
    async with watched(browser, site, size=PHONE, language="zh-CN") as watching:
        await watching.open("/m/", Role.PROMOTER, "T")
        short = watching.page.locator("section", has=watching.page.locator("h2", has_text="还差一单的伙伴"))
        await expect(short.locator("h2")).to_have_text("还差一单的伙伴 · 7 人")
        await expect(short.locator("li")).to_have_count(5)
        await short.get_by_role("button").click()
        await expect(short.locator("li")).to_have_count(7)
        assert await watching.faults() == []

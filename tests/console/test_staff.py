"""Members of staff in a browser: their password, their roles, what their pages show beside the cookie, and the end of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Request, expect

from graph_api.servers import Servers
from graph_api.sessions import COOKIE, CSRF_HEADER
from graph_api.viewer import Role
from tests.blackbox.command import environment
from tests.conftest import SECRET
from tests.console.site import Site, Watched, watched
from tests.test_staff_commands import PASSWORD, run

Adding = Callable[..., Awaitable[str]]


@pytest.fixture
def adding(site: Site, servers: Servers, redis_url: str, tmp_path: Path) -> Adding:
    """Makes an account by the command, as an administrator makes one: its password is kept by argon2id."""
    env = environment(servers, secret=SECRET, data_dir=tmp_path / "data", redis_url=redis_url)

    async def add(*roles: str) -> str:
        name = tmp_path.name.replace("_", "-")[-40:].strip("-")
        given = (part for role in roles for part in ("--role", role))
        made = await asyncio.to_thread(run, "add", name, *given, env=env, typed=f"{PASSWORD}\n")
        assert made.returncode == 0, made
        return name

    return add


@pytest.fixture
async def account(adding: Adding) -> str:
    return await adding("FINANCE", "ADMIN")


async def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    await page.get_by_label("User name").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def signed_in(watching: Watched, site: Site, name: str) -> None:
    await watching.page.goto(f"{site.url}/console/")
    await sign_in(watching.page, name)
    await expect(watching.page.get_by_role("button", name="Sign out")).to_be_visible()
    await watching.settled()


async def rooms(page: Page) -> list[str]:
    return await page.locator("nav[aria-label=Main] a").all_inner_texts()


async def test_a_password_begins_a_session_and_signing_out_ends_it_for_good(
    browser: Browser, site: Site, account: str
) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        shown: list[str | None] = []

        def look(request: Request) -> None:
            if request.url == f"{site.url}/graphql":
                shown.append(request.headers.get(CSRF_HEADER.lower()))

        page.on("request", look)
        await page.goto(f"{site.url}/console/")
        assert await watching.faults() == []
        await sign_in(page, account, "not my password at all")
        await expect(page.get_by_role("alert")).to_contain_text("do not match")
        await sign_in(page, account)
        await expect(page.locator("h1")).to_have_text("Promoters")
        await watching.settled()
        (cookie,) = await page.context.cookies()
        assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (COOKIE, True, "Strict")
        assert shown
        assert all(shown)
        assert await page.evaluate("document.cookie + Object.values(sessionStorage).join()") == ""
        await page.reload()
        await watching.settled()
        await expect(page.locator("h1")).to_have_text("Promoters")
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_label("User name")).to_be_visible()
        assert await page.context.cookies() == []
        await page.context.add_cookies([{"name": COOKIE, "value": cookie["value"], "url": site.url}])
        await page.reload()
        await expect(page.get_by_label("User name")).to_be_visible()


async def test_a_cookie_alone_does_nothing(browser: Browser, site: Site, account: str) -> None:
    ask = """headers => fetch('/graphql', {method: 'POST', body: JSON.stringify({query: '{ payouts { totalCount } }'}),
        headers: {'Content-Type': 'application/json', ...headers}}).then(answer => answer.status)"""
    async with watched(browser, site) as watching:
        await signed_in(watching, site, account)
        csrf = await watching.page.evaluate("fetch('/session').then(a => a.json()).then(told => told.csrf)")
        assert await watching.page.evaluate(ask, {}) == 403
        assert await watching.page.evaluate(ask, {CSRF_HEADER: "0" * 64}) == 403
        assert await watching.page.evaluate(ask, {CSRF_HEADER: csrf}) == 200
        watching.complaints.clear()  # these were asked in full, by the test


async def test_news_reach_a_page_by_its_cookie_and_token_and_no_socket_without_both(
    browser: Browser, site: Site, account: str
) -> None:
    knock = """shown => new Promise(resolve => {
        const socket = new WebSocket(location.origin.replace('http', 'ws') + '/graphql', 'graphql-transport-ws');
        socket.onopen = () => socket.send(JSON.stringify({type: 'connection_init', payload: shown}));
        socket.onmessage = event => resolve(JSON.parse(event.data).type);
        socket.onclose = event => resolve(event.code);
    })"""
    async with watched(browser, site) as watching:
        await signed_in(watching, site, account)
        await watching.page.get_by_role("link", name="Dashboard").click()
        await expect(watching.page.locator(".live")).to_contain_text("Live: ")
        assert await watching.page.evaluate(knock, {}) == 4403
        csrf = await watching.page.evaluate("fetch('/session').then(a => a.json()).then(told => told.csrf)")
        assert await watching.page.evaluate(knock, {CSRF_HEADER: csrf}) == "connection_ack"


async def test_somebody_with_two_roles_takes_the_other_one_in_every_tab(
    browser: Browser, site: Site, account: str
) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await signed_in(watching, site, account)
        assert await rooms(page) == ["Promoters", "Dashboard"]
        other = Watched(await page.context.new_page(), site)
        await other.page.goto(f"{site.url}/console/promoters")
        await other.settled()
        await page.get_by_label("Acting as").select_option("ADMIN")
        await expect(page.get_by_role("link", name="Audit log")).to_be_visible()
        # The other tab's token is of the role before: what it asks next finds the new one.
        await other.page.get_by_label("Status").select_option("ACTIVE")
        await expect(other.page.get_by_role("link", name="Audit log")).to_be_visible()
        await other.settled()
        assert other.complaints == []
        await page.get_by_role("link", name="Audit log").click()
        await page.get_by_label("Whose: code").wait_for()
        row = page.locator("tbody tr", has_text="staff_role_taken").filter(has_text=account)
        await expect(row).to_have_count(1)
        await page.get_by_label("Acting as").select_option("FINANCE")
        await expect(page.locator("h1")).to_have_text("Promoters")
        assert await rooms(page) == ["Promoters", "Dashboard"]


async def test_a_lock_that_meets_an_ended_session_is_done_after_signing_in_again(
    browser: Browser, site: Site, adding: Adding
) -> None:
    name = await adding("RISK")
    end = """fetch('/session').then(answer => answer.json()).then(({csrf}) =>
        fetch('/session', {method: 'DELETE', headers: {'X-CSRF-Token': csrf}})).then(answer => answer.status)"""
    async with watched(browser, site) as watching:
        page = watching.page
        await signed_in(watching, site, name)
        await page.goto(f"{site.url}/console/promoter/E")
        await page.get_by_role("button", name="Lock…").click()
        dialog = page.get_by_role("dialog", name="Lock E")
        await dialog.get_by_label("Reason").fill("a reason of many words")
        lock = dialog.get_by_role("button", name="Lock", exact=True)
        await expect(lock).to_be_enabled()
        assert await page.evaluate(end) == 204
        await lock.click()
        over = page.get_by_role("dialog", name="Sign in")
        await expect(over).to_contain_text("Your session has ended")
        assert await watching.faults() == []
        for _ in range(2):
            await page.keyboard.press("Escape")
        await sign_in(page, name)
        await expect(over).to_have_count(0)
        await expect(dialog.get_by_label("Reason")).to_have_value("a reason of many words")
        await expect(dialog.get_by_role("alert")).to_contain_text("Your session has ended")
        await lock.click()
        await expect(page.locator("h1 .status.LOCKED")).to_be_visible()


async def test_what_one_role_has_seen_is_not_done_in_another(browser: Browser, site: Site, account: str) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await signed_in(watching, site, account)
        await page.get_by_label("Acting as").select_option("ADMIN")
        await expect(page.get_by_role("link", name="Audit log")).to_be_visible()
        await page.goto(f"{site.url}/console/promoter/D")
        await page.get_by_role("button", name="Lock…").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Reason").fill("seen as an administrator")
        lock = dialog.get_by_role("button", name="Lock", exact=True)
        await expect(lock).to_be_enabled()
        other = Watched(await page.context.new_page(), site)
        await other.page.goto(f"{site.url}/console/promoters")
        await other.page.get_by_label("Acting as").select_option("FINANCE")
        await expect(other.page.get_by_role("link", name="Audit log")).to_have_count(0)
        await lock.click()
        said = page.locator(".banner", has_text=f"you are now {account} as Finance")
        await said.get_by_role("button", name="Close").click()
        await expect(said).to_have_count(0)
        await expect(page.locator("h1 .status.ACTIVE")).to_be_visible()
        await page.reload()
        await expect(page.locator("h1 .status.ACTIVE")).to_be_visible()


async def test_the_log_is_narrowed_by_who_what_whom_and_when(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        page = watching.page
        await watching.open("/console/promoters", Role.ADMIN)
        await page.keyboard.press("g")
        await page.keyboard.press("a")
        await expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
        rows = page.locator("tbody tr")
        await page.get_by_label("Whose: code").fill("R1")
        await expect(page).to_have_url(f"{site.url}/console/audit?code=R1")
        await expect(rows.filter(has_text="identifiers_linked")).to_have_count(1)
        await rows.get_by_role("button", name="identifiers_linked").click()
        await expect(rows).to_have_count(1)
        await expect(page.get_by_label("What: kind of entry")).to_have_value("identifiers_linked")
        await page.get_by_label("From").fill("2000-01-01")
        await expect(rows).to_have_count(1)
        await page.get_by_label("To").fill("2000-01-02")
        await expect(page.get_by_text("No entry matches.")).to_be_visible()


async def test_who_may_not_read_the_log_is_led_elsewhere(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        await watching.open("/console/audit", Role.OPERATOR)
        await expect(watching.page.locator("h1")).to_have_text("Explore")
        assert "Audit log" not in await watching.page.inner_text("body")


async def test_a_promoters_history_stands_on_its_page_for_who_may_read_the_log(browser: Browser, site: Site) -> None:
    async with watched(browser, site) as watching:
        await watching.open("/console/promoter/R1", Role.RISK)
        history = watching.page.locator(".history li")
        await expect(history.filter(has_text="identifiers_linked")).to_have_count(1)
        await expect(history.filter(has_text="enrolled")).to_have_count(1)
    async with watched(browser, site) as watching:
        await watching.open("/console/promoter/R1", Role.OPERATOR)
        await expect(watching.page.get_by_role("heading", name="R1")).to_be_visible()
        await expect(watching.page.get_by_role("heading", name="History")).to_have_count(0)

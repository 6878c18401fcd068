"""Signing in as staff: what a session may do, whom it ends for, and what guessing and foreign pages get."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from pydantic import SecretStr

from cypher.store import Store, StoreUnavailable
from graph_api import passwords, sign_in
from graph_api.actions import staff
from graph_api.passwords import Passwords
from graph_api.pii import Pii
from graph_api.rules.staff import WAITS_SECONDS
from graph_api.servers import Servers
from graph_api.sessions import COOKIE, CSRF_HEADER
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.conftest import SECRET, Query, empty
from tests.schema.conftest import Json, Service, fill, serving

PASSWORD = "correct horse battery"
OURS = {"Origin": "http://promograph", "Sec-Fetch-Site": "same-origin"}
ASKED = {"query": "{ payouts { totalCount } }"}
FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://promograph.evil.example"},
    {"Origin": "http://evil.example\\@promograph"},
    {"Origin": "http://[promograph"},
    {"Origin": "file://promograph"},
    {"Origin": "http://promograph:81"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://promograph", "Sec-Fetch-Site": "cross-site"},
]
DAY_US = 24 * 3600 * 1_000_000


@dataclass
class Clock:
    """What the sign-in takes for now: the real instant and what a test adds."""

    ahead_us: int = 0

    def __call__(self) -> int:
        return REAL_NOW() + self.ahead_us


REAL_NOW = sign_in._now


@dataclass
class Browser:
    """Keeps the cookie and the CSRF token as a page does."""

    service: Service
    cookie: str | None = None
    session: Json = field(default_factory=dict)

    async def send(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **given: Any
    ) -> httpx.Response:
        cookie = {"Cookie": f"theme=dark; {COOKIE}={self.cookie}"} if self.cookie else {}
        async with httpx.AsyncClient(
            transport=self.service.client._transport, base_url="http://promograph", timeout=60
        ) as client:
            request = client.build_request(method, path, headers={**OURS, **cookie, **(headers or {})}, **given)
            response = await client.send(request)
        if "set-cookie" in response.headers:
            self.cookie = response.headers["set-cookie"].partition(";")[0].partition("=")[2].strip('"') or None
        return response

    async def sign_in(self, name: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
        response = await self.send("POST", "/session", json={"username": name, "password": password, **more})
        self.session = response.json()
        return response

    @property
    def csrf(self) -> dict[str, str]:
        return {CSRF_HEADER: self.session["csrf"]}

    async def ask(self, query: str = ASKED["query"]) -> Json:
        answer: Json = (await self.send("POST", "/graphql", headers=self.csrf, json={"query": query})).json()
        return answer


def code(response: httpx.Response) -> tuple[int, str]:
    (error,) = response.json()["errors"]
    return response.status_code, error["extensions"]["code"]


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Argon2 with the least memory it takes: a hundred guesses are looked at here."""
    with pytest.MonkeyPatch.context() as patch:
        hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        patch.setattr(passwords, "_HASHER", hasher)
        passwords._nobodys.cache_clear()
        yield
    passwords._nobodys.cache_clear()


@pytest.fixture(scope="module")
def kept() -> str:
    return asyncio.run(Passwords().hash(PASSWORD))


def test_a_password_is_kept_as_strong_as_the_standard_asks() -> None:
    assert passwords.PARAMETERS == RFC_9106_LOW_MEMORY
    assert extract_parameters(PasswordHasher.from_parameters(passwords.PARAMETERS).hash("x")) == RFC_9106_LOW_MEMORY


@pytest_asyncio.fixture(scope="module")
async def network(connected: Store, servers: Servers, settings: Settings, pii: Pii) -> AsyncIterator[Service]:
    await empty(connected)
    await fill(connected, pii)
    async with serving(settings, servers) as running:
        yield running


@pytest_asyncio.fixture
async def browser(network: Service) -> Browser:
    return Browser(network)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(sign_in, "_now", found)
    return found


_made = iter(range(10_000))


@pytest_asyncio.fixture
async def account(network: Service, pii: Pii, kept: str) -> str:
    """The name of a fresh account with two roles."""
    name = f"li.wei-{next(_made)}"
    await staff.add(
        network.store,
        pii,
        name=name,
        roles=["RISK", "FINANCE"],
        locale="en",
        password_hash=kept,
        actor="test",
        now=REAL_NOW(),
    )
    return name


async def test_a_session_shows_who_it_is_and_may_what_its_role_may(browser: Browser, account: str) -> None:
    assert code(await browser.send("GET", "/session")) == (401, "UNAUTHENTICATED")
    response = await browser.sign_in(f" {account.upper()} ")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    cookie = response.headers["set-cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert browser.cookie is not None
    assert len(browser.cookie) >= 43
    told = response.json()
    assert told == {"name": account, "role": "RISK", "roles": ["RISK", "FINANCE"], "locale": "en", "csrf": told["csrf"]}
    assert (await browser.send("GET", "/session")).json() == told
    assert "errors" not in await browser.ask("{ questions { name } payouts { totalCount } }")
    refused = await browser.ask('mutation { settle(asOf: "2001-01-01T00:00:00Z") { released } }')
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_journal_entry_names_who_did_it(browser: Browser, account: str, query: Query) -> None:
    await browser.sign_in(account)
    done = await browser.ask('mutation { lockPromoter(code: "T", reason: "looked at") { errors { message } } }')
    assert done["data"]["lockPromoter"]["errors"] == []
    (entry,) = await query("MATCH (e:JournalEntry {kind: 'promoter_locked'}) RETURN e.actor AS actor")
    assert entry["actor"] == f"RISK:{account}"


async def test_a_role_is_one_at_a_time_and_another_one_is_another_session(
    browser: Browser, account: str, query: Query
) -> None:
    await browser.sign_in(account, role="FINANCE")
    assert browser.session["role"] == "FINANCE"
    before = Browser(browser.service, browser.cookie, browser.session)
    refused = await browser.send("PATCH", "/session", headers=browser.csrf, json={"role": "ADMIN"})
    assert code(refused) == (403, "FORBIDDEN")
    changed = await browser.send("PATCH", "/session", headers=browser.csrf, json={"role": "RISK"})
    browser.session = changed.json()
    assert (changed.status_code, browser.session["role"]) == (200, "RISK")
    assert browser.cookie != before.cookie
    assert code(await before.send("POST", "/graphql", headers=before.csrf, json=ASKED)) == (401, "UNAUTHENTICATED")
    assert "errors" not in await browser.ask("{ questions { name } }")
    taken = await query("MATCH (e:JournalEntry {kind: 'staff_role_taken'}) RETURN e.actor AS actor")
    assert {"actor": f"RISK:{account}"} in taken


async def test_a_role_that_the_account_has_not_is_not_taken(browser: Browser, account: str) -> None:
    for role in ("ADMIN", "SERVICE", "PROMOTER", "x"):
        await browser.sign_in(account, role=role)
        assert browser.session["role"] == "RISK"


async def test_without_its_csrf_token_a_session_does_and_shows_nothing(browser: Browser, account: str) -> None:
    await browser.sign_in(account)
    other = Browser(browser.service)
    await other.sign_in(account)
    for shown in ({}, {CSRF_HEADER: ""}, {CSRF_HEADER: "é"}, {CSRF_HEADER: other.session["csrf"]}):
        headers = {name: value.encode("latin-1").decode("latin-1") for name, value in shown.items()}
        for method, path, given in (
            ("POST", "/graphql", {"json": ASKED}),
            ("GET", "/graphql", {"params": ASKED}),
            ("GET", "/exports/payouts.csv", {}),
            ("PATCH", "/session", {"json": {"role": "FINANCE"}}),
            ("DELETE", "/session", {}),
        ):
            sent = {name: value.encode("latin-1") for name, value in headers.items()}
            response = await browser.send(method, path, headers=sent, **given)  # type: ignore[arg-type]
            assert code(response) == (403, "FORBIDDEN"), (method, path, shown)
    assert "errors" not in await browser.ask()


@pytest.mark.parametrize("says", FOREIGN, ids=str)
async def test_a_page_of_another_origin_gets_nothing(browser: Browser, account: str, says: dict[str, str]) -> None:
    await browser.sign_in(account)
    headers = {"Origin": "http://promograph", **browser.csrf, **says}
    for method, path, given in (
        ("POST", "/graphql", {"json": ASKED}),
        ("GET", "/graphql", {"params": ASKED}),
        ("GET", "/exports/payouts.csv", {}),
        ("GET", "/session", {}),
        ("DELETE", "/session", {}),
        ("POST", "/session", {"json": {"username": account, "password": PASSWORD}}),
    ):
        response = await browser.send(method, path, headers=headers, **given)  # type: ignore[arg-type]
        assert code(response) == (403, "FORBIDDEN"), (method, path)
        assert "set-cookie" not in response.headers


async def test_a_form_of_another_page_signs_nobody_in(browser: Browser, account: str) -> None:
    body = json.dumps({"username": account, "password": PASSWORD})
    for content_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        response = await browser.send("POST", "/session", content=body, headers={"Content-Type": content_type})
        assert code(response) == (415, "BAD_USER_INPUT")


async def test_a_public_origin_is_the_only_one(
    connected: Store, servers: Servers, settings: Settings, network: Service, account: str
) -> None:
    changes = {"public_origin": "https://console.example", "env": "production", "secret_key": SecretStr(SECRET)}
    async with serving(settings, servers, changes) as service:
        browser = Browser(service)
        assert code(await browser.sign_in(account)) == (403, "FORBIDDEN")
        given = {"username": account, "password": PASSWORD}
        response = await browser.send("POST", "/session", json=given, headers={"Origin": "https://console.example"})
        assert response.status_code == 200
        assert "Secure" in response.headers["set-cookie"].split("; ")


async def test_a_token_needs_no_csrf_and_a_promoters_gets_nothing_of_staff(browser: Browser, account: str) -> None:
    await browser.sign_in(account)
    for role, promoter, answered in ((Role.FINANCE, None, True), (Role.PROMOTER, "B", False)):
        # The cookie of a session that may is there, too, and gives the token nothing.
        headers = browser.service.headers(role, promoter) | {"Origin": "http://evil.example"}
        response = await browser.send("POST", "/graphql", headers=headers, json=ASKED)
        assert ("errors" not in response.json()) is answered
        if not answered:
            assert response.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_session_of_before_is_not_the_one_after_signing_in(browser: Browser, account: str) -> None:
    browser.cookie = "f" * 43
    await browser.sign_in(account)
    assert browser.cookie != "f" * 43
    planted = Browser(browser.service, browser.cookie, browser.session)
    await browser.sign_in(account)
    assert browser.cookie != planted.cookie
    assert code(await planted.send("GET", "/session")) == (401, "UNAUTHENTICATED")


async def test_two_cookies_of_the_name_are_none(browser: Browser, account: str) -> None:
    await browser.sign_in(account)
    cookies = {"Cookie": f"{COOKIE}={browser.cookie}; {COOKIE}={'a' * 43}"}
    response = await browser.send("POST", "/graphql", headers={**browser.csrf, **cookies}, json=ASKED)
    assert code(response) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("cookie", ["x", "a" * 43, "é" * 40, "'; MATCH (n)", "a" * 4_000])
async def test_a_made_up_cookie_is_nobodys(browser: Browser, cookie: str) -> None:
    header = {"Cookie": f"{COOKIE}={cookie}".encode("latin-1")}
    for method, path in (("GET", "/session"), ("POST", "/graphql")):
        given = {"json": ASKED} if method == "POST" else {}
        response = await browser.send(method, path, headers=header, **given)  # type: ignore[arg-type]
        assert code(response) == (401, "UNAUTHENTICATED")
        if path == "/session":
            assert "Max-Age=0" in response.headers["set-cookie"]


async def test_signing_out_ends_the_session_and_no_other(browser: Browser, account: str) -> None:
    other = Browser(browser.service)
    await browser.sign_in(account)
    await other.sign_in(account)
    was = Browser(browser.service, browser.cookie, browser.session)
    response = await browser.send("DELETE", "/session", headers=browser.csrf)
    assert (response.status_code, browser.cookie) == (204, None)
    assert code(await was.send("POST", "/graphql", headers=was.csrf, json=ASKED)) == (401, "UNAUTHENTICATED")
    assert (await was.send("DELETE", "/session")).status_code == 204
    assert "errors" not in await other.ask()


@pytest.mark.parametrize("change", ["password", "disable", "roles"])
async def test_a_changed_account_is_signed_out_at_once(
    browser: Browser, account: str, pii: Pii, kept: str, change: str
) -> None:
    await browser.sign_in(account)
    store, by = browser.service.store, {"name": account, "actor": "test", "now": REAL_NOW()}
    if change == "password":
        await staff.set_password(store, pii, password_hash=kept, **by)
    elif change == "disable":
        await staff.disable(store, **by)
    else:
        await staff.set_roles(store, roles=["OPERATOR"], **by)
    response = await browser.send("POST", "/graphql", headers=browser.csrf, json=ASKED)
    assert code(response) == (401, "UNAUTHENTICATED")
    again = await browser.sign_in(account)
    assert again.status_code == (401 if change == "disable" else 200)


async def test_a_session_ends_when_nobody_uses_it_and_after_its_time_at_the_latest(
    browser: Browser, account: str, settings: Settings, query: Query
) -> None:
    await browser.sign_in(account)
    idle_us = settings.session_idle_seconds * 1_000_000
    move = "MATCH (s:StaffSession {name: $name}) SET s.seen_at = s.seen_at - $by, s.ends_at = s.ends_at - $end"
    await query(move, name=account, by=idle_us - 60_000_000, end=0)
    assert (await browser.send("GET", "/session")).status_code == 200  # and was seen by that
    await query(move, name=account, by=idle_us - 60_000_000, end=0)
    assert (await browser.send("GET", "/session")).status_code == 200
    await query(move, name=account, by=idle_us + 1, end=0)
    assert code(await browser.send("GET", "/session")) == (401, "UNAUTHENTICATED")
    await browser.sign_in(account)
    await query(move, name=account, by=0, end=settings.session_seconds * 1_000_000)
    assert code(await browser.send("GET", "/session")) == (401, "UNAUTHENTICATED")


async def test_a_wrong_name_and_a_wrong_password_are_told_alike(
    browser: Browser, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []
    fits = Passwords.fits

    async def counted(self: Passwords, password: str, kept: str | None) -> bool:
        looked.append(password)
        return await fits(self, password, kept)

    monkeypatch.setattr(Passwords, "fits", counted)
    tries = [
        (account, "wrong horse battery"),
        ("nobody", PASSWORD),
        ("Nobody!", PASSWORD),
        ("", ""),
        (account, "x" * 900),
    ]
    answers = [await browser.sign_in(name, password) for name, password in tries]
    assert {answer.text for answer in answers} == {answers[0].text}
    assert {code(answer) for answer in answers} == {(401, "UNAUTHENTICATED")}
    assert all("set-cookie" not in answer.headers for answer in answers)
    assert len(looked) == len(tries)  # each was worth the same work


async def test_guessing_has_to_wait_longer_each_time_even_with_the_right_password(
    browser: Browser, account: str, clock: Clock
) -> None:
    for index in range(12):
        assert (await browser.sign_in(account, f"guess number {index}")).status_code == 401
        if wait_us := WAITS_SECONDS[min(index, len(WAITS_SECONDS) - 1)] * 1_000_000:
            right = await browser.sign_in(account)
            assert right.status_code == 401
            clock.ahead_us += wait_us + 1_000
    assert clock.ahead_us > 30 * 60 * 1_000_000
    assert (await browser.sign_in(account)).status_code == 200
    assert (await browser.sign_in(account, "a slip of the pen")).status_code == 401
    assert (await browser.sign_in(account)).status_code == 200


async def test_guesses_at_once_are_counted_as_if_one_after_the_other(
    browser: Browser, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []

    async def fits(self: Passwords, password: str, kept: str | None) -> bool:
        heard.append(kept is not None)
        return False

    monkeypatch.setattr(Passwords, "fits", fits)
    monkeypatch.setattr(passwords, "WAITING_MAX", 40)
    await asyncio.gather(*(Browser(browser.service).sign_in(account, f"guess number {n}") for n in range(40)))
    assert (len(heard), sum(heard)) == (40, 5)


async def test_guesses_by_the_hundred_are_turned_away_and_the_service_answers(
    browser: Browser, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "WAITING_MAX", 3)
    answers = await asyncio.gather(
        *(Browser(browser.service).sign_in(f"nobody-{n}", "guess it all") for n in range(80))
    )
    assert {answer.status_code for answer in answers} == {401, 503}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)
    assert (await browser.sign_in(account)).status_code == 200


async def test_who_is_turned_away_has_made_no_attempt(
    browser: Browser, account: str, monkeypatch: pytest.MonkeyPatch, query: Query
) -> None:
    monkeypatch.setattr(passwords, "WAITING_MAX", 0)
    for _ in range(6):
        assert (await browser.sign_in(account)).status_code == 503
    rows = await query(f"MATCH (a:StaffAccount {{name: '{account}'}}) RETURN a.attempts AS attempts")
    assert rows == [{"attempts": 0}]


BODIES: list[Any] = [[], "x", 1, None, {}, {"username": 1, "password": "x"}, {"username": "x", "password": None}]


@pytest.mark.parametrize("body", [json.dumps(body).encode() for body in BODIES] + [b"{", b"\xff", b"[" * 3_000])
async def test_what_is_no_name_and_password_is_refused(browser: Browser, body: bytes) -> None:
    response = await browser.send("POST", "/session", content=body, headers={"Content-Type": "application/json"})
    assert code(response) == (400, "BAD_USER_INPUT")


async def test_a_body_or_a_method_too_many_is_refused(browser: Browser) -> None:
    large = await browser.send("POST", "/session", json={"username": "x" * 5_000, "password": "x"})
    assert code(large) == (413, "BAD_USER_INPUT")
    assert code(await browser.send("PUT", "/session")) == (405, "BAD_USER_INPUT")


async def test_without_the_store_nobody_signs_in_and_nothing_is_told_of_it(
    browser: Browser, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await browser.sign_in(account)

    async def away(*_: object) -> Any:
        raise StoreUnavailable("10.0.0.7 refused")

    monkeypatch.setattr(Store, "run", away)
    for method, path, given in (("GET", "/session", {}), ("POST", "/graphql", {"json": ASKED})):
        response = await browser.send(method, path, headers=browser.csrf, **given)  # type: ignore[arg-type]
        assert code(response) == (503, "UNAVAILABLE")
        assert "10.0.0.7" not in response.text


async def test_no_password_and_no_session_stands_in_store_journal_or_log(
    browser: Browser, account: str, pii: Pii, query: Query, capfd: pytest.CaptureFixture[str]
) -> None:
    for n in range(6):
        await browser.sign_in(account, f"secret guess {n}")
    await staff.set_password(
        browser.service.store, pii, name=account, password_hash=await Passwords().hash(PASSWORD), actor="test", now=1
    )
    await browser.sign_in(account)
    assert browser.cookie is not None
    rows = await query("MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties")
    text = json.dumps(rows, ensure_ascii=False, default=str) + "".join(capfd.readouterr())
    for hidden in (PASSWORD, "secret guess", "$argon2", browser.cookie, browser.session["csrf"]):
        assert hidden not in text, hidden
    (kept,) = [
        row["properties"]
        for row in rows
        if row["properties"].get("name") == account and "StaffAccount" in row["labels"]
    ]
    assert pii.open(kept["password_sealed"]).startswith("$argon2id$")


async def test_the_journal_tells_of_accounts_and_of_guessing(browser: Browser, account: str, query: Query) -> None:
    for n in range(6):
        await browser.sign_in(account, f"secret guess {n}")
    found = await query(
        "MATCH (e:JournalEntry) WHERE e.kind STARTS WITH 'staff_' AND e.facts CONTAINS $name"
        " RETURN e.kind AS kind, e.actor AS actor, e.codes AS codes ORDER BY e.seq",
        name=f'"{account}"',
    )
    assert [(row["kind"], row["actor"]) for row in found] == [
        ("staff_added", "test"),
        ("staff_sign_in_refused", "nobody"),
    ]
    assert all(row["codes"] == [] for row in found)

"""Sockets that a browser opens: let in by a session, from pages of ours only, and closed when it ends."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest
import pytest_asyncio

from graph_api.actions import staff
from graph_api.pii import Pii
from graph_api.rules.calendar import SECOND_US
from graph_api.sessions import COOKIE, CSRF_HEADER, Sessions, csrf_token, new_token, session_id
from tests.conftest import SECRET, Query
from tests.subscriptions.client import FINDING, TEAM, Served, Socket, token

HASH = "no hash: nobody signs in here with a password"


@pytest_asyncio.fixture
async def session(network: Served, pii: Pii) -> str:
    """The token of a RISK session."""
    store, now, made = network.app.state.opened.store, time.time_ns() // 1000, new_token()
    name = f"s{session_id(made)[:20]}"
    await staff.add(store, pii, name=name, roles=["RISK"], locale="zh", password_hash=HASH, actor="test", now=now)
    ends_at = now + 600 * SECOND_US
    id = session_id(made)
    assert await staff.begin_session(store, name=name, version=1, id=id, role=None, now=now, ends_at=ends_at)
    return made


def origin(network: Served) -> str:
    return network.url.replace("ws", "http", 1).removesuffix("/graphql")


def headers(session: str, origin: str | None) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={session}"} | ({"Origin": origin} if origin else {})


async def init(socket: Socket, payload: Mapping[str, object]) -> None:
    await socket.send({"type": "connection_init", "payload": payload})


async def test_a_session_lets_a_page_of_ours_in_as_its_role(network: Served, session: str) -> None:
    async with network.open(headers=headers(session, origin(network))) as socket:
        await init(socket, {CSRF_HEADER: csrf_token(SECRET, session)})
        assert (await socket.next())["type"] == "connection_ack"
        await socket.subscribe(TEAM, code="B")
        assert (await socket.team())["size"] == 2
        await socket.subscribe(FINDING, id="2")
        await network.watched()


@pytest.mark.parametrize("from_origin", ["http://evil.example", "null", None, "https://127.0.0.1"])
async def test_a_page_of_another_origin_is_not_let_in(network: Served, session: str, from_origin: str | None) -> None:
    async with network.open(headers=headers(session, from_origin)) as socket:
        await init(socket, {CSRF_HEADER: csrf_token(SECRET, session)})
        assert await socket.closed() == 4403


@pytest.mark.parametrize("shown", [{}, {CSRF_HEADER: "x"}, {CSRF_HEADER: None}, {CSRF_HEADER: ["x"]}, {"csrf": "é"}])
async def test_a_session_without_its_csrf_token_is_not_let_in(
    network: Served, session: str, shown: dict[str, object]
) -> None:
    async with network.open(headers=headers(session, origin(network))) as socket:
        await init(socket, shown)
        assert await socket.closed() == 4403


async def test_a_made_up_session_is_not_let_in(network: Served) -> None:
    made = new_token()
    async with network.open(headers=headers(made, origin(network))) as socket:
        await init(socket, {CSRF_HEADER: csrf_token(SECRET, made)})
        assert await socket.closed() == 4403


async def test_a_token_counts_before_the_cookie_and_from_any_origin(network: Served, session: str) -> None:
    async with network.open(headers=headers(session, "http://evil.example")) as socket:
        assert (await socket.init(token()))["type"] == "connection_ack"


async def test_a_socket_is_closed_when_its_session_is_ended(
    network: Served, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network.sockets, "session_seconds", 0.05)
    async with network.open(headers=headers(session, origin(network))) as socket:
        await init(socket, {CSRF_HEADER: csrf_token(SECRET, session)})
        assert (await socket.next())["type"] == "connection_ack"
        store = network.app.state.opened.store
        await staff.end_session(store, id=session_id(session), now=time.time_ns() // 1000)
        assert await socket.closed() == 4403


async def test_whoever_has_signed_out_does_nothing_more_over_an_open_socket(
    network: Served, session: str, query: Query
) -> None:
    async with network.open(headers=headers(session, origin(network))) as socket:
        await init(socket, {CSRF_HEADER: csrf_token(SECRET, session)})
        assert (await socket.next())["type"] == "connection_ack"
        await socket.subscribe("{ plan { version } }")
        assert [(await socket.next())["type"] for _ in range(2)] == ["next", "complete"]
        store = network.app.state.opened.store
        await staff.end_session(store, id=session_id(session), now=time.time_ns() // 1000)
        await socket.subscribe('mutation { lockPromoter(code: "B", reason: "gone") { errors { code } } }', id="2")
        assert await socket.closed() == 4403
    rows = await query("MATCH (p:Promoter {code: 'B'}) RETURN p.status AS status")
    assert rows == [{"status": "ACTIVE"}]


async def test_a_socket_whose_session_cannot_be_looked_at_is_closed(
    network: Served, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store being away is another matter: nothing can be told then either."""

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no such statement")

    monkeypatch.setattr(network.sockets, "session_seconds", 0.05)
    async with network.open(headers=headers(session, origin(network))) as socket:
        await init(socket, {CSRF_HEADER: csrf_token(SECRET, session)})
        assert (await socket.next())["type"] == "connection_ack"
        monkeypatch.setattr(Sessions, "signed_in", broken)
        assert await socket.closed() == 4403

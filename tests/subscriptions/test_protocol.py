"""graphql-transport-ws, to the letter: who is let in, what ends a socket and with which code."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest

from graph_api import sockets
from graph_api.metrics import ANONYMOUS, OPERATIONS, REGISTRY, SOCKETS
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.subscriptions.client import PATIENCE_SECONDS, TEAM, Closed, Served, Socket, served, token


async def test_the_token_is_in_the_payload_or_in_the_upgrade(network: Served) -> None:
    async with network.open() as socket:
        assert await socket.init(token()) == {"type": "connection_ack"}
    async with network.open(headers={"Authorization": f"Bearer {token()}"}) as socket:
        assert await socket.init() == {"type": "connection_ack"}
    async with network.open() as socket:
        await socket.send({"type": "connection_init", "payload": {"authorization": f"bearer {token()}"}})
        assert await socket.next() == {"type": "connection_ack"}


@pytest.mark.parametrize(
    "payload",
    [None, {}, {"Authorization": "Bearer x"}, {"Authorization": 7}, {"Authorization": token(ttl_seconds=1)[:-2]}],
)
async def test_nobody_comes_in_without_a_good_token(network: Served, payload: Any) -> None:
    async with network.open() as socket:
        await socket.send(
            {"type": "connection_init"} if payload is None else {"type": "connection_init", "payload": payload}
        )
        assert await socket.closed() == 4403


async def test_a_page_of_another_origin_is_nobody_without_a_token(network: Served) -> None:
    async with network.open(origin="https://elsewhere.example", headers={"Cookie": f"token={token()}"}) as socket:
        await socket.send({"type": "connection_init"})
        assert await socket.closed() == 4403


SUBSCRIBE = {"type": "subscribe", "id": "1", "payload": {"query": "{ me { code } }"}}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", 4400),
        (b"{}", 4400),
        ("[]", 4400),
        ("7", 4400),
        ('{"type": NaN}', 4400),
        ('{"type": "ping", "type": "ping"}', 4400),
        ("[" * 100_000, 4400),
        ({}, 4400),
        ({"type": 1}, 4400),
        ({"type": "start", "id": "1"}, 4400),
        ({"type": "connection_init"}, 4429),
        ({"type": "subscribe"}, 4400),
        ({"type": "subscribe", "id": "1"}, 4400),
        (SUBSCRIBE | {"id": ""}, 4400),
        (SUBSCRIBE | {"id": ["1"]}, 4400),
        (SUBSCRIBE | {"id": "1" * 121}, 4400),
        (SUBSCRIBE | {"payload": {"query": None}}, 4400),
        (SUBSCRIBE | {"payload": {"query": "{ me { code } }", "variables": []}}, 4400),
        ({"type": "complete"}, 4400),
        ({"type": "complete", "id": {}}, 4400),
        (json.dumps(SUBSCRIBE | {"payload": {"query": "x" * sockets.MESSAGE_BYTES_MAX}}), 1009),
    ],
    ids=str,
)
async def test_what_is_no_message_of_the_protocol_ends_the_socket(network: Served, message: Any, code: int) -> None:
    async with network.socket() as socket:
        await socket.send(message)
        assert await socket.closed() == code


async def test_the_order_of_the_protocol_is_kept(network: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async with network.open() as socket:
        await socket.send(SUBSCRIBE)
        assert await socket.closed() == 4401
    async with network.open(subprotocols=["graphql-ws"]) as socket:
        assert await socket.closed() == 4406
    async with network.open() as socket:
        await socket.send({"type": "connection_init", "payload": []})
        assert await socket.closed() == 4400
    async with network.socket() as socket:
        await socket.subscribe(TEAM, code="A")
        await socket.team()
        await socket.subscribe(TEAM, code="B")
        assert await socket.closed() == 4409
    monkeypatch.setattr(network.sockets, "init_seconds", 0.05)
    async with network.open() as socket:
        assert await socket.closed() == 4408


async def test_pings_are_answered_and_an_id_may_be_used_again(network: Served) -> None:
    async with network.socket() as socket:
        await socket.send({"type": "ping", "payload": {"x": 1}})
        assert (await socket.next())["type"] == "pong"
        await socket.send({"type": "pong"})
        await socket.send({"type": "complete", "id": "never begun"})
        for _ in range(2):
            await socket.subscribe(TEAM, code="A")
            await socket.team()
            await socket.send({"type": "complete", "id": "1"})
        await socket.send({"type": "ping"})
        assert (await socket.next())["type"] == "pong"


async def test_queries_and_mutations_run_over_a_socket_as_over_http(network: Served) -> None:
    async with network.socket(Role.PROMOTER, "B") as socket:
        await socket.subscribe("{ me { code } }")
        assert await socket.data() == {"me": {"code": "B"}}
        assert await socket.next() == {"type": "complete", "id": "1"}
        await socket.subscribe('mutation { settle(asOf: "2026-01-01T00:00:00Z") { released } }', id="2")
        message = await socket.next()
        assert (message["id"], message["payload"]["data"]) == ("2", None)
        assert [error["extensions"]["code"] for error in message["payload"]["errors"]] == ["FORBIDDEN"]
        assert await socket.next() == {"type": "complete", "id": "2"}


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{", {}, "BAD_USER_INPUT"),
        ("{ nothing }", {}, "BAD_USER_INPUT"),
        ("subscription { teamChanged(code: 7) { size } }", {}, "BAD_USER_INPUT"),
        (TEAM, {}, "BAD_USER_INPUT"),
        (TEAM, {"code": "zz"}, "BAD_USER_INPUT"),
        (
            'subscription { a: teamChanged(code: "A") { size } b: teamChanged(code: "B") { size } }',
            {},
            "BAD_USER_INPUT",
        ),
        ("query A { me { code } } query B { me { code } }", {}, "BAD_USER_INPUT"),
        ("subscription { findingRaised { members(first: 101) { code } } }", {}, "BAD_USER_INPUT"),
        (
            "{"
            + "promoters(first: 100) { edges { node { downline(first: 100) { edges { node {" * 3
            + "code"
            + "}" * 18
            + "}",
            {},
            "COST_EXCEEDED",
        ),
        ("{" + " a" * 2_000 + "}", {}, "COST_EXCEEDED"),
    ],
    ids=[*range(10)],
)
async def test_what_cannot_run_is_refused_and_the_socket_goes_on(
    network: Served, query: str, variables: dict[str, Any], code: str
) -> None:
    async with network.socket() as socket:
        await socket.subscribe(query, **variables)
        message = await socket.next()
        assert (message["type"], message["id"]) == ("error", "1"), message
        assert {error["extensions"]["code"] for error in message["payload"]} == {code}, message
        await socket.subscribe("{ me { code } }")
        assert await socket.data() == {"me": None}


async def test_events_are_timed_by_the_name_of_their_subscription(network: Served) -> None:
    def count() -> float:
        return REGISTRY.get_sample_value("promograph_event_seconds_count", {"name": ANONYMOUS}) or 0

    before = count()
    async with network.socket() as socket:
        await socket.subscribe(TEAM, code="A")
        await socket.team()
        assert count() == before + 1


async def test_what_breaks_inside_is_not_told(network: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    async with network.socket() as socket:
        monkeypatch.setattr("graph_api.schema.subscriptions._team", broken)
        await socket.subscribe(TEAM, code="A")
        message = await socket.next()
        (error,) = message["payload"]
        assert (message["type"], error["message"], error["extensions"]["code"]) == (
            "error",
            "internal error",
            "INTERNAL",
        )


async def test_a_token_that_expires_ends_its_socket(network: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph_api.auth.LEEWAY_SECONDS", 0)
    async with network.open() as socket:
        await socket.init(token(ttl_seconds=1))
        await socket.subscribe(TEAM, code="A")
        await socket.team()
        with pytest.raises(Closed) as closed:
            await socket.next()
        assert (closed.value.code, closed.value.reason) == (4403, "The token has expired")


async def test_sockets_and_operations_are_bounded_and_counted(network: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    before = SOCKETS._value.get(), OPERATIONS._value.get()
    async with network.socket() as socket:
        for number in range(sockets.OPERATIONS_OF_SOCKET_MAX):
            await socket.subscribe(TEAM, id=f"{number}", code="A")
            await socket.team(f"{number}")
        assert (SOCKETS._value.get() - before[0], OPERATIONS._value.get() - before[1]) == (1, 20)
        await socket.subscribe(TEAM, id="over", code="A")
        over = await socket.next()
        assert (over["type"], over["payload"][0]["extensions"]["code"]) == ("error", "COST_EXCEEDED")
        await socket.send({"type": "complete", "id": "0"})
        await socket.subscribe(TEAM, id="over", code="A")
        await socket.team("over")
        monkeypatch.setattr(sockets, "OPERATIONS_MAX", 20)
        async with network.socket() as other:
            await other.subscribe(TEAM, code="A")
            assert (await other.next())["type"] == "error"
        monkeypatch.setattr(sockets, "SOCKETS_MAX", 1)
        async with network.open() as other:
            await other.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {token()}"}})
            assert await other.closed() == 1013
    monkeypatch.setattr(sockets, "SOCKETS_OF_PROMOTER_MAX", 1)
    monkeypatch.setattr(sockets, "SOCKETS_MAX", 10)
    async with network.socket(Role.PROMOTER, "B"), network.socket(Role.PROMOTER, "C"), network.open() as other:
        await other.send(
            {"type": "connection_init", "payload": {"Authorization": f"Bearer {token(Role.PROMOTER, 'B')}"}}
        )
        assert await other.closed() == 1013
    async with network.socket(Role.PROMOTER, "B"):
        pass
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (SOCKETS._value.get(), OPERATIONS._value.get()) != before:  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(0.01)
    assert (network.sockets.open, network.sockets.operations, network.sockets.by_payer) == (0, 0, {})
    assert network.feed._teams == {}


async def test_who_shows_no_token_takes_nobodys_place(network: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "SOCKETS_MAX", 1)
    monkeypatch.setattr(sockets, "WAITING_MAX", 2)
    async with network.open(), network.open() as waiting:
        async with network.open() as other:
            assert await other.closed() == 1013
        await waiting.init(token())
        assert (network.sockets.waiting, network.sockets.open) == (1, 1)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while network.sockets.waiting or network.sockets.open:  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(0.01)


async def test_a_promoters_operations_are_bounded_over_all_its_sockets(
    network: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "OPERATIONS_OF_PROMOTER_MAX", 2)
    async with network.socket(Role.PROMOTER, "B") as one, network.socket(Role.PROMOTER, "B") as two:
        for socket in (one, two):
            await socket.subscribe(TEAM, code="B")
            await socket.team()
        await two.subscribe(TEAM, id="over", code="B")
        over = await two.next()
        assert (over["type"], over["payload"][0]["extensions"]["code"]) == ("error", "COST_EXCEEDED")
        async with network.socket(Role.PROMOTER, "C") as other, network.socket() as staff:
            await other.subscribe(TEAM, code="C")
            await other.team()
            for id in ("1", "2", "3"):
                await staff.subscribe(TEAM, id=id, code="B")
                await staff.team(id)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while network.sockets.operations:  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(0.01)
    assert network.sockets.operations_by_payer == {}


@pytest.mark.parametrize("shown", ["payload", "header"])
async def test_a_token_of_a_service_takes_a_share_and_not_everybodys_place(
    network: Served, monkeypatch: pytest.MonkeyPatch, shown: str
) -> None:
    monkeypatch.setattr(sockets, "SOCKETS_OF_OTHER_MAX", 2)
    monkeypatch.setattr(sockets, "OPERATIONS_OF_OTHER_MAX", 3)
    service, other = token(Role.SERVICE), token(Role.SERVICE)

    async def open(stack: AsyncExitStack, token: str) -> tuple[Socket, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {token}"} if shown == "header" else {}
        socket = await stack.enter_async_context(network.open(headers=headers))
        return socket, await socket.init(None if headers else token)

    async with AsyncExitStack() as stack:
        (one, _), (two, _) = [await open(stack, service) for _ in range(2)]
        with pytest.raises(Closed) as third:
            await open(stack, service)
        assert third.value.code == 1013
        (another, _), (staff, _) = await open(stack, other), await open(stack, token())
        for number, socket in enumerate((one, one, two)):
            await socket.subscribe(TEAM, id=f"{number}", code="A")
            await socket.team(f"{number}")
        await two.subscribe(TEAM, id="over", code="A")
        over = await two.next()
        assert (over["type"], over["payload"][0]["extensions"]["code"]) == ("error", "COST_EXCEEDED")
        for socket in (another, staff):
            await socket.subscribe(TEAM, code="A")
            await socket.team()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while network.sockets.open or network.sockets.operations:  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(0.01)
    assert (network.sockets.by_payer, network.sockets.operations_by_payer) == ({}, {})


async def test_a_server_that_stops_says_so_and_ends_in_time(
    network: Served, settings: Settings, servers: Servers
) -> None:
    async with served(settings, servers) as stopping, stopping.socket() as socket:
        await socket.subscribe(TEAM, code="A")
        await socket.team()
        stopping.server.should_exit = True
        assert await socket.closed() == 1012

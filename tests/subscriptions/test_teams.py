"""teamChanged: told when it changed, wherever that was written, and to whom may see it only."""

from __future__ import annotations

import asyncio
import socket as sockets
from typing import Any

import pytest

from cypher.store import Store, StoreUnavailable, connect
from graph_api.actions import promoters
from graph_api.batched import feed
from graph_api.servers import Servers
from graph_api.viewer import Role
from tests.actions.shop import NOW, Shop
from tests.subscriptions.client import PATIENCE_SECONDS, TEAM, Json, Served


async def sold(shop: Shop, *numbers: str, fen: int = 100_000) -> None:
    for number in numbers:
        await shop.sell(number, fen)


async def moved(shop: Shop, code: str, to: str | None) -> None:
    await promoters.move(
        shop.store, promoter_code=code, referrer_code=to, reason="test", at=None, key=None, actor="test", now=NOW
    )


def gone(message: Json, code: str) -> bool:
    return message == {
        "id": "1",
        "type": "error",
        "payload": [{"message": f"no promoter {code}", "extensions": {"code": "BAD_USER_INPUT"}}],
    }


async def test_a_team_is_told_at_once_and_whenever_it_is_another(telling: Served, shop: Shop) -> None:
    async with telling.socket(Role.PROMOTER, "A") as socket:
        await socket.subscribe(TEAM, code="A")
        assert await socket.team() == {"size": 3, "volumeFen": 0, "orders": 0, "validDirectCount": 0}
        await sold(shop, "1")
        assert await socket.team() == {"size": 3, "volumeFen": 100_000, "orders": 1, "validDirectCount": 0}
        await shop.refund("1", 30_000)
        assert (await socket.team())["volumeFen"] == 70_000
        await promoters.close(shop.store, code="B", reason="leaves", actor="test", now=NOW)
        assert await socket.silent(), "a card that changes is no other team"
        await moved(shop, "D", None)
        assert (await socket.team())["size"] == 2


async def test_what_another_store_writes_is_told(telling: Served, shop: Shop, servers: Servers) -> None:
    other = connect(
        servers.neo4j_uri, user=servers.neo4j_user, password=servers.neo4j_password, database=servers.neo4j_database
    )
    try:
        async with telling.socket() as socket:
            await socket.subscribe(TEAM, code="C")
            await socket.team()
            await Shop(other, shop.pii, shop.query).sell("1", 5_000)
            assert (await socket.team())["volumeFen"] == 5_000
            assert telling.app.state.opened.store is not other
    finally:
        await other.close()


async def test_a_hundred_orders_are_a_few_events_of_which_the_last_is_exact(telling: Served, shop: Shop) -> None:
    async with telling.socket() as socket:
        await socket.subscribe(TEAM, code="A")
        await socket.team()
        for batch in range(20):
            await shop.sell_all([f"{batch}-{number}" for number in range(5)], 1_000)
        told = [await socket.team()]
        while told[-1]["orders"] < 100:
            told.append(await socket.team())
        assert told[-1]["volumeFen"] == 100_000
        assert [team["orders"] for team in told] == sorted({team["orders"] for team in told})
        assert len(told) < 20
        assert await socket.silent()


@pytest.mark.parametrize("code", ["B", "zz"])
async def test_others_teams_are_as_if_they_were_not_there(telling: Served, code: str) -> None:
    async with telling.socket(Role.PROMOTER, "C") as socket:
        await socket.subscribe(TEAM, code=code)
        assert gone(await socket.next(), code)


async def test_a_branch_that_moves_away_is_gone(telling: Served, shop: Shop) -> None:
    """D is told to B of its own; then C, with D below it, leaves B's team: nothing of D has changed."""
    async with telling.socket(Role.PROMOTER, "B") as socket:
        await socket.subscribe(TEAM, code="D")
        await socket.team()
        await moved(shop, "C", "A")
        assert gone(await socket.next(), "D")
        await sold(shop, "1")
        assert await socket.silent()


async def test_who_does_not_read_holds_nobody_up_and_gets_the_latest(telling: Served, shop: Shop) -> None:
    """A client with the smallest of buffers that stops reading: its messages wait in it, in no queue of ours."""
    long = "x" * 120
    fields = ("size", "volumeFen", "orders", "validDirectCount")
    wide = " ".join(f"{long}{number}: {fields[number % 4]}" for number in range(400))
    query = f'subscription {{ teamChanged(code: "A") {{ orders {wide} }} }}'
    async with telling.socket() as quick, telling.socket(sock=_narrow(telling), max_queue=1) as slow:
        await quick.subscribe(TEAM, code="A")
        await quick.team()
        await slow.subscribe(query)
        await slow.team()
        slow.connection.transport.pause_reading()
        for number in range(12):
            await sold(shop, str(number), fen=1_000)
            assert (await quick.team())["orders"] == number + 1
        slow.connection.transport.resume_reading()
        told = [(await slow.team())["orders"]]
        while told[-1] < 12:
            told.append((await slow.team())["orders"])
        assert len(told) < 12, "it was told each of them"
        assert told == sorted(set(told))


async def test_who_takes_nothing_for_long_is_disconnected(telling: Served) -> None:
    telling.sockets.send_seconds = 0.2
    async with telling.socket(sock=_narrow(telling), max_queue=1) as slow:
        slow.connection.transport.pause_reading()
        for number in range(10):
            await slow.subscribe(
                "{ __schema { types { name description fields { name description } } } }", id=str(number)
            )
        async with asyncio.timeout(PATIENCE_SECONDS):
            while telling.sockets.open:  # noqa: ASYNC110 - nothing tells us
                await asyncio.sleep(0.01)
        slow.connection.transport.abort()


async def test_a_store_that_goes_away_and_comes_back_ends_nothing(
    telling: Served, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    own: Store = telling.app.state.opened.store
    reads = own.run

    async def away(*_: object) -> Any:
        raise StoreUnavailable("gone")

    async with telling.socket() as socket:
        await socket.subscribe(TEAM, code="A")
        await socket.team()
        monkeypatch.setattr(own, "run", away)
        await sold(shop, "1")
        assert await socket.silent()
        monkeypatch.setattr(own, "run", reads)
        assert (await socket.team())["orders"] == 1


async def test_far_behind_every_watched_team_is_read_anew(
    telling: Served, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "FAR", 0)
    monkeypatch.setattr(feed, "PAGE", 1)
    async with telling.socket() as socket:
        await socket.subscribe(TEAM, code="A")
        await socket.subscribe(TEAM, id="2", code="D")
        await socket.next()
        await socket.next()
        await sold(shop, "1", "2", "3")
        orders = 0
        while orders < 3:
            orders = (await socket.team())["orders"]


def _narrow(served: Served) -> sockets.socket:
    """A connection that takes next to nothing unless it is read."""
    narrow = sockets.socket()
    narrow.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 1)
    narrow.connect(("127.0.0.1", int(served.url.split(":")[2].split("/")[0])))
    return narrow

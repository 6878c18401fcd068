"""Bodies that are held back: sent by halves, by many, over raw connections to a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from cypher.store import Store
from graph_api import requests
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.subscriptions.client import Served, served, token

PATIENCE_SECONDS = 30
QUERY = json.dumps({"query": "{ plan { version } }" + " " * 60_000}).encode()


@dataclass
class Answered:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def facts(self) -> Any:
        (error,) = self.body["errors"]
        return error["extensions"]


class Connection:
    """A client that sends what it wants when it wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, part: bytes) -> None:
        self._writer.write(part)
        await self._writer.drain()

    async def begin(self, token: str | None, part: bytes, *, path: str = "/graphql") -> None:
        """The head of a request of QUERY, and a part of it."""
        shown = f"Authorization: Bearer {token}\r\n" if token else ""
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{shown}Content-Type: application/json\r\nContent-Length: {len(QUERY)}\r\n\r\n"
        await self.send(head.encode() + part)

    async def answer(self) -> Answered:
        async with asyncio.timeout(PATIENCE_SECONDS):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode().splitlines()
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await self._reader.readexactly(int(headers["content-length"]))
        return Answered(int(head[0].split()[1]), headers, json.loads(body))

    async def ended(self) -> bool:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._reader.read(1) == b""

    async def rest(self) -> bytes:
        """All that comes until the other side ends it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._reader.read()


@pytest_asyncio.fixture(scope="module")
async def running(connected: Store, servers: Servers, settings: Settings) -> AsyncIterator[Served]:
    async with served(settings, servers) as instance:
        yield instance


@asynccontextmanager
async def connected_to(running: Served) -> AsyncIterator[Connection]:
    host, _, port = running.url.removeprefix("ws://").partition("/")[0].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not true():  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(0.01)


def held(running: Served) -> int:
    return running.sockets.door.bodies.by_payer.total()


@pytest.mark.parametrize("path", ["/graphql", "/session", "/callbacks/wechat"])
async def test_who_holds_a_body_back_is_told_so_and_cut_off(
    running: Served, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(requests, "BODY_SECONDS", 0.2)
    monkeypatch.setattr("graph_api.sign_in.BODY_BYTES_MAX", len(QUERY))
    async with connected_to(running) as connection:
        await connection.begin(token(Role.PROMOTER, "B"), QUERY[:100], path=path)
        answer = await connection.answer()
        assert answer.status == 408
        if path != "/callbacks/wechat":  # which answers as WeChat wants it
            assert answer.facts == {"code": "TIMEOUT"}
        assert await connection.ended()
    assert held(running) == 0


async def test_what_is_being_sent_at_once_is_bounded_and_what_is_refused_is_let_go(
    running: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "BODIES_BYTES_MAX", 100_000)
    one, other = token(Role.PROMOTER, "B"), token(Role.PROMOTER, "C")
    async with connected_to(running) as slow, connected_to(running) as late:
        await slow.begin(one, QUERY[:-1])
        await until(lambda: held(running) == len(QUERY) - 1)
        await late.begin(other, QUERY)
        refused = await late.answer()
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert refused.facts == {"code": "OVERLOADED", "retryAfterSeconds": 1}
        await slow.send(QUERY[-1:])
        assert (await slow.answer()).body["data"] == {"plan": {"version": "default"}}
        assert held(running) == 0
        await late.begin(other, QUERY)
        assert (await late.answer()).status == 200


async def test_one_caller_holds_its_own_part_only_and_who_leaves_holds_nothing(
    running: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "BODIES_OF_PAYER_BYTES_MAX", 100_000)
    one, again, other = token(Role.PROMOTER, "B"), token(Role.PROMOTER, "B"), token(Role.PROMOTER, "C")
    async with connected_to(running) as late:
        async with connected_to(running) as slow:
            await slow.begin(one, QUERY[:-1])
            await until(lambda: held(running) == len(QUERY) - 1)
            await late.begin(again, QUERY)
            assert (await late.answer()).facts["code"] == "OVERLOADED"
            await late.begin(other, QUERY)
            assert (await late.answer()).status == 200
        await until(lambda: held(running) == 0)
        await late.begin(again, QUERY)
        assert (await late.answer()).status == 200

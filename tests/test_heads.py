"""Heads of requests that never end, over raw connections to a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio

from cypher.store import Store
from graph_api import heads
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.subscriptions.client import Served, served, token
from tests.test_bodies import QUERY, connected_to

HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


@pytest_asyncio.fixture(scope="module")
async def running(connected: Store, servers: Servers, settings: Settings) -> AsyncIterator[Served]:
    async with served(settings, servers) as instance:
        yield instance


@pytest.mark.parametrize("begun", [b"", b"\r\n", b"G", HEAD, HEAD + b"\r\n" + HEAD], ids=repr)
async def test_who_never_ends_a_head_is_cut_off(running: Served, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.2)
    async with connected_to(running) as connection:
        await connection.send(begun)
        assert (await connection.rest()).count(b"200 OK") == begun.count(HEAD) // 2


async def test_a_head_without_end_is_refused(running: Served) -> None:
    part = b"X-More: " + b"x" * 8_000 + b"\r\n"
    sent = 0
    async with connected_to(running) as connection:
        await connection.send(HEAD)
        with suppress(ConnectionError):
            while sent < 100 * heads.HEAD_BYTES_MAX:
                await connection.send(part)
                sent += len(part)
                await asyncio.sleep(0)
    assert sent < 50 * heads.HEAD_BYTES_MAX


async def test_what_comes_slowly_after_its_head_is_not_the_heads_matter(
    running: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.2)
    async with connected_to(running) as connection:
        for _ in range(2):
            await connection.begin(token(Role.PROMOTER, "B"), QUERY[:-40_000])
            await asyncio.sleep(0.5)
            await connection.send(QUERY[-40_000:])
            assert (await connection.answer()).status == 200

"""Several workers at one address: what one of them tells of metrics is told of all."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import psutil
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect

from cypher.store import Store
from graph_api.servers import Servers
from graph_api.viewer import Role
from tests.blackbox.command import environment
from tests.conftest import SECRET
from tests.subscriptions.client import PROTOCOL, Socket, token
from tests.test_cli import serving

SCRAPES = 12
REQUESTS = 'promograph_requests_total{operation="query",status="200"}'
SOCKETS = "promograph_sockets_open"
HEAD = "promograph_journal_head"
PATIENCE_SECONDS = 90


@pytest_asyncio.fixture
async def two(
    store: Store, servers: Servers, redis_url: str, tmp_path: Path
) -> AsyncIterator[tuple[int, str, httpx.AsyncClient]]:
    """The process that watches two workers, their address, and a client that takes a new connection each time."""
    env = environment(servers, secret=SECRET, data_dir=tmp_path / "data", redis_url=redis_url)
    with serving("--workers", "2", "--no-jobs", "--empty", env=env) as (process, url):
        limits = httpx.Limits(max_keepalive_connections=0)
        headers = {"Authorization": f"Bearer {token()}"}
        async with httpx.AsyncClient(
            base_url=url, headers=headers, limits=limits, timeout=60, trust_env=False
        ) as client:
            yield process.pid, url, client


def workers(pid: int) -> list[psutil.Process]:
    """Those that answer; one more process watches over what they share."""
    children = psutil.Process(pid).children()
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


async def asked(client: httpx.AsyncClient, times: int) -> None:
    answers = await asyncio.gather(
        *(client.post("/graphql", json={"query": "{ plan { version } }"}) for _ in range(times))
    )
    assert {answer.status_code for answer in answers} == {200}


async def scraped(client: httpx.AsyncClient, name: str) -> set[float]:
    """What many scrapes at once say, of whichever workers."""
    answers = await asyncio.gather(*(client.get("/metrics") for _ in range(SCRAPES)))
    found = [re.findall(rf"^{re.escape(name)} (\S+)$", answer.text, re.MULTILINE) for answer in answers]
    assert all(len(values) == 1 for values in found), found
    return {float(value) for (value,) in found}


async def until(client: httpx.AsyncClient, name: str, wanted: float) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                if await scraped(client, name) == {wanted}:
                    return
            except httpx.TransportError:  # of the one that is gone
                pass
            await asyncio.sleep(0.05)


async def opened(url: str, stack: AsyncExitStack) -> ClientConnection:
    address = f"{url.replace('http', 'ws', 1)}/graphql"
    connection = await stack.enter_async_context(connect(address, subprotocols=[PROTOCOL], proxy=None))
    await Socket(connection).init(token(Role.ADMIN))
    return connection


@pytest.mark.timeout(300)
async def test_every_scrape_tells_of_all_workers_also_of_one_that_has_ended(
    two: tuple[int, str, httpx.AsyncClient], tmp_path: Path
) -> None:
    pid, url, client = two
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(list((tmp_path / "data").glob("metrics-*/counter_*.db"))) < 2:  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(0.05)
    await asked(client, 60)
    assert await scraped(client, REQUESTS) == {60.0}
    assert len(await scraped(client, HEAD)) == 1
    async with AsyncExitStack() as stack:
        connections = await asyncio.gather(*(opened(url, stack) for _ in range(16)))
        assert await scraped(client, SOCKETS) == {16.0}
        os.kill(workers(pid)[0].pid, signal.SIGKILL)
        lost = [each async for each in ended(connections)]
        await until(client, SOCKETS, 16.0 - len(lost))
    await until(client, REQUESTS, 60.0)
    await asked(client, 20)
    await until(client, REQUESTS, 80.0)


async def ended(connections: list[ClientConnection]) -> AsyncIterator[ClientConnection]:
    """Those whose worker does not answer any more."""
    for connection in connections:
        try:
            await asyncio.wait_for(await connection.ping(), 10)
        except Exception:
            yield connection

"""How an instance leaves, as a process: not ready first, what is under way to its end, sockets with a word."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect

from cypher.store import Store
from graph_api.listening import listen
from graph_api.servers import Servers
from graph_api.viewer import Role
from tests.conftest import SECRET
from tests.subscriptions.client import PROTOCOL, Closed, Socket, token

PATIENCE_SECONDS = 120
BODY = json.dumps({"query": "{ plan { version } }"}).encode()


@pytest_asyncio.fixture(params=[1, pytest.param(2, marks=pytest.mark.long)], ids=["one process", "two workers"])
async def instance(
    request: pytest.FixtureRequest, store: Store, servers: Servers, tmp_path: Path
) -> AsyncIterator[tuple[subprocess.Popen[bytes], int]]:
    bound, address = listen("127.0.0.1", 0)
    bound.close()
    environment = os.environ | {
        "PROMOGRAPH_NEO4J_URI": servers.neo4j_uri,
        "PROMOGRAPH_NEO4J_PASSWORD": servers.neo4j_password,
        "PROMOGRAPH_REDIS_URL": servers.redis_url or "",
        "PROMOGRAPH_SECRET_KEY": SECRET,
        "PROMOGRAPH_DATA_DIR": str(tmp_path),
        "PROMOGRAPH_DRAIN_SECONDS": "5",
    }
    command = [str(Path(sys.executable).with_name("promograph")), "serve", "--port", str(address.port)]
    arguments = [*command, "--workers", str(request.param), "--empty", "--no-jobs"]
    process = await asyncio.to_thread(subprocess.Popen, arguments, env=environment)
    try:
        assert await status(address.port, 200) == 200
        yield process, address.port
    finally:
        process.kill()
        process.wait()


async def status(port: int, wanted: int | None) -> int | None:
    """What /readyz says once it says what is wanted; None: it takes no connection."""
    found: int | None = 0
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with httpx.AsyncClient(trust_env=False) as client:
                try:
                    found = (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code
                except httpx.HTTPError:
                    found = None
            if found == wanted:
                return found
            await asyncio.sleep(0.05)


async def test_it_is_not_ready_first_and_ends_what_is_under_way(instance: tuple[subprocess.Popen[bytes], int]) -> None:
    process, port = instance
    headers = (
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token()}\r\nContent-Type: application/json\r\n"
    )
    async with connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[PROTOCOL], proxy=None) as connection:
        socket = Socket(connection)
        await socket.init(token(Role.ADMIN))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{headers}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY[:5])
        await writer.drain()

        process.send_signal(signal.SIGTERM)
        assert await status(port, 503) == 503
        async with httpx.AsyncClient(trust_env=False) as client:
            late = await client.post(
                f"http://127.0.0.1:{port}/graphql",
                content=BODY,
                headers={"Authorization": f"Bearer {token()}", "Content-Type": "application/json"},
            )
        assert late.json()["data"] == {"plan": {"version": "default"}}
        with pytest.raises(Closed) as closed:
            await socket.next(seconds=PATIENCE_SECONDS)
        assert closed.value.code == 1012
        assert await status(port, None) is None
        writer.write(BODY[5:])
        answer = await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"version":"default"' in answer
    assert await asyncio.to_thread(process.wait, PATIENCE_SECONDS) in (0, 130, -signal.SIGTERM)

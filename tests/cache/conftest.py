"""A Valkey of the test's own, so that nobody else's is stopped, and processes that read through it."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from cypher.store import Store, connect
from graph_api.cache import Cache
from graph_api.pii import Pii
from graph_api.servers import Servers, ValkeyServer
from graph_api.servers.process import data_dir_lock
from tests.batched.network import Network, Reader

Process = Callable[[], Awaitable[Reader]]
PATIENT_SECONDS = 4.0
"""For a call: whoever is slow on a busy machine is neither hung nor away."""


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    with data_dir_lock(tmp_path / "valkey") as lock:
        server = ValkeyServer(tmp_path / "valkey" / "data", lock=lock)
        server.start()
        try:
            yield server
        finally:
            if server.pid is not None:
                os.kill(server.pid, signal.SIGCONT)
            server.stop()


@pytest_asyncio.fixture
async def process(servers: Servers, store: Store, valkey: ValkeyServer, pii: Pii) -> AsyncIterator[Process]:
    """Makes a reader as a further process would be: a store and a cache of its own."""
    made: list[Reader] = []

    async def make() -> Reader:
        own = connect(
            servers.neo4j_uri,
            user=servers.neo4j_user,
            password=servers.neo4j_password,
            database=servers.neo4j_database,
        )
        cache = await Cache.open(valkey.url, call_seconds=PATIENT_SECONDS)
        cache.join(own)
        made.append(Reader(own, cache, pii))
        return made[-1]

    yield make
    for reader in made:
        await reader.cache.close()
        await reader.store.close()


@pytest_asyncio.fixture
async def writer(process: Process) -> Reader:
    return await process()


@pytest_asyncio.fixture
async def network(writer: Reader) -> Network:
    """Forty promoters and sixty sales, written by the process `writer`."""
    network = Network(writer.store)
    await network.plant(40, sales=60)
    return network

"""Real servers for every test: given by PROMOGRAPH_NEO4J_URI and PROMOGRAPH_REDIS_URL, else Docker, else embedded.

The suite runs in two processes, each with servers of its own; on given ones, which are one store, in one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import neo4j
import pytest
import pytest_asyncio

from cypher import migrations
from cypher.statements import Statement
from cypher.store import Store, connect
from graph_api.pii import Pii
from graph_api.servers import Servers, open_servers
from graph_api.settings import Settings
from tests.processes import (
    STEADY_JVM,
    USED,
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
    pytest_xdist_auto_num_workers,
)

__all__ = [
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
    "pytest_xdist_auto_num_workers",
]

SECRET = "a test secret of more than thirty-two characters"
Query = Callable[..., Awaitable[list[dict[str, Any]]]]

EMPTY = (
    "MATCH ()-[r]->() CALL (r) { DELETE r } IN TRANSACTIONS OF 10000 ROWS",
    "MATCH (n) WHERE NOT n:Migration CALL (n) { DELETE n } IN TRANSACTIONS OF 10000 ROWS",
)


async def empty(store: Store) -> None:
    """Takes everything out of a store, in bounded transactions, and prepares it anew."""
    for text in EMPTY:
        await store.unjournalled.run(Statement("tests", "empty", "none", text), {})
    await migrations.migrate(store)
    store.head = 0


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    given = Settings()
    options = given.neo4j_jvm_options or STEADY_JVM
    return given.model_copy(update={"data_dir": tmp_path_factory.mktemp("data"), "neo4j_jvm_options": options})


@pytest.fixture(scope="session")
def servers(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Servers]:
    with open_servers(settings, prefer_docker=True) as opened:
        terminal: Any = request.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:  # a process of several has none; what it used stands in the summary
            terminal.write_line(f"servers — {opened.describe()}")
        _leave_sockets_of_cancelled_connects(request.config, opened)
        yield opened
        request.config.stash[USED].append(_used(opened))


def _leave_sockets_of_cancelled_connects(config: pytest.Config, servers: Servers) -> None:
    """Neo4j's driver leaves a socket to the collector if whoever wanted it is cancelled while it connects (6.4.1,
    `_connect_secure`); of no other socket may that be seen."""
    port = urlsplit(servers.neo4j_uri).port
    config.addinivalue_line("filterwarnings", rf"ignore:unclosed <socket.*raddr=\(.*, {port}\):ResourceWarning")


def _used(servers: Servers) -> str:
    named = {"Neo4j": servers.neo4j_process, "Valkey": servers.redis_process}
    peaks = [f"{name} {p.peak_memory_bytes() / 2**20:.0f} MiB" for name, p in named.items() if p is not None]
    return f"{servers.describe()}; peak memory: {', '.join(peaks) or 'unknown (not ours)'}"


@pytest_asyncio.fixture(scope="session")
async def connected(servers: Servers) -> AsyncIterator[Store]:
    store = connect(
        servers.neo4j_uri,
        user=servers.neo4j_user,
        password=servers.neo4j_password,
        database=servers.neo4j_database,
    )
    await migrations.migrate(store)
    yield store
    await store.close()


@pytest_asyncio.fixture
async def store(connected: Store) -> AsyncIterator[Store]:
    """An empty, migrated store."""
    await empty(connected)
    yield connected


@pytest.fixture(scope="session")
def redis_url(servers: Servers) -> str:
    assert servers.redis_url is not None
    return servers.redis_url


@pytest.fixture(scope="session")
def pii() -> Pii:
    return Pii.from_secret(SECRET)


@pytest_asyncio.fixture(scope="session")
async def query(servers: Servers) -> AsyncIterator[Query]:
    async with raw_query(servers) as run:
        yield run


@asynccontextmanager
async def raw_query(servers: Servers) -> AsyncIterator[Query]:
    """Raw Cypher for checks, beside the product's own door."""
    driver = neo4j.AsyncGraphDatabase.driver(
        servers.neo4j_uri, auth=(servers.neo4j_user, servers.neo4j_password), notifications_min_severity="OFF"
    )

    async def run(text: str, **parameters: Any) -> list[dict[str, Any]]:
        records, _, _ = await driver.execute_query(text, parameters, database_=servers.neo4j_database)
        return [record.data() for record in records]

    try:
        yield run
    finally:
        await driver.close()

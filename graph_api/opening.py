"""What the service stands on, opened and closed: store, cache, keys, and the providers of payouts.

Commands stand on it too, and most of them need neither the API nor HTTP, which take longer to import than all the rest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cypher import migrations, timing
from cypher.store import Store, StoreTimeout, StoreUnavailable, connect
from cypher.workbench import Workbench
from graph_api import auth
from graph_api.batched.feed import Feed
from graph_api.batched.reach import Reach
from graph_api.batched.simulation import Simulations
from graph_api.cache import Budgets, Cache, follow
from graph_api.context import Stores
from graph_api.jobs.transfers import Providers
from graph_api.pii import Pii
from graph_api.providers.choice import sending_providers
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.slow import SlowStatements


@dataclass(frozen=True, slots=True)
class Opened:
    """What the service stands on while it runs."""

    stores: Stores
    secret: str
    servers: Servers

    @property
    def store(self) -> Store:
        return self.stores.store


def connected(settings: Settings, servers: Servers) -> Store:
    """The store on these servers; to be closed."""
    return connect(
        servers.neo4j_uri,
        user=servers.neo4j_user,
        password=servers.neo4j_password,
        database=servers.neo4j_database,
        timeout_seconds=settings.statement_timeout_seconds,
    )


@asynccontextmanager
async def opened(settings: Settings, servers: Servers) -> AsyncIterator[Opened]:
    """A migrated store, a cache that follows the journal, and the keys of personal data."""
    secret = auth.secret_key(settings, embedded=servers.neo4j_kind == "embedded")
    keys = settings.pii_keys.get_secret_value() if settings.pii_keys else None
    store = connected(settings, servers)
    try:
        await migrations.migrate(store)
        await store.observe_head()
        cache = await Cache.open(servers.redis_url)
        cache.join(store)
        feed = Feed(store)
        reach, budgets = Reach(), Budgets(cache.door)
        slow = SlowStatements(store, slow_seconds=settings.slow_statement_seconds)
        await reach.begin(store)
        works = (follow(store, cache, feed.advance), reach.follow(store), slow.explain())
        beside = [asyncio.create_task(work) for work in works]
        timing.listen(slow)
        workbench = Workbench(store)
        try:
            pii = Pii.from_secret(secret, keys=keys)
            stores = Stores(store, cache, pii, Simulations(store), feed, reach, budgets, workbench)
            yield Opened(stores, secret, servers)
        finally:
            await workbench.close()
            timing.ignore(slow)
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await cache.close()
    finally:
        await store.close()


@asynccontextmanager
async def sending(settings: Settings) -> AsyncIterator[Providers]:
    """The providers that payouts are sent through."""
    providers = sending_providers(settings)
    try:
        yield providers
    finally:
        for provider in providers.values():
            await provider.close()


READY_SECONDS = 1.0


class Readiness:
    """`readiness`, asked anew once its answer is a second old: a flood of those who ask costs one statement a second."""

    def __init__(self, running: Opened) -> None:
        self._running = running
        self._asking: asyncio.Task[dict[str, object]] | None = None
        self._fresh_until = 0.0

    async def report(self) -> dict[str, object]:
        if self._asking is None or (self._asking.done() and time.monotonic() >= self._fresh_until):
            self._asking = asyncio.create_task(self._asked())
        return await asyncio.shield(self._asking)  # who goes away takes the answer from nobody

    async def _asked(self) -> dict[str, object]:
        try:
            return await readiness(self._running)
        finally:
            self._fresh_until = time.monotonic() + READY_SECONDS


async def readiness(running: Opened) -> dict[str, object]:
    """Whether requests can be answered: Neo4j and its schema must be there, the cache is only reported."""
    neo4j, schema = "ok", "unknown"
    try:
        applied = {row.number for row in await migrations.applied(running.store)}
        missing = {number for number, _ in migrations.numbered()} - applied
        schema = f"{len(missing)} steps missing" if missing else "ok"
    except (StoreUnavailable, StoreTimeout) as error:
        neo4j = type(error).__name__
    cache = running.stores.cache.report()
    return {"ready": neo4j == schema == "ok", "neo4j": neo4j, "schema": schema, "redis": cache.state}

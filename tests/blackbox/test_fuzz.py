"""Made-up operations for every field break nothing inside; `make fuzz` goes on for longer."""

from __future__ import annotations

import asyncio

from cypher.store import Store
from graph_api.pii import Pii
from graph_api.servers import Servers
from graph_api.settings import Settings
from tests.fuzz import Fuzz
from tests.schema.conftest import fill
from tests.subscriptions.client import served


async def test_nothing_that_schemathesis_makes_up_breaks_anything(
    store: Store, servers: Servers, settings: Settings, pii: Pii
) -> None:
    await fill(store, pii)
    async with served(settings, servers) as running:
        fuzz = Fuzz(running.url.replace("ws", "http", 1))
        await asyncio.to_thread(fuzz.round, 1, each=2)
    assert fuzz.broken == []
    assert {"answered", "BAD_USER_INPUT", "FORBIDDEN"} <= set(fuzz.outcomes)

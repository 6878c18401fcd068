"""The small network of `schema/conftest.py` behind a server, and a shop whose sales are told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from cypher.store import Store
from graph_api.pii import Pii
from graph_api.servers import Servers
from graph_api.settings import Settings
from tests.actions.shop import Shop, shop
from tests.conftest import empty
from tests.schema.conftest import fill
from tests.subscriptions.client import Served, served

__all__ = ["shop"]


@pytest_asyncio.fixture(scope="module")
async def network(connected: Store, servers: Servers, settings: Settings, pii: Pii) -> AsyncIterator[Served]:
    """A ─ B ─ C ─ D, A ─ E and the strangers S ─ T, which tests of one module share and leave as they are."""
    await empty(connected)
    await fill(connected, pii)
    async with served(settings, servers) as running:
        yield running


@pytest_asyncio.fixture
async def telling(shop: Shop, servers: Servers, settings: Settings) -> AsyncIterator[Served]:
    """On the shop: what is sold there is written by another process, as far as this instance knows."""
    async with served(settings, servers) as running:
        yield running

"""Fixtures of the loaders' tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from cypher.store import Store
from tests.conftest import empty


@pytest.fixture
def wipe(store: Store) -> Callable[[], Awaitable[None]]:
    """Empties the store in the middle of a test."""

    async def run() -> None:
        await empty(store)

    return run

"""Fixtures of the loaders' tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from cypher import migrations
from cypher.statements import Statement
from cypher.store import Store
from tests.conftest import EMPTY


@pytest.fixture
def wipe(store: Store) -> Callable[[], Awaitable[None]]:
    """Empties the store in the middle of a test."""

    async def run() -> None:
        await store.schema.run(Statement("tests", "empty", "none", EMPTY), {})
        await migrations.migrate(store)
        store.head = 0

    return run

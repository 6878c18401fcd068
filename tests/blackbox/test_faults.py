"""Kills, hangs and restarts under load; `python -m tests.blackbox.faults --times 20` does them often."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from graph_api.servers import open_servers
from tests.blackbox.faults import FAULTS, Shop, fault, opened
from tests.servers.conftest import small_settings


@pytest_asyncio.fixture(scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """Servers of their own: those of the other tests live on."""
    data_dir = tmp_path_factory.mktemp("faults")
    with open_servers(small_settings(data_dir)) as servers:
        async with opened(servers, data_dir) as shop:
            yield shop


@pytest.mark.long
@pytest.mark.timeout(900)  # a busy machine starts a server ten times as slowly
@pytest.mark.parametrize(("target", "kind"), FAULTS)
async def test_what_was_answered_stays_and_numbers_are_right_again_within_a_minute(
    shop: Shop, target: str, kind: str
) -> None:
    for seed in (0, 1):
        figures = await fault(shop, target, kind, seed=seed)
        assert figures["recovered_seconds"] < 60
        assert figures["converged_seconds"] < 60

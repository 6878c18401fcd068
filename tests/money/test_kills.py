"""Kill -9 in the middle of settlements; `python -m tests.money.kills --times 20` does it often."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from graph_api.servers import Servers, open_servers
from tests.money.kills import KINDS, kill, staged
from tests.money.stage import Stage
from tests.servers.conftest import small_settings


@pytest_asyncio.fixture(scope="module")
async def killable(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Stage, Servers]]:
    """Servers of their own: those of the other tests live on."""
    data_dir = tmp_path_factory.mktemp("killed")
    with open_servers(small_settings(data_dir)) as servers:
        async with staged(servers, data_dir) as stage:
            yield stage, servers


@pytest.mark.long
@pytest.mark.timeout(900)  # a busy machine starts a server ten times as slowly
@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_answered_survives_a_kill_and_the_rest_is_settled_once(
    killable: tuple[Stage, Servers], kind: str
) -> None:
    for seed in (0, 1):
        figures = await kill(*killable, kind, seed=seed)
        assert figures["converged_seconds"] < 60

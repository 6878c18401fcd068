"""A short run of the machine; `python -m tests.money.shards` makes a long one.

MONEY_SEED=7 MONEY_RUNS=100 MONEY_STEPS=50 in the environment make other runs of it.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from cypher.store import Store
from graph_api.pii import Pii
from tests.conftest import Query
from tests.money.machine import World
from tests.money.runs import run
from tests.money.service import Service

SEED = int(os.environ.get("MONEY_SEED", "4"))
RUNS = int(os.environ.get("MONEY_RUNS", "10"))
STEPS = int(os.environ.get("MONEY_STEPS", "30"))


async def test_the_service_and_the_oracle_agree_on_every_fen_after_every_step(
    connected: Store, pii: Pii, query: Query, request: pytest.FixtureRequest
) -> None:
    terminal: Any = request.config.pluginmanager.get_plugin("terminalreporter")
    terminal.write_line(f"money machine: MONEY_SEED={SEED} MONEY_RUNS={RUNS} MONEY_STEPS={STEPS}")
    world = World(asyncio.get_running_loop(), Service(connected, pii, query))
    await asyncio.to_thread(run, world, seed=SEED, runs=RUNS, steps=STEPS)
    assert world.examples >= RUNS

"""Budgets: one bucket a payer, whichever process it asks and whether Redis is there or not."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from graph_api.cache.budget import WINDOW_SECONDS, Budgets, BudgetSpent, leaked
from graph_api.cache.door import Door
from graph_api.servers import ValkeyServer

SIZE = 600_000
COST = 7_001


@pytest_asyncio.fixture
async def doors(valkey: ValkeyServer) -> AsyncIterator[list[Door]]:
    """As two processes have them."""
    made = [Door(valkey.url, call_seconds=5.0, probe_seconds=0.1) for _ in range(2)]
    for door in made:
        await door.open()
    yield made
    for door in made:
        await door.close()


async def drained(budgets: list[Budgets], payer: str, *, cost: int = COST) -> tuple[int, BudgetSpent]:
    """What was paid until a refusal, asked for in turn."""
    paid = 0
    while True:
        for each in budgets:
            try:
                await each.take(payer, SIZE, cost)
            except BudgetSpent as spent:
                return paid, spent
            paid += cost


@pytest.mark.parametrize("processes", [0, 1, 2])
async def test_a_bucket_gives_what_it_holds_and_what_leaks_meanwhile(doors: list[Door], processes: int) -> None:
    budgets = [Budgets(door) for door in doors[:processes]] or [Budgets(None)]
    began = time.monotonic()
    paid, spent = await drained(budgets, "a")
    leak = (time.monotonic() - began + 0.1) * SIZE / WINDOW_SECONDS
    # What another process has drawn and not spent is missing, a fiftieth of the bucket at most.
    assert SIZE - COST - (len(budgets) - 1) * SIZE / 50 <= paid <= SIZE + leak
    assert spent.asked == COST
    assert 0 <= spent.remaining < COST + SIZE / 50
    assert 1 <= spent.retry_after_seconds <= 1 + COST * WINDOW_SECONDS / SIZE
    assert await budgets[0].take("b", SIZE, COST) >= SIZE - COST - leak


async def test_a_busy_payer_costs_a_call_once_in_many_requests(doors: list[Door]) -> None:
    budgets, calls = Budgets(doors[0]), 0
    ran = doors[0].run

    async def counted(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        return await ran(*arguments)  # type: ignore[arg-type]

    doors[0].run = counted  # type: ignore[method-assign, assignment]
    left = [await budgets.take("a", SIZE, 100) for _ in range(500)]
    assert calls <= 1 + 500 * 100 // (SIZE // 50 - 100)
    assert left[0] == SIZE - 100
    assert min(left) >= SIZE - 500 * 100


async def test_requests_at_once_pay_each_for_themselves(doors: list[Door]) -> None:
    budgets = [Budgets(door) for door in doors]
    tasks = [budgets[index % 2].take("a", SIZE, 100_000) for index in range(12)]
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    paid = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert all(isinstance(outcome, int | BudgetSpent) for outcome in outcomes)
    assert len(paid) == 6


async def test_while_redis_is_away_each_process_keeps_a_bucket(doors: list[Door], valkey: ValkeyServer) -> None:
    budgets = Budgets(doors[0])
    await budgets.take("a", SIZE, COST)
    assert valkey.pid is not None
    os.kill(valkey.pid, signal.SIGSTOP)
    began = time.monotonic()
    paid, _ = await drained([budgets], "a")
    leak = (time.monotonic() - began + 0.1) * SIZE / WINDOW_SECONDS
    assert SIZE - COST <= paid <= SIZE + SIZE / 50 + leak
    os.kill(valkey.pid, signal.SIGCONT)
    for _ in range(100):
        await asyncio.sleep(0.05)
        if doors[0].state == "ready":
            break
    assert await budgets.take("a", SIZE, COST) > SIZE / 2


def test_a_clock_that_went_back_fills_no_bucket_beyond_its_size() -> None:
    (taken, room, wait_ms), _ = leaked(10.0**9, now_ms=0.0, size=SIZE, least=1, wanted=1)
    assert (taken, room) == (0, 0)
    assert wait_ms <= WINDOW_SECONDS * 1000

"""Whatever happens to the cache, every number is the graph's, no request fails and none waits long."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import redis.asyncio

from graph_api.servers import ValkeyServer
from graph_api.servers.process import data_dir_lock
from tests.blackbox.api import Api, order, refund
from tests.blackbox.command import Command
from tests.blackbox.recount import FIELDS, numbers

PROMOTERS = 60
BATCH = 10
SECONDS_MAX = 5.0
Opened = Callable[[str], AbstractAsyncContextManager[Api]]


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A cache of this test's own, so that nobody else's is hurt."""
    with data_dir_lock(tmp_path / "valkey") as lock:
        server = ValkeyServer(tmp_path / "valkey" / "data", lock=lock)
        server.start()
        try:
            yield server
        finally:
            if server.pid is not None:
                os.kill(server.pid, signal.SIGCONT)
            server.stop()


@pytest_asyncio.fixture
async def two(valkey: ValkeyServer, opened: Opened) -> AsyncIterator[tuple[Api, Api]]:
    """Two instances of the service on one cache."""
    async with opened(valkey.url) as first, opened(valkey.url) as second:
        yield first, second


class Shop:
    """Sells, refunds and moves branches, and compares what is answered with a recount."""

    def __init__(self, two: tuple[Api, Api], store: Any) -> None:
        self.two, self.store = two, store
        self.chance = random.Random(500)
        self.codes = [f"p{index:02d}" for index in range(PROMOTERS)]
        self.sold = 0
        self.slowest = 0.0

    async def open(self) -> None:
        await self.two[0].product("p")
        await self.two[0].enrol(
            (code, self.codes[self.chance.randrange(max(0, index - 8), index)] if index else None)
            for index, code in enumerate(self.codes)
        )

    async def trade(self, batches: int) -> None:
        """Orders, a refund and a move through one instance, while the other and itself are read."""
        for _ in range(batches):
            writer = self.chance.choice(self.two)
            await asyncio.gather(self._write(writer), *(self._read(api) for api in self.two))
            await self.compare(writer)

    async def compare(self, writer: Api) -> None:
        """At once where it was written; within moments at the other instance."""
        expected = await numbers(self.store)
        assert await self._read(writer) == expected
        deadline = time.monotonic() + SECONDS_MAX
        other = self.two[1] if writer is self.two[0] else self.two[0]
        while (found := await self._read(other)) != expected:
            assert time.monotonic() < deadline, _difference(found, expected)
            await asyncio.sleep(0.05)

    async def _write(self, api: Api) -> None:
        orders = [
            order(
                str(self.sold + index),
                {"p": self.chance.randint(1, 99_999)},
                seller=self.chance.choice(self.codes),
                buyer=f"b{self.chance.randrange(40)}",
                paid_at=self.chance.choice(("2026-01-10T04:00:00Z", "2026-02-10T04:00:00Z")),
            )
            for index in range(BATCH)
        ]
        self.sold += BATCH
        await self._timed(api.recorded(orders))
        number = str(self.chance.randrange(self.sold))
        sold = f"refund: {refund(number, f'r{self.sold}', 1, '2026-02-20T04:00:00Z')}"
        mover, above = self.chance.sample(self.codes, 2)
        moved = (
            f'move: moveBranch(input: {{promoterCode: "{mover}" referrerCode: "{above}" reason: "test"}})'
            " { errors { code } }"
        )
        answer = await self._timed(api.ask(f"mutation {{ {sold} {moved} }}"))
        assert all(error["code"] == "OVER_REFUND" for error in answer["refund"]["errors"])
        assert all(error["code"] == "WOULD_CYCLE" for error in answer["move"]["errors"])

    async def _read(self, api: Api) -> dict[str, Any]:
        found: dict[str, Any] = await self._timed(api.promoters(self.codes, FIELDS))
        return found

    async def _timed(self, asked: Awaitable[Any]) -> Any:
        began = time.monotonic()
        answer = await asked
        self.slowest = max(self.slowest, time.monotonic() - began)
        assert self.slowest < SECONDS_MAX
        return answer


@pytest.mark.long
async def test_numbers_are_the_graphs_whatever_happens_to_the_cache(
    two: tuple[Api, Api],
    store: Any,
    valkey: ValkeyServer,
    promograph_with: Callable[[str], Command],
    tmp_path: Path,
) -> None:
    shop = Shop(two, store)
    await shop.open()
    await shop.trade(8)

    valkey.stop()
    shutil.copytree(valkey.dir, tmp_path / "snapshot")
    await shop.trade(6)
    valkey.start()
    await shop.trade(6)

    assert valkey.pid is not None
    os.kill(valkey.pid, signal.SIGSTOP)
    await shop.trade(6)
    os.kill(valkey.pid, signal.SIGCONT)
    await shop.trade(6)

    await _flush(valkey)
    await shop.trade(6)

    valkey.stop()
    shutil.rmtree(valkey.dir)
    shutil.copytree(tmp_path / "snapshot", valkey.dir)
    valkey.start()
    await shop.compare(two[0])
    await shop.trade(6)

    os.kill(valkey.pid, signal.SIGKILL)
    await shop.trade(6)
    valkey.restart()
    await shop.compare(two[1])
    assert shop.sold == 500

    recomputed = await promograph_with(valkey.url)("recompute")
    assert recomputed.status == 0, recomputed
    assert " 0 drifted, 0 repaired; 0 cached values drifted" in recomputed.stdout, recomputed


async def _flush(valkey: ValkeyServer) -> None:
    client = redis.asyncio.from_url(valkey.url)
    await client.flushall()
    await client.aclose()


def _difference(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {code: (found[code], expected[code]) for code in expected if found[code] != expected[code]}

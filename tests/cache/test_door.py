"""The door to Redis: short waits, one of them, and a way back; a single server or a cluster."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest
import pytest_asyncio
import redis.asyncio

from graph_api.cache import Budgets, BudgetSpent, Cache
from graph_api.cache.door import Away, Door
from graph_api.cache.scripts import Script
from graph_api.servers import ValkeyServer
from graph_api.servers.valkey import binary
from tests.batched.network import Network, Reader
from tests.cache.conftest import Process
from tests.cache.test_staleness import trade

ECHO = Script("return ARGV[1]")
SLOTS = 16384


@pytest_asyncio.fixture
async def door(valkey: ValkeyServer) -> AsyncIterator[Door]:
    door = Door(valkey.url, probe_seconds=0.1)
    await door.open()
    yield door
    await door.close()


async def test_a_script_is_loaded_when_the_server_does_not_know_it(door: Door) -> None:
    assert await door.run(ECHO, [], ["a"]) == "a"
    assert await door.run(ECHO, [], ["b"]) == "b"


async def test_after_one_wait_nobody_waits_until_it_answers(door: Door, valkey: ValkeyServer) -> None:
    await door.run(ECHO, [], ["a"])
    assert valkey.pid is not None
    os.kill(valkey.pid, signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(Away):
        await door.run(ECHO, [], ["a"])
    waited = time.monotonic() - began
    assert 0.1 <= waited < 2
    began = time.monotonic()
    for _ in range(100):
        with pytest.raises(Away):
            await door.run(ECHO, [], ["a"])
    assert time.monotonic() - began < 1
    assert door.state == "away"
    os.kill(valkey.pid, signal.SIGCONT)
    for _ in range(100):
        await asyncio.sleep(0.05)
        if door.state == "ready":
            break
    assert await door.run(ECHO, [], ["c"]) == "c"


async def test_an_event_loop_that_was_late_is_not_a_redis_that_is_away(door: Door) -> None:
    await door.run(ECHO, [], ["a"])
    answer = asyncio.create_task(door.run(ECHO, [], ["b"]))
    for _ in range(5):
        await asyncio.sleep(0)
    time.sleep(0.3)  # noqa: ASYNC251
    assert await answer == "b"
    assert door.state == "ready"


@pytest.mark.parametrize("listens", [True, False])
async def test_opening_waits_for_nobody_long(listens: bool) -> None:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        if listens:
            place.listen(1)
        began = time.monotonic()
        cache = await Cache.open(f"redis://127.0.0.1:{place.getsockname()[1]}")
        assert time.monotonic() - began < 8
        assert cache.report().state == "away"
        await cache.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[list[int]]:
    """Ports of three servers, then those they speak to each other at."""
    ports = _free_ports(6)
    with ExitStack() as stack:
        for port, bus in zip(ports[:3], ports[3:], strict=True):
            directory = tmp_path / str(port)
            directory.mkdir()
            settings = {
                "port": port,
                "cluster-port": bus,
                "cluster-enabled": "yes",
                "bind": "127.0.0.1",
                "dir": directory,
            }
            arguments = [text for name, value in settings.items() for text in (f"--{name}", str(value))]
            server = subprocess.Popen([binary(), *arguments, "--save", ""], stdout=subprocess.DEVNULL)
            stack.callback(server.wait)
            stack.callback(server.terminate)
        yield ports


async def test_a_cluster_serves_as_one_server_does(
    cluster: list[int], network: Network, process: Process, writer: Reader
) -> None:
    await _join(cluster[:3], cluster[3:])
    plain = await process()
    cache = await Cache.open(f"redis://127.0.0.1:{cluster[0]}", call_seconds=1.0)
    reader = Reader(plain.store, cache, plain.pii)
    cache.join(writer.store)
    try:
        assert cache.report().state == "ready"
        await trade(network, [reader])
        assert await reader.stale(network, list(network.referrers)) == []
        hits = cache.report().hits
        assert await reader.stale(network, list(network.referrers)) == []
        assert cache.report().hits > hits
        assert len([value async for value in cache.values()]) > 40
        # Budgets lie in the slots of their payers, not in the cache's one.
        budgets = [Budgets(cache.door), Budgets(cache.door)]
        for number in range(30):
            payer = f"PROMOTER:{number}"
            assert await budgets[0].take(payer, 600_000, 400_000) >= 200_000
            with pytest.raises(BudgetSpent):
                await budgets[1].take(payer, 600_000, 500_000)
        async with redis.asyncio.RedisCluster(host="127.0.0.1", port=cluster[0], decode_responses=True) as client:
            nodes = {node.port: await client.dbsize(target_nodes=node) for node in client.get_primaries()}
        assert len(nodes) == 3
        assert all(nodes.values())
    finally:
        await cache.close()


async def _join(ports: list[int], buses: list[int]) -> None:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(redis.asyncio.Redis(port=port)) for port in ports]
        await asyncio.gather(*(_awaited(client, "PING", "True") for client in clients))
        share = SLOTS // len(ports) + 1
        for index, client in enumerate(clients):
            last = min(SLOTS, (index + 1) * share) - 1
            await client.execute_command("CLUSTER", "ADDSLOTSRANGE", index * share, last)
            await client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", index + 1)
            await client.execute_command("CLUSTER", "MEET", "127.0.0.1", ports[0], buses[0])
        for client in clients:
            await _awaited(client, "CLUSTER SLOTS", str(ports[0]), str(ports[1]), str(ports[2]))
            await _awaited(client, "CLUSTER INFO", "'cluster_state': 'ok'")


async def _awaited(client: redis.asyncio.Redis, command: str, *texts: str) -> None:
    answer = ""
    for _ in range(200):
        with contextlib.suppress(redis.exceptions.ConnectionError):
            answer = str(await client.execute_command(command))
        if all(text in answer for text in texts):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{command} answers {answer}")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        places = [stack.enter_context(socket.socket()) for _ in range(count)]
        for place in places:
            place.bind(("127.0.0.1", 0))
        return [place.getsockname()[1] for place in places]

"""The door to Redis: short waits, one of them, and a way back; a single server or a cluster."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import NamedTuple

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


class Member(NamedTuple):
    """One server of a cluster, with the port at which it speaks to the others."""

    port: int
    bus: int
    process: subprocess.Popen[bytes]


@pytest.fixture
def members(tmp_path: Path) -> Iterator[Callable[[int], list[Member]]]:
    """Starts so many servers that may become a cluster."""
    with ExitStack() as stack:

        def start(count: int) -> list[Member]:
            ports = _free_ports(2 * count)
            return [
                _started(stack, tmp_path / str(port), port, bus) for port, bus in zip(*[iter(ports)] * 2, strict=True)
            ]

        yield start


def _started(stack: ExitStack, directory: Path, port: int, bus: int) -> Member:
    directory.mkdir()
    settings = {
        "port": port,
        "cluster-port": bus,
        "cluster-enabled": "yes",
        "cluster-node-timeout": 2_000,
        "repl-diskless-sync-delay": 0,
        "bind": "127.0.0.1",
        "dir": directory,
    }
    arguments = [text for name, value in settings.items() for text in (f"--{name}", str(value))]
    server = subprocess.Popen([binary(), *arguments, "--save", ""], stdout=subprocess.DEVNULL)
    stack.callback(server.wait)
    stack.callback(server.kill)
    return Member(port, bus, server)


async def test_a_cluster_serves_as_one_server_does(
    members: Callable[[int], list[Member]], network: Network, process: Process, writer: Reader
) -> None:
    cluster = members(3)
    await _join(cluster)
    plain = await process()
    cache = await Cache.open(f"redis://127.0.0.1:{cluster[0].port}", call_seconds=1.0)
    reader = Reader(plain.store, cache, plain.pii)
    cache.join(writer.store)
    try:
        assert cache.report().state == "ready"
        await trade(network, [reader])
        await _is_true_and_used(reader, network)
        assert len([value async for value in cache.values()]) > 40
        # Budgets lie in the slots of their payers, not in the cache's one.
        budgets = [Budgets(cache.door), Budgets(cache.door)]
        for number in range(30):
            payer = f"PROMOTER:{number}"
            assert await budgets[0].take(payer, 600_000, 400_000) >= 200_000
            with pytest.raises(BudgetSpent):
                await budgets[1].take(payer, 600_000, 500_000)
        async with redis.asyncio.RedisCluster(host="127.0.0.1", port=cluster[0].port, decode_responses=True) as client:
            nodes = {node.port: await client.dbsize(target_nodes=node) for node in client.get_primaries()}
        assert len(nodes) == 3
        assert all(nodes.values())
    finally:
        await cache.close()


@pytest.mark.long
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # redis-py drops a dead one's connections
@pytest.mark.parametrize("known", ["its address is the killed one's", "another's"])
async def test_a_member_that_is_killed_is_followed_by_its_replica(
    members: Callable[[int], list[Member]], network: Network, process: Process, writer: Reader, known: str
) -> None:
    """What the replica has not been told yet is older, and told its age by its position: nothing stale is shown."""
    cluster = members(4)
    await _join(cluster[:3], replicas=cluster[3:])
    holder = cluster[0]
    told = holder if known == "its address is the killed one's" else cluster[1]
    plain = await process()
    cache = await Cache.open(f"redis://127.0.0.1:{told.port}", call_seconds=1.0)
    reader = Reader(plain.store, cache, plain.pii)
    cache.join(writer.store)
    try:
        await trade(network, [reader])
        holder.process.kill()
        await trade(network, [reader])
        for _ in range(300):
            if cache.report().state == "ready":
                break
            await asyncio.sleep(0.1)
        assert cache.report().state == "ready"
        await trade(network, [reader])
        await _is_true_and_used(reader, network)
    finally:
        await cache.close()
        gc.collect()  # within what this test may leave behind


async def _is_true_and_used(reader: Reader, network: Network) -> None:
    """Nothing stale, and what was asked once comes from the cache."""
    assert await reader.stale(network, list(network.referrers)) == []
    hits = reader.cache.report().hits
    assert await reader.stale(network, list(network.referrers)) == []
    assert reader.cache.report().hits > hits


async def _join(primaries: Sequence[Member], *, replicas: Sequence[Member] = ()) -> None:
    """The first holds every slot of a cache, if there are `replicas`, which follow it; else each its share."""
    async with AsyncExitStack() as stack:
        members = [*primaries, *replicas]
        clients = [await stack.enter_async_context(redis.asyncio.Redis(port=member.port)) for member in members]
        await asyncio.gather(*(_awaited(client, "PING", "True") for client in clients))
        lasts = [SLOTS - 3, SLOTS - 2, SLOTS - 1] if replicas else [SLOTS // 3, 2 * SLOTS // 3, SLOTS - 1]
        for index, client in enumerate(clients):
            if index < len(primaries):
                first = lasts[index - 1] + 1 if index else 0
                await client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, lasts[index])
                await client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", index + 1)
            await client.execute_command("CLUSTER", "MEET", "127.0.0.1", primaries[0].port, primaries[0].bus)
        holder = (await clients[0].execute_command("CLUSTER", "MYID")).decode()
        for client in clients[len(primaries) :]:
            await _awaited(client, "CLUSTER NODES", holder)
            await client.execute_command("CLUSTER", "REPLICATE", holder)
            await _awaited(client, "INFO replication", "master_link_status:up")
        for client in clients:
            await _awaited(client, "CLUSTER SLOTS", *(str(member.port) for member in members))
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

"""`make bench ARGS=fresh`: from an acknowledged order to the new number at the root of a deep chain, while others sell."""

from __future__ import annotations

import asyncio
import itertools
import random
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from websockets.asyncio.client import connect as connect_socket

from bench.http_load import Connections, graphql_body
from bench.orders import DEPTH, Told, prepare, record
from bench.service import Service
from cypher.store import connect
from graph_api.servers import Servers
from graph_api.viewer import Role
from tests.subscriptions.client import PROTOCOL, TEAM, Socket

BACKGROUND_BATCH, BACKGROUND_PER_SECOND = 10, 50
"""500 orders a second."""
WARMING = 50
"""Batches before others sell, and orders before those that are measured: the first of each statement waits for its plan."""
AIM_MS = 100
VOLUME = "query($code: String!) { promoter(code: $code) { team { volumeFen } } }"


async def bench(servers: Servers, data_dir: Path, *, workers: int, quick: bool) -> None:
    store = connect(
        servers.neo4j_uri, user=servers.neo4j_user, password=servers.neo4j_password, database=servers.neo4j_database
    )
    told = Told(await prepare(store))
    service = Service(servers, data_dir / "service", workers=workers)
    try:
        await service.ready()
        connections = Connections(service.port, service.token(Role.SERVICE))
        for _ in range(WARMING):
            await record(connections, told.next(BACKGROUND_BATCH))
        await _fresh(service, connections, told, orders=100 if quick else 1_000)
        print(f"peak memory: service {service.peak_memory_mib()} MiB")
        connections.close()
    finally:
        service.stop()
        await store.close()


async def _fresh(service: Service, connections: Connections, told: Told, *, orders: int) -> None:
    asking = Connections(service.port, service.token(Role.PROMOTER, code="c0"))
    by_query: list[float] = []
    by_event: list[float] = []
    async with _watching(service) as socket:
        draw, volume_fen = random.Random(DEPTH), 0
        await _told_of(socket, volume_fen)
        await _seen(asking, volume_fen)
        async with _background(connections, told) as sold:
            for turn in range(WARMING + orders):
                fen = draw.randrange(100, 10_000)
                volume_fen += fen
                order = told.next(1)[0] | {"number": f"fresh-{turn}", "promoterCode": f"c{DEPTH}"}
                order["lines"][0]["paidFen"] = fen
                told_of = asyncio.create_task(_told_of(socket, volume_fen))
                await record(connections, [order])
                recorded_at = time.perf_counter()
                by_query.append(await _seen(asking, volume_fen) - recorded_at)
                by_event.append(max(await told_of - recorded_at, 0.0))
            began, count = sold[0], len(sold) - 1
            rate = count * BACKGROUND_BATCH / (time.perf_counter() - began)
    for name, seconds in (("query", by_query), ("subscription", by_event)):
        cuts = statistics.quantiles(seconds[WARMING:], n=100)
        print(
            f"order to fresh by {name:12}   p50 {cuts[49] * 1000:7.1f} ms   p99 {cuts[98] * 1000:7.1f} ms (aim {AIM_MS})"
        )
    print(f"  root of a chain of {DEPTH}, {rate:.0f} orders/s beside it, {orders} orders, none stale")
    asking.close()


async def _seen(connections: Connections, volume_fen: int) -> float:
    """When an answer told the root's volume; the first has to be the right one."""
    body = graphql_body(VOLUME, code="c0")
    answer = await connections.post(body)
    found = answer["data"]["promoter"]["team"]["volumeFen"]
    assert found == volume_fen, f"stale: {found}, not {volume_fen}"
    return time.perf_counter()


async def _told_of(socket: Socket, volume_fen: int) -> float:
    """When an event told the root's volume."""
    while (await socket.team())["volumeFen"] != volume_fen:
        pass
    return time.perf_counter()


@asynccontextmanager
async def _watching(service: Service) -> AsyncIterator[Socket]:
    url = f"ws://127.0.0.1:{service.port}/graphql"
    token = service.token(Role.PROMOTER, code="c0")
    async with connect_socket(url, subprotocols=[PROTOCOL], proxy=None) as connection:  # type: ignore[list-item]
        socket = Socket(connection)
        assert (await socket.init(token))["type"] == "connection_ack"
        await socket.subscribe(TEAM, code="c0")
        yield socket


@asynccontextmanager
async def _background(connections: Connections, told: Told) -> AsyncIterator[list[float]]:
    """Others sell at a steady pace; yields when it began, then when each batch was answered."""
    times = [time.perf_counter()]
    running: set[asyncio.Task[None]] = set()

    async def sell() -> None:
        await record(connections, told.next(BACKGROUND_BATCH))
        times.append(time.perf_counter())

    async def pace() -> None:
        for turn in itertools.count(1):
            await asyncio.sleep(max(times[0] + turn / BACKGROUND_PER_SECOND - time.perf_counter(), 0))
            if len(running) < BACKGROUND_PER_SECOND:
                task = asyncio.create_task(sell())
                running.add(task)
                task.add_done_callback(running.discard)

    pacing = asyncio.create_task(pace())
    try:
        yield times
    finally:
        pacing.cancel()
        await asyncio.gather(*running)

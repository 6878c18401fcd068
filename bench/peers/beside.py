"""`make bench ARGS=peers`: the team view over HTTP beside @neo4j/graphql and beside PostgreSQL, warm and cold."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from redis.asyncio import Redis

from bench.http_load import Connections, graphql_body
from bench.peers import Unavailable, apollo, data, postgres
from bench.raw import Raw
from bench.service import Service, listening
from bench.views import Laps, Measured, System, embedded, measured, promograph
from graph_api.servers import Servers

AIMS = {10: 5, 300: 15}
"""How many times the requests/s of @neo4j/graphql promograph is to have warm, by people in a member's team."""
OURS = """query($code: String!) { promoter(code: $code) { code rank status downline(first: 20) { edges { node {
  code rank status sales { orders volumeFen } team { size volumeFen } } } } } }"""
APOLLO = """query($code: String!) { promoters(where: {code: {eq: $code}}) { code rank status
  downline(limit: 20, sort: [{joinedAt: ASC}, {code: ASC}]) {
    code rank status sales { orders volumeFen } team { size volumeFen } } } }"""
CODES = {team: [data.root(team, index) for index in range(data.ROOTS)] for team in data.TEAMS}


async def bench(servers: Servers, data_dir: Path, *, quick: bool) -> None:
    """Figures of a store that holds `data`."""
    raw = Raw(servers)
    with ExitStack() as stack:
        systems = [await _ours(stack, servers, data_dir)]
        for name, start in {"@neo4j/graphql": _apollo, "PostgreSQL": _postgres}.items():
            try:
                systems.append(await start(stack, servers, raw))
            except Unavailable as reason:
                print(f"SKIPPED, NOT MEASURED: {name}: {reason}")
        for team, codes in CODES.items():
            await _agree(systems, codes)
            _print(f"team view, teams of {team}, warm", await _warm(systems, codes, quick=quick), aim=AIMS[team])
            _print("  cold", await _cold(systems, codes, servers, quick=quick), aim=1)
    await raw.close()


async def _ours(stack: ExitStack, servers: Servers, data_dir: Path) -> System:
    service = Service(servers, data_dir / "service")
    stack.callback(service.stop)
    await service.ready()
    return promograph(service, servers, "promograph", OURS, list(chain(*CODES.values())))


async def _apollo(stack: ExitStack, servers: Servers, _: Raw) -> System:
    port, process = stack.enter_context(apollo.running(servers))
    await listening(port)
    connections = Connections(port)
    return System(
        "@neo4j/graphql",
        [process, *embedded(servers)],
        lambda _: connections,
        lambda code: graphql_body(APOLLO, code=code),
        lambda answer: answer["data"]["promoters"][0],
    )


async def _postgres(stack: ExitStack, _: Servers, raw: Raw) -> System:
    address, database = stack.enter_context(postgres.cluster())
    version = await postgres.fill(address, raw.stream(postgres.ROWS))
    port, process = stack.enter_context(postgres.endpoint(address))
    await listening(port)
    connections = Connections(port, path="/team")
    return System(
        f"PostgreSQL {version.split()[0]}",
        [process, database],
        lambda _: connections,
        lambda code: json.dumps({"code": code}).encode(),
        lambda answer: answer,
    )


async def _agree(systems: Sequence[System], codes: Sequence[str]) -> None:
    """Nobody is measured who answers otherwise than promograph."""
    for code in codes:
        ours = await systems[0].view(code)
        assert all(numbers[-1] > 0 for _, numbers in ours[1:]), ours
        for peer in systems[1:]:
            theirs = await peer.view(code)
            assert theirs == ours, f"{peer.name} says {theirs}, promograph {ours}"


async def _warm(systems: Sequence[System], codes: Sequence[str], *, quick: bool) -> dict[str, Measured]:
    """By name, over all rounds; in each one all are asked in turn, and the first is for warming up."""
    rounds = _rounds(quick=quick)
    done = [[await system.asked(codes, seconds=seconds) for system in systems] for seconds in rounds]
    return measured(systems, done[1:])


def _rounds(*, quick: bool) -> list[float]:
    """Seconds for which each is asked."""
    return [1.0] * 3 if quick else [5.0] * 6


async def _cold(
    systems: Sequence[System], codes: Sequence[str], servers: Servers, *, quick: bool
) -> dict[str, Measured]:
    """By name, over bursts that ask each root once; before each of ours all values in its cache are gone. The others
    have none.

    While all were warm, the others' statements ran thousands of times and ours hardly ever. So ours has bursts of its own
    first, for as long as each was asked then: Neo4j compiles what it runs often, and is to be as warm for it.
    """
    cache = Redis.from_url(servers.redis_url or "")

    async def burst(asked: Sequence[System]) -> list[Laps]:
        if values := [key async for key in cache.scan_iter("*:p:*", count=1_000)]:
            await cache.unlink(*values)
        return [await system.asked(codes) for system in asked]

    until = time.monotonic() + sum(_rounds(quick=quick))
    while time.monotonic() < until:
        await burst(systems[:1])
    done = [await burst(systems) for _ in range(5 if quick else 25)]
    await cache.aclose()
    return measured(systems, done)


def _print(what: str, measured: Mapping[str, Measured], *, aim: int) -> None:
    """`aim`: how many times the requests/s of @neo4j/graphql."""
    print(what)
    (name, ours), *peers = measured.items()
    print(f"  {name:16} {ours}")
    for name, peer in peers:
        aimed = f" (aim {aim})" if name == "@neo4j/graphql" else ""
        print(
            f"  {name:16} {peer}   ratio {ours.figures.per_second / peer.figures.per_second:.1f}{aimed},"
            f" of processors {peer.processor_ms / ours.processor_ms:.1f}"
            f"   our p99 / its p50 {ours.figures.p99_ms / peer.figures.p50_ms:.2f}"
        )

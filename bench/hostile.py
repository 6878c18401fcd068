"""What other clients feel while somebody sends the workbench every hostile text there is."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from bench import files
from bench.http_load import Connections, Figures, graphql_body
from bench.service import Service
from graph_api.viewer import Role
from tests.schema.hostile import ENDLESS, HOSTILE

T = TypeVar("T")
Latencies = tuple[list[float], float]
"""Seconds of each request, and of all of them."""
PACE_SECONDS = 0.025
ALONE_SECONDS = 40.0
VIEWED = 400
"""People whose views are asked in turn, each once before: what is measured is the waiting, not what is counted anew."""
WARMING = 100
ORDINARY = "MATCH (p:Promoter {{code: '{code}'}})-[:REFERRED*1..3]->(m) RETURN m.code AS code, m.rank AS rank ORDER BY code LIMIT 20"
"""What an analyst asks: a Neo4j that has just been started compiles itself for minutes, whoever asks what."""
VIEW = """query($code: String!) { promoter(code: $code) { code rank team { size volumeFen }
  downline(first: 20) { edges { node { code team { size volumeFen } } } } } }"""
EXPLORE = "query($cypher: String!) { explore(cypher: $cypher) { rows errors { code } } }"


async def bench(service: Service, promoters: int) -> None:
    """Warm team views at a steady pace: alone, while one analyst sends what is refused, and what would never end."""
    connections = Connections(service.port, service.token(Role.OPERATOR))
    draw = random.Random(promoters)
    codes = [files.promoter(draw.randrange(promoters)) for _ in range(VIEWED)]
    for code in codes:
        await view(connections, code)
    await _sent(service, [ORDINARY.format(code=code) for code in codes[:WARMING]])
    alone, _ = await beside(connections, codes, asyncio.sleep(ALONE_SECONDS))
    print(f"team views at {1 / PACE_SECONDS:.0f}/s     alone {Figures.of(*alone)}")
    refused, outcomes = await beside(connections, codes, _sent(service, HOSTILE))
    _print("refused", refused, alone, outcomes)
    endless, cut = await beside(connections, codes, _sent(service, ENDLESS))
    _print("endless", endless, alone, cut)
    _print("hostile", (refused[0] + endless[0], refused[1] + endless[1]), alone, outcomes + cut)
    connections.close()


def _print(name: str, beside: Latencies, alone: Latencies, outcomes: Counter[str]) -> None:
    figures = Figures.of(*beside)
    ratio = figures.p99_ms / Figures.of(*alone).p99_ms
    print(f"  beside {outcomes.total()} {name} texts   {figures}   p99 ratio {ratio:.2f}   {dict(outcomes)}")


async def beside(connections: Connections, codes: Sequence[str], other: Awaitable[T]) -> tuple[Latencies, T]:
    """Latencies of the views while something else goes on, and what that gave."""
    stop = asyncio.Event()
    pacing = asyncio.create_task(_paced(connections, codes, stop))
    answer = await other
    stop.set()
    return await pacing, answer


async def _sent(service: Service, texts: Sequence[str]) -> Counter[str]:
    """How each hostile text ended, by the error's code."""
    risk = Connections(service.port, service.token(Role.RISK))
    outcomes: Counter[str] = Counter()
    for text in texts:
        answer = await risk.told(graphql_body(EXPLORE, cypher=text))
        outcomes[_outcome(answer)] += 1
    risk.close()
    return outcomes


def _outcome(answer: dict[str, Any]) -> str:
    if answer.get("errors"):
        return str(answer["errors"][0]["extensions"]["code"])
    errors = answer["data"]["explore"]["errors"]
    return str(errors[0]["code"]) if errors else "ANSWERED"


async def _paced(connections: Connections, codes: Sequence[str], stop: asyncio.Event) -> Latencies:
    """Of views that begin at a steady pace, however long the ones before them take."""
    latencies: list[float] = []

    async def one(code: str) -> None:
        began = time.perf_counter()
        await view(connections, code)
        latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    due = began
    async with asyncio.TaskGroup() as views:
        for code in itertools.cycle(codes):
            if stop.is_set():
                break
            views.create_task(one(code))
            due += PACE_SECONDS
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
    return latencies, time.perf_counter() - began


async def view(connections: Connections, code: str) -> None:
    await connections.post(graphql_body(VIEW, code=code))

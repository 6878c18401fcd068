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
PACE_SECONDS = 0.025
ALONE_SECONDS = 40.0
VIEWED = 400
"""People whose views are asked in turn, each once before: what is measured is the waiting, not what is counted anew."""
VIEW = """query($code: String!) { promoter(code: $code) { code rank team { size volumeFen }
  downline(first: 20) { edges { node { code team { size volumeFen } } } } } }"""
EXPLORE = "query($cypher: String!) { explore(cypher: $cypher) { rows errors { code } } }"


async def bench(service: Service, promoters: int) -> None:
    """Warm team views at a steady pace, before and while one analyst sends all texts one after the other."""
    connections = Connections(service.port, service.token(Role.OPERATOR))
    draw = random.Random(promoters)
    codes = [files.promoter(draw.randrange(promoters)) for _ in range(VIEWED)]
    for code in codes:
        await _view(connections, code)
    alone, _ = await _beside(connections, codes, asyncio.sleep(ALONE_SECONDS))
    meanwhile, outcomes = await _beside(connections, codes, _sent(service))
    print(f"team views at {1 / PACE_SECONDS:.0f}/s     alone {alone}")
    print(
        f"  meanwhile {sum(outcomes.values())} hostile texts: {dict(outcomes)}"
        f"   {meanwhile}   p99 ratio {meanwhile.p99_ms / alone.p99_ms:.2f}"
    )
    connections.close()


async def _beside(connections: Connections, codes: Sequence[str], other: Awaitable[T]) -> tuple[Figures, T]:
    """Latencies of the views while something else goes on, and what that gave."""
    stop = asyncio.Event()
    pacing = asyncio.create_task(_paced(connections, codes, stop))
    answer = await other
    stop.set()
    return await pacing, answer


async def _sent(service: Service) -> Counter[str]:
    """How each hostile text ended, by the error's code."""
    risk = Connections(service.port, service.token(Role.RISK))
    outcomes: Counter[str] = Counter()
    for text in (*HOSTILE, *ENDLESS):
        answer = await risk.told(graphql_body(EXPLORE, cypher=text))
        outcomes[_outcome(answer)] += 1
    risk.close()
    return outcomes


def _outcome(answer: dict[str, Any]) -> str:
    if answer.get("errors"):
        return str(answer["errors"][0]["extensions"]["code"])
    errors = answer["data"]["explore"]["errors"]
    return str(errors[0]["code"]) if errors else "ANSWERED"


async def _paced(connections: Connections, codes: Sequence[str], stop: asyncio.Event) -> Figures:
    """Latencies of views that begin at a steady pace, however long the ones before them take."""
    latencies: list[float] = []

    async def one(code: str) -> None:
        began = time.perf_counter()
        await _view(connections, code)
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
    return Figures.of(latencies, time.perf_counter() - began)


async def _view(connections: Connections, code: str) -> None:
    await connections.post(graphql_body(VIEW, code=code))

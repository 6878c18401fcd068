"""What other clients feel while somebody sends the workbench every hostile text there is."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from typing import Any

from bench import files
from bench.http_load import Connections, Figures
from bench.service import Service
from graph_api.viewer import Role
from tests.schema.hostile import ENDLESS, HOSTILE

PACE_SECONDS = 0.025
ALONE_SECONDS = 40.0
VIEW = """query($code: String!) { promoter(code: $code) { code rank team { size volumeFen }
  downline(first: 20) { edges { node { code team { size volumeFen } } } } } }"""
EXPLORE = "query($cypher: String!) { explore(cypher: $cypher) { rows errors { code } } }"


async def bench(service: Service, promoters: int) -> None:
    """Team views of anybody at a steady pace, before and while one analyst sends all texts one after the other."""
    connections = Connections(service.port, service.token(Role.OPERATOR))
    draw = random.Random(promoters)
    for _ in range(200):
        await _view(connections, draw, promoters)
    stop = asyncio.Event()
    pacing = asyncio.create_task(_paced(connections, draw, promoters, stop))
    await asyncio.sleep(ALONE_SECONDS)
    stop.set()
    alone = await pacing
    stop.clear()
    pacing = asyncio.create_task(_paced(connections, draw, promoters, stop))
    outcomes = await _sent(service)
    stop.set()
    meanwhile = await pacing
    print(f"team views at {1 / PACE_SECONDS:.0f}/s     alone {alone}")
    print(
        f"  meanwhile {sum(outcomes.values())} hostile texts: {dict(outcomes)}"
        f"   {meanwhile}   p99 ratio {meanwhile.p99_ms / alone.p99_ms:.2f}"
    )
    connections.close()


async def _sent(service: Service) -> Counter[str]:
    """How each hostile text ended, by the error's code."""
    risk = Connections(service.port, service.token(Role.RISK))
    outcomes: Counter[str] = Counter()
    for text in (*HOSTILE, *ENDLESS):
        answer = await risk.told(json.dumps({"query": EXPLORE, "variables": {"cypher": text}}).encode())
        outcomes[_outcome(answer)] += 1
    risk.close()
    return outcomes


def _outcome(answer: dict[str, Any]) -> str:
    if answer.get("errors"):
        return str(answer["errors"][0]["extensions"]["code"])
    errors = answer["data"]["explore"]["errors"]
    return str(errors[0]["code"]) if errors else "ANSWERED"


async def _paced(connections: Connections, draw: random.Random, promoters: int, stop: asyncio.Event) -> Figures:
    """Latencies of views that begin at a steady pace, however long the ones before them take."""
    latencies: list[float] = []

    async def one() -> None:
        began = time.perf_counter()
        await _view(connections, draw, promoters)
        latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    due = began
    async with asyncio.TaskGroup() as views:
        while not stop.is_set():
            views.create_task(one())
            due += PACE_SECONDS
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
    return Figures.of(latencies, time.perf_counter() - began)


async def _view(connections: Connections, draw: random.Random, promoters: int) -> None:
    code = files.promoter(draw.randrange(promoters))
    await connections.post(json.dumps({"query": VIEW, "variables": {"code": code}}).encode())

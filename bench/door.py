"""`make bench ARGS=door`: how long each request that asks for much work takes to be refused, and what others feel meanwhile."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping
from pathlib import Path

from bench import network
from bench.hostile import beside, view
from bench.http_load import Connections, Figures, graphql_body
from bench.service import Service
from cypher import migrations
from cypher.store import Store, connect
from graph_api.actions import orders, products, promoters
from graph_api.actions.products import NewProduct
from graph_api.pii import Pii
from graph_api.servers import Servers
from graph_api.viewer import Role
from tests.schema.bombs import BOMBS, Bomb

PEOPLE = 1_000
VIEWED = 400
"""People whose views are asked in turn, each once before: what is measured is the waiting."""
AIM_MS, AIM_RATIO = 50.0, 2.0
ALONE_SECONDS = 30.0
TIMES = 5
PAUSE_SECONDS = 0.05
NAMED = (
    "nine levels of six spreads",
    "5,000 aliases of one field",
    "10,000 directives",
    "introspection of fields of types, eight deep",
    "a page of 1e6",
)
"""Those that were promised; the others are beside them."""


async def bench(servers: Servers, data_dir: Path, *, quick: bool) -> None:
    """Each request alone, then team views at a steady pace, before and while one promoter sends them one after the other."""
    codes = await _network(servers)
    changes = {"PROMOGRAPH_ENV": "production", "PROMOGRAPH_TRUSTED_DOCUMENTS": "known"}
    service = Service(servers, data_dir / "service", changes=changes)
    try:
        await service.ready()
        attacker = Connections(service.port, service.token(Role.PROMOTER, code=codes[0]))
        others = Connections(service.port, service.token(Role.SERVICE))
        for code in codes:
            await view(others, code)
        await _alone(attacker)
        latencies, _ = await beside(others, codes, asyncio.sleep(ALONE_SECONDS / (4 if quick else 1)))
        alone = Figures.of(*latencies)
        print(f"team views at a steady pace   alone {alone}")
        for title, bombs in (
            ("the five that were promised", {name: BOMBS[name] for name in NAMED}),
            ("all", BOMBS),
        ):
            rounds = 60 // len(bombs) + 1 if quick else 240 // len(bombs) + 1
            latencies, sent = await beside(others, codes, _sent(attacker, bombs, rounds))
            meanwhile = Figures.of(*latencies)
            ratio = meanwhile.p99_ms / alone.p99_ms
            print(f"  meanwhile {sent} of {title:28} {meanwhile}   p99 ratio {ratio:.2f} (aim {AIM_RATIO:.0f})")
        attacker.close()
        others.close()
    finally:
        service.stop()


async def _network(servers: Servers) -> list[str]:
    """A tree with orders, and the codes of those whose teams are viewed."""
    store = connect(
        servers.neo4j_uri, user=servers.neo4j_user, password=servers.neo4j_password, database=servers.neo4j_database
    )
    try:
        await migrations.migrate(store)
        await products.upsert(store, NewProduct("tea", "tea", 10_000, 2000), actor="bench", now=network.BEGAN_AT)
        people = network.team(PEOPLE)
        await _told(store, people)
    finally:
        await store.close()
    return [row.code for row in people[:VIEWED]]


async def _told(store: Store, people: list[promoters.Enrolment]) -> None:
    pii, now = Pii.from_secret("bench" * 10), network.BEGAN_AT
    enrolled = await promoters.enrol(store, pii, people, historical=True, actor="bench", now=now)
    recorded = await orders.record(store, network.orders(people, count=PEOPLE), actor="bench", now=now)
    assert {outcome.state for outcome in (*enrolled, *recorded)} == {"recorded"}


async def _alone(attacker: Connections) -> None:
    """How long each refusal takes while nobody else asks."""
    for name, bomb in sorted(BOMBS.items(), key=lambda item: item[0] not in NAMED):
        taken = []
        for _ in range(TIMES):
            began = time.perf_counter()
            await _refused(attacker, name, bomb)
            taken.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(PAUSE_SECONDS)
        late = "" if max(taken) < AIM_MS else f"   above {AIM_MS:.0f} ms"
        print(f"{name:60} {bomb.code:15} {statistics.median(taken):6.1f} ms, at most {max(taken):6.1f} ms{late}")


async def _sent(attacker: Connections, bombs: Mapping[str, Bomb], rounds: int) -> int:
    for _ in range(rounds):
        for name, bomb in bombs.items():
            await _refused(attacker, name, bomb)
            await asyncio.sleep(PAUSE_SECONDS)
    return rounds * len(bombs)


async def _refused(attacker: Connections, name: str, bomb: Bomb) -> None:
    answer = await attacker.told(graphql_body(bomb.query, **bomb.variables))
    codes = {error["extensions"]["code"] for error in answer["errors"]}
    # In production introspection is forbidden before it is priced; a budget that is spent refuses what is priced.
    assert codes <= {bomb.code, "FORBIDDEN", "COST_EXCEEDED"}, (name, codes)

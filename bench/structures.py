"""`make bench ARGS=scan`: the whole network scanned and all teams recounted, beside bare reads of the same rows; `ARGS=questions`."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bench import files, hostile
from bench.http_load import Connections, Figures, graphql_body
from bench.memory import memory_mib
from bench.raw import Raw
from bench.service import Service
from cypher import migrations
from cypher.store import Store, connect
from graph_api.batched import forest
from graph_api.batched.promoters import PromoterReads
from graph_api.cache import Cache
from graph_api.jobs import snapshot
from graph_api.pii import Pii
from graph_api.risk import registry
from graph_api.risk.snapshot import Gathering
from graph_api.rules.calendar import instant
from graph_api.servers import Servers
from graph_api.viewer import Role, Viewer

AS_OF = instant("2026-06-15T00:00:00+08:00")
COMPARED_TEAMS = 300
QUESTIONS = 400
WARMING = 200
"""Questions about others before those that are measured: a Neo4j that has just been started plans and compiles for a while."""
BARE: Mapping[str, str] = {
    "promoters": """MATCH (p:Promoter) OPTIONAL MATCH (p)<-[r:REFERRED]-(q:Promoter) WITH p, r, q
        RETURN id(p) / 4096 AS page, collect(p.code) AS rows, collect(q.code), collect(p.joined_at), collect(r.since_at)""",
    "orders": """MATCH (o:Order) WITH o
        RETURN id(o) / 4096 AS page, collect(o.buyer_code) AS rows, collect(o.seller_code), collect(o.paid_at),
               collect(o.paid_fen), collect(o.refunded_fen), collect(o.commissionable)""",
    "incomes": """MATCH (p:Promoter)-[:EARNED]->(c:Commission)<-[:YIELDED]-(o:Order) WITH p, c, o
        RETURN id(o) / 4096 AS page, collect(p.code) AS rows, collect(o.paid_at), collect(c.sku), collect(c.level),
               collect(c.amount_fen), collect(c.state)""",
    "identifiers": """MATCH (i:Identifier)<-[:IDENTIFIED_BY]-(p:Person) WITH i, p
        RETURN id(i) / 4096 AS page, collect(i.id) AS rows, collect(p.code)""",
    "teams": """MATCH (p:Promoter) OPTIONAL MATCH (p)<-[:REFERRED]-(q:Promoter) WITH p, q
        RETURN id(p) / 4096 AS page, collect(p.code) AS rows, collect(q.code), collect(p.sales_orders), collect(p.sales_volume_fen)""",
}
"""The same rows in grouped lists, which is the quickest way out of Neo4j that is known."""
LOOKED_AT: Mapping[str, tuple[str, ...]] = {
    "REFERRAL_CYCLE": (),
    "DEEP_CHAIN": (),
    "COMPLIANCE_LINE": (),
    "IDENTITY_RING": ("identifiers",),
    "SHARED_PAYOUT_ACCOUNT": ("identifiers",),
    "MUTUAL_PURCHASE": ("orders",),
    "SELF_PURCHASE": ("orders", "identifiers"),
    "REFUND_RING": ("orders", "identifiers"),
    "STAR_BURST": ("orders",),
    "DORMANT_INTERMEDIARY": ("orders",),
    "THRESHOLD_STUFFING": ("orders",),
    "COMMISSION_SPIKE": ("orders",),
}
"""Tables beside the promoters that a detector looks at; orders bring their incomes along."""
SCANNED = ("promoters", "orders", "incomes", "identifiers")
NETWORK = "query($code: String!) { network(rootCode: $code, maxDepth: 3, limit: 200) { truncated nodes { id } } }"
RELATION = "query($from: String!, $to: String!) { relation(fromCode: $from, toCode: $to) { hops nodes { id } } }"


async def bench_passes(servers: Servers, *, promoters: int, quick: bool) -> None:
    """What looks at the whole network, which holds `bench.files` of that many promoters; `quick`: each bare read once."""
    store = connect(
        servers.neo4j_uri,
        user=servers.neo4j_user,
        password=servers.neo4j_password,
        database=servers.neo4j_database,
        timeout_seconds=600,
    )
    raw = Raw(servers)
    await migrations.migrate(store)
    bare = {name: await _bare(raw, name, times=1 if quick else 2) for name in BARE}
    rows = {name: count for name, (count, _) in bare.items()}
    assert (rows["promoters"], rows["orders"]) == (promoters, files.ORDERS_EACH * promoters), rows
    await _bench_scan(store, {name: seconds for name, (_, seconds) in bare.items()}, rows)
    await _bench_teams(store, servers, promoters, engine=bare["teams"][1])
    await raw.close()
    await store.close()


async def bench_questions(servers: Servers, data_dir: Path, *, promoters: int) -> None:
    """What is asked about one person, and what others feel of questions that nobody should ask."""
    service = Service(servers, data_dir / "service")
    try:
        await service.ready()
        await _bench_questions(service, promoters)
        await hostile.bench(service, promoters)
    finally:
        service.stop()
    if servers.neo4j_process is not None:
        print(f"peak memory: Neo4j {servers.neo4j_process.peak_memory_bytes() // 2**20} MiB")


async def _bare(raw: Raw, name: str, *, times: int) -> tuple[int, float]:
    """Rows, and seconds of the quickest read."""
    taken = []
    for _ in range(times):
        began, count = time.perf_counter(), 0
        async for record in raw.stream(BARE[name]):
            count += len(record["rows"])
        taken.append(time.perf_counter() - began)
    return count, min(taken)


async def _bench_scan(store: Store, bare: Mapping[str, float], rows: Mapping[str, int]) -> None:
    """What `jobs.scan.look` does, each part timed; a detector's yardstick is the bare read of the tables it looks at."""
    before_mib = memory_mib()
    gathering = Gathering()
    read = {
        "promoters": await _seconds(partial(snapshot.read_promoters, store, gathering)),
        "orders": await _seconds(partial(snapshot.read_orders, store, gathering)),
        "identifiers": await _seconds(partial(snapshot.read_identifiers, store, gathering)),
    }
    began = time.perf_counter()
    whole = await asyncio.to_thread(gathering.snapshot, AS_OF)
    arranged = time.perf_counter() - began
    passes = await asyncio.to_thread(registry.scan, whole, registry.named())
    plain = {
        "promoters": bare["promoters"],
        "orders": bare["orders"] + bare["incomes"],
        "identifiers": bare["identifiers"],
    }
    seconds, engine = sum(read.values()) + arranged + sum(each.seconds for each in passes), sum(plain.values())
    print("rows: " + ", ".join(f"{rows[name]:,} {name}" for name in SCANNED))
    print(
        f"whole scan               promograph {seconds:7.1f} s   bare read {engine:7.1f} s   ratio {seconds / engine:.2f}"
    )
    print(f"  memory of this process: {before_mib} MiB before, at most {memory_mib('VmHWM')} MiB while scanning")
    for name, taken in read.items():
        print(
            f"  read {name:12}      promograph {taken:7.1f} s   bare read {plain[name]:7.1f} s"
            f"   ratio {taken / plain[name]:.2f}"
        )
    print(f"  arranged in {arranged:.1f} s")
    for each in passes:
        tables = ("promoters", *LOOKED_AT[each.detector.key])
        ours, engine = each.seconds + sum(read[name] for name in tables), sum(plain[name] for name in tables)
        print(
            f"  {each.detector.key:22} {each.seconds:6.2f} s, {ours:6.1f} with its reads   bare read {engine:6.1f} s"
            f"   ratio {ours / engine:.2f}   {len(each.found):7} found"
        )


async def _bench_teams(store: Store, servers: Servers, promoters: int, *, engine: float) -> None:
    """All teams at once; then some of them as the API has them, cached, which must be the same."""
    taken = []
    for _ in range(2):
        began = time.perf_counter()
        network = await forest.read(store)
        levels = await asyncio.to_thread(_count, network)
        taken.append(time.perf_counter() - began)
    print(
        f"all teams, {levels} levels      promograph {min(taken):7.1f} s   bare read {engine:7.1f} s   ratio {min(taken) / engine:.2f}"
    )
    cache = await Cache.open(servers.redis_url)
    codes = [files.promoter(index) for index in random.Random(promoters).sample(range(promoters), COMPARED_TEAMS)]
    reads = PromoterReads(store, cache, Viewer(Role.ADMIN), Pii.from_secret("bench" * 10))
    teams = network.teams(codes)
    for code in codes:
        team = await reads.team(code, None)
        served = [[level.level, level.size, level.orders, level.volume_fen] for level in team.levels]
        assert served == teams[code], (code, served, teams[code])
    print(f"  {COMPARED_TEAMS} of them as the API serves them: the same")
    await cache.close()


async def _bench_questions(service: Service, promoters: int) -> None:
    connections = Connections(service.port, service.token(Role.RISK))
    draw = random.Random(promoters)

    def anybody() -> str:
        return files.promoter(draw.randrange(promoters))

    async def network() -> None:
        await connections.post(graphql_body(NETWORK, code=anybody()))

    async def relation() -> None:
        await connections.post(graphql_body(RELATION, **{"from": anybody(), "to": anybody()}))

    for name, ask in (("network", network), ("relation", relation)):
        for _ in range(WARMING):
            await ask()
        print(f"{name:10} of anybody     {await _one_by_one(ask, QUESTIONS)}")
    connections.close()


def _count(network: forest.Forest) -> int:
    return sum(1 for _ in network.levels())


async def _one_by_one(ask: Callable[[], Awaitable[None]], times: int) -> Figures:
    latencies = [await _seconds(ask) for _ in range(times)]
    return Figures.of(latencies, sum(latencies))


async def _seconds(work: Callable[[], Awaitable[Any]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began

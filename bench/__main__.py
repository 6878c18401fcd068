"""`make bench`: import, cold team volume and the warm team view, each beside bare Cypher in the same run."""

from __future__ import annotations

import argparse
import asyncio
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench import door, explorer, files, fresh, growth, network, settlement, structures
from bench import orders as orders_told
from bench.http_load import Connections, Figures, graphql_body, hammer
from bench.peers import beside
from bench.peers import data as peers_data
from bench.raw import BATCH, TEAM, VIEW, Raw
from bench.service import Service
from cypher import migrations
from cypher.store import Store, connect
from graph_api.actions import orders, products, promoters
from graph_api.actions.products import NewProduct
from graph_api.batched.promoters import PromoterReads
from graph_api.cache import Cache
from graph_api.cli import imported_offline
from graph_api.pii import Pii
from graph_api.servers import Servers, open_servers
from graph_api.settings import Settings
from graph_api.viewer import Role, Viewer

CLIENTS = 16
SCANNED = 125_000
MONTH = 202602
VIEW_QUERY = """
query Team($code: String!) { promoter(code: $code) { code name rank status downline(first: 20) { edges { node {
  code name rank status sales(month: "2026-02") { orders volumeFen } team(month: "2026-02") { size volumeFen } } } } } }
"""

MEMORY = {
    "scan": {"neo4j_heap": "4g", "neo4j_page_cache": "2g", "neo4j_transaction_memory": "0"},
    "questions": {"neo4j_heap": "4g", "neo4j_page_cache": "2g"},
    "peers": {"neo4j_heap": "1g", "neo4j_page_cache": "1g"},
    "grow": {"neo4j_heap": "1g", "neo4j_page_cache": "2g"},
}
"""A bare read holds the groups of a whole table in Neo4j until the last row is in; questions want the store in memory."""


async def median_seconds(work: Callable[[], Awaitable[Any]], *, times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


async def bench_import(store: Store, raw: Raw, *, people: int, told: int) -> None:
    """Rows per second of the same rows, each time under new codes, product and bare Cypher in turn."""
    rounds: list[tuple[float, float]] = []
    rows = network.team(people)
    for turn in range(3):
        crowd = [_renamed(row, turn) for row in rows]
        batch = [_retold(order, turn) for order in network.orders(rows, count=told)]
        count = len(crowd) + len(batch)
        began = time.perf_counter()
        await _load(store, crowd, batch)
        product = count / (time.perf_counter() - began)
        began = time.perf_counter()
        await raw.load(crowd, batch)
        rounds.append((product, count / (time.perf_counter() - began)))
        await raw.clear()
    ours, bare = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(
        f"import, {count} rows       promograph {ours:7.0f} rows/s   bare UNWIND {bare:7.0f} rows/s   ratio {ours / bare:.2f}"
    )
    print(
        "  (each order with lines, entries of three receivers, own sales, journal and idempotency; the bare rows with none)"
    )


def _renamed(row: Any, turn: int) -> promoters.Enrolment:
    referrer = f"i{turn}-{row.referrer_code}" if row.referrer_code else None
    return promoters.Enrolment(f"i{turn}-{row.code}", referrer_code=referrer, joined_at=row.joined_at)


def _retold(order: orders.NewOrder, turn: int) -> orders.NewOrder:
    return orders.NewOrder(
        f"i{turn}-{order.number}", order.buyer_code, f"i{turn}-{order.promoter_code}", order.lines, order.paid_at
    )


async def _load(store: Store, people: list[promoters.Enrolment], told: list[orders.NewOrder]) -> None:
    now = network.BEGAN_AT
    pii = Pii.from_secret("bench" * 10)
    for rows in _batches(people):
        outcomes = await promoters.enrol(store, pii, rows, historical=True, actor="bench", now=now)
        assert all(outcome.state == "recorded" for outcome in outcomes)
    for batch in _batches(told):
        outcomes = await orders.record(store, batch, actor="bench", now=now)
        assert all(outcome.state == "recorded" for outcome in outcomes)


def _batches(rows: list[Any]) -> list[list[Any]]:
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]


async def bench_cold_team(store: Store, raw: Raw) -> None:
    """A team's size and volume without any cache, beside the one statement that counts it."""
    pii = Pii.from_secret("bench" * 10)
    cache = await Cache.open(None)
    for size in network.SIZES:
        code = f"t{size}"

        async def ours(code: str = code, size: int = size) -> None:
            team = await PromoterReads(store, cache, Viewer(Role.ADMIN), pii).team(code, None)
            assert sum(level.size for level in team.levels) == size

        async def bare(code: str = code, size: int = size) -> None:
            (row,) = await raw.run(TEAM, code=code)
            assert row["size"] == size

        await ours()
        await bare()
        pairs = [(await median_seconds(ours, times=5), await median_seconds(bare, times=5)) for _ in range(5)]
        product, engine = (statistics.median(column) * 1000 for column in zip(*pairs, strict=True))
        print(
            f"cold team of {size:6}     promograph {product:7.2f} ms       bare Cypher {engine:7.2f} ms       ratio {product / engine:.2f}"
        )
    await cache.close()


async def bench_warm_view(raw: Raw, service: Service, *, requests: int) -> None:
    """The team view over HTTP with a token and permissions, beside the same view as one bare statement."""
    for size in network.SIZES:
        code = f"t{size}"
        body = graphql_body(VIEW_QUERY, code=code)
        connections = Connections(service.port, service.token(Role.PROMOTER, code=code))
        answer = await connections.post(body)
        (row,) = await raw.run(VIEW, code=code, month=MONTH)
        assert _volumes(answer) == sorted(member["team"][0][1] for member in row["view"]["members"])

        async def ours(_: int, connections: Connections = connections, body: bytes = body) -> None:
            await connections.post(body)

        async def bare(_: int, code: str = code) -> None:
            await raw.run(VIEW, code=code, month=MONTH)

        await hammer(ours, clients=CLIENTS, turns=range(requests // 4))
        warm = await hammer(ours, clients=CLIENTS, turns=range(requests))
        engine = await hammer(bare, clients=CLIENTS, turns=range(max(requests // 20, 64)))
        _print_view(size, warm, engine)
        connections.close()


def _volumes(answer: dict[str, Any]) -> list[int]:
    edges = answer["data"]["promoter"]["downline"]["edges"]
    return sorted(edge["node"]["team"]["volumeFen"] for edge in edges)


def _print_view(size: int, warm: Figures, engine: Figures) -> None:
    print(f"team view, team {size:6}   promograph warm {warm}")
    print(f"                         bare Cypher     {engine}   ratio {warm.per_second / engine.per_second:.1f}")


async def bench(servers: Servers, data_dir: Path, *, quick: bool) -> None:
    store = connect(
        servers.neo4j_uri, user=servers.neo4j_user, password=servers.neo4j_password, database=servers.neo4j_database
    )
    raw = Raw(servers)
    await migrations.migrate(store)
    await raw.prepare()
    await products.upsert(store, NewProduct("tea", "tea", 10_000, 2000), actor="bench", now=network.BEGAN_AT)
    for size in network.SIZES:
        people = network.team(size)
        await _load(store, people, network.orders(people, count=2 * size))
    await bench_import(store, raw, people=1_000 if quick else 4_000, told=4_000 if quick else 16_000)
    await bench_cold_team(store, raw)
    service = Service(servers, data_dir / "service")
    try:
        await service.ready()
        await bench_warm_view(raw, service, requests=800 if quick else 4_000)
        print(f"peak memory: service {service.peak_memory_mib()} MiB", end="")
    finally:
        service.stop()
    for name, process in (("Neo4j", servers.neo4j_process), ("Valkey", servers.redis_process)):
        if process is not None:
            print(f", {name} {process.peak_memory_bytes() // 2**20} MiB", end="")
    print()
    await raw.close()
    await store.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "what",
        nargs="?",
        choices=("all", "settle", "scan", "questions", "orders", "fresh", "peers", "grow", "door", "explorer"),
        default="all",
        help="all: import and reads",
    )
    parser.add_argument("--entries", type=int, default=1_000_000, help="how many entries are settled")
    parser.add_argument(
        "--promoters", type=int, help="how many people are scanned (125,000), or in the larger network (1,000,000)"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes that answer: orders, fresh")
    parser.add_argument("--data-dir", type=Path, help="where networks are kept that are built offline, each once")
    parser.add_argument("--quick", action="store_true", help="fewer rows and requests; figures are rough")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped then too
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        data_dir = given.data_dir or Path(directory)
        if given.what == "grow":
            networks = _two_networks(data_dir, promoters=given.promoters or 1_000_000)
            asyncio.run(growth.bench(networks, Path(directory), quick=given.quick))
        elif given.what == "explorer":
            trees = _two_networks(data_dir, promoters=given.promoters or 100_000, one_tree=True)
            asyncio.run(explorer.bench(trees, Path(directory), quick=given.quick))
        else:
            with open_servers(_prepared(given, data_dir)) as servers:
                print(servers.describe())
                asyncio.run(_chosen(given, servers, Path(directory)))
    print(f"took {time.monotonic() - began:.0f} s")


def _prepared(given: argparse.Namespace, data_dir: Path) -> Settings:
    """With what has to be there before a server is."""
    settings = Settings().model_copy(update={"data_dir": data_dir, **MEMORY.get(given.what, {"neo4j_heap": "1g"})})
    if given.what in ("scan", "questions"):
        promoters = given.promoters or SCANNED
        build(settings, str(promoters), partial(files.write, promoters=promoters))
    elif given.what == "peers":
        build(settings, "peers", peers_data.write)
    return settings


async def _chosen(given: argparse.Namespace, servers: Servers, directory: Path) -> None:
    match given.what:
        case "settle":
            await settlement.bench(servers, entries=given.entries)
        case "scan":
            await structures.bench_passes(servers, promoters=given.promoters or SCANNED, quick=given.quick)
        case "questions":
            await structures.bench_questions(servers, directory, promoters=given.promoters or SCANNED)
        case "door":
            await door.bench(servers, directory, quick=given.quick)
        case "orders":
            await orders_told.bench(servers, directory, workers=given.workers, quick=given.quick)
        case "fresh":
            await fresh.bench(servers, directory, workers=given.workers, quick=given.quick)
        case "peers":
            await beside.bench(servers, directory, quick=given.quick)
        case _:
            await bench(servers, directory, quick=given.quick)


def _two_networks(data_dir: Path, *, promoters: int, one_tree: bool = False) -> dict[int, Settings]:
    """Each in a data dir of its own, by its promoters; of many trees, or of one."""
    kind = "tree" if one_tree else "grow"
    networks = {}
    for count in (promoters // 10, promoters):
        networks[count] = Settings().model_copy(update={"data_dir": data_dir / f"{kind}-{count}", **MEMORY["grow"]})
        write = partial(files.write, promoters=count, root_every=count if one_tree else files.ROOT_EVERY)
        build(networks[count], str(count), write)
    return networks


def build(settings: Settings, name: str, write: Callable[[Path], None]) -> None:
    """The generated network as `promograph import --offline` builds it, unless the data dir has it."""
    built = settings.data_dir / f"bench-{name}"
    if built.exists():
        return
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory))
        report = imported_offline(settings, Path(directory), None)
    assert report.exit_status == 0, report.json()
    built.touch()
    print(f"network {name} built offline in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()

"""An offline build is the online load by another way: the same graph, node by node, and the same refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest
import pytest_asyncio

from cypher import migrations
from cypher.store import Store, connect
from graph_api.actions import months
from graph_api.actions.recompute import recompute
from graph_api.pii import Pii
from graph_api.servers import AdminToolFailed, Neo4jServer, stopped_neo4j
from graph_api.settings import Settings
from loaders import demo, offline
from loaders.export import export
from loaders.load import load
from loaders.offline import StoreNotEmpty
from tests.conftest import Query
from tests.loaders.directories import NOW, contents, directory_of, order, rejected_rows, small
from tests.processes import QUICK_JVM

NODES = "MATCH (n) WHERE NOT (n:Store OR n:Migration) RETURN labels(n) AS labels, properties(n) AS properties"
RELATIONSHIPS = (
    "MATCH (a)-[r]->(b) RETURN type(r) AS type, properties(r) AS properties,"
    " coalesce(a.code, a.number) AS start, coalesce(b.code, b.number, b.id, b.sku, b.promoter_code + b.month) AS end"
)
SECRET_EACH_TIME = {"name_sealed", "phone_sealed", "sealed", "locks"}


def comparable(rows: list[dict[str, Any]]) -> list[str]:
    for row in rows:
        row["properties"] = {n: v for n, v in sorted(row["properties"].items()) if n not in SECRET_EACH_TIME}
        row["labels"] = sorted(row.get("labels", []))
    return sorted(map(repr, rows))


@pytest.fixture
def stopped(settings: Settings, tmp_path: Path) -> Iterator[Neo4jServer]:
    with stopped_neo4j(
        settings.model_copy(update={"data_dir": tmp_path / "data", "neo4j_jvm_options": QUICK_JVM})
    ) as neo4j_:
        yield neo4j_


class Running:
    """The built store, started."""

    def __init__(self, server: Neo4jServer) -> None:
        self.store: Store = connect(server.uri, user=server.user, password=server.password, database=server.database)
        self._driver = neo4j.AsyncGraphDatabase.driver(server.uri, auth=(server.user, server.password))

    async def query(self, text: str) -> list[dict[str, Any]]:
        return [record.data() for record in (await self._driver.execute_query(text)).records]

    async def close(self) -> None:
        await self.store.close()
        await self._driver.close()


@pytest_asyncio.fixture
async def started(stopped: Neo4jServer) -> AsyncIterator[Any]:
    opened: list[Running] = []

    async def start() -> Running:
        await asyncio.to_thread(stopped.start)
        opened.append(Running(stopped))
        return opened[-1]

    yield start
    for running in opened:
        await running.close()


def troubled(path: Path) -> Path:
    """What `small` has, a cycle, bad rows, and orders without a code that belong to a later row's promoter or nobody."""
    directory = small(path)
    for name, lines in {
        "promoters": ["q-1,,,q-2,2026-01-01T00:00:00Z,,", "q-2,,,q-1,2026-01-01T00:00:00Z,,LOCKED", "q-3,,,ghost,,,"],
        "orders": [
            order("o-5", buyer_code="b-8", promoter_code="", paid_at="2026-03-06T10:00:00Z"),
            order("o-6", buyer_code="b-8", promoter_code="q-2", paid_at="2026-03-05T10:00:00Z"),
            order("o-7", buyer_code="nobody's", promoter_code="", paid_at="2026-03-05T10:00:00Z"),
            order("o-8", sku="ghost"),
            order(
                "o-9",
                buyer_code="b-3",
                promoter_code="",
                paid_at="2026-03-01T10:00:00Z",
                refunded_fen=10_000,
                refunded_at="2026-03-09T10:00:00Z",
            ),
        ],
    }.items():
        with (directory / f"{name}.csv").open("a", encoding="utf-8") as stream:
            stream.write("".join(f"{line}\n" for line in lines))
    return directory


@pytest.mark.long
@pytest.mark.parametrize("network", ["troubled", "demonstration"])
async def test_the_graph_is_the_online_load_s_node_by_node(
    network: str, stopped: Neo4jServer, started: Any, store: Store, pii: Pii, query: Query, tmp_path: Path
) -> None:
    directory = tmp_path / "in"
    if network == "troubled":
        troubled(directory)
    else:
        demo.write(directory, promoters=60)
    online = await load(store, pii, directory, rejected=tmp_path / "online.csv", now=NOW)
    built = await offline.build(stopped, pii, directory, rejected=tmp_path / "offline.csv", now=NOW)
    assert built.counts == online.counts
    assert built.exit_status == 3
    if network == "troubled":
        assert rejected_rows(tmp_path / "offline.csv") == rejected_rows(tmp_path / "online.csv")
    running = await started()
    assert comparable(await running.query(NODES)) == comparable(await query(NODES))
    assert comparable(await running.query(RELATIONSHIPS)) == comparable(await query(RELATIONSHIPS))
    await export(store, pii, tmp_path / "online")
    await export(running.store, pii, tmp_path / "offline")
    assert contents(tmp_path / "offline") == contents(tmp_path / "online")
    # And it lives on: nothing to migrate, nothing adrift, the next load and month close go on from it.
    assert await migrations.migrate(running.store) == 0
    assert (await recompute(running.store, actor="test", now=NOW)).drift_count == 0
    again = await load(running.store, pii, directory, rejected=tmp_path / "again.csv", now=NOW)
    assert sum(counts.loaded for counts in again.counts.values()) == 0
    await months.close(running.store, 202603, actor="test", now=NOW) if network == "troubled" else None


@pytest.mark.long
async def test_an_empty_store_that_was_started_before_is_built_and_one_with_anything_in_it_left_alone(
    stopped: Neo4jServer, started: Any, pii: Pii, tmp_path: Path
) -> None:
    running = await started()
    await migrations.migrate(running.store)
    stopped.stop()
    await offline.build(stopped, pii, directory_of(tmp_path / "in", products=["tea,茶,10000,2000"]), now=NOW)
    with pytest.raises(StoreNotEmpty):
        await offline.build(stopped, pii, small(tmp_path / "other"), now=NOW)
    running = await started()
    assert await running.query("MATCH (p:Product) RETURN p.sku AS sku") == [{"sku": "tea"}]
    assert len(await running.query("SHOW CONSTRAINTS YIELD name RETURN name")) > 10


@pytest.mark.long
async def test_a_build_that_fails_leaves_an_empty_store_and_one_that_was_killed_is_run_again(
    stopped: Neo4jServer, started: Any, pii: Pii, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = directory_of(tmp_path / "in", products=["tea,茶,10000,2000"])

    def fail(*_: Any, **__: Any) -> str:
        (stopped.home.data_dir / "databases" / "neo4j").mkdir(parents=True)
        raise AdminToolFailed(command="database import", exit_code=1, output="no room")

    with monkeypatch.context() as broken:
        broken.setattr(stopped, "admin_tool", fail)
        with pytest.raises(AdminToolFailed):
            await offline.build(stopped, pii, directory, now=NOW)
    assert list(stopped.home.import_dir.iterdir()) == []
    assert not (stopped.home.data_dir / "databases" / "neo4j").exists()
    # As a kill -9 in the middle of the import leaves it.
    (stopped.home.dir / offline.UNFINISHED).touch()
    (stopped.home.data_dir / "databases" / "neo4j").mkdir(parents=True)
    (stopped.home.import_dir / "offline-left").mkdir()
    await offline.build(stopped, pii, directory, now=NOW)
    running = await started()
    assert await running.query("MATCH (p:Product) RETURN p.sku AS sku") == [{"sku": "tea"}]

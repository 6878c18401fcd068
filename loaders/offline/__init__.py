"""The offline build: an empty store's files made by Neo4j's own importer, from the same files by the same actions.

The load runs as it does online, on a store without a server (`OfflineStore`), so every check and every rule is the same.
Its result goes through `neo4j-admin database import full`, which is much faster than transactions for a big network.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

from cypher import migrations, offline
from cypher.store import Store, connect
from graph_api.pii import Pii
from graph_api.servers import Neo4jServer
from loaders.load import load
from loaders.offline.store import OfflineGraph, OfflineStore
from loaders.offline.tables import Tables
from loaders.progress import Progress, silent
from loaders.report import Report
from loaders.spool import spool

__all__ = ["StoreNotEmpty", "build"]

UNFINISHED = "offline-build.unfinished"
"""A file of this name in Neo4j's home: its database was being built, and nothing of it is worth keeping."""


class StoreNotEmpty(Exception):
    """An offline build replaces the database, so it is refused where there is anything to lose."""


async def build(
    neo4j: Neo4jServer,
    pii: Pii,
    directory: Path,
    *,
    now: int,
    rejected: Path | None = None,
    actor: str = "import",
    progress: Progress = silent,
) -> Report:
    """Build the database of an embedded Neo4j, which is stopped before and after, from the files of a directory.

    Raises SourceError, StoreNotEmpty, AdminToolFailed. A build that was killed is simply run again.
    """
    began = time.monotonic()
    await _check_empty(neo4j, progress)
    with _workplace(neo4j) as place, spool() as database, closing(Tables(place)) as tables:
        graph = OfflineGraph(database, tables)
        store = OfflineStore(graph, database)
        report = await load(store, pii, directory, rejected=rejected, now=now, actor=actor, progress=progress)
        progress("writing tables", 0, 0)
        graph.finish()
        tables.close()
        with _unfinished(neo4j):
            progress("building the database", 0, 0)
            _import(neo4j, tables)
            progress("making constraints and indexes", 0, 0)
            async with _running(neo4j) as built:
                await migrations.migrate(built)
                await offline.restore_empty_chains(built.unjournalled)
                await offline.restore_empty_codes(built.unjournalled)
    report.seconds = time.monotonic() - began
    return report


async def _check_empty(neo4j: Neo4jServer, progress: Progress) -> None:
    """Ask the store, unless there is none yet or only half of one."""
    if _marker(neo4j).exists() or not _database(neo4j, "databases").exists():
        return
    progress("checking that the store is empty", 0, 0)
    async with _running(neo4j) as store:
        if (await offline.content(store)).exists:
            raise StoreNotEmpty("the store is not empty; an offline build would replace what is in it")


def _import(neo4j: Neo4jServer, tables: Tables) -> None:
    neo4j.admin_tool(
        "database",
        "import",
        "full",
        neo4j.database,
        "--overwrite-destination",
        "--array-delimiter=U+001F",
        "--path-pattern-style=none",
        "--strict",
        "--bad-tolerance=0",
        *tables.arguments(),
    )


@contextmanager
def _workplace(neo4j: Neo4jServer) -> Iterator[Path]:
    """A directory for the tables beside the database, which has room for them; one left by a killed build goes."""
    for left in neo4j.home.import_dir.glob("offline-*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix="offline-", dir=neo4j.home.import_dir) as place:
        yield Path(place)


@contextmanager
def _unfinished(neo4j: Neo4jServer) -> Iterator[None]:
    """While the database is no database: after a failure nothing of it stays, after a kill the mark does."""
    marker = _marker(neo4j)
    marker.touch()
    try:
        yield
    except BaseException:
        neo4j.stop()
        for kind in ("databases", "transactions"):
            shutil.rmtree(_database(neo4j, kind), ignore_errors=True)
        raise
    finally:
        marker.unlink()


@asynccontextmanager
async def _running(neo4j: Neo4jServer) -> AsyncIterator[Store]:
    neo4j.start()
    try:
        store = connect(neo4j.uri, user=neo4j.user, password=neo4j.password, database=neo4j.database)
        try:
            yield store
        finally:
            await store.close()
    finally:
        neo4j.stop()


def _marker(neo4j: Neo4jServer) -> Path:
    return neo4j.home.dir / UNFINISHED


def _database(neo4j: Neo4jServer, kind: str) -> Path:
    return neo4j.home.data_dir / kind / neo4j.database

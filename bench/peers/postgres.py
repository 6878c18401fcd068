"""Peer 2: PostgreSQL, a recursive CTE, and an endpoint on asyncpg written by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from bench.peers import Running, Unavailable
from bench.service import free_port

ROWS = """
MATCH (p:Promoter)
OPTIONAL MATCH (q:Promoter)-[:REFERRED]->(p)
RETURN id(p) AS id, p.code AS code, id(q) AS referrer_id, p.rank AS rank, p.status AS status, p.joined_at AS joined_at,
       coalesce(p.sales_orders, 0) AS sales_orders, coalesce(p.sales_volume_fen, 0) AS sales_volume_fen
"""
"""Of Neo4j, in the order of the table's columns."""
TABLE = """
CREATE TABLE promoter (
  id bigint PRIMARY KEY, code text NOT NULL UNIQUE, referrer_id bigint, rank text NOT NULL, status text NOT NULL,
  joined_at bigint NOT NULL, sales_orders bigint NOT NULL, sales_volume_fen bigint NOT NULL
)
"""
INDEX = "CREATE INDEX ON promoter (referrer_id) INCLUDE (id, sales_volume_fen)"
USER = "postgres"
"""The server refuses to be root, and Debian makes it a user of its own."""


@contextmanager
def cluster() -> Iterator[tuple[str, int]]:
    """The address of an empty database of its own, gone afterwards, and its process. Raises Unavailable."""
    programs = _programs()
    owner = USER if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        if owner:
            shutil.chown(directory, owner, owner)

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), "-D", f"{directory}/data", *arguments]
            subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL, user=owner, group=owner)

        run("initdb", "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        # Compiling a plan anew for each request costs more than it saves.
        run(
            "pg_ctl", "start", "-w", "-l", f"{directory}/log", "-o", f"-k {directory} -c listen_addresses='' -c jit=off"
        )
        try:
            process = int(Path(directory, "data", "postmaster.pid").read_text("ascii").split()[0])
            yield f"postgresql://{USER}@/postgres?host={directory}", process
        finally:
            run("pg_ctl", "stop", "-w", "-m", "fast")


def _programs() -> Path:
    """Debian keeps them off the path, by version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if on_path := shutil.which("pg_ctl"):
        return Path(on_path).resolve().parent
    raise Unavailable("there is no PostgreSQL; on Debian, `apt install postgresql` brings it")


async def fill(address: str, rows: AsyncIterator[Any]) -> str:
    """The same promoters with the same sums of their own sales, and what server it is."""
    connection = await asyncpg.connect(address)
    await connection.execute(TABLE)
    await connection.copy_records_to_table("promoter", records=[tuple(row) async for row in rows])
    await connection.execute(INDEX)
    await connection.execute("VACUUM ANALYZE promoter")
    version = await connection.fetchval("SHOW server_version")
    await connection.close()
    return str(version)


@contextmanager
def endpoint(address: str) -> Iterator[Running]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.peers.endpoint", str(port), address])
    try:
        yield Running(port, process.pid)
    finally:
        process.terminate()
        process.wait(20)

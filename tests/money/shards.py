"""The long run of the machine, in shards that survive a kill: `python -m tests.money.shards --runs 2000 --steps 50`.

A finished shard leaves DIR/shard-NNNN.json with what it did; a run that was killed goes on with the shards that are
missing. A shard that failed leaves DIR/shard-NNNN.failed.txt, with what happened; the command that makes it again is told.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from cypher import migrations
from cypher.store import connect
from graph_api.pii import Pii
from graph_api.servers import Servers, open_servers
from graph_api.settings import Settings
from tests.conftest import SECRET, raw_query
from tests.money.machine import World
from tests.money.runs import run
from tests.money.service import Service


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    given.dir.mkdir(parents=True, exist_ok=True)
    wanted = range(-(-given.runs // given.shard_size)) if given.only is None else [given.only]
    missing = [index for index in wanted if not _done(given.dir, index, given)]
    if missing:
        with tempfile.TemporaryDirectory() as data_dir:
            settings = Settings().model_copy(update={"data_dir": Path(data_dir)})
            with open_servers(settings, prefer_docker=True) as servers:
                if not asyncio.run(_shards(servers, missing, given)):
                    return 1
    print(_summary(given.dir))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.money.shards", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--shard-size", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1, help="of the first shard; each shard has the next one")
    parser.add_argument("--only", type=int, help="one shard, by its number, whether it is done or not")
    parser.add_argument("--dir", type=Path, default=Path(".promograph/machine"))
    return parser


async def _shards(servers: Servers, missing: Sequence[int], given: argparse.Namespace) -> bool:
    store = connect(
        servers.neo4j_uri,
        user=servers.neo4j_user,
        password=servers.neo4j_password,
        database=servers.neo4j_database,
    )
    await migrations.migrate(store)
    async with raw_query(servers) as query:
        service = Service(store, Pii.from_secret(SECRET), query)
        done = [await _is_run(index, World(asyncio.get_running_loop(), service), given) for index in missing]
    await store.close()
    return all(done)


async def _is_run(index: int, world: World, given: argparse.Namespace) -> bool:
    """Run one shard and write down what it did, or how it failed."""
    began = time.monotonic()
    try:
        await asyncio.to_thread(run, world, seed=given.seed + index, runs=given.shard_size, steps=given.steps)
    except Exception:
        _failed(given, index)
        return False
    figures = {
        "seed": given.seed + index,
        "runs": world.examples,
        "steps": world.steps,
        "steps_a_run": given.steps,
        "seconds": round(time.monotonic() - began, 1),
        "happened": dict(world.happened.most_common()),
    }
    _write(_path(given.dir, index, "json"), json.dumps(figures))
    _path(given.dir, index, "failed.txt").unlink(missing_ok=True)
    print(f"shard {index}: {world.examples} runs, {world.steps} steps, {figures['seconds']} s", flush=True)
    return True


def _done(directory: Path, index: int, given: argparse.Namespace) -> bool:
    """Whether a shard was done as it is wanted now."""
    path = _path(directory, index, "json")
    if given.only is not None or not path.exists():
        return False
    figures = json.loads(path.read_text("utf-8"))
    return bool(figures["seed"] == given.seed + index and figures["steps_a_run"] == given.steps)


def _failed(given: argparse.Namespace, index: int) -> None:
    path = _path(given.dir, index, "failed.txt")
    _write(path, traceback.format_exc())
    again = f"--only {index} --seed {given.seed} --steps {given.steps} --shard-size {given.shard_size}"
    traceback.print_exc()
    print(f"shard {index} failed; {path}\nagain: python -m tests.money.shards {again}", file=sys.stderr)


def _path(directory: Path, index: int, suffix: str) -> Path:
    return directory / f"shard-{index:04d}.{suffix}"


def _write(path: Path, text: str) -> None:
    """All of it or nothing."""
    part = path.with_suffix(".part")
    part.write_text(text, "utf-8")
    os.replace(part, path)


def _summary(directory: Path) -> str:
    shards = [json.loads(path.read_text("utf-8")) for path in sorted(directory.glob("shard-*.json"))]
    sums = {name: round(sum(shard[name] for shard in shards), 1) for name in ("runs", "steps", "seconds")}
    return json.dumps({"shards": len(shards), **sums})


if __name__ == "__main__":
    sys.exit(main())

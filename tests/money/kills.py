"""Kill -9 in the middle of settlements, many times: `python -m tests.money.kills --times 20 --dir DIR`.

Neo4j, the whole service or one of its workers is killed while orders are settled and smaller writes go on. After it is
back, a further settlement must end by itself within a minute, with everything that was answered and nothing twice.
Each kill leaves DIR/KIND-NN.json; one that is there is not done again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from graph_api.listening import terminable
from graph_api.servers import Neo4jServer, Servers, ValkeyServer, open_servers
from tests.blackbox.command import environment
from tests.conftest import SECRET, raw_query
from tests.money.stage import SELLERS, Served, Stage
from tests.servers.conftest import seconds_until_gone, small_settings

KINDS = ("neo4j", "service", "worker")
CONVERGED_SECONDS_MAX = 60.0
AT_ONCE = 3


@asynccontextmanager
async def staged(servers: Servers, data_dir: Path) -> AsyncIterator[Stage]:
    """A service on these servers, and one round that nothing disturbed."""
    settings = environment(servers, secret=SECRET, data_dir=data_dir, redis_url=servers.redis_url or "")
    served = Served(settings, log=data_dir / "served.log")
    async with raw_query(servers) as query:
        try:
            await served.start()
            stage = Stage(served, query)
            await stage.prepare()
            await stage.sell()
            assert await stage.settle()
            await stage.verify()
            yield stage
        finally:
            await served.kill()


async def kill(stage: Stage, servers: Servers, kind: str, *, seed: int) -> dict[str, Any]:
    """One kill at a moment of chance, and what came of it."""
    chance = random.Random(seed)
    await stage.sell()
    stop = asyncio.Event()
    at_work = [
        asyncio.create_task(stage.small_writes(stop)),
        *(asyncio.create_task(stage.settle()) for _ in range(AT_ONCE)),
    ]
    begun = time.monotonic()
    while time.monotonic() < begun + 10 and not (await stage.done())["released"]:  # noqa: ASYNC110 - nothing tells us
        await asyncio.sleep(0.002)
    await asyncio.sleep(chance.uniform(0, 0.1))
    restart_seconds = await _kill(stage, servers, kind, chance)
    await asyncio.sleep(0.2)
    stop.set()
    await asyncio.gather(*at_work)
    found = await stage.done()
    again = time.monotonic()
    while await stage.settle() is None:
        assert time.monotonic() < again + CONVERGED_SECONDS_MAX, "a further settlement did not end within a minute"
        await asyncio.sleep(0.2)
    converged_seconds = time.monotonic() - again
    assert converged_seconds < CONVERGED_SECONDS_MAX
    assert await stage.done() == {"released": SELLERS, "paid": 2 * SELLERS}
    await stage.verify()
    figures = {"kind": kind, "seed": seed, "restart_seconds": restart_seconds, "found": found}
    return figures | {"converged_seconds": round(converged_seconds, 1), "small_orders": len(stage.told)}


async def _kill(stage: Stage, servers: Servers, kind: str, chance: random.Random) -> float:
    """Kill, and bring back what nobody else does; the seconds that took."""
    begun = time.monotonic()
    if kind == "worker":
        stage.served.kill_a_worker(chance.randrange(2))
    elif kind == "service":
        await stage.served.kill()
        await stage.served.start()
    else:
        assert servers.neo4j_process is not None
        await kill_server(servers.neo4j_process)
    return round(time.monotonic() - begun, 1)


async def kill_server(server: Neo4jServer | ValkeyServer) -> None:
    """Kill it, and start it again where it was."""
    assert server.pid is not None
    pid = server.pid
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(seconds_until_gone, pid)
    await asyncio.to_thread(server.start)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.money.kills", description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="of each kind")
    parser.add_argument("--dir", type=Path, default=Path(".promograph/kills"))
    given = parser.parse_args(arguments)
    given.dir.mkdir(parents=True, exist_ok=True)
    missing = [
        (kind, seed) for seed in range(given.times) for kind in KINDS if not _path(given.dir, kind, seed).exists()
    ]
    if missing:
        with (
            terminable(),
            tempfile.TemporaryDirectory() as data_dir,
            open_servers(small_settings(Path(data_dir))) as servers,
        ):
            asyncio.run(_kills(servers, Path(data_dir), missing, given.dir))
    done = [json.loads(path.read_text("utf-8")) for path in sorted(given.dir.glob("*-*.json"))]
    print(json.dumps({kind: sum(figures["kind"] == kind for figures in done) for kind in KINDS}))
    return 0


async def _kills(servers: Servers, data_dir: Path, missing: Sequence[tuple[str, int]], directory: Path) -> None:
    async with staged(servers, data_dir) as stage:
        for kind, seed in missing:
            figures = await kill(stage, servers, kind, seed=seed)
            _path(directory, kind, seed).write_text(json.dumps(figures), "utf-8")
            print(figures, flush=True)


def _path(directory: Path, kind: str, seed: int) -> Path:
    return directory / f"{kind}-{seed:02d}.json"


if __name__ == "__main__":
    sys.exit(main())

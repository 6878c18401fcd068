"""What happens to the service and its servers under load, many times: `python -m tests.blackbox.faults --times 20 --dir DIR`.

The service, Neo4j or Valkey is killed, hung for a while or restarted while clients record orders and look at teams.
Afterwards every order that was answered is there, none is there twice, and within a minute each process of the service
says of everybody what a recount of the graph says. A worker alone is killed or hung, and Neo4j is away for longer than
any statement may take (stalled). Each fault leaves DIR/TARGET-KIND-NN.json; one that is there is not done again. With
`--page FILE` it writes down what came of all.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from cypher.store import Store, connect
from graph_api import auth
from graph_api.listening import terminable
from graph_api.servers import Servers, open_servers
from graph_api.viewer import Role
from tests.blackbox.api import RECORD, Api, Json, order
from tests.blackbox.command import Command, environment
from tests.blackbox.recount import FIELDS, numbers, rows
from tests.conftest import SECRET
from tests.money.kills import kill_server
from tests.money.stage import Served
from tests.servers.conftest import small_settings

TARGETS = ("service", "neo4j", "valkey")
KINDS = ("killed", "hung", "restarted")
PROMOTERS = 60
TELLERS, LOOKERS = 4, 3
BATCH = 5
BEFORE, AFTER = 8, 8
"""Batches that must have been answered before the fault, and after it."""
HUNG_SECONDS = 3.0
STALLED_SECONDS = 40.0
CONVERGED_SECONDS_MAX = 60.0
LOOKS = 6
"""As many connections reach both workers, but for one in thirty-two times."""
NOT_NOW = {"UNAVAILABLE", "TIMEOUT", "OVERLOADED"}
Fault = tuple[str, str]
FAULTS: tuple[Fault, ...] = (*itertools.product(TARGETS, KINDS), ("worker", "killed"), ("worker", "hung"))
STALLED: Fault = ("neo4j", "stalled")
STALLED_EVERY = 4
"""Rounds; it takes a minute."""
PAGE = """# What faults under load came to

Written by `python -m tests.blackbox.faults --times {times} --page docs/faults.md`. A service of two workers on its own Neo4j and
Valkey; four clients record orders, five at a time, three look at teams. *Away*: until whoever was hit ran again.
*Taking orders*: from then until {after} more batches were answered. *Right*: after that, until every number of each of the
{people} promoters was the graph's at each of {looks} looks. In every one of these, each order that was answered was there, none
twice, and `recompute` found nothing drifted; what was told and not answered was told again and taken.

| what was hit | how | times | away s, median / most | taking orders s | right s | refused meanwhile |
|---|---|---|---|---|---|---|
"""


@dataclass
class Shop:
    """Clients of one service; `told`: orders by number, `answered`: those of them that were taken."""

    servers: Servers
    served: Served
    store: Store
    command: Command
    codes: list[str] = field(default_factory=lambda: [f"p{index:02d}" for index in range(PROMOTERS)])
    told: dict[str, Json] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    batches: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    async def open(self) -> None:
        chance = random.Random(6)
        async with self._client() as client:
            api = self._api(client)
            await api.product("p")
            await api.enrol(
                (code, self.codes[chance.randrange(max(0, index - 8), index)] if index else None)
                for index, code in enumerate(self.codes)
            )

    async def tell(self, chance: random.Random, stop: asyncio.Event) -> None:
        """New orders, batch after batch, whatever becomes of each."""
        while not stop.is_set():
            orders = [
                order(
                    f"o{len(self.told) + index}",
                    {"p": chance.randint(1, 99_999)},
                    seller=chance.choice(self.codes),
                    buyer=f"b{chance.randrange(40)}",
                    paid_at="2026-01-10T04:00:00Z",
                )
                for index in range(BATCH)
            ]
            self.told |= {each["number"]: each for each in orders}
            if await self._record(orders):
                self.batches += 1
            else:
                await asyncio.sleep(0.1)

    async def look(self, chance: random.Random, stop: asyncio.Event) -> None:
        """Team views that may be refused, and may not be wrong in shape."""
        while not stop.is_set():
            code = chance.choice(self.codes)
            if await self._ask(f'{{ promoter(code: "{code}") {{ {FIELDS} }} }}') is None:
                await asyncio.sleep(0.1)

    async def answered_again(self, wanted: int) -> None:
        """Wait until so many more batches were taken."""
        aim = self.batches + wanted
        async with asyncio.timeout(CONVERGED_SECONDS_MAX):
            while self.batches < aim:  # noqa: ASYNC110 - nothing tells us
                await asyncio.sleep(0.01)

    async def verify(self) -> float:
        """All that was answered is there and nothing twice; the seconds until everybody's numbers are the graph's."""
        kept = Counter(row["number"] for row in await rows(self.store, "MATCH (o:Order) RETURN o.number AS number"))
        assert not self.answered - kept.keys()
        assert set(kept.values()) == {1}
        lost = [each for number, each in self.told.items() if number not in self.answered]
        for start in range(0, len(lost), BATCH):
            assert await self._record(lost[start : start + BATCH])
        expected = await numbers(self.store)
        assert sum(each["sales"]["orders"] for each in expected.values()) == len(self.told)
        began = time.monotonic()
        for _ in range(LOOKS):
            while await self._numbers() != expected:
                assert time.monotonic() < began + CONVERGED_SECONDS_MAX
                await asyncio.sleep(0.05)
        seconds = time.monotonic() - began
        recomputed = await self.command("recompute")
        assert " 0 drifted, 0 repaired; 0 cached values drifted" in recomputed.stdout, recomputed
        return seconds

    async def _record(self, orders: Sequence[Json]) -> bool:
        answer = await self._ask(RECORD, {"input": list(orders)})
        if answer is None:
            return False
        told = answer["recordOrders"]
        assert (told["problems"], told["recorded"] + told["duplicates"]) == ([], len(orders)), told
        self.answered |= {each["number"] for each in orders}
        return True

    async def _numbers(self) -> dict[str, Json]:
        async with self._client() as client:
            return await self._api(client).promoters(self.codes, FIELDS)

    async def _ask(self, document: str, variables: Json | None = None) -> Json | None:
        """None if nobody answered, or nobody could; anything else that is not an answer is a fault."""
        try:
            async with self._client() as client:
                answer: Json = (await self._api(client).post(document, variables)).json()
        except (httpx.HTTPError, ValueError) as error:
            self.refused[type(error).__name__] += 1
            return None
        codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
        if codes & NOT_NOW:
            self.refused.update(codes)
            return None
        assert not codes, answer
        data: Json = answer["data"]
        return data

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.served.url, timeout=60, trust_env=False, verify=False)

    def _api(self, client: httpx.AsyncClient) -> Api:
        return Api(client, auth.issue(SECRET, Role.ADMIN))


@asynccontextmanager
async def opened(servers: Servers, data_dir: Path) -> AsyncIterator[Shop]:
    """A shop on these servers, whose service has two workers."""
    settings = environment(servers, secret=SECRET, data_dir=data_dir, redis_url=servers.redis_url or "")
    served = Served(settings, log=data_dir / "served.log")
    store = connect(
        servers.neo4j_uri,
        user=servers.neo4j_user,
        password=servers.neo4j_password,
        database=servers.neo4j_database,
        timeout_seconds=60,
    )
    try:
        await served.start()
        shop = Shop(servers, served, store, Command(settings))
        await shop.open()
        yield shop
    finally:
        await served.kill()
        await store.close()


async def fault(shop: Shop, target: str, kind: str, *, seed: int) -> dict[str, Any]:
    """One fault at a moment of chance, and what came of it."""
    chance = random.Random(seed)
    stop = asyncio.Event()
    shop.refused.clear()
    at_work = [
        *(asyncio.create_task(shop.tell(random.Random(chance.random()), stop)) for _ in range(TELLERS)),
        *(asyncio.create_task(shop.look(random.Random(chance.random()), stop)) for _ in range(LOOKERS)),
    ]
    await shop.answered_again(BEFORE)
    await asyncio.sleep(chance.uniform(0, 0.1))
    began = time.monotonic()
    await _happen(shop, target, kind, turn=seed)
    back_seconds = time.monotonic() - began
    await shop.answered_again(AFTER)
    recovered_seconds = time.monotonic() - began - back_seconds
    stop.set()
    await asyncio.gather(*at_work)
    converged_seconds = await shop.verify()
    return {
        "target": target,
        "kind": kind,
        "seed": seed,
        "away_seconds": round(back_seconds, 1),
        "recovered_seconds": round(recovered_seconds, 1),
        "converged_seconds": round(converged_seconds, 1),
        "orders": len(shop.told),
        "refused": dict(shop.refused),
    }


async def _happen(shop: Shop, target: str, kind: str, *, turn: int) -> None:
    """Until it is there again, whoever brings it back."""
    if target == "service":
        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "killed": partial(_killed_service, shop.served),
            "hung": partial(_hung, shop.served.pids()),
            "restarted": shop.served.restart,
        }
        await ways[kind]()
        return
    if target == "worker":
        if kind == "hung":
            await _hung([shop.served.worker(turn)])
        else:
            shop.served.kill_a_worker(turn)
        return
    server = shop.servers.neo4j_process if target == "neo4j" else shop.servers.redis_process
    assert server is not None
    assert server.pid is not None
    if kind in {"hung", "stalled"}:
        await _hung([server.pid], seconds=HUNG_SECONDS if kind == "hung" else STALLED_SECONDS)
    elif kind == "killed":
        await kill_server(server)
    else:
        await asyncio.to_thread(server.restart)


async def _killed_service(served: Served) -> None:
    await served.kill()
    await served.start()


async def _hung(pids: Sequence[int], *, seconds: float = HUNG_SECONDS) -> None:
    """Whoever was ended meanwhile, by one who watches it, stays so."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.blackbox.faults", description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="of each target and kind")
    parser.add_argument("--dir", type=Path, default=Path(".promograph/faults"))
    parser.add_argument("--page", type=Path, help="where a page of all that is in DIR is written")
    given = parser.parse_args(arguments)
    given.dir.mkdir(parents=True, exist_ok=True)
    with terminable():
        for seed in range(given.times):
            faults = FAULTS if seed % STALLED_EVERY else (*FAULTS, STALLED)
            missing = [each for each in faults if not _path(given.dir, each, seed).exists()]
            if missing:
                _round(missing, seed, given.dir)
    page = as_markdown(given.times, [json.loads(path.read_text("utf-8")) for path in given.dir.glob("*-*-*.json")])
    if given.page:
        given.page.write_text(page, "utf-8")
    print(page)
    return 0


def as_markdown(times: int, told: Sequence[dict[str, Any]]) -> str:
    """`told`: what `fault` answered, of as many faults as there are."""
    lines = [PAGE.format(times=times, after=AFTER, people=PROMOTERS, looks=LOOKS)]
    for target, kind in (*FAULTS, STALLED):
        some = [figures for figures in told if (figures["target"], figures["kind"]) == (target, kind)]
        if not some:
            continue
        spans = (
            _span([figures[name] for figures in some])
            for name in ("away_seconds", "recovered_seconds", "converged_seconds")
        )
        refused = sum((Counter(figures["refused"]) for figures in some), Counter())
        words = ", ".join(f"{name} {count}" for name, count in refused.most_common()) or "nothing"
        lines.append(f"| {target} | {kind} | {len(some)} | {' | '.join(spans)} | {words} |\n")
    return "".join(lines)


def _span(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.1f} / {max(seconds):.1f}"


def _round(faults: Sequence[Fault], seed: int, directory: Path) -> None:
    """Each on the same servers, which nobody has used before."""

    async def happen(servers: Servers, data_dir: Path) -> None:
        async with opened(servers, data_dir) as shop:
            for each in faults:
                figures = await fault(shop, *each, seed=seed)
                _path(directory, each, seed).write_text(json.dumps(figures), "utf-8")
                print(figures, flush=True)

    with tempfile.TemporaryDirectory() as data_dir, open_servers(small_settings(Path(data_dir))) as servers:
        asyncio.run(happen(servers, Path(data_dir)))


def _path(directory: Path, of: Fault, seed: int) -> Path:
    return directory / f"{of[0]}-{of[1]}-{seed:02d}.json"


if __name__ == "__main__":
    sys.exit(main())

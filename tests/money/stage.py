"""The service as a process of its own on servers that can be killed, and what its books must be after each round.

A round sells one order to each seller, all of them due. While they are settled, small writes go on: orders, refunds,
approvals of the last round's payouts. What was answered must be there afterwards; the rest is sent once more.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]

from graph_api import auth
from graph_api.viewer import Role
from tests.blackbox.api import RECORD, Api, Json, advance, order, quoted, refund
from tests.blackbox.command import PROGRAM, ROOT
from tests.conftest import SECRET, Query
from tests.money.payable import DELIVERED, DUE, ERRORS, PAID, SETTLE, balance, check, count, prepare

SELLERS = 20
AWAY = {"UNAVAILABLE", "TIMEOUT"}
SALE_FEN, SELLER_FEN, UPLINE_FEN = 100_000, 20_000, 3_000
SMALL_FEN, BACK_FEN, SMALL_SHARE_FEN = 50_000, 33_333, 3_333
"""A small order, what of it is refunded, and 20 % of the rest."""
DONE = """
RETURN COUNT { MATCH (o:Order) WHERE o.number STARTS WITH $of AND o.release_at IS NOT NULL } AS released,
       COUNT { MATCH (x:Payout)-[:PAYS]->(:Commission)<-[:YIELDED]-(o:Order) WHERE o.number STARTS WITH $of } AS paid
"""


class Served:
    """`promograph serve` with two workers; it may be killed, as a whole or a worker of it, and started again."""

    def __init__(self, environment: Mapping[str, str], *, log: Path) -> None:
        self._environment = {**os.environ, **environment}
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self.url = ""

    async def start(self) -> None:
        """Start, and wait until it says that it answers."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *PROGRAM,
                *("serve", "--port", "0", "--workers", "2", "--empty", "--no-jobs"),
                cwd=ROOT,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(120):
            line = (await self._process.stdout.readline()).decode()
        assert "answers at" in line, line
        self.url = line.split()[-1]

    async def kill(self) -> None:
        """Kill -9 of all its processes; does nothing when it is not there."""
        if self._process is None or self._process.returncode is not None:
            return
        for pid in self.pids():
            _kill(pid)
        await self._process.communicate()

    async def restart(self) -> None:
        """As an operator does: it ends what it has begun, and another is started."""
        assert self._process is not None
        self._process.terminate()
        await self._process.communicate()
        await self.start()

    def pids(self) -> list[int]:
        """The supervisor's and its workers'."""
        assert self._process is not None
        return [self._process.pid, *self._workers()]

    def kill_a_worker(self, turn: int) -> None:
        """The rest of it must go on, and put another in its place."""
        _kill(self.worker(turn))

    def worker(self, turn: int) -> int:
        """The process of one of them."""
        workers = self._workers()
        return workers[turn % len(workers)]

    def _workers(self) -> list[int]:
        assert self._process is not None
        below = psutil.Process(self._process.pid).children(recursive=True)
        return sorted(each.pid for each in below if _is_worker(each))


def _is_worker(process: psutil.Process) -> bool:
    """Whether it serves; one that has just been killed is none."""
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@dataclass
class Stage:
    """`told`: small orders by number, with whether the order and its refund were answered; `approved` likewise."""

    served: Served
    query: Query
    round: int = 0
    told: dict[str, set[str]] = field(default_factory=dict)
    last: list[str] = field(default_factory=list)
    approved: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)

    async def ask(self, document: str, variables: Mapping[str, Any] | None = None) -> Json | None:
        """One answer over a connection of its own; None if the service or its store was away."""
        try:
            async with self._client() as client:
                response = await Api(client, auth.issue(SECRET, Role.ADMIN)).post(document, variables)
                answer: Json = response.json()
        except (httpx.HTTPError, ValueError):
            return None
        if {error["extensions"]["code"] for error in answer.get("errors", [])} & AWAY:
            return None
        assert response.status_code == 200, answer
        assert "errors" not in answer, answer
        data: Json = answer["data"]
        return data

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.served.url, timeout=60, trust_env=False, verify=False)

    async def prepare(self) -> None:
        async with self._client() as client:
            chains = [(f"U{index}", f"S{index}") for index in range(SELLERS)]
            await prepare(Api(client, auth.issue(SECRET, Role.ADMIN)), [*chains, ("T",)])

    async def sell(self) -> None:
        """The orders of another round."""
        self.round += 1
        async with self._client() as client:
            api = Api(client, auth.issue(SECRET, Role.ADMIN))
            numbers = {f"{self._of}{index}": f"S{index}" for index in range(SELLERS)}
            await api.recorded(
                [
                    order(number, {"p": SALE_FEN}, seller=seller, buyer=f"x-{number}", paid_at=PAID)
                    for number, seller in numbers.items()
                ]
            )
            fields = {f"d{index}": advance(number, "DELIVERED", DELIVERED) for index, number in enumerate(numbers)}
            answers = await api.ask_many(fields, kind="mutation")
            assert all(answer["errors"] == [] for answer in answers.values()), answers

    @property
    def _of(self) -> str:
        return f"round{self.round}-"

    async def settle(self) -> Json | None:
        """None if it was not answered."""
        answer = await self.ask(SETTLE, {"asOf": DUE, "key": None})
        assert answer is None or answer["told"]["errors"] == [], answer
        return answer

    async def small_writes(self, stop: asyncio.Event) -> None:
        """Orders, refunds and approvals, one after the other, each noted when it is answered."""
        to_approve = [id for id in self.last if id not in self.approved]
        while not stop.is_set():
            number = f"small{len(self.told)}"
            self.told[number] = set()
            if await self.record(number):
                self.told[number].add("order")
                if await self.refund(number):
                    self.told[number].add("refund")
            else:
                await asyncio.sleep(0.1)  # what nobody takes is sent once more afterwards: let it not be thousands
            if to_approve:
                id = to_approve.pop()
                self.approved.add(id)
                if await self.approve([id]):
                    self.answered.add(id)

    async def record(self, number: str) -> Json | None:
        """A small order, once or again."""
        small = order(number, {"p": SMALL_FEN}, seller="T", buyer=f"x-{number}", paid_at=PAID)
        answer = await self.ask(RECORD, {"input": [small]})
        if answer is None:
            return None
        told: Json = answer["recordOrders"]
        assert told["problems"] == [], told
        assert told["recorded"] + told["duplicates"] == 1, told
        return told

    async def refund(self, number: str) -> bool:
        field = refund(number, f"back-{number}", BACK_FEN, "2026-03-10T04:00:00Z")
        return await self._taken(field)

    async def approve(self, ids: Iterable[str]) -> bool:
        return await self._taken(f"approvePayouts(ids: [{' '.join(map(quoted, ids))}]) {{ {ERRORS} }}")

    async def _taken(self, field: str) -> bool:
        answer = await self.ask(f"mutation {{ told: {field} }}")
        assert answer is None or answer["told"]["errors"] == [], answer
        return answer is not None

    async def done(self) -> dict[str, int]:
        """How many orders of this round are released, and how many of their entries stand in a payout."""
        (row,) = await self.query(DONE, of=self._of)
        return row

    async def verify(self) -> None:
        """All that was answered is there, all that was told is there once, and everybody has what is theirs."""
        kept = await self.query(
            "MATCH (o:Order) WHERE o.number STARTS WITH 'small' RETURN o.number AS number, o.refunded_fen AS back_fen"
        )
        back = {row["number"]: row["back_fen"] for row in kept}
        for number, answered in self.told.items():
            assert "order" not in answered or number in back, number
            assert "refund" not in answered or back[number] == BACK_FEN, number
        approved = await self.query("MATCH (x:Payout {status: 'APPROVED'}) RETURN x.id AS id")
        assert len(approved) >= len(self.answered)
        for number, answered in self.told.items():
            if answered != {"order", "refund"}:
                assert await self.record(number)
                assert await self.refund(number)
        if self.last:
            assert await self.approve(self.last)
            self.approved |= set(self.last)
            self.answered |= set(self.last)
        await self._verify_sums()

    async def _verify_sums(self) -> None:
        posted = await count(self.query, "MATCH (:Posting {kind: 'PAYOUT'})")
        assert posted == len(self.approved), (posted, len(self.approved))
        rows = await self.query(
            "MATCH (p:Promoter)-[:RECEIVES]->(x:Payout)"
            " RETURN p.code AS code, count(x) AS payouts, sum(x.gross_fen) AS gross_fen, collect(x.gross_fen) AS each"
        )
        fen = {"S": SELLER_FEN, "U": UPLINE_FEN}
        assert len(rows) == 2 * SELLERS, rows
        for row in rows:
            due_fen = fen[row["code"][0]]
            assert row["each"] == [due_fen] * self.round, row
        async with self._client() as client:
            api = Api(client, auth.issue(SECRET, Role.ADMIN))
            observing_fen = SMALL_SHARE_FEN * len(self.told)
            assert await balance(api, "T") == ({"observingFen": observing_fen} if observing_fen else {})
            await check(api, self.query)
            answer = await api.ask("{ payouts(filter: {status: CREATED} first: 100) { edges { node { id } } } }")
            self.last = [edge["node"]["id"] for edge in answer["payouts"]["edges"]]
            assert len(self.last) == 2 * SELLERS

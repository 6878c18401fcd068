"""The door to Neo4j: reads in one round trip, writes one at a time under the journal lock."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import neo4j
from neo4j.exceptions import ClientError, ConnectionPoolError, DriverError, Neo4jError, ServiceUnavailable

from cypher import journal
from cypher.statements import Record, Statement

T = TypeVar("T")

WRITE_RETRY_SECONDS = 20.0
ALREADY_THERE = "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists"
_TIMEOUT_CODES = ("TransactionTimedOut", "LockAcquisitionTimeout")


class StoreUnavailable(Exception):
    """Neo4j cannot be reached or will not answer; nothing is known to be written."""


class StoreExhausted(StoreUnavailable):
    """A transaction wanted more memory than Neo4j gives to one; nothing of it is written, and less at once may do."""


class StoreTimeout(Exception):
    """A statement ran into its time limit and was stopped by Neo4j."""


@dataclass
class Transaction:
    """A write under the journal lock; what it journals is appended just before the commit."""

    _transaction: neo4j.AsyncTransaction
    recorded_at: int
    seq: int
    paths_seq: int
    _entries: list[dict[str, Any]] = field(default_factory=list)

    async def run(self, statement: Statement, parameters: Mapping[str, Any]) -> list[Record]:
        result = await self._transaction.run(statement.sent_text, {"given": dict(parameters)})
        return [dict(record) async for record in result]

    def journal(
        self,
        kind: str,
        *,
        at: int,
        actor: str,
        codes: Iterable[str] = (),
        moves_paths: bool = False,
        **facts: object,
    ) -> int:
        """Take the next position for an event; `codes`: whose own facts (or whose downline) changed."""
        self.seq += 1
        if moves_paths:
            self.paths_seq = self.seq
        self._entries.append(
            {
                "seq": self.seq,
                "kind": kind,
                "at": at,
                "recorded_at": self.recorded_at,
                "actor": actor,
                "codes": sorted({code for code in codes if code}),
                "facts": json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True),
            }
        )
        return self.seq

    async def _flush(self) -> None:
        if self._entries:
            await journal.append(self, seq=self.seq, paths_seq=self.paths_seq, entries=self._entries)


class Store:
    """One Neo4j database; safe to share between tasks of one event loop.

    `head` is a floor of the journal position: what this process has committed or seen; `moved` is set whenever it moves.
    `statements_run` counts round trips, for tests and metrics.
    """

    def __init__(
        self, driver: neo4j.AsyncDriver, *, login: Mapping[str, str], database: str, timeout_seconds: float = 30.0
    ) -> None:
        self._driver = driver
        self._login = login
        self._database = database
        self._timeout_seconds = timeout_seconds
        self._write_turn = asyncio.Lock()
        self._bookmarks = neo4j.AsyncGraphDatabase.bookmark_manager()
        self._head = 0
        self.moved = asyncio.Event()
        self.statements_run = 0

    @property
    def head(self) -> int:
        return self._head

    @head.setter
    def head(self, seq: int) -> None:
        if seq != self._head:
            self._head = seq
            self.moved.set()

    async def run(self, statement: Statement, parameters: Mapping[str, Any]) -> list[Record]:
        """One auto-committed read."""
        self.statements_run += 1
        try:
            async with self._session(neo4j.READ_ACCESS) as session:
                result = await session.run(
                    neo4j.Query(statement.sent_text, timeout=self._timeout_seconds),
                    {"given": dict(parameters)},
                )
                return [dict(record) async for record in result]
        except (Neo4jError, DriverError) as error:
            raise _translated(error) from error

    async def write(
        self,
        work: Callable[[Transaction], Awaitable[T]],
        *,
        now: int | None = None,
        timeout_seconds: float | None = None,
    ) -> T:
        """Run `work` in one transaction under the journal lock; it may run again, so it must be idempotent by key."""
        async with self._write_turn:
            return await _persistently(
                lambda: self._attempt(work, now or time.time_ns() // 1000, timeout_seconds or self._timeout_seconds)
            )

    async def _attempt(self, work: Callable[[Transaction], Awaitable[T]], now: int, timeout_seconds: float) -> T:
        async with (
            self._session(neo4j.WRITE_ACCESS) as session,
            await session.begin_transaction(timeout=timeout_seconds) as opened,
        ):
            transaction = Transaction(opened, now, 0, 0)
            held = await journal.lock(transaction)
            transaction.seq, transaction.paths_seq = held.seq, held.paths_seq
            answer = await work(transaction)
            await transaction._flush()
            await opened.commit()
        self.head = max(self.head, transaction.seq)
        return answer

    @property
    def unjournalled(self) -> Unjournalled:
        """Runs writes that change nobody's facts, each in a transaction of its own and without the journal lock."""
        return Unjournalled(self)

    async def observe_head(self) -> journal.Head:
        """Ask Neo4j for the journal position and remember it."""
        seen = await journal.head(self)
        self.head = max(self.head, seen.seq)
        return seen

    def reading(self) -> AbstractAsyncContextManager[neo4j.AsyncSession]:
        """A session whose transactions cannot write; for questions that are no statements of ours."""
        return self._session(neo4j.READ_ACCESS)

    async def way_in(self) -> dict[str, Any]:
        """What another process needs to read here whatever this one has read or written."""
        bookmarks = await self._bookmarks.get_bookmarks()
        return {**self._login, "database": self._database, "bookmarks": sorted(bookmarks)}

    async def verify(self) -> None:
        """Raise StoreUnavailable unless Neo4j answers."""
        try:
            await self._driver.verify_connectivity()
        except (Neo4jError, DriverError) as error:
            raise _translated(error) from error

    async def close(self) -> None:
        await self._driver.close()

    def _session(self, access: str) -> AbstractAsyncContextManager[neo4j.AsyncSession]:
        return self._driver.session(
            database=self._database,
            default_access_mode=access,
            bookmark_manager=self._bookmarks,
            notifications_min_severity="OFF",
        )


class Unjournalled:
    """Auto-committed writes, for migrations and leases; one may run again, so it must be harmless to repeat."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, statement: Statement, parameters: Mapping[str, Any]) -> list[Record]:
        return await _persistently(lambda: self._attempt(statement, parameters))

    async def _attempt(self, statement: Statement, parameters: Mapping[str, Any]) -> list[Record]:
        try:
            async with self._store._session(neo4j.WRITE_ACCESS) as session:
                result = await session.run(statement.sent_text, {"given": dict(parameters)})
                return [dict(record) async for record in result]
        except ClientError as error:
            # IF NOT EXISTS looks before it takes the schema lock: another process may have made it in between.
            if error.code == ALREADY_THERE:
                return []
            raise


def connect(uri: str, *, user: str, password: str, database: str, timeout_seconds: float = 30.0) -> Store:
    """A store on a Neo4j by address; connections are opened when first needed."""
    driver = neo4j.AsyncGraphDatabase.driver(
        uri,
        auth=(user, password),
        max_connection_pool_size=64,
        connection_acquisition_timeout=10.0,
        connection_timeout=5.0,
        liveness_check_timeout=30.0,
        telemetry_disabled=True,
        user_agent="promograph",
    )
    login = {"uri": uri, "user": user, "password": password}
    return Store(driver, login=login, database=database, timeout_seconds=timeout_seconds)


async def _persistently(attempt: Callable[[], Awaitable[T]]) -> T:
    """Run a write, again for a while if it may be: after a deadlock, or while Neo4j cannot be reached."""
    deadline = time.monotonic() + WRITE_RETRY_SECONDS
    pause_seconds = 0.05
    while True:
        try:
            return await attempt()
        except (Neo4jError, DriverError) as error:
            if not _may_run_again(error) or time.monotonic() > deadline:
                raise _translated(error) from error
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, 1.0)


def _may_run_again(error: Neo4jError | DriverError) -> bool:
    if isinstance(error, Neo4jError):
        code = error.code or ""
        return error.is_retryable() and "MemoryPool" not in code and "TransactionTimedOut" not in code
    return error.is_retryable()


def _translated(error: Neo4jError | DriverError) -> Exception:
    if isinstance(error, Neo4jError):
        code = error.code or ""
        if any(name in code for name in _TIMEOUT_CODES):
            return StoreTimeout(error.message or code)
        if "MemoryPool" in code:
            return StoreExhausted(error.message or code)
        if isinstance(error, ClientError) and not error.is_retryable():
            return error
        return StoreUnavailable(error.message or code)
    if isinstance(error, ServiceUnavailable | ConnectionPoolError) or error.is_retryable():
        return StoreUnavailable(str(error))
    return error

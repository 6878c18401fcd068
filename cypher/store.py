"""The door to Neo4j: reads in one round trip, writes one at a time under the journal lock."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import neo4j
from neo4j.exceptions import ClientError, ConnectionPoolError, DriverError, Neo4jError, ServiceUnavailable

from cypher import journal
from cypher.statements import Record, Statement

T = TypeVar("T")

WRITE_RETRY_SECONDS = 20.0
WRITES_WAITING_MAX = 2_000
WRITES_WAIT_SECONDS = 30.0
"""For the turn; a transaction is stopped by then, so whoever waits longer waits for a Neo4j that is not there."""
ALREADY_THERE = "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists"
_TIMEOUT_CODES = ("TransactionTimedOut", "LockAcquisitionTimeout", "LockClientStopped")


class StoreUnavailable(Exception):
    """Neo4j cannot be reached or will not answer; nothing is known to be written."""


class StoreExhausted(StoreUnavailable):
    """A transaction wanted more memory than Neo4j gives to one; nothing of it is written, and less at once may do."""


class Overloaded(StoreUnavailable):
    """Too much waits to be written already; nothing of this is, and it may be asked again after a while."""

    def __init__(self, *, waiting: int, retry_after_seconds: int) -> None:
        super().__init__(f"too much waits to be written already ({waiting}), try again in {retry_after_seconds} s")
        self.waiting = waiting
        self.retry_after_seconds = retry_after_seconds


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


@dataclass(frozen=True, slots=True)
class Commit:
    """The last position of a transaction that is committed, and what a member of a cluster needs to show it."""

    seq: int
    bookmarks: Collection[str]


class Others(Protocol):
    """The processes beside this one on the same Neo4j. Neither call fails: they may be out of reach."""

    async def tell(self, commit: Commit) -> None: ...

    async def told(self) -> Commit | None:
        """The last commit that one of them has told of; None if nobody can be asked."""


class Alone:
    """Others learn of a commit by looking at the journal."""

    async def tell(self, commit: Commit) -> None:
        """There is nobody."""

    async def told(self) -> None:
        """Nobody has told anything."""


class Store:
    """One Neo4j database; safe to share between tasks of one event loop.

    `head` is a floor of the journal position: what this process has committed or seen; `moved` is set whenever it moves.
    `others` are told of each commit before whoever wrote is answered. `statements_run` counts round trips, for tests and
    metrics.
    """

    def __init__(
        self, driver: neo4j.AsyncDriver, *, login: Mapping[str, str], database: str, timeout_seconds: float = 30.0
    ) -> None:
        self._driver = driver
        self._login = login
        self._database = database
        self._timeout_seconds = timeout_seconds
        self._write_turn = asyncio.Lock()
        self._writes_waiting = 0
        self.others: Others = Alone()
        self._bookmarks: neo4j.AsyncBookmarkManager | None = None
        """Of a cluster only: one server shows whatever is committed, and restored to an older state it would wait for ever."""
        if login.get("uri", "").startswith("neo4j"):
            supplier = self._bookmarks_of_others
            self._bookmarks = neo4j.AsyncGraphDatabase.bookmark_manager(bookmarks_supplier=supplier)
        self._head = 0
        self._told_seq = 0
        """What others know of. Whoever finds written what it was to write may be the first to answer for it."""
        self.moved = asyncio.Event()
        self.statements_run = 0

    @property
    def head(self) -> int:
        return self._head

    @head.setter
    def head(self, seq: int) -> None:
        if seq < self._head:  # Neo4j was restored to an older state
            self._told_seq = min(self._told_seq, seq)
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
        """Run `work` in one transaction under the journal lock; it may run again, so it must be idempotent by key.

        Overloaded if too many wait for their turn already, or none comes in time.
        """
        asked_at = time.monotonic()
        await self._wait_for_turn()
        try:
            answer, commit = await _persistently(
                lambda: self._attempt(work, now or time.time_ns() // 1000, timeout_seconds or self._timeout_seconds),
                since=asked_at,
            )
        finally:
            self._write_turn.release()
        if commit is not None:
            await self.others.tell(commit)
            self._told_seq = max(self._told_seq, commit.seq)
        return answer

    async def _wait_for_turn(self) -> None:
        if self._writes_waiting >= WRITES_WAITING_MAX:
            raise Overloaded(waiting=self._writes_waiting, retry_after_seconds=int(WRITES_WAIT_SECONDS))
        self._writes_waiting += 1
        try:
            async with asyncio.timeout(WRITES_WAIT_SECONDS):
                await self._write_turn.acquire()
        except TimeoutError as error:
            raise Overloaded(waiting=self._writes_waiting, retry_after_seconds=int(WRITES_WAIT_SECONDS)) from error
        finally:
            self._writes_waiting -= 1

    async def _attempt(
        self, work: Callable[[Transaction], Awaitable[T]], now: int, timeout_seconds: float
    ) -> tuple[T, Commit | None]:
        async with self._session(neo4j.WRITE_ACCESS) as session:
            async with await session.begin_transaction(timeout=timeout_seconds) as opened:
                transaction = Transaction(opened, now, 0, 0)
                held = await journal.lock(transaction)
                transaction.seq, transaction.paths_seq = held.seq, held.paths_seq
                answer = await work(transaction)
                await transaction._flush()
                await opened.commit()
            self.head = max(self.head, transaction.seq)
            if transaction.seq <= self._told_seq:
                return answer, None
            return answer, Commit(transaction.seq, (await session.last_bookmarks()).raw_values)

    async def _bookmarks_of_others(self) -> neo4j.Bookmarks:
        commit = await self.others.told()
        return neo4j.Bookmarks.from_raw_values(commit.bookmarks if commit is not None else ())

    async def learn(self, commit: Commit) -> None:
        """Another process has committed this and told so: whatever is read from now on shows it."""
        if commit.seq > self._head:
            if self._bookmarks is not None:
                await self._bookmarks.update_bookmarks((), commit.bookmarks)
            self.head = max(self.head, commit.seq)
        self._told_seq = max(self._told_seq, commit.seq)

    @property
    def unjournalled(self) -> Unjournalled:
        """Runs writes that change nobody's facts, each in a transaction of its own and without the journal lock."""
        return Unjournalled(self, self._timeout_seconds)

    @property
    def migrating(self) -> Unjournalled:
        """The same for changes of the schema, which take as long as they take."""
        return Unjournalled(self, None)

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
        bookmarks = await self._bookmarks.get_bookmarks() if self._bookmarks is not None else ()
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

    def __init__(self, store: Store, timeout_seconds: float | None) -> None:
        self._store = store
        self._timeout_seconds = timeout_seconds

    async def run(self, statement: Statement, parameters: Mapping[str, Any]) -> list[Record]:
        return await _persistently(lambda: self._attempt(statement, parameters), since=time.monotonic())

    async def _attempt(self, statement: Statement, parameters: Mapping[str, Any]) -> list[Record]:
        try:
            async with self._store._session(neo4j.WRITE_ACCESS) as session:
                text = neo4j.Query(statement.sent_text, timeout=self._timeout_seconds)
                result = await session.run(text, {"given": dict(parameters)})
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


async def _persistently(attempt: Callable[[], Awaitable[T]], *, since: float) -> T:
    """Run a write, again for a while since it was asked if it may be: after a deadlock, or while Neo4j cannot be reached."""
    deadline = since + WRITE_RETRY_SECONDS
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
        if "LockAcquisitionTimeout" in code:  # somebody holds the journal: nothing of this is written
            return True
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

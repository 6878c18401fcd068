"""A store without a server: the actions of an online load run on it unchanged, and what they write becomes tables."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, cast

from cypher.statements import Record, Statement
from cypher.store import Store, Transaction
from loaders.offline.people import People, Records, Rows
from loaders.offline.tables import Tables
from loaders.offline.trade import Trade

T = TypeVar("T")


class OfflineGraph:
    """Answers the statements of a load from disk, each by the method named after it."""

    def __init__(self, database: sqlite3.Connection, tables: Tables) -> None:
        self._tables = tables
        self._people, self._trade = People(database), Trade(database, tables)
        self.seq = self.paths_seq = 0

    def answer(self, statement: Statement, parameters: Mapping[str, Any]) -> list[Record]:
        name = f"{statement.subject}_{statement.name}"
        for part in (self, self._people, self._trade):
            method = getattr(part, name, None)
            if method is not None:
                return cast("list[Record]", method(**parameters))
        raise NotImplementedError(f"an offline build cannot answer {statement.subject}.{statement.name}")

    def journal_append(self, seq: int, paths_seq: int, entries: Rows) -> Records:
        self.seq, self.paths_seq = seq, paths_seq
        for entry in entries:
            self._tables.node("JournalEntry", str(entry["seq"]), entry)
        return []

    def finish(self) -> None:
        """Write what was kept back until the end."""
        self._people.write_people(self._tables)
        self._trade.write_trade()
        self._tables.node("Journal", "head", {"seq": self.seq, "paths_seq": self.paths_seq, "locks": 0})


class OfflineTransaction(Transaction):
    """Nothing is committed by itself: a build that stops leaves an empty store."""

    async def run(self, statement: Statement, parameters: Mapping[str, Any]) -> list[Record]:
        return cast("OfflineGraph", self._transaction).answer(statement, parameters)


class OfflineStore(Store):
    """Takes the place of the store of a server that is not running."""

    def __init__(self, graph: OfflineGraph, database: sqlite3.Connection) -> None:
        super().__init__(cast("Any", None), login={}, database="")
        self._graph, self._sqlite = graph, database

    async def run(self, statement: Statement, parameters: Mapping[str, Any]) -> list[Record]:
        return self._graph.answer(statement, parameters)

    async def write(
        self,
        work: Callable[[Transaction], Awaitable[T]],
        *,
        now: int | None = None,
        timeout_seconds: float | None = None,
    ) -> T:
        graph = self._graph
        transaction = OfflineTransaction(cast("Any", graph), now or time.time_ns() // 1000, graph.seq, graph.paths_seq)
        self._sqlite.execute("BEGIN")
        answer = await work(transaction)
        await transaction._flush()
        self._sqlite.execute("COMMIT")
        self.head = graph.seq
        return answer

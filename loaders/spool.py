"""Rows set aside on disk, to be sorted and grouped there: files of any size in bounded memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

CACHE_KIB = 64 * 1024


@contextmanager
def spool() -> Iterator[sqlite3.Connection]:
    """A database of its own in a nameless file: no trace of personal data stays, however the process ends."""
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        for setting in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{CACHE_KIB}", "temp_store=FILE"):
            database.execute(f"PRAGMA {setting}")
        yield database


def fill(database: sqlite3.Connection, table: str, rows: Iterable[Sequence[object]], *, width: int) -> None:
    """Set rows aside, all in one go."""
    marks = ",".join("?" * width)
    database.execute("BEGIN")
    database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
    database.execute("COMMIT")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """
    >>> list(batches("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch

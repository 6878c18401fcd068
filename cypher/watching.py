"""What the watch reads: news of the journal, and the neighbourhood of those it concerns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """`seq`: position of the last entry read; `entries`: [traded, placed or moved, at, codes] each; `codes`: how many they name."""

    seq: int | None
    codes: int
    entries: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Rows:
    """Lists of columns: one record is ten times cheaper to read than many."""

    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Codes:
    codes: list[str]


@dataclass(frozen=True, slots=True)
class Ended:
    codes: list[str]
    people: int


@statement
async def told(run: Run, *, after: int, upto: int, first: int, since: int, codes_max: int) -> Told: ...


@statement
async def incomes(run: Run, *, codes: list[str], entries_max: int) -> Rows: ...


@statement
async def centres(
    run: Run,
    *,
    moved: list[str],
    placed: list[str],
    sold: list[list[Any]],
    since: int,
    until: int,
    sell_us: int,
    least: int,
) -> Codes: ...


@statement
async def ended(run: Run, *, after_at: int, until: int, least: int, people_max: int) -> Ended: ...


@statement
async def downlines(run: Run, *, codes: list[str], downlines_max: int) -> Rows: ...


@statement
async def first_sales(run: Run, *, windows: list[list[Any]]) -> Rows: ...

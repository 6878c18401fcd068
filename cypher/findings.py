"""Writes of findings, and what they are decided by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Page:
    """Lists of columns: one record is ten times cheaper to read than many."""

    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class State:
    id: str
    key: str
    status: str
    score: int
    digest: str
    closed_at: int | None
    last_seen: int
    reviewed_score: int | None
    member_count: int


@dataclass(frozen=True, slots=True)
class ToLock:
    key: str
    id: str
    sentence: str
    codes: list[str]


@dataclass(frozen=True, slots=True)
class Keys:
    keys: list[str]


@dataclass(frozen=True, slots=True)
class Codes:
    codes: list[str]


@statement
async def known(run: Run, *, detector: str, key: str, first: int) -> Page: ...


@statement
async def known_of(run: Run, *, starts: list[str]) -> Page: ...


@statement
async def members(run: Run, *, keys: list[str]) -> Page: ...


@statement
async def states(run: Run, *, keys: list[str]) -> list[State]: ...


@statement
async def put(run: Run, *, rows: Rows) -> None: ...


@statement
async def seen(run: Run, *, rows: Rows, at: int, parameter_set: int) -> Keys: ...


@statement
async def close(run: Run, *, keys: list[str], at: int) -> None: ...


@statement
async def to_lock(run: Run, *, keys: list[str], score: int) -> list[ToLock]: ...


@statement
async def lockable(run: Run, *, rows: Rows) -> Codes: ...


@statement
async def hold(run: Run, *, id: str, code: str, is_own: bool) -> None: ...


@statement
async def by_id(run: Run, *, id: str) -> State | None: ...


@statement
async def review(run: Run, *, id: str, status: str, note: str | None, at: int, actor: str) -> None: ...


@statement
async def let_go(run: Run, *, id: str) -> Codes: ...

"""Reads of findings: by id, by filter, of promoters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Cards:
    """[properties, codes named] each."""

    cards: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Ids:
    ids: list[str]


@dataclass(frozen=True, slots=True)
class Size:
    size: int


@dataclass(frozen=True, slots=True)
class Named:
    code: str
    finding: dict[str, Any]
    members: list[str]


@statement
async def by_ids(run: Run, *, ids: list[str]) -> Cards: ...


@statement
async def by_keys(run: Run, *, keys: list[str]) -> Ids: ...


@statement
async def page(
    run: Run,
    *,
    min_score: int,
    after_score: int,
    after_id: str,
    closed: bool,
    detector: str | None,
    status: str | None,
    member_code: str | None,
    first: int,
) -> Cards: ...


@statement
async def page_by_stake(
    run: Run,
    *,
    after_fen: int,
    after_id: str,
    min_score: int,
    closed: bool,
    detector: str | None,
    status: str | None,
    member_code: str | None,
    first: int,
) -> Cards: ...


@statement
async def size(
    run: Run, *, min_score: int, closed: bool, detector: str | None, status: str | None, member_code: str | None
) -> Size: ...


@statement
async def of_promoters(run: Run, *, codes: list[str]) -> list[Named]: ...

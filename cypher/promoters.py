"""Reads of promoters by code, and lists of all promoters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)

Found = dict[str, Any]
"""One promoter's own attributes by column name, with whatever else the statement says."""
Monthly = Mapping[str, Any]
"""`code` and `month`; 0 is all time."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One list per kind of ask; a code that is no promoter is missing from its lists, and an empty team from `teams`."""

    cards: list[Found]
    sales: list[Found]
    buyers: list[Found]
    teams: list[Found]
    month_teams: list[Found]
    valids: list[Found]
    promotions: list[Found]
    balances: list[Found]


@dataclass(frozen=True, slots=True)
class Nearly:
    lists: list[Found]


@dataclass(frozen=True, slots=True)
class Listed:
    rows: list[Found]


@dataclass(frozen=True, slots=True)
class Counted:
    count: int


@statement
async def facts(
    run: Run,
    *,
    cards: Sequence[str],
    sales: Sequence[Monthly],
    buyers: Sequence[Monthly],
    teams: Sequence[str],
    month_teams: Sequence[Monthly],
    valids: Sequence[str],
    promotions: Sequence[str],
    balances: Sequence[str],
) -> Facts: ...


@statement
async def nearly_valid(run: Run, *, codes: Sequence[str], first: int) -> Nearly: ...


@statement
async def newest(
    run: Run,
    *,
    after_at: int,
    after_code: str,
    joined_from: int,
    joined_to: int,
    status: str | None,
    rank: str | None,
    referrer_code: str | None,
    first: int,
) -> Listed: ...


@statement
async def listed(
    run: Run,
    *,
    code_start: str,
    name_hash: str,
    joined_from: int,
    joined_to: int,
    status: str | None,
    rank: str | None,
    referrer_code: str | None,
    order: str,
    after_key: int | None,
    after_code: str | None,
    first: int,
) -> Listed: ...


@statement
async def counted(
    run: Run,
    *,
    code_start: str,
    name_hash: str,
    joined_from: int,
    joined_to: int,
    status: str | None,
    rank: str | None,
    referrer_code: str | None,
) -> Counted: ...

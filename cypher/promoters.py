"""Reads of promoters by code, and lists of all promoters."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cypher.statements import Record, Run, Statement, bind

statement = bind(__name__)

Found = dict[str, Any]
"""One promoter's own attributes by column name, with whatever else the statement says."""
Monthly = Mapping[str, Any]
"""`code` and `month`; 0 is all time."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One list per kind of ask; a code that is no promoter is missing from its lists, and an empty team from `teams` and `month_teams`."""

    cards: list[Found]
    sales: list[Found]
    month_sales: list[Found]
    buyers: list[Found]
    totals: list[Found]
    month_totals: list[Found]
    teams: list[Found]
    month_teams: list[Found]
    valids: list[Found]
    promotions: list[Found]
    balances: list[Found]


@dataclass(frozen=True, slots=True)
class Narrow:
    """Runs `facts` without the subqueries of lists that are empty.

    All of them together take a fresh Neo4j seconds to plan, and each costs something even if it has nothing to do;
    of the combinations that could be, a few are asked.
    """

    run_on: Run

    async def run(self, statement: Statement, parameters: Mapping[str, Any]) -> list[Record]:
        asked = frozenset(name for name, value in parameters.items() if value)
        return await self.run_on.run(_narrowed(statement, asked), {name: parameters[name] for name in asked})


@functools.cache
def _narrowed(statement: Statement, asked: frozenset[str]) -> Statement:
    """Left out is answered by an empty list."""
    kept = [call for call in _CALLS.findall(statement.text) if _asked_by(call) in asked]
    columns = [name if name in asked else f"[] AS {name}" for name in statement.columns]
    return replace(statement, text="\n".join([*kept, f"RETURN {', '.join(columns)}"]))


_CALLS = re.compile(r"^CALL \(\) \{$.*?^\}$", re.M | re.S)


def _asked_by(call: str) -> str:
    (name,) = re.findall(r"\$(\w+)", call)
    return str(name)


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
    sales: Sequence[str],
    month_sales: Sequence[Monthly],
    buyers: Sequence[Monthly],
    totals: Sequence[str],
    month_totals: Sequence[Monthly],
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

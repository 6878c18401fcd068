"""Pages of the people below a promoter."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cypher.statements import Record, Run, Statement, bind

statement = bind(__name__)

CEILING = "-[r:REFERRED*1..1000]->"
CEILINGS = (1, 2, 3, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class Pages:
    """A page per promoter found: `root`, its card, and `members`; the statement tells what is where in them."""

    pages: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Counts:
    counts: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Shallow:
    """Runs a statement with a lower ceiling.

    A variable-length bound cannot be a parameter, and filtering by depth afterwards walks the whole team: 30 ms
    instead of 3 for the direct downline of somebody with 10,000 below. Few ceilings, as each is planned anew.
    """

    run_on: Run
    depth: int

    async def run(self, statement: Statement, parameters: Mapping[str, Any]) -> list[Record]:
        ceiling = next((ceiling for ceiling in CEILINGS if ceiling >= self.depth), None)
        shallow = statement if ceiling is None else _lowered(statement, ceiling)
        return await self.run_on.run(shallow, parameters)


@functools.cache
def _lowered(statement: Statement, ceiling: int) -> Statement:
    text = statement.text.replace(CEILING, CEILING.replace("1000", str(ceiling)), 1)
    assert text != statement.text
    return dataclasses.replace(statement, text=text)


@statement
async def pages(
    run: Run,
    *,
    codes: Sequence[str],
    level_min: int,
    depth: int,
    code_start: str | None,
    name_hash: str | None,
    status: str | None,
    rank: str | None,
    order: str,
    after_1: int | None,
    after_2: int | None,
    after_code: str | None,
    first: int,
    totals: bool,
) -> Pages: ...


@statement
async def counts(
    run: Run,
    *,
    codes: Sequence[str],
    level_min: int,
    depth: int,
    code_start: str | None,
    name_hash: str | None,
    status: str | None,
    rank: str | None,
) -> Counts: ...

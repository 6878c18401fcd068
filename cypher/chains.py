"""Thin runs of referrals: who ends one, and who stands above and below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Ends:
    """`looked_at`: of how many people."""

    codes: list[str]
    looked_at: int


@dataclass(frozen=True, slots=True)
class Line:
    """`above`: [code, direct downlines], nearest first."""

    code: str
    joined_at: int
    directs: int
    above: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Below:
    codes: list[str]
    looked_at: int


@dataclass(frozen=True, slots=True)
class Steps:
    """Each a list, as the statement says."""

    rows: list[list[Any]]


@statement
async def ends_joined(run: Run, *, from_at: int, to_at: int, people_max: int) -> Ends: ...


@statement
async def ends_below(run: Run, *, root_code: str, from_at: int, to_at: int, people_max: int) -> Ends: ...


@statement
async def lines(run: Run, *, codes: list[str]) -> list[Line]: ...


@statement
async def single_below(run: Run, *, code: str, first: int) -> Below: ...


@statement
async def next_below(run: Run, *, codes: list[str]) -> Steps: ...

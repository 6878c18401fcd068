"""Structures of the network: what lies below, what touches whom, and the trees that the law measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Existed:
    code: str


@dataclass(frozen=True, slots=True)
class Edges:
    """Each a list, as the statement says."""

    edges: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Columns:
    """Of each promoter, in one order; `referrer_codes`: "" of the root."""

    codes: list[str]
    referrer_codes: list[str]
    ranks: list[str]
    statuses: list[str]
    joined_ats: list[int]
    volume_fens: list[int]


@dataclass(frozen=True, slots=True)
class Codes:
    codes: list[str]


@dataclass(frozen=True, slots=True)
class Tree:
    """`level`: of the promoter in its tree, the root's is 0; `people` and `levels` count the root."""

    code: str
    root_code: str
    level: int
    people: int
    levels: int


@statement
async def exists_at(run: Run, *, code: str, at: int) -> Existed | None: ...


@statement
async def below(run: Run, *, codes: list[str], at: int, first: int) -> Edges: ...


@statement
async def columns(run: Run, *, code: str, depth: int, at: int, first: int) -> Columns | None: ...


@statement
async def columns_now(run: Run, *, code: str, depth: int, first: int) -> Columns | None: ...


@statement
async def around_people(run: Run, *, codes: list[str], kinds: list[str], people_max: int, first: int) -> Edges: ...


@statement
async def around_identifiers(run: Run, *, ids: list[str], first: int) -> Edges: ...


@statement
async def are_promoters(run: Run, *, codes: list[str]) -> Codes: ...


@statement
async def trees(run: Run, *, codes: list[str]) -> list[Tree]: ...

"""People joined by what they share, and identifiers that too many people share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Person:
    """`root_code`: of the tree above it; None for a root, and for who is no promoter."""

    code: str
    promoter: bool
    root_code: str | None


@dataclass(frozen=True, slots=True)
class Rows:
    """Each a list, as the statement says."""

    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Hubs:
    """`last_id`: where the look ended; None: nothing was left."""

    rows: list[list[Any]]
    looked_at: int
    last_id: str | None


@statement
async def people(run: Run, *, codes: list[str]) -> list[Person]: ...


@statement
async def identifiers_of(run: Run, *, codes: list[str], kinds: list[str], first: int) -> Rows: ...


@statement
async def people_of(run: Run, *, ids: list[str], first: int) -> Rows: ...


@statement
async def hubs(run: Run, *, after: str, before: str, people_max: int, looked_at_max: int) -> Hubs: ...

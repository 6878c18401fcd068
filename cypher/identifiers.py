"""Identifiers of people, as keyed hashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Linked:
    code: str
    id: str
    enrolment: bool


@dataclass(frozen=True, slots=True)
class Seller:
    code: str


@statement
async def link(run: Run, *, rows: list[dict[str, Any]]) -> None: ...


@statement
async def linked(run: Run, *, rows: list[dict[str, Any]]) -> list[Linked]: ...


@statement
async def sellers(run: Run, *, codes: list[str]) -> list[Seller]: ...

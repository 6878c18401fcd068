"""Reads of one tree, whole, for a pack of evidence: each in pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Tree:
    """`levels`: [level, people], 0 is the promoter itself."""

    store_id: str
    position: int
    root_code: str
    levels: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Page:
    """Each row a map, as the statement says."""

    rows: list[dict[str, Any]]


@statement
async def tree(run: Run, *, code: str, position: int) -> Tree | None: ...


@statement
async def people(run: Run, *, code: str, after: str, first: int) -> Page: ...


@statement
async def findings(run: Run, *, code: str, after: str, first: int) -> Page: ...


@statement
async def journal(run: Run, *, code: str, after: int, upto: int, first: int) -> Page: ...

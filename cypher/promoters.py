"""Reads of promoters by code, and lists of all promoters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)

Found = dict[str, Any]
"""One promoter's own attributes by column name, with whatever else the statement says."""


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
async def facts(run: Run, *, asked: Mapping[str, Any]) -> Facts: ...


@statement
async def nearly_valid(run: Run, *, asked: Mapping[str, Any]) -> Nearly: ...


@statement
async def newest(run: Run, *, asked: Mapping[str, Any]) -> Listed: ...


@statement
async def listed(run: Run, *, asked: Mapping[str, Any]) -> Listed: ...


@statement
async def counted(run: Run, *, asked: Mapping[str, Any]) -> Counted: ...

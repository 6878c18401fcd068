"""Detectors as they are run: their parameter sets, their latest scans, and what reviews have said of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class InForce:
    """`names` and `values`: parallel, the parameters that are not the defaults."""

    detector: str
    number: int
    names: list[str]
    values: list[int]


@dataclass(frozen=True, slots=True)
class Sets:
    """[number, at, actor, reason, names, values] each."""

    sets: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Standing:
    """`sets`: none or one as in Sets. `scans`: none or one of [at, took_ms, found, parameter_set, actor]; `reviews`: [version, parameter_set, confirmed,
    dismissed] each."""

    detector: str
    sets: list[list[Any]]
    scans: list[list[Any]]
    open: int
    reviews: list[list[int]]


@statement
async def in_force(run: Run, *, keys: list[str]) -> list[InForce]: ...


@statement
async def create(run: Run, *, properties: dict[str, Any]) -> None: ...


@statement
async def history(run: Run, *, detector: str, first: int) -> Sets: ...


@statement
async def scanned(run: Run, *, key: str, at: int, took_ms: int, found: int, parameter_set: int, actor: str) -> None: ...


@statement
async def standings(run: Run, *, keys: list[str]) -> list[Standing]: ...

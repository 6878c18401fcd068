"""The journal: one lock, one position, entries in commit order."""

from __future__ import annotations

from dataclasses import dataclass

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Head:
    """`seq`: position of the last entry; `paths_seq`: of the last one that changed the upline of somebody with a downline."""

    seq: int
    paths_seq: int


@dataclass(frozen=True, slots=True)
class Changed:
    """`above` includes the named promoters themselves; `named` holds buyers' codes too."""

    above: list[str]
    named: list[str]


@dataclass(frozen=True, slots=True)
class Event:
    seq: int
    kind: str
    at: int
    recorded_at: int
    actor: str
    codes: list[str]
    facts: str


@dataclass(frozen=True, slots=True)
class Told:
    """`seq`: position of the last entry read, None without one; `reached`: those watched that are named or above somebody named."""

    seq: int | None
    reached: list[str]
    moved: bool
    findings: bool


@statement
async def lock(run: Run) -> Head: ...


@statement
async def head(run: Run) -> Head: ...


@statement
async def append(run: Run, *, seq: int, paths_seq: int, entries: list[dict[str, object]]) -> None: ...


@statement
async def changed(run: Run, *, after: int, upto: int) -> Changed: ...


@statement
async def events(run: Run, *, after: int, first: int) -> list[Event]: ...


@statement
async def told(run: Run, *, after: int, upto: int, first: int, watched: list[str]) -> Told: ...


@statement
async def findings(run: Run, *, after: int, first: int) -> list[Event]: ...

"""Locks: money of a promoter under review is held."""

from __future__ import annotations

from dataclasses import dataclass

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """`by_finding`: a finding holds the lock."""

    status: str
    closed_at: int | None
    locked_at: int | None
    lock_reason: str | None
    by_finding: bool
    created_payout_ids: list[str]


@dataclass(frozen=True, slots=True)
class HeldGroup:
    ids: list[str]
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Shown:
    """`detectors`: none if a person has locked."""

    code: str
    locked_at: int
    reason: str
    detectors: list[str]


@statement
async def standing(run: Run, *, code: str) -> Standing | None: ...


@statement
async def lock(run: Run, *, code: str, at: int, reason: str) -> None: ...


@statement
async def take_over(run: Run, *, code: str, at: int, reason: str) -> None: ...


@statement
async def unlock(run: Run, *, code: str, status: str) -> None: ...


@statement
async def held(run: Run, *, code: str) -> list[HeldGroup]: ...


@statement
async def void(run: Run, *, ids: list[str], seq: int) -> None: ...


@statement
async def shown(run: Run, *, codes: list[str]) -> list[Shown]: ...

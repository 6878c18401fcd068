"""Quarantined claims: who claims whom as its referrer although that closes a cycle, and what people decide about it."""

from __future__ import annotations

from dataclasses import dataclass

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """`code` claims that `claimed_code` referred it. `accepted`: None while nobody has decided.

    `quarantined_at`: None for what was imported before that was kept.
    """

    code: str
    claimed_code: str
    quarantined_at: int | None
    accepted: bool | None
    settled_at: int | None
    settled_by: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    waiting: int
    settled: int


@dataclass(frozen=True, slots=True)
class Above:
    """`edges`: pairs of a promoter and the one above."""

    edges: list[list[str]]


@statement
async def settle(
    run: Run, *, code: str, accepted: bool, settled_at: int, settled_by: str, reason: str | None
) -> None: ...


@statement
async def of_promoter(run: Run, *, code: str) -> Claim | None: ...


@statement
async def waiting(run: Run, *, after: str, first: int) -> list[Claim]: ...


@statement
async def settled(run: Run, *, after: str, first: int) -> list[Claim]: ...


@statement
async def counts(run: Run) -> Counts: ...


@statement
async def above_by_claims(run: Run, *, codes: list[str]) -> Above: ...


@statement
async def above_by_referrals(run: Run, *, codes: list[str]) -> Above: ...

"""Reads of payouts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class PayoutCard:
    """`payout`: the node's properties."""

    promoter_code: str
    payout: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    size: int


@dataclass(frozen=True, slots=True)
class ReceivedSize:
    code: str
    size: int


@statement
async def by_ids(run: Run, *, ids: list[str]) -> list[PayoutCard]: ...


@statement
async def page(run: Run, *, status: str | None, after_at: int, after_id: str, first: int) -> list[PayoutCard]: ...


@statement
async def size(run: Run, *, status: str | None) -> Size: ...


@statement
async def pages_received(
    run: Run, *, codes: list[str], status: str | None, after_at: int, after_id: str, first: int
) -> list[PayoutCard]: ...


@statement
async def sizes_received(run: Run, *, codes: list[str], status: str | None) -> list[ReceivedSize]: ...

"""Products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class ProductRow:
    """`commission_bps[i]` holds from `commission_since_ats[i]` on; the first from the beginning."""

    sku: str
    title: str
    price_fen: int
    commission_bps: list[int]
    commission_since_ats: list[int]

    def commission_bp_at(self, at: int) -> int:
        """The base rate in force at an instant."""
        bp = self.commission_bps[0]
        for since_at, rate_bp in zip(self.commission_since_ats[1:], self.commission_bps[1:], strict=True):
            if since_at <= at:
                bp = rate_bp
        return bp


@dataclass(frozen=True, slots=True)
class Rates:
    commission_bps: list[int]


@statement
async def by_sku(run: Run, *, skus: list[str]) -> list[ProductRow]: ...


@statement
async def rates(run: Run, *, since_at: int) -> Rates: ...


@statement
async def put(run: Run, *, rows: list[dict[str, Any]]) -> None: ...

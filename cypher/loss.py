"""Reads for what is lost if a promoter leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)

Rows = list[list[Any]]


@dataclass(frozen=True, slots=True)
class LevelSum:
    """`own`: on the promoter's own sales, else on those directly below."""

    own: bool
    level: int
    receiver_code: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Touching:
    """Each [buyer, [[at, key, promoter]]]."""

    buyers: Rows


@statement
async def override_by_level(run: Run, *, code: str, months: list[int]) -> list[LevelSum]: ...


@statement
async def touching(run: Run, *, code: str, after: str, first: int) -> Touching: ...

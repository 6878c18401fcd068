"""How far down the network reaches, by a sample."""

from __future__ import annotations

from dataclasses import dataclass

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Levels:
    promoters: int
    levels: list[int]


@statement
async def levels(run: Run, *, sample: int) -> Levels: ...

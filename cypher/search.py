"""Promoters looked for by one thing that is known of them."""

from __future__ import annotations

from dataclasses import dataclass

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Sought:
    code: str


@dataclass(frozen=True, slots=True)
class Count:
    count: int


@statement
async def page(
    run: Run, *, code_start: str | None, name_hash: str | None, identifier_id: str | None, after: str, first: int
) -> list[Sought]: ...


@statement
async def count(run: Run, *, code_start: str | None, name_hash: str | None, identifier_id: str | None) -> Count: ...

"""E-contracts: published versions and who accepted them."""

from __future__ import annotations

from dataclasses import dataclass

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class ContractRow:
    version: str
    title: str
    body: str
    published_at: int


@dataclass(frozen=True, slots=True)
class Acceptance:
    code: str
    version: str | None


@statement
async def current(run: Run) -> ContractRow | None: ...


@statement
async def by_version(run: Run, *, version: str) -> ContractRow | None: ...


@statement
async def publish(run: Run, *, version: str, title: str, body: str, published_at: int, seq: int) -> None: ...


@statement
async def acceptances(run: Run, *, codes: list[str]) -> list[Acceptance]: ...


@statement
async def accept(run: Run, *, code: str, version: str, at: int, actor: str) -> None: ...

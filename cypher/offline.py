"""What an offline build needs of a running store, before it and after it."""

from __future__ import annotations

from dataclasses import dataclass

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Content:
    exists: bool


@statement
async def content(run: Run) -> Content: ...


@statement
async def restore_empty_chains(run: Run) -> None: ...


@statement
async def restore_empty_codes(run: Run) -> None: ...

"""The journal as people look through it: backwards, by who and what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class AuditPage:
    """`last_seq`: where the walk ended, None if there was nothing; `rows`: seq, kind, at, recorded_at, actor, how many codes, the first of them, facts."""

    walked: int
    last_seq: int | None
    rows: list[list[Any]]


@statement
async def entries(
    run: Run,
    *,
    before: int,
    actor: str | None,
    kind: str | None,
    code: str | None,
    from_at: int | None,
    until_at: int | None,
    hidden: list[str],
    codes_max: int,
    walked_max: int,
    first: int,
) -> AuditPage: ...

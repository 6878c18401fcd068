"""What changed in the referral tree between two instants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    code: str
    referrer_code: str | None
    level: int | None


@dataclass(frozen=True, slots=True)
class Changes:
    """Each a list, as the statement says; `since` None: since enrolment, `until` None: still."""

    rows: list[list[Any]]


@statement
async def standings(run: Run, *, codes: list[str], root_code: str, at: int) -> list[Standing]: ...


@statement
async def changes(run: Run, *, codes: list[str], from_at: int, to_at: int, first: int) -> Changes: ...

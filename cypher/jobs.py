"""What runs by itself: who may, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who runs the jobs now."""

    holder: str


@dataclass(frozen=True, slots=True)
class Ran:
    """A job's last run. `done_until`: up to which instant its work is done; `failure` is None if the run came to its end."""

    name: str
    done_until: int | None
    began_at: int
    took_ms: int
    outcome: str | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    position: int
    looked_until: int


@statement
async def lead(run: Run, *, holder: str, lease_ms: int) -> Lease: ...


@statement
async def give_up(run: Run, *, holder: str) -> None: ...


@statement
async def runs(run: Run) -> list[Ran]: ...


@statement
async def record(
    run: Run,
    *,
    name: str,
    began_at: int,
    took_ms: int,
    outcome: str | None,
    failure: str | None,
    done_until: int | None,
) -> None: ...


@statement
async def standing(run: Run, *, name: str) -> Standing | None: ...


@statement
async def stand(run: Run, *, name: str, position: int, looked_until: int) -> None: ...

"""Constraints, indexes and first nodes as numbered steps, each applied once, safely when two processes start together."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass

from cypher import plans
from cypher.statements import Run, Statement, bind, statements
from cypher.store import Store
from graph_api.rules.plan import DEFAULT_PLAN

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Applied:
    number: int


@dataclass(frozen=True, slots=True)
class Identity:
    """Identity of this store: caches and tokens of another store are not its own."""

    id: str


@statement
async def applied(run: Run) -> list[Applied]: ...


@statement
async def record(run: Run, *, number: int, name: str, applied_at: int) -> None: ...


@statement
async def create_roots(run: Run, *, id: str) -> None: ...


@statement
async def identity(run: Run) -> Identity | None: ...


def numbered() -> list[tuple[int, Statement]]:
    """(number, statement) of every schema step, in order; names are `m0001_what`."""
    return sorted(
        (int(name[1:5]), step)
        for name, step in statements("migrations").items()
        if name[0] == "m" and name[1:5].isdigit()
    )


async def migrate(store: Store) -> int:
    """Bring the schema up to date and return how many steps this call applied.

    Two processes that start together may both run a step: it says IF NOT EXISTS, and the one that Neo4j picks
    to end a deadlock runs it again. Steps are recorded by MERGE on a number that the first step makes unique.
    """
    run = store.migrating
    done = {row.number for row in await applied(run)}
    steps = [(number, step) for number, step in numbered() if number not in done]
    for number, step in steps:
        await run.run(step, {})
        await record(run, number=number, name=step.name, applied_at=time.time_ns() // 1000)
    await create_roots(run, id=str(uuid.uuid4()))
    await plans.create_default(run, version=DEFAULT_PLAN.version, plan=plans.properties_of(DEFAULT_PLAN))
    return len(steps)

"""Questions that the risk team asks the graph: its own, or saved ones. Each is journalled, answered or refused."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from cypher import saved
from cypher.store import Store, StoreTimeout, Transaction
from cypher.workbench import Found, Workbench
from graph_api.errors import DomainError, Invalid, NotFound

ROWS_MAX = 1_000
TIMEOUT_SECONDS = 10.0
PARAMETERS_LENGTH_MAX = 4_000


class Answer(NamedTuple):
    found: Found
    took_ms: int


async def ask(
    workbench: Workbench,
    text: str,
    parameters: Mapping[str, Any],
    *,
    rows_max: int,
    actor: str,
    now: int,
    name: str | None = None,
) -> Answer:
    """Answer a question that only reads; `name` is the saved one's."""
    if not 1 <= rows_max <= ROWS_MAX:
        raise Invalid(f"rows must be 1-{ROWS_MAX}", field=["rows"])
    if len(json.dumps(parameters, ensure_ascii=False)) > PARAMETERS_LENGTH_MAX:
        raise Invalid(f"parameters are at most {PARAMETERS_LENGTH_MAX} characters", field=["parameters"])
    began = time.monotonic()
    outcome = "failed"
    try:
        found = await workbench.explore(text, parameters, rows_max=rows_max, timeout_seconds=TIMEOUT_SECONDS)
        outcome = f"{len(found.rows)} rows{' and more' if found.truncated else ''}"
    except (DomainError, StoreTimeout) as error:
        outcome = f"{type(error).__name__}: {error}"[:300]
        raise
    finally:
        took_ms = round((time.monotonic() - began) * 1000)
        await _record(
            workbench.store, text[:4_000], parameters, outcome=outcome, took_ms=took_ms, name=name, actor=actor, now=now
        )
    return Answer(found, took_ms)


async def ask_saved(
    workbench: Workbench, name: str, values: Mapping[str, Any], *, rows_max: int, actor: str, now: int
) -> Answer:
    question = saved.questions().get(name)
    if question is None:
        raise NotFound(f"no question {name[:80]!r}", field=["name"])
    given = question.given(values)
    return await ask(workbench, question.text, given, rows_max=rows_max, actor=actor, now=now, name=name)


async def _record(
    store: Store,
    text: str,
    parameters: Mapping[str, Any],
    *,
    outcome: str,
    took_ms: int,
    name: str | None,
    actor: str,
    now: int,
) -> None:
    async def work(transaction: Transaction) -> None:
        transaction.journal(
            "graph_asked",
            at=now,
            actor=actor,
            question=name,
            cypher=text,
            parameters=dict(parameters),
            outcome=outcome,
            took_ms=took_ms,
        )

    await store.write(work, now=now)

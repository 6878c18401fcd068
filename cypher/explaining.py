"""The plan that Neo4j has for a statement, in a few lines; nothing is run for it."""

from __future__ import annotations

from typing import Any

import neo4j
from neo4j.exceptions import DriverError, Neo4jError

from cypher.statements import Statement
from cypher.store import Store, StoreUnavailable

TIMEOUT_SECONDS = 10.0


async def plan(store: Store, statement: Statement) -> list[str]:
    """Operators from the last to the first, indented by branch, each with what it works on and how many rows are expected."""
    try:
        async with store.reading() as session:
            asked = neo4j.Query(f"EXPLAIN {statement.sent_text}", timeout=TIMEOUT_SECONDS)
            summary = await (await session.run(asked, {"given": {}})).consume()
    except (Neo4jError, DriverError) as error:
        raise StoreUnavailable(str(error)) from error
    return list(_lines(summary.plan or {}))


def _lines(plan: dict[str, Any]) -> list[str]:
    """An operator's first input goes on below it; further ones are indented."""
    lines: list[str] = []
    pending = [(plan, 0)]
    while pending:
        operator, indent = pending.pop()
        arguments = operator.get("args", {})
        rows = arguments.get("EstimatedRows")
        name = operator.get("operatorType", "?").partition("@")[0]
        expected = f" ~{rows:.0f}" if isinstance(rows, int | float) else ""
        lines.append(f"{'  ' * indent}{name}{expected} {arguments.get('Details', '')}".rstrip())
        first, *others = operator.get("children", []) or [None]
        if first is not None:
            pending.append((first, indent))
        pending += [(other, indent + 1) for other in others]
    return lines

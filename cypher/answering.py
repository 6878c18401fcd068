"""The process that fetches the answer to one question: however large it is, it weighs on nobody else.

A record is put together whole before anybody can count what is in it, and a list of lists of ten thousand numbers is one
record. So the process that does it has a limit of memory, and is ended when its time is over. Reads one JSON object from
its input, writes one to its output; it is run by its path and imports nothing of ours.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Mapping
from typing import Any

import neo4j
from neo4j.exceptions import DriverError, Neo4jError
from neo4j.graph import Node, Path, Relationship

MEMORY_BYTES_MAX = 1 << 30
ANSWER_LENGTH_MAX = 8_000_000
FETCH_SIZE = 20
LIST_ITEMS_MAX = 1_000
NICENESS = 10
"""Whoever opens a team view goes first."""


class TooLarge(Exception):
    """The answer is longer than anybody reads."""


def main() -> None:
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    asked = json.load(sys.stdin)
    try:
        told = answer(asked)
    except Neo4jError as error:
        told = {"code": error.code or "", "message": error.message or ""}
    except DriverError as error:
        # Where memory ends in the middle of a record, the driver gives up the connection.
        peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        told = {"too_large": True} if peak_bytes > MEMORY_BYTES_MAX // 2 else {"unavailable": str(error)}
    except (TooLarge, MemoryError):
        told = {"too_large": True}
    json.dump(told, sys.stdout, ensure_ascii=True)


def answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Columns, and one row more than is wanted if there are so many."""
    rows: list[str] = []
    length = 0
    with (
        neo4j.GraphDatabase.driver(
            asked["uri"], auth=(asked["user"], asked["password"]), notifications_min_severity="OFF"
        ) as driver,
        driver.session(
            database=asked["database"],
            default_access_mode=neo4j.READ_ACCESS,
            fetch_size=FETCH_SIZE,
            bookmarks=neo4j.Bookmarks.from_raw_values(asked["bookmarks"]),
        ) as session,
    ):
        result = session.run(neo4j.Query(asked["text"], timeout=asked["timeout_seconds"]), asked["parameters"])
        for record in result:
            rows.append(json.dumps([_json(value) for value in record.values()], ensure_ascii=False))
            length += len(rows[-1])
            if length > ANSWER_LENGTH_MAX:
                raise TooLarge
            if len(rows) > asked["rows_max"]:
                break
        columns = list(result.keys())
        result.consume()
    return {"columns": columns, "rows": [json.loads(row) for row in rows]}


def _json(value: Any) -> Any:
    """A value as JSON; of nodes and relationships what they are and their properties, sealed ones left out."""
    if isinstance(value, Node):
        return {"labels": sorted(value.labels), **_properties(value)}
    if isinstance(value, Relationship):
        return {"type": value.type, **_properties(value)}
    if isinstance(value, Path):
        return [
            _json(part) for pair in zip(value.nodes, [*value.relationships, None], strict=True) for part in pair if part
        ]
    if isinstance(value, Mapping):
        return {str(name): _json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value[:LIST_ITEMS_MAX]]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _properties(entity: Node | Relationship) -> dict[str, Any]:
    return {name: _json(value) for name, value in sorted(entity.items()) if not name.endswith("sealed")}


if __name__ == "__main__":
    main()

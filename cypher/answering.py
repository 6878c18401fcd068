"""The process that fetches answers to questions, one after the other: however large one is, it weighs on nobody else.

A record is put together whole before anybody can count what is in it, and a list of lists of ten thousand numbers is one
record. So the process that does it has a limit of memory, and is ended when its time is over. Reads a JSON object from a
line of its input, writes one to its output after a line with its length; it is run by its path and imports nothing of ours.
It ends by itself after an answer that left it large, after an error of its connection, and when nobody asks any more.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import select
import sys
from collections.abc import Mapping
from typing import Any

import neo4j
from neo4j.exceptions import DriverError, Neo4jError
from neo4j.graph import Node, Path, Relationship

MEMORY_BYTES_MAX = 1 << 30
REUSED_BYTES_MAX = 200 << 20
IDLE_SECONDS = 300.0
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
    good = True
    while good and select.select([sys.stdin], [], [], IDLE_SECONDS)[0] and (line := sys.stdin.buffer.readline()):
        told, good = _told(json.loads(line))
        said = json.dumps(told, ensure_ascii=True).encode()
        sys.stdout.buffer.write(b"%d\n%b" % (len(said), said))
        sys.stdout.buffer.flush()


def _told(asked: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """What is said, and whether this process may be asked again."""
    try:
        told = answer(asked)
    except Neo4jError as error:
        told = {"code": error.code or "", "message": error.message or ""}
    except DriverError as error:
        # Where memory ends in the middle of a record, the driver gives up the connection.
        return {"too_large": True} if _peak_bytes() > MEMORY_BYTES_MAX // 2 else {"unavailable": str(error)}, False
    except (TooLarge, MemoryError):
        return {"too_large": True}, False
    return told, _peak_bytes() < REUSED_BYTES_MAX


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@functools.cache
def _driver(uri: str, user: str, password: str) -> neo4j.Driver:
    return neo4j.GraphDatabase.driver(
        uri, auth=(user, password), notifications_min_severity="OFF", max_connection_pool_size=1
    )


def answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Columns, and one row more than is wanted if there are so many."""
    rows: list[str] = []
    length = 0
    with _driver(asked["uri"], asked["user"], asked["password"]).session(
        database=asked["database"],
        default_access_mode=neo4j.READ_ACCESS,
        fetch_size=FETCH_SIZE,
        bookmarks=neo4j.Bookmarks.from_raw_values(asked["bookmarks"]),
    ) as session:
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
        pairs = zip(value.nodes, [*value.relationships, None], strict=True)
        # A relationship without properties is empty, and false.
        return [_json(part) for pair in pairs for part in pair if part is not None]
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

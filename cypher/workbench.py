"""Questions in Cypher that people write themselves: planned by the server first, and run only if the plan can but read.

A READ transaction refuses every write, but not LOAD CSV, SHOW, TERMINATE or procedures, and one text can take all the
memory there is. So the plan's operators are held against a list of those that only read, and texts against what builds
strings without end. Nothing here retries: what was stopped for its time or memory would be stopped again.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import neo4j
from neo4j.exceptions import ClientError, DriverError, Neo4jError
from neo4j.graph import Node, Path, Relationship

from cypher.store import Store, StoreTimeout, StoreUnavailable
from graph_api.errors import Invalid

TEXT_LENGTH_MAX = 4_000
PLUS_MAX = 10
"""Each may double a string or a list; more of them than this could fill the server's memory."""
NESTING_MAX = 20
BRACES_MAX = 5
"""Subqueries or maps within each other: Neo4j plans nested ones in exponential time, and nothing stops a planner."""
LIST_ITEMS_MAX = 1_000
PROCEDURES = ("db.labels", "db.relationshipTypes", "db.propertyKeys")
READS = frozenset(
    [
        "AllNodesScan",
        "NodeByLabelScan",
        "UnionNodeByLabelsScan",
        "IntersectionNodeByLabelsScan",
        "SubtractionNodeByLabelsScan",
        "NodeIndexScan",
        "NodeIndexSeek",
        "NodeIndexSeekByRange",
        "NodeUniqueIndexSeek",
        "NodeUniqueIndexSeekByRange",
        "NodeIndexContainsScan",
        "NodeIndexEndsWithScan",
        "MultiNodeIndexSeek",
        "NodeByIdSeek",
        "NodeByElementIdSeek",
        "DirectedAllRelationshipsScan",
        "UndirectedAllRelationshipsScan",
        "DirectedRelationshipTypeScan",
        "UndirectedRelationshipTypeScan",
        "DirectedUnionRelationshipTypesScan",
        "UndirectedUnionRelationshipTypesScan",
        "DirectedRelationshipIndexScan",
        "UndirectedRelationshipIndexScan",
        "DirectedRelationshipIndexSeek",
        "UndirectedRelationshipIndexSeek",
        "DirectedRelationshipIndexSeekByRange",
        "UndirectedRelationshipIndexSeekByRange",
        "DirectedRelationshipUniqueIndexSeek",
        "UndirectedRelationshipUniqueIndexSeek",
        "NodeCountFromCountStore",
        "RelationshipCountFromCountStore",
        "Expand(All)",
        "Expand(Into)",
        "OptionalExpand(All)",
        "OptionalExpand(Into)",
        "VarLengthExpand(All)",
        "VarLengthExpand(Into)",
        "VarLengthExpand(Pruning)",
        "PruningVarLengthExpand",
        "BFSPruningVarLengthExpand",
        "VarLengthExpand(Pruning,BFS)",
        "VarLengthExpand(Pruning,BFS,All)",
        "VarLengthExpand(Pruning,BFS,Into)",
        "ShortestPath",
        "AllShortestPaths",
        "StatefulShortestPath(All)",
        "StatefulShortestPath(Into)",
        "Repeat(Trail)",
        "Repeat(Walk)",
        "Repeat(Acyclic)",
        "BidirectionalRepeat(Trail)",
        "NullifyMetadata",
        "ProjectEndpoints",
        "Filter",
        "Projection",
        "CacheProperties",
        "Limit",
        "ExhaustiveLimit",
        "Skip",
        "Sort",
        "PartialSort",
        "Top",
        "PartialTop",
        "Distinct",
        "OrderedDistinct",
        "EagerAggregation",
        "OrderedAggregation",
        "Eager",
        "Unwind",
        "Union",
        "OrderedUnion",
        "CartesianProduct",
        "Apply",
        "SemiApply",
        "AntiSemiApply",
        "LetSemiApply",
        "LetAntiSemiApply",
        "SelectOrSemiApply",
        "SelectOrAntiSemiApply",
        "LetSelectOrSemiApply",
        "LetSelectOrAntiSemiApply",
        "RollUpApply",
        "ConditionalApply",
        "AntiConditionalApply",
        "Optional",
        "Argument",
        "ProduceResults",
        "NodeHashJoin",
        "ValueHashJoin",
        "NodeLeftOuterHashJoin",
        "NodeRightOuterHashJoin",
        "TriadicSelection",
        "TriadicBuild",
        "TriadicFilter",
        "AssertSameNode",
        "AssertSameRelationship",
        "EmptyRow",
    ]
)
_ENDLESS = re.compile(r"\b(reduce|replace|allReduce|lpad|rpad|range)\s*\(", re.IGNORECASE)
_RANGE_MAX = 10_000
_LITERAL_RANGE = re.compile(r"\brange\s*\(\s*(-?\d{1,9})\s*,\s*(-?\d{1,9})\s*\)", re.IGNORECASE)

_one = asyncio.Lock()


@dataclass(frozen=True, slots=True)
class Found:
    """Columns and rows as JSON values; `truncated`: there were more rows than asked for."""

    columns: list[str]
    rows: list[list[Any]]
    truncated: bool


async def explore(
    store: Store, text: str, parameters: Mapping[str, Any], *, rows_max: int, timeout_seconds: float
) -> Found:
    """Answer a question, if it only reads; Invalid says why it does not or cannot be answered, StoreTimeout that it took too long.

    One at a time in a process: whoever waits longer than a question may take gets StoreTimeout.
    """
    _check_text(text)
    async with _turn(timeout_seconds), store.reading() as session:
        try:
            async with asyncio.timeout(timeout_seconds + 5):
                await _check_plan(session, text, parameters, timeout_seconds)
                query = neo4j.Query(text, timeout=timeout_seconds)
                result = await session.run(query, dict(parameters))
                records = [record async for record in _first(result, rows_max + 1)]
                columns = list(result.keys())
                await result.consume()
        except TimeoutError as error:
            raise StoreTimeout("the question took too long") from error
        except Neo4jError as error:
            raise _explained(error) from error
        except DriverError as error:
            raise StoreUnavailable(str(error)) from error
    rows = [[_json(value) for value in record.values()] for record in records[:rows_max]]
    return Found(columns, rows, truncated=len(records) > rows_max)


@asynccontextmanager
async def _turn(timeout_seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout_seconds):
            await _one.acquire()
    except TimeoutError as error:
        raise StoreTimeout("other questions are being answered") from error
    try:
        yield
    finally:
        _one.release()


def _check_text(text: str) -> None:
    if not text.strip():
        raise Invalid("there is no question", field=["cypher"])
    if len(text) > TEXT_LENGTH_MAX:
        raise Invalid(f"a question is at most {TEXT_LENGTH_MAX} characters", field=["cypher"])
    if re.match(r"\s*(explain|profile|cypher)\b", text, re.IGNORECASE):
        raise Invalid("a question begins with a clause: it is planned anyway", field=["cypher"])
    if text.count("+") + text.count("||") > PLUS_MAX:
        raise Invalid(f"a question adds at most {PLUS_MAX} times", field=["cypher"])
    if _nesting(text, "([{", ")]}") > NESTING_MAX or _nesting(text, "{", "}") > BRACES_MAX:
        raise Invalid(
            f"a question nests at most {NESTING_MAX} brackets and {BRACES_MAX} braces into each other", field=["cypher"]
        )
    rest = _LITERAL_RANGE.sub(lambda match: "" if abs(int(match[2]) - int(match[1])) <= _RANGE_MAX else match[0], text)
    endless = _ENDLESS.search(rest)
    if endless is not None:
        raise Invalid(f"{endless[1]}() could fill the memory of the server", field=["cypher"])


def _nesting(text: str, opening: str, closing: str) -> int:
    """How deep brackets stand within each other; those in strings count too."""
    depth = deepest = 0
    for character in text:
        if character in opening:
            depth += 1
            deepest = max(deepest, depth)
        elif character in closing:
            depth = max(0, depth - 1)
    return deepest


async def _check_plan(
    session: neo4j.AsyncSession, text: str, parameters: Mapping[str, Any], timeout_seconds: float
) -> None:
    explained = await session.run(
        neo4j.Query(f"EXPLAIN {text}", timeout=timeout_seconds),
        dict(parameters),
    )
    summary = await explained.consume()
    if summary.query_type != "r" or summary.plan is None:
        raise Invalid("the question would write; questions only read", field=["cypher"])
    for operator in _operators(summary.plan):
        name = str(operator["operatorType"]).partition("@")[0]
        if name == "ProcedureCall":
            details = str(operator.get("args", {}).get("Details", ""))
            if details.partition("(")[0].strip() not in PROCEDURES:
                raise Invalid(f"the question may call {', '.join(PROCEDURES)} only", field=["cypher"])
        elif name not in READS:
            raise Invalid(f"the question needs {name}, which is more than reading the graph", field=["cypher"])


def _operators(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    pending = [plan]
    while pending:
        operator = pending.pop()
        yield operator
        pending += operator.get("children", [])


async def _first(result: neo4j.AsyncResult, count: int) -> Any:
    """Some records; the rest is never fetched."""
    async for record in result:
        yield record
        count -= 1
        if not count:
            return


def _explained(error: Neo4jError) -> Exception:
    code = error.code or ""
    if "TransactionTimedOut" in code or "Terminated" in code:
        return StoreTimeout("the question took too long")
    if "MemoryPool" in code:
        return Invalid("the question needs more memory than there is for one", field=["cypher"])
    if isinstance(error, ClientError) or code.startswith("Neo.DatabaseError.Statement."):
        return Invalid((error.message or code)[:500], field=["cypher"])
    return StoreUnavailable(error.message or code)


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

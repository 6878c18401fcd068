"""Questions in Cypher that people write themselves: planned by the server first, and run only if the plan can but read.

A READ transaction refuses every write, but not LOAD CSV, SHOW, TERMINATE or procedures, and one text can take all the
memory there is. So the plan's operators are held against a list of those that only read, and texts against what builds
strings without end. Words that begin what writes are refused before anything is planned: planning is what others would
feel. Nothing here retries: what was stopped for its time or memory would be stopped again.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import neo4j
from neo4j.exceptions import DriverError, Neo4jError

from cypher import answering
from cypher.store import Store, StoreTimeout, StoreUnavailable
from graph_api.errors import Invalid

TEXT_LENGTH_MAX = 4_000
PLUS_MAX = 10
"""Each may double a string or a list; more of them than this could fill the server's memory."""
NESTING_MAX = 20
BRACES_MAX = 5
"""Subqueries or maps within each other: Neo4j plans nested ones in exponential time, and nothing stops a planner."""
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
_STRING = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_HIDING = re.compile(r"/\*|//|`")
"""What would make this text another one for the server than for the checks here."""
_ENDLESS = re.compile(r"\b(reduce|replace|allReduce|lpad|rpad|range)\s*\(", re.IGNORECASE)
_DOES = re.compile(
    r"\A\s*(show|terminate|use|alter|drop|start|stop|grant|deny|revoke|rename|enable|deallocate|reallocate|insert)\b"
    r"|(?<![.:$\w])(create|merge|set|delete|detach|remove|foreach|load\s+csv)\b(?!\s*(?:[.:),=]|\Z))",
    re.IGNORECASE,
)
"""Words that begin what does more than read; planning costs others far more than looking for them here."""
_CALLED = re.compile(r"\bcall\s+([a-z_][\w.]*)", re.IGNORECASE)
_RANGE_MAX = 10_000
_LITERAL_RANGE = re.compile(r"\brange\s*\(\s*(-?\d{1,9})\s*,\s*(-?\d{1,9})\s*\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """Columns and rows as JSON values; `truncated`: there were more rows than asked for."""

    columns: list[str]
    rows: list[list[Any]]
    truncated: bool


class Workbench:
    """Answers questions, one at a time; the process that fetches answers is kept for the next one."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._one = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def explore(
        self, text: str, parameters: Mapping[str, Any], *, rows_max: int, timeout_seconds: float
    ) -> Found:
        """Answer a question, if it only reads; Invalid says why it does not or cannot be answered, StoreTimeout that it took too long.

        Whoever waits longer for others than a question may take gets StoreTimeout.
        """
        _check_text(text)
        async with self._turn(timeout_seconds):
            try:
                async with asyncio.timeout(timeout_seconds + 5):
                    async with self.store.reading() as session:
                        await _check_plan(session, text, parameters, timeout_seconds)
                    asked = {"text": text, "parameters": dict(parameters), "rows_max": rows_max}
                    told = await self._told({**asked, "timeout_seconds": timeout_seconds, **await self.store.way_in()})
            except TimeoutError as error:
                raise StoreTimeout("the question took too long") from error
            except Neo4jError as error:
                raise _explained(error.code or "", error.message or "") from error
            except DriverError as error:
                raise StoreUnavailable(str(error)) from error
        return _found(told, rows_max)

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    @asynccontextmanager
    async def _turn(self, timeout_seconds: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._one.acquire()
        except TimeoutError as error:
            raise StoreTimeout("other questions are being answered") from error
        try:
            yield
        finally:
            self._one.release()

    async def _told(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What the process says; nothing, if it came to its limit of memory. One that had ended before it was asked is replaced."""
        line = json.dumps(asked).encode() + b"\n"
        attempts = 1 if self._process is None else 2
        try:
            for _ in range(attempts):
                said = await _said(await self._running(), line)
                if said is not None:
                    told: dict[str, Any] = json.loads(said)
                    return told
                await self.close()
        except BaseException:
            await self.close()
            raise
        return {}

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                answering.__file__,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        return self._process


async def _said(process: asyncio.subprocess.Process, line: bytes) -> bytes | None:
    """The answer to a line; None if the process ended without one."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(line)
        await process.stdin.drain()
        length = await process.stdout.readline()
        return await process.stdout.readexactly(int(length)) if length else None
    except (ConnectionError, asyncio.IncompleteReadError):
        return None


def _found(told: Mapping[str, Any], rows_max: int) -> Found:
    if "code" in told:
        raise _explained(told["code"], told["message"])
    if "unavailable" in told:
        raise StoreUnavailable(told["unavailable"])
    if "rows" not in told:
        raise Invalid("the answer is larger than anybody reads; ask for less", field=["cypher"])
    rows: list[list[Any]] = told["rows"]
    return Found(told["columns"], rows[:rows_max], truncated=len(rows) > rows_max)


def _check_text(text: str) -> None:
    if not text.strip():
        raise Invalid("there is no question", field=["cypher"])
    if len(text) > TEXT_LENGTH_MAX:
        raise Invalid(f"a question is at most {TEXT_LENGTH_MAX} characters", field=["cypher"])
    if re.match(r"\s*(explain|profile|cypher)\b", text, re.IGNORECASE):
        raise Invalid("a question begins with a clause: it is planned anyway", field=["cypher"])
    bare = _STRING.sub("''", text)
    if "\\u" in text.lower() or _HIDING.search(bare) or not bare.isascii():
        raise Invalid(
            "a question holds no comment, backtick or \\u, and letters beyond ASCII in strings only", field=["cypher"]
        )
    if bare.count("+") + bare.count("||") > PLUS_MAX:
        raise Invalid(f"a question adds at most {PLUS_MAX} times", field=["cypher"])
    if _nesting(bare, "([{", ")]}") > NESTING_MAX or _nesting(bare, "{", "}") > BRACES_MAX:
        raise Invalid(
            f"a question nests at most {NESTING_MAX} brackets and {BRACES_MAX} braces into each other", field=["cypher"]
        )
    does = _DOES.search(bare)
    if does is not None:
        word = " ".join((does[1] or does[2]).upper().split())
        raise Invalid(f"questions only read: {word} does more, and stands for nothing else here", field=["cypher"])
    for called in _CALLED.findall(bare):
        if called not in PROCEDURES:
            raise _may_not_call()
    rest = _LITERAL_RANGE.sub(lambda match: "" if abs(int(match[2]) - int(match[1])) <= _RANGE_MAX else match[0], bare)
    endless = _ENDLESS.search(rest)
    if endless is not None:
        raise Invalid(f"{endless[1]}() could fill the memory of the server", field=["cypher"])


def _may_not_call() -> Invalid:
    return Invalid(f"the question may call {', '.join(PROCEDURES)} only", field=["cypher"])


def _nesting(text: str, opening: str, closing: str) -> int:
    """How deep brackets stand within each other."""
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
                raise _may_not_call()
        elif name not in READS:
            raise Invalid(f"the question needs {name}, which is more than reading the graph", field=["cypher"])


def _operators(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    pending = [plan]
    while pending:
        operator = pending.pop()
        yield operator
        pending += operator.get("children", [])


def _explained(code: str, message: str) -> Exception:
    if "TransactionTimedOut" in code or "Terminated" in code:
        return StoreTimeout("the question took too long")
    if "OutOfMemory" in code:
        return Invalid("the question needs more memory than there is for one", field=["cypher"])
    if code.startswith(("Neo.ClientError.", "Neo.DatabaseError.Statement.")):
        return Invalid((message or code)[:500], field=["cypher"])
    return StoreUnavailable(message or code)

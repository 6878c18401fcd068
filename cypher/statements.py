"""Named statements: read from `<subject>.cypher`, bound to the typed function of the same name.

A file holds statements like

    // name: upline
    // returns: many UplineRow
    // The people above a promoter, nearest first.
    MATCH ... WHERE p.code = $code RETURN ...

and its twin `<subject>.py` declares each as a function without a body:

    statement = bind(__name__)

    @statement
    async def upline(run: Run, *, code: str) -> list[UplineRow]: ...

`bind` refuses, at import, a function whose parameters or row fields are not the statement's `$parameters` and RETURN
columns, so a query cannot return what its caller does not expect.
"""

from __future__ import annotations

import functools
import inspect
import re
import time
import typing
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any, ParamSpec, Protocol, TypeVar

from cypher import timing

P = ParamSpec("P")
T = TypeVar("T")
Record = Mapping[str, Any]

_HEADER = re.compile(r"^// name: (?P<name>\w+)\n// returns: (?P<returns>none|(?:one|maybe|many) \w+)\n", re.M)
_PARAMETER = re.compile(r"\$(\w+)")
_COMMENT = re.compile(r"//[^\n]*")
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


class Run(Protocol):
    """Whatever can run a statement: an open transaction, or the store for one auto-committed read."""

    async def run(self, statement: Statement, parameters: Mapping[str, Any]) -> list[Record]: ...


@dataclass(frozen=True)
class Statement:
    """One named Cypher statement; `returns` is `none` or `one|maybe|many Row`."""

    subject: str
    name: str
    returns: str
    text: str

    @functools.cached_property
    def full_name(self) -> str:
        """`subject.name`, as metrics, logs and spans call it."""
        return f"{self.subject}.{self.name}"

    @functools.cached_property
    def sent_text(self) -> str:
        """The text with every `$name` read from one map, `$given.name`.

        Neo4j plans a statement anew for each combination of parameter types, and a list's type includes the size class of
        the list: measured, a write with ten lists was planned again (0.3-1 s) for nearly every batch. A map has one type.
        """
        return _PARAMETER.sub(r"$given.\1", self.text)

    @property
    def parameters(self) -> frozenset[str]:
        return frozenset(_PARAMETER.findall(_STRING.sub("''", _COMMENT.sub("", self.text))))

    @property
    def columns(self) -> tuple[str, ...]:
        """Aliases of the final RETURN; every column must be `expression AS alias` or a bare name."""
        if self.returns == "none":
            return ()
        body = _STRING.sub("''", _COMMENT.sub("", self.text))
        tail = body[_last_top_level_return(body) :]
        tail = re.split(r"\b(?:ORDER BY|SKIP|LIMIT)\b", _flatten(tail), maxsplit=1)[0]
        tail = re.sub(r"^\s*DISTINCT\b", "", tail)
        return tuple(column.split(" AS ")[-1].strip().split(".")[-1] for column in tail.split(","))


class StatementMismatch(TypeError):
    """A typed function and its statement disagree; raised at import."""


def _last_top_level_return(body: str) -> int:
    depth, found = 0, -1
    for match in re.finditer(r"[{}()\[\]]|\bRETURN\b", body):
        token = match.group()
        if token in "{([":
            depth += 1
        elif token in "})]":
            depth -= 1
        elif depth == 0:
            found = match.end()
    if found < 0:
        raise StatementMismatch("the statement returns nothing at its top level")
    return found


def _flatten(text: str) -> str:
    """The text without anything inside brackets, so that commas separate columns only."""
    depth, kept = 0, []
    for character in text:
        if character in "{([":
            depth += 1
        elif character in "})]":
            depth -= 1
        elif depth == 0:
            kept.append(character)
    return re.sub(r"\s+", " ", "".join(kept))


@functools.cache
def statements(subject: str) -> Mapping[str, Statement]:
    """All statements of `<subject>.cypher`, by name."""
    text = resources.files("cypher").joinpath(f"{subject}.cypher").read_text("utf-8")
    heads = list(_HEADER.finditer(text))
    found: dict[str, Statement] = {}
    for head, after in zip(heads, [*heads[1:], None], strict=True):
        body = text[head.end() : after.start() if after else len(text)].strip()
        name = head["name"]
        if name in found:
            raise StatementMismatch(f"{subject}.cypher names {name} twice")
        found[name] = Statement(subject, name, head["returns"], body)
    return found


def subjects() -> list[str]:
    """Every subject that has a .cypher file."""
    return sorted(
        entry.name.removesuffix(".cypher")
        for entry in resources.files("cypher").iterdir()
        if entry.name.endswith(".cypher")
    )


def bind(module: str) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """A decorator that gives bodiless typed functions of `module` their statement's behaviour."""
    subject = module.rsplit(".", 1)[-1]

    def decorate(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        statement = statements(subject).get(function.__name__)
        if statement is None:
            raise StatementMismatch(f"{subject}.cypher has no statement named {function.__name__}")
        shape, row = _shape(function)
        _check(statement, function, shape, row)

        @functools.wraps(function)
        async def call(*args: Any, **parameters: Any) -> Any:
            (run,) = args
            began = time.perf_counter()
            failed = True
            try:
                records = await run.run(statement, parameters)
                failed = False
            finally:
                timing.told(statement, parameters, began=began, failed=failed)
            return _answer(statement, shape, row, records)

        call.statement = statement  # type: ignore[attr-defined]
        return typing.cast("Callable[P, Awaitable[T]]", call)

    return decorate


def _shape(function: Callable[..., Any]) -> tuple[str, type | None]:
    """(`none|one|maybe|many`, row type) of the function's return annotation."""
    annotation = typing.get_type_hints(function)["return"]
    if annotation is type(None):
        return "none", None
    if typing.get_origin(annotation) is list:
        return "many", typing.get_args(annotation)[0]
    members = typing.get_args(annotation)
    if type(None) in members:
        return "maybe", next(member for member in members if member is not type(None))
    return "one", annotation


def _check(statement: Statement, function: Callable[..., Any], shape: str, row: type | None) -> None:
    where = f"{statement.subject}.{statement.name}"
    expected = "none" if row is None else f"{shape} {row.__name__}"
    if expected != statement.returns:
        raise StatementMismatch(f"{where}: the file says '{statement.returns}', the function '{expected}'")
    parameters = frozenset(list(inspect.signature(function).parameters)[1:])
    if parameters != statement.parameters:
        raise StatementMismatch(f"{where}: parameters {sorted(parameters ^ statement.parameters)} differ")
    if row is not None and tuple(field.name for field in fields(row)) != statement.columns:
        raise StatementMismatch(f"{where}: {row.__name__} is not {statement.columns}")


def _answer(statement: Statement, shape: str, row: type | None, records: Sequence[Record]) -> Any:
    if row is None:
        return None
    if shape == "many":
        return [row(**record) for record in records]
    if len(records) > 1 or (shape == "one" and not records):
        raise StatementMismatch(f"{statement.subject}.{statement.name}: {len(records)} rows, not {shape}")
    return row(**records[0]) if records else None

"""Every statement is bound to a typed function, has a sentence and a ceiling, and plans on the real server."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass

import pytest

from cypher.statements import Statement, StatementMismatch, bind, statements, subjects
from tests.conftest import Query

ALL = [statement for subject in subjects() for statement in statements(subject).values()]
NAMES = [f"{statement.subject}.{statement.name}" for statement in ALL]
SCHEMA_STEPS = {name for name in NAMES if re.match(r"migrations\.m\d{4}_", name)}


@pytest.mark.parametrize("subject", subjects())
def test_each_statement_has_its_function_and_each_function_its_statement(subject: str) -> None:
    module = importlib.import_module(f"cypher.{subject}")
    bound = {
        f"{subject}.{name}"
        for name, value in vars(module).items()
        if isinstance(getattr(value, "statement", None), Statement)
    }
    assert bound == {name for name in NAMES if name.startswith(f"{subject}.")} - SCHEMA_STEPS


@pytest.mark.parametrize("statement", ALL, ids=NAMES)
def test_a_traversal_has_a_literal_ceiling(statement: Statement) -> None:
    open_ended = re.findall(r"\*(?:\d*\.\.)?(?=[\]\s])|\{\d*,\}|[+](?=\()", statement.text)
    assert not open_ended


@pytest.mark.parametrize("statement", [s for s, n in zip(ALL, NAMES, strict=True) if n not in SCHEMA_STEPS], ids=str)
def test_a_statement_says_what_it_is_for(statement: Statement) -> None:
    first_line = statement.text.splitlines()[0]
    assert first_line.startswith("// ")
    assert first_line.endswith((".", ":"))


async def test_each_statement_plans_on_the_server(query: Query) -> None:
    for statement, name in zip(ALL, NAMES, strict=True):
        if name not in SCHEMA_STEPS:
            await query(f"EXPLAIN {statement.text}", **dict.fromkeys(statement.parameters))


@dataclass(frozen=True)
class Head:
    seq: int


def test_a_function_that_does_not_match_its_statement_cannot_be_bound() -> None:
    decorate = bind("cypher.journal")

    async def head(run: object) -> Head: ...

    async def no_such_statement(run: object) -> Head: ...

    with pytest.raises(StatementMismatch, match="Head is not"):
        decorate(head)  # type: ignore[arg-type]
    with pytest.raises(StatementMismatch, match="no statement named"):
        decorate(no_such_statement)  # type: ignore[arg-type]

"""The risk team's workbench: read-only Cypher, and a library of saved questions."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import strawberry
from strawberry.scalars import JSON

from cypher import saved
from graph_api.actions.workbench import Answer
from graph_api.context import Context
from graph_api.schema.nodes import resolver
from graph_api.schema.orders import Info
from graph_api.schema.problems import UserError, attempted


@strawberry.type(
    description="What a question found; no personal data stands clear in the graph, and sealed data is left out."
)
class Exploration:
    columns: list[str] = strawberry.field(description="Names of the columns.")
    rows: JSON = strawberry.field(description="Lists of values, one for each column.")
    truncated: bool = strawberry.field(description="Whether there were more rows than asked for.")
    took_ms: int = strawberry.field(description="Milliseconds until it was answered.")
    errors: list[UserError] = strawberry.field(description="Why it was not answered.")

    @classmethod
    async def of(cls, asking: Awaitable[Answer]) -> Exploration:
        answer, errors = await attempted(asking)
        if answer is None:
            return cls(columns=[], rows=JSON([]), truncated=False, took_ms=0, errors=errors)
        found = answer.found
        return cls(
            columns=found.columns,
            rows=JSON(found.rows),
            truncated=found.truncated,
            took_ms=answer.took_ms,
            errors=[],
        )


@strawberry.type(description="What a saved question has to be told.")
class QuestionParameter:
    name: str = strawberry.field(description="Its name.")
    kind: str = strawberry.field(description="Int or String.")
    default: str | None = strawberry.field(description="Taken if it is not given; without one it must be.")
    meaning: str = strawberry.field(description="What it is.")


@strawberry.type(description="A question that is kept under a name.")
class Question:
    question: strawberry.Private[saved.Question]
    name: str = strawberry.field(description="What it is asked by.")
    cypher: str = strawberry.field(description="Its text, to start from.")

    @resolver(description="What it asks, in the language of the request.")
    def title(self, info: Info) -> str:
        return self.question.title_zh if info.context.language == "zh" else self.question.title

    @resolver(description="What it has to be told.")
    def parameters(self) -> list[QuestionParameter]:
        return [
            QuestionParameter(
                name=parameter.name,
                kind=parameter.kind,
                default=str(parameter.default) if parameter.default is not None else None,
                meaning=parameter.meaning,
            )
            for parameter in self.question.parameters
        ]


def all_questions() -> list[Question]:
    return [Question(question=each, name=each.name, cypher=each.text) for each in saved.questions().values()]


def object_of(value: Any) -> dict[str, Any]:
    """Parameters as an object; anything else is no parameters that a question could use."""
    return value if isinstance(value, dict) else {} if value is None else {"": value}


def asked(context: Context) -> dict[str, Any]:
    """Who asks, and when."""
    return {"actor": context.viewer.actor, "now": context.now}

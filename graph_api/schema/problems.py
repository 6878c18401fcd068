"""Refusals of mutations as data, each with its facts."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TypeVar

import strawberry

from graph_api import errors
from graph_api.schema.enums import ErrorCode
from graph_api.schema.scalars import Instant

T = TypeVar("T")


@strawberry.interface(description="Why the input was refused; nothing was written.")
class UserError:
    code: ErrorCode = strawberry.field(description="Stable, for programs.")
    message: str = strawberry.field(description="For people.")
    field: list[str] | None = strawberry.field(description="Path of the input field at fault.", default=None)


@strawberry.type(description="The referral would close a cycle.")
class WouldCycle(UserError):
    path: list[str] = strawberry.field(
        description="Codes from the promoter down to its would-be referrer.", default_factory=list
    )


@strawberry.type(description="The promoter has a referrer already.")
class AlreadyBound(UserError):
    referrer_code: str | None = strawberry.field(description="Its referrer.", default=None)
    protected_until: Instant | None = strawberry.field(
        description="Until when the binding cannot be replaced.", default=None
    )


@strawberry.type(description="What the input names does not exist.")
class NotFound(UserError):
    pass


@strawberry.type(description="The key is taken by other content.")
class Conflict(UserError):
    pass


@strawberry.type(description="The input itself is wrong.")
class Invalid(UserError):
    pass


@strawberry.type(description="Refused by a rule; the code says which.")
class Refused(UserError):
    pass


@strawberry.type(description="An order of a batch that was refused; the others stand.")
class OrderProblem:
    index: int = strawberry.field(description="Its place in the input, from 0.")
    number: str = strawberry.field(description="Its number.")
    code: ErrorCode = strawberry.field(description="Stable, for programs.")
    message: str = strawberry.field(description="For people.")


_PLAIN = {"NOT_FOUND": NotFound, "CONFLICT": Conflict, "INVALID": Invalid}
PROBLEM_TYPES = [WouldCycle, AlreadyBound, NotFound, Conflict, Invalid, Refused]


def user_error(error: errors.DomainError) -> UserError:
    code = ErrorCode(error.code)
    if isinstance(error, errors.WouldCycle):
        return WouldCycle(code=code, message=error.message, field=error.field, path=error.path)
    if isinstance(error, errors.AlreadyBound):
        return AlreadyBound(
            code=code,
            message=error.message,
            field=error.field,
            referrer_code=error.referrer_code,
            protected_until=error.protected_until,
        )
    return _PLAIN.get(error.code, Refused)(code=code, message=error.message, field=error.field)


def user_errors(refused: Sequence[errors.DomainError | None]) -> list[UserError]:
    return [user_error(error) for error in refused if error is not None]


async def attempted(work: Awaitable[T]) -> tuple[T | None, list[UserError]]:
    """What a write gave, or why it was refused."""
    try:
        return await work, []
    except errors.DomainError as error:
        return None, [user_error(error)]
    except errors.ManyErrors as error:
        return None, user_errors(error.errors)

"""Scalars: fen, months, instants and days, each strict about what it takes.

Instants are int microseconds, months int yyyymm inside; the API shows and takes text.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, NewType, TypeVar

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from graph_api.rules import calendar
from graph_api.rules.money import FEN_MAX

FEN_MIN = -(2**63)
T = TypeVar("T")

if TYPE_CHECKING:
    # For mypy a scalar is what it holds; at run time it is a name that Strawberry maps to its definition.
    Fen = int
    Whole = int
    Month = int
    Instant = int
    Day = date
    Numbers = list[int]
    Texts = list[str]
else:
    Fen = NewType("Fen", int)
    Whole = NewType("Whole", int)
    Month = NewType("Month", int)
    Instant = NewType("Instant", int)
    Day = NewType("Day", date)
    Numbers = NewType("Numbers", list)
    Texts = NewType("Texts", list)


def _fen(value: object) -> int:
    return _whole(value, "Fen")


def _number(value: object) -> int:
    return _whole(value, "Whole")


def _whole(value: object, name: str) -> int:
    """Exactly an int within 64 bits: JSON true, 1.0 and "1" are none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise GraphQLError(f"{name} must be a whole number, as a JSON integer")
    if not FEN_MIN <= value <= FEN_MAX:
        raise GraphQLError(f"{name} must fit into 64 bits")
    return value


def _as_it_is(value: object) -> object:
    """A list that was made here: a hundred thousand values are not looked at one by one."""
    return value


def _never_given(value: object) -> object:
    raise GraphQLError("lists of this kind are answers only")


def _month(value: object) -> int:
    return _parsed(calendar.month, value, "Month must be a string YYYY-MM")


def _instant(value: object) -> int:
    return _parsed(calendar.instant, value, "DateTime must be a string: an RFC 3339 instant with an offset")


def _day(value: object) -> date:
    return _parsed(_strict_date, value, "Date must be a string YYYY-MM-DD")


def _strict_date(text: str) -> date:
    if len(text) != 10 or not text.isascii():
        raise ValueError(f"not a day YYYY-MM-DD: {text[:20]!r}")
    return date.fromisoformat(text)


def _parsed(parse: Callable[[str], T], value: object, otherwise: str) -> T:
    if not isinstance(value, str):
        raise GraphQLError(otherwise)
    try:
        return parse(value)
    except ValueError as error:
        raise GraphQLError(str(error)) from error


SCALARS: dict[object, ScalarDefinition] = {
    Fen: strawberry.scalar(
        name="Fen",
        description="Signed whole number of fen (1/100 yuan), 64-bit, a JSON integer; exact in JavaScript to 2^53.",
        serialize=_fen,
        parse_value=_fen,
    ),
    Whole: strawberry.scalar(
        name="Whole",
        description="Signed whole number, 64-bit, a JSON integer: what a parameter of a detector is, in its own unit.",
        serialize=_number,
        parse_value=_number,
    ),
    Month: strawberry.scalar(
        name="Month",
        description="Calendar month in Asia/Shanghai, YYYY-MM.",
        serialize=calendar.month_text,
        parse_value=_month,
    ),
    Instant: strawberry.scalar(
        name="DateTime",
        description="RFC 3339 instant with an offset.",
        serialize=calendar.instant_text,
        parse_value=_instant,
    ),
    Day: strawberry.scalar(
        name="Date",
        description="Calendar day in Asia/Shanghai, YYYY-MM-DD.",
        serialize=date.isoformat,
        parse_value=_day,
    ),
    Numbers: strawberry.scalar(
        name="Numbers",
        description="Whole numbers in one JSON array: a column of a long table. In answers only.",
        serialize=_as_it_is,
        parse_value=_never_given,
    ),
    Texts: strawberry.scalar(
        name="Texts",
        description="Strings in one JSON array: a column of a long table. In answers only.",
        serialize=_as_it_is,
        parse_value=_never_given,
    ),
}

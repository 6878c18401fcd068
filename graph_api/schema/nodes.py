"""Global ids, pages and the count that is taken only when it is asked for."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import strawberry

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def resolver(*, description: str) -> Callable[[F], F]:
    """A field or mutation that a method answers; unlike strawberry.field it keeps the method's type for mypy."""
    return cast("Callable[[F], F]", strawberry.field(description=description))


def now_or_later(value: T | Awaitable[T]) -> T:
    """The value of a resolver as its field is typed: GraphQL awaits it if it is not there yet."""
    return cast("T", value)


def global_id(kind: str, key: str) -> strawberry.ID:
    """An id that names a node of any type: base64 of `Type:key`."""
    return strawberry.ID(base64.b64encode(f"{kind}:{key}".encode()).decode())


def kind_and_key(id: str) -> tuple[str, str] | None:
    """The parts of a global id, or None if it is none of ours."""
    try:
        kind, colon, key = base64.b64decode(id, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (kind, key) if colon and global_id(kind, key) == id else None


@strawberry.interface(description="Whatever can be fetched again by its id.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque, unique over all types.")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more follows after endCursor.")
    has_previous_page: bool = strawberry.field(description="Whether the page was asked for after a cursor.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first edge.")
    end_cursor: str | None = strawberry.field(description="Give it as `after` for the next page.")

    @classmethod
    def of(cls, cursors: list[str], *, has_next: bool, after: str | None) -> PageInfo:
        return cls(
            has_next_page=has_next,
            has_previous_page=after is not None,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )


@strawberry.type
class Counted:
    """Part of every connection; not a type of the API by itself."""

    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @resolver(description="Length of the whole list; counted only when asked for.")
    async def total_count(self) -> int:
        return await self.count()

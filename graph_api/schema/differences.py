"""The network between two dates, as nodes and edges that say what became of them."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING, Annotated

import strawberry

from graph_api.batched.differences import Difference, Move, Person, State, counted
from graph_api.schema.nodes import resolver
from graph_api.schema.orders import Info
from graph_api.schema.scalars import Instant
from graph_api.schema.structures import GraphEdge, GraphNode

if TYPE_CHECKING:
    from graph_api.schema.promoters import Promoter

strawberry.enum(
    State,
    name="DiffState",
    description="What became of a node or an edge. MOVED: in the tree at both dates, under another referrer.",
)


@strawberry.type(description="Somebody in the tree at one of the dates, or both.")
class DiffNode:
    node: GraphNode = strawberry.field(description="Who it is; the level is the later one, or where it stood before.")
    state: State = strawberry.field(description="What became of it.")
    level_before: int | None = strawberry.field(description="Its level at the earlier date; none outside the tree.")
    level_after: int | None = strawberry.field(description="Its level at the later date; none outside the tree.")

    @classmethod
    def of(cls, person: Person) -> DiffNode:
        before, after = person.before, person.after
        place = after or before
        level = place.level if place is not None else None
        return cls(
            node=GraphNode.of(f"PROMOTER:{person.code}", level=level),
            state=person.state,
            level_before=before.level if before is not None else None,
            level_after=after.level if after is not None else None,
        )


@strawberry.type(description="A referral that was there at one of the dates, or both.")
class DiffEdge:
    edge: GraphEdge = strawberry.field(description="From the referrer to the downline.")
    state: State = strawberry.field(
        description="ADDED, REMOVED or UNCHANGED; of whom was moved one edge went, one came."
    )


@strawberry.type(description="A change of somebody's referrer between the dates.")
class BranchMove:
    code: strawberry.Private[str]
    from_code: strawberry.Private[str | None]
    to_code: strawberry.Private[str | None]
    at: Instant = strawberry.field(description="From when on sales follow.")
    reason: str | None = strawberry.field(description="Why the earlier referral ended; none if there was none.")

    @resolver(description="Who was moved, with its branch.")
    async def promoter(self, info: Info) -> Annotated[Promoter, strawberry.lazy("graph_api.schema.promoters")] | None:
        return await _visible(info, self.code)

    @resolver(description="Its referrer before; none if it was a root.")
    async def from_referrer(
        self, info: Info
    ) -> Annotated[Promoter, strawberry.lazy("graph_api.schema.promoters")] | None:
        return await _visible(info, self.from_code)

    @resolver(description="Its referrer from then on; none if it became a root.")
    async def to_referrer(
        self, info: Info
    ) -> Annotated[Promoter, strawberry.lazy("graph_api.schema.promoters")] | None:
        return await _visible(info, self.to_code)

    @classmethod
    def of(cls, move: Move) -> BranchMove:
        return cls(code=move.code, from_code=move.from_code, to_code=move.to_code, at=move.at, reason=move.reason)


@strawberry.type(
    description="Everybody within the levels asked for at either date, and what became of them in the whole tree below the"
    " root. Counts are of those shown."
)
class NetworkDiff:
    nodes: list[DiffNode] = strawberry.field(description="The root first, then by level and code.")
    edges: list[DiffEdge] = strawberry.field(description="Referrals between these nodes at either date.")
    moves: list[BranchMove] = strawberry.field(
        description="Each change of referrer of those nodes between the dates, those undone included, in order of time."
    )
    added: int = strawberry.field(description="Entered the tree: enrolled, or moved in with somebody or alone.")
    removed: int = strawberry.field(description="Left the tree: moved out with somebody or alone.")
    moved: int = strawberry.field(description="Stand under another referrer within it.")
    unchanged: int = strawberry.field(description="Stand under the same referrer, wherever that one went.")
    truncated: bool = strawberry.field(description="Whether there is more at one of the dates than is shown.")

    @classmethod
    def of(cls, difference: Difference) -> NetworkDiff:
        counts = counted(difference.people)
        shown = {person.code for person in difference.people}
        return cls(
            nodes=[DiffNode.of(person) for person in difference.people],
            edges=[edge for person in difference.people for edge in _edges(person, shown)],
            moves=[BranchMove.of(move) for move in difference.moves],
            added=counts[State.ADDED],
            removed=counts[State.REMOVED],
            moved=counts[State.MOVED],
            unchanged=counts[State.UNCHANGED],
            truncated=difference.truncated,
        )


def _edges(person: Person, shown: Set[str]) -> list[DiffEdge]:
    """Referrals within the tree: the root's own is outside it."""
    before, after = (
        place.referrer_code if place is not None and place.level else None for place in (person.before, person.after)
    )
    same = [(before, State.UNCHANGED)]
    found = same if before == after else [(before, State.REMOVED), (after, State.ADDED)]
    return [
        DiffEdge(edge=GraphEdge.of(f"PROMOTER:{above}", f"PROMOTER:{person.code}", "REFERRED", 1), state=state)
        for above, state in found
        if above in shown
    ]


async def _visible(info: Info, code: str | None) -> Promoter | None:
    from graph_api.schema.promoters import visible

    return await visible(info.context, code)

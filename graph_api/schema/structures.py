"""Structures for staff: sub-graphs, the shortest way between two people, a move tried out, the compliance meter."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

import strawberry

from graph_api.batched.structures import Below, Edge, Path, Preview
from graph_api.context import Context
from graph_api.rules.codes import IDENTIFIER_KINDS
from graph_api.rules.compliance import LEVELS_LIMIT, PEOPLE_LIMIT, Meter
from graph_api.schema.enums import ComplianceState, NodeKind, RelationKind
from graph_api.schema.nodes import global_id, resolver
from graph_api.schema.orders import Info
from graph_api.schema.problems import UserError, user_errors
from graph_api.schema.scalars import Fen

if TYPE_CHECKING:
    from graph_api.schema.promoters import Promoter

HASH_SHOWN = 8


@strawberry.type(description="A person or an identifier; identifiers are named by the beginning of their keyed hash.")
class GraphNode:
    key: strawberry.Private[str]
    id: strawberry.ID = strawberry.field(description="What edges name it by; a promoter's is its own id.")
    kind: NodeKind = strawberry.field(description="What it is.")
    label: str = strawberry.field(description="A person's code, or the beginning of an identifier's hash; no name.")
    level: int | None = strawberry.field(description="Levels below the root, where there is one.", default=None)

    @resolver(description="The promoter, if it is one.")
    async def promoter(self, info: Info) -> Annotated[Promoter, strawberry.lazy("graph_api.schema.promoters")] | None:
        from graph_api.schema.promoters import visible

        return await visible(info.context, self.key) if self.kind is NodeKind.PROMOTER else None

    @classmethod
    def of(cls, name: str, *, level: int | None = None) -> GraphNode:
        """A node by `KIND:key`."""
        kind_name, _, key = name.partition(":")
        kind = NodeKind(kind_name)
        person = kind in (NodeKind.PROMOTER, NodeKind.BUYER)
        return cls(key=key, id=node_id(name), kind=kind, label=key if person else key[:HASH_SHOWN], level=level)


@strawberry.type(description="A relation as it is stored: from referrer, buyer or person.")
class GraphEdge:
    source: strawberry.ID = strawberry.field(description="The referrer, the buyer, or who has the identifier.")
    target: strawberry.ID = strawberry.field(description="The downline, the seller, or the identifier.")
    kind: RelationKind = strawberry.field(description="What joins them.")
    weight: int = strawberry.field(description="How often: orders of a purchase; 1 otherwise.")
    net_fen: Fen | None = strawberry.field(
        description="Paid less refunded of the purchases of a cycle; not summed elsewhere.", default=None
    )

    @classmethod
    def of(cls, source: str, target: str, kind: str, weight: int, net_fen: int | None = None) -> GraphEdge:
        """An edge between nodes by `KIND:key`."""
        return cls(
            source=node_id(source), target=node_id(target), kind=RelationKind(kind), weight=weight, net_fen=net_fen
        )


@strawberry.type(description="A part of the graph, as flat nodes and edges.")
class Subgraph:
    nodes: list[GraphNode] = strawberry.field(description="Below a root: breadth first, each level by code.")
    edges: list[GraphEdge] = strawberry.field(description="Between these nodes.")
    truncated: bool = strawberry.field(description="Whether there is more than is shown.")

    @classmethod
    def of(cls, below: Below) -> Subgraph:
        names = {code: f"PROMOTER:{code}" for code in below.levels}
        nodes = [GraphNode.of(names[code], level=level) for code, level in below.levels.items()]
        return cls(nodes=nodes, edges=_edges(below.edges, names), truncated=below.truncated)


@strawberry.type(description="The shortest way between two people.")
class RelationPath:
    hops: int = strawberry.field(description="Its edges; two people of one identifier are two hops apart.")
    nodes: list[GraphNode] = strawberry.field(description="From one end to the other.")
    edges: list[GraphEdge] = strawberry.field(description="Between each node and the next, as they are stored.")
    truncated: bool = strawberry.field(
        description="Whether the search gave up, because more than 20,000 people and identifiers lie between them; then"
        " there are no hops, nodes and edges. Fewer kinds or hops may be answered."
    )

    @classmethod
    async def of(cls, context: Context, path: Path) -> RelationPath:
        names = await _names(context, path)
        nodes = [GraphNode.of(names[node]) for node in path.nodes]
        return cls(hops=len(path.edges), nodes=nodes, edges=_edges(path.edges, names), truncated=path.truncated)


@strawberry.type(description="How near a promoter's own tree is to the prosecution line; it permits nothing.")
class ComplianceMeter:
    levels: int = strawberry.field(description="Levels of its tree, itself counted.")
    people: int = strawberry.field(description="People of its tree, itself counted.")
    levels_limit: int = strawberry.field(description="The line, together with the people.")
    people_limit: int = strawberry.field(description="The line, together with the levels.")
    state: ComplianceState = strawberry.field(description="NEAR from 80 % of both on, OVER from both on.")

    @classmethod
    def of(cls, meter: Meter) -> ComplianceMeter:
        return cls(
            levels=meter.levels,
            people=meter.people,
            levels_limit=LEVELS_LIMIT,
            people_limit=PEOPLE_LIMIT,
            state=ComplianceState(meter.state.value),
        )


@strawberry.type(description="What a move changes for somebody above.")
class UplineDelta:
    promoter: Annotated[Promoter, strawberry.lazy("graph_api.schema.promoters")] = strawberry.field(
        description="Somebody above the branch, before or after."
    )
    size_delta: int = strawberry.field(description="People of its team, more or less.")
    volume_delta_fen: Fen = strawberry.field(description="Team volume of all time, more or less.")


@strawberry.type(description="What a move would do; nothing is written.")
class MovePreview:
    would_cycle: bool = strawberry.field(description="Whether the branch would stand above itself.")
    cycle_path: list[Annotated[Promoter, strawberry.lazy("graph_api.schema.promoters")]] = strawberry.field(
        description="From the promoter down to the would-be referrer."
    )
    moved_count: int = strawberry.field(description="People who would move, the promoter counted.")
    upline_deltas: list[UplineDelta] = strawberry.field(
        description="Who would lose and who would gain, nearest first; those above both before and after are not there."
    )
    compliance_after: ComplianceMeter = strawberry.field(
        description="The tree that it would stand in, or stands in if the move is refused."
    )
    errors: list[UserError] = strawberry.field(description="Why it would be refused.")

    @classmethod
    async def of(cls, context: Context, preview: Preview) -> MovePreview:
        deltas, cycle = await asyncio.gather(
            _promoters(context, (delta.code for delta in preview.deltas)), _promoters(context, preview.cycle_path)
        )
        return cls(
            would_cycle=bool(preview.cycle_path),
            cycle_path=cycle,
            moved_count=preview.moved,
            upline_deltas=[
                UplineDelta(promoter=promoter, size_delta=delta.size, volume_delta_fen=delta.volume_fen)
                for promoter, delta in zip(deltas, preview.deltas, strict=True)
            ],
            compliance_after=ComplianceMeter.of(preview.after),
            errors=user_errors(preview.errors),
        )


async def _promoters(context: Context, codes: Iterable[str]) -> list[Promoter]:
    from graph_api.schema.promoters import visible

    found = await asyncio.gather(*(visible(context, code) for code in codes))
    return [promoter for promoter in found if promoter is not None]


async def _names(context: Context, path: Path) -> dict[str, str]:
    """`KIND:key` of each node of a path: identifiers are named so, of people the cards tell who is a promoter."""
    identifiers = {edge.target for edge in path.edges if edge.kind in IDENTIFIER_KINDS}
    people = [name for name in path.nodes if name not in identifiers]
    cards = await asyncio.gather(*map(context.visible_card, people))
    kinds = ("BUYER" if card is None else "PROMOTER" for card in cards)
    return {name: f"{kind}:{name}" for name, kind in zip(people, kinds, strict=True)} | {n: n for n in identifiers}


def _edges(edges: Iterable[Edge], names: Mapping[str, str]) -> list[GraphEdge]:
    return [GraphEdge.of(names[edge.source], names[edge.target], edge.kind, edge.weight) for edge in edges]


def node_id(name: str) -> strawberry.ID:
    """The id of a node by `KIND:key`."""
    kind, _, key = name.partition(":")
    return global_id("Promoter" if kind == "PROMOTER" else kind, key)

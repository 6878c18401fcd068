"""Shapes that risk teams ask for by hand: cycles, thin chains, rings of shared identifiers, and hubs."""

from __future__ import annotations

from itertools import pairwise

import strawberry

from graph_api.batched import chains as runs
from graph_api.batched import cycles as circles
from graph_api.batched import rings
from graph_api.schema.enums import NodeKind
from graph_api.schema.nodes import PageInfo
from graph_api.schema.structures import HASH_SHOWN, GraphEdge, GraphNode, Subgraph


@strawberry.type(description="A directed cycle.")
class Cycle:
    length: int = strawberry.field(description="Its promoters, and its steps.")
    codes: list[str] = strawberry.field(description="Its promoters in its direction, from the smallest code on.")
    structure: Subgraph = strawberry.field(
        description="Its promoters, and all edges of the kinds asked for on its steps."
    )

    @classmethod
    def of(cls, circle: tuple[str, ...], links: list[circles.Link]) -> Cycle:
        edges = [
            GraphEdge.of(_promoter(link.source), _promoter(link.target), link.kind, link.orders, link.net_fen)
            for link in links
        ]
        nodes = [GraphNode.of(_promoter(code)) for code in circle]
        structure = Subgraph(nodes=nodes, edges=edges, truncated=False)
        return cls(length=len(circle), codes=list(circle), structure=structure)


@strawberry.type(description="Directed cycles, the shortest first, each once.")
class Cycles:
    cycles: list[Cycle] = strawberry.field(description="Those found.")
    truncated: bool = strawberry.field(description="Whether there are more, or not all was looked at.")

    @classmethod
    def of(cls, found: circles.Found) -> Cycles:
        return cls(cycles=[Cycle.of(*each) for each in found.cycles], truncated=found.truncated)


@strawberry.type(description="A thin run of referrals; it goes on at neither end.")
class Chain:
    levels: int = strawberry.field(description="Its referrals.")
    codes: list[str] = strawberry.field(description="From the upper end to the lower.")
    structure: Subgraph = strawberry.field(description="The same as nodes and edges, with levels below the upper end.")

    @classmethod
    def of(cls, run: list[str]) -> Chain:
        nodes = [GraphNode.of(_promoter(code), level=level) for level, code in enumerate(run)]
        edges = [GraphEdge.of(_promoter(above), _promoter(below), "REFERRED", 1) for above, below in pairwise(run)]
        structure = Subgraph(nodes=nodes, edges=edges, truncated=False)
        return cls(levels=len(run) - 1, codes=run, structure=structure)


@strawberry.type(description="Thin runs of referrals, the longest first.")
class Chains:
    chains: list[Chain] = strawberry.field(description="Those found.")
    truncated: bool = strawberry.field(description="Whether there are more, or not all was looked at.")

    @classmethod
    def of(cls, found: runs.Found) -> Chains:
        return cls(chains=[Chain.of(run) for run in found.runs], truncated=found.truncated)


@strawberry.type(description="An identifier of more people than may be one ring's; it joins nobody.")
class IdentifierHub:
    kind: NodeKind = strawberry.field(description="What it is.")
    label: str = strawberry.field(description="The beginning of its keyed hash.")
    people: int = strawberry.field(description="How many people have it.")

    @classmethod
    def of(cls, hub: rings.Hub) -> IdentifierHub:
        kind, _, hashed = hub.id.partition(":")
        return cls(kind=NodeKind(kind), label=hashed[:HASH_SHOWN], people=hub.people)


@strawberry.type(description="Everybody joined to a person by shared identifiers.")
class Ring:
    structure: Subgraph = strawberry.field(
        description="The people and what they share, breadth first; levels are hops. Edges are the evidence."
    )
    people: int = strawberry.field(description="People among them, that person counted.")
    hubs: list[IdentifierHub] = strawberry.field(
        description="What was ignored since too many have it, the largest first."
    )
    truncated: bool = strawberry.field(description="Whether there is more than is shown.")

    @classmethod
    def of(cls, ring: rings.Ring) -> Ring:
        nodes = [GraphNode.of(name, level=level) for name, level in ring.levels.items()]
        edges = [GraphEdge.of(*edge) for edge in ring.edges]
        return cls(
            structure=Subgraph(nodes=nodes, edges=edges, truncated=ring.truncated),
            people=sum(node.kind in (NodeKind.PROMOTER, NodeKind.BUYER) for node in nodes),
            hubs=[IdentifierHub.of(hub) for hub in ring.hubs],
            truncated=ring.truncated,
        )


@strawberry.type(description="A hub on a page.")
class IdentifierHubEdge:
    cursor: str = strawberry.field(description="Give it as `after` to go on from here.")
    node: IdentifierHub = strawberry.field(description="The hub.")


@strawberry.type(description="Hubs by kind and hash. They are not counted: that would look at the whole store.")
class IdentifierHubConnection:
    page_info: PageInfo = strawberry.field(description="Where this page stands; endCursor is where the look ended.")
    edges: list[IdentifierHubEdge] = strawberry.field(description="The page; it may be empty and not the last.")

    @classmethod
    def of(cls, page: rings.HubPage, *, after: str | None) -> IdentifierHubConnection:
        pairs = zip(page.rows, page.cursors, strict=True)
        info = PageInfo(
            has_next_page=page.end is not None,
            has_previous_page=after is not None,
            start_cursor=page.cursors[0] if page.cursors else None,
            end_cursor=page.end or (page.cursors[-1] if page.cursors else None),
        )
        return cls(
            page_info=info,
            edges=[IdentifierHubEdge(cursor=cursor, node=IdentifierHub.of(hub)) for hub, cursor in pairs],
        )


def _promoter(code: str) -> str:
    return f"PROMOTER:{code}"

"""Findings of the risk team."""

from __future__ import annotations

import asyncio
import json
from bisect import bisect_right
from enum import Enum
from typing import Any

import strawberry

from graph_api.batched.findings import FindingCard, FindingOrder, Sifted
from graph_api.context import Context
from graph_api.schema.impact import BlastRadius
from graph_api.schema.nodes import Counted, Node, PageInfo, global_id, resolver
from graph_api.schema.orders import Info
from graph_api.schema.problems import UserError
from graph_api.schema.promoters import Promoter, visible
from graph_api.schema.scalars import Fen, Instant
from graph_api.schema.structures import GraphEdge, GraphNode, Subgraph


@strawberry.enum(description="What a person has decided about a finding.")
class FindingStatus(Enum):
    OPEN = "OPEN"
    CONFIRMED = "CONFIRMED"
    DISMISSED = "DISMISSED"


@strawberry.enum(description="What a person decides about a finding. DISMISS ends the locks that only it holds.")
class Verdict(Enum):
    CONFIRM = "CONFIRM"
    DISMISS = "DISMISS"


@strawberry.enum(description="Order of a list of findings, highest first; ties by id.")
class FindingSort(Enum):
    SCORE = "SCORE"
    AT_STAKE = "AT_STAKE"


@strawberry.type(description="A measured value beside the threshold it is held against. Money is in fen.")
class Evidence:
    key: str = strawberry.field(description="What was measured.")
    value: str = strawberry.field(description="How much it is.")
    threshold: str | None = strawberry.field(description="From how much on it counts, or its bounds.", default=None)


@strawberry.type(description="A structure that a detector has found, the same one from scan to scan.")
class Finding(Node):
    card: strawberry.Private[FindingCard]
    detector: str = strawberry.field(description="Key of its detector.")
    detector_version: int = strawberry.field(description="The version that has seen it last.")
    parameter_set: int = strawberry.field(
        description="Number of the parameters that it was seen with last; 0: the defaults."
    )
    score: int = strawberry.field(description="60 where the threshold is just met, 90 where it is grave, at most 100.")
    status: FindingStatus = strawberry.field(description="What a person has decided.")
    member_count: int = strawberry.field(description="Promoters it is made of.")
    at_stake_fen: Fen = strawberry.field(description="Commission on its members' orders that is not paid out yet.")
    first_seen: Instant = strawberry.field(description="When it was found first.")
    last_seen: Instant = strawberry.field(description="When it was found last.")
    closed_at: Instant | None = strawberry.field(description="Since when a scan has not found it any more.")
    reviewed_at: Instant | None = strawberry.field(description="When a person decided.")
    note: str | None = strawberry.field(description="What that person noted.")

    @resolver(description="How many it names: of a very large one not all.")
    def named_count(self) -> int:
        return len(self.card.members)

    @resolver(description="Those it names, by code; `afterCode` goes on after one of them.")
    async def members(self, info: Info, first: int = 100, after_code: str | None = None) -> list[Promoter]:
        members = self.card.members
        begin = bisect_right(members, after_code) if after_code is not None else 0
        found = await asyncio.gather(*(visible(info.context, code) for code in members[begin : begin + first]))
        return [promoter for promoter in found if promoter is not None]

    @resolver(description="How its members hang together.")
    def structure(self) -> Subgraph:
        edges: list[list[Any]] = json.loads(self.card.finding["edges"])
        names = dict.fromkeys(f"PROMOTER:{code}" for code in self.card.members)
        names |= dict.fromkeys(name for source, target, *_ in edges for name in (source, target))
        return Subgraph(
            nodes=[GraphNode.of(name) for name in names],
            edges=[GraphEdge.of(*edge) for edge in edges],
            truncated=self.card.finding["truncated"],
        )

    @resolver(description="Its numbers beside the thresholds.")
    def evidence(self) -> list[Evidence]:
        rows: list[list[Any]] = json.loads(self.card.finding["evidence"])
        return [Evidence(key=key, value=value, threshold=threshold) for key, value, threshold in rows]

    @resolver(description="What it is, for people.")
    def sentence(self, info: Info) -> str:
        sentence: str = self.card.finding[f"sentence_{info.context.language}"]
        return sentence

    @resolver(description="What a lock of those it names would do now; null if it names nobody.")
    async def blast_radius(self, info: Info) -> BlastRadius | None:
        members = list(self.card.members)
        return await BlastRadius.of_codes(info.context, members) if members else None

    @classmethod
    def of(cls, card: FindingCard) -> Finding:
        body = card.finding
        return cls(
            id=global_id("Finding", body["id"]),
            card=card,
            detector=body["detector"],
            detector_version=body["detector_version"],
            parameter_set=body.get("parameter_set", 0),
            score=body["score"],
            status=FindingStatus(body["status"]),
            member_count=body["member_count"],
            at_stake_fen=body["at_stake_fen"],
            first_seen=body["first_seen"],
            last_seen=body["last_seen"],
            closed_at=body.get("closed_at"),
            reviewed_at=body.get("reviewed_at"),
            note=body.get("note"),
        )


@strawberry.type(description="A finding on a page.")
class FindingEdge:
    cursor: str = strawberry.field(description="Give it as `after` to go on from here.")
    node: Finding = strawberry.field(description="The finding.")


@strawberry.input(description="Which findings; everything given must hold.")
class FindingFilter:
    detector: str | None = strawberry.field(description="Key of a detector.", default=None)
    status: FindingStatus | None = strawberry.field(description="What a person has decided.", default=None)
    min_score: int | None = strawberry.field(description="At least as grave.", default=None)
    member_code: str | None = strawberry.field(description="Names this promoter.", default=None)
    closed: bool | None = strawberry.field(description="True: also those that are gone.", default=None)

    @property
    def sifted(self) -> Sifted:
        """As the reads take it."""
        status = self.status.value if self.status else None
        return Sifted(self.detector, status, self.min_score or 0, self.member_code, self.closed or False)


@strawberry.type(description="Findings, in the order that was asked for.")
class FindingConnection(Counted):
    edges: list[FindingEdge] = strawberry.field(description="The page.")

    @classmethod
    async def found(
        cls, context: Context, sifted: Sifted, *, order_by: FindingSort | None, first: int, after: str | None
    ) -> FindingConnection:
        order: FindingOrder = (order_by or FindingSort.SCORE).value
        page = await context.findings.page(sifted, order=order, first=first, after=after)
        pairs = zip(page.rows, page.cursors, strict=True)
        return cls(
            edges=[FindingEdge(cursor=cursor, node=Finding.of(card)) for card, cursor in pairs],
            page_info=PageInfo.of(list(page.cursors), has_next=page.has_next, after=after),
            count=lambda: context.findings.count(sifted),
        )


@strawberry.type(description="What a scan has found and recorded.")
class ScanRiskPayload:
    keys: strawberry.Private[list[str]]
    raised: int = strawberry.field(description="Findings that are new, or open again.")
    changed: int = strawberry.field(description="Known findings that grew, shrank or got other numbers.")
    closed: int = strawberry.field(description="Known findings whose structure is gone.")
    locked: int = strawberry.field(description="Promoters locked for a grave finding.")
    errors: list[UserError] = strawberry.field(description="Empty if it was scanned.")

    @resolver(description="All that this scan has found, new or not, the gravest first.")
    async def findings(self, info: Info, first: int = 100) -> list[Finding]:
        ids = await info.context.findings.ids(self.keys)
        return [Finding.of(card) for card in await info.context.findings.cards(ids[:first])]


@strawberry.type(description="The finding as it is now, or why the review was refused.")
class FindingPayload:
    finding: Finding | None = strawberry.field(description="The finding.")
    errors: list[UserError] = strawberry.field(description="Empty if the review was recorded.")


async def finding(context: Context, id: str) -> Finding | None:
    """A finding by its own id, for whoever may read findings."""
    card = await context.findings.card(id)
    return Finding.of(card) if card is not None else None

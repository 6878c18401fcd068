"""Quarantined claims: whom somebody claims as its referrer although that closes a cycle, and what people decide."""

from __future__ import annotations

from enum import Enum

import strawberry

from cypher.claims import Claim
from graph_api.actions import claims
from graph_api.batched.claims import ClaimReads
from graph_api.context import Context
from graph_api.schema.nodes import Counted, PageInfo, resolver
from graph_api.schema.orders import Info
from graph_api.schema.problems import UserError, attempted
from graph_api.schema.promoters import Promoter, visible
from graph_api.schema.scalars import Instant


@strawberry.enum(description="What a person has decided about a claim.")
class ClaimDecision(Enum):
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"


@strawberry.type(
    description="A referral that an import claimed and that lay on a cycle: it is in effect only if accepted."
)
class QuarantinedClaim:
    reads: strawberry.Private[ClaimReads]
    promoter_code: strawberry.Private[str]
    claimed_code: strawberry.Private[str]
    quarantined_at: Instant | None = strawberry.field(
        description="When it was imported; not known of imports before this was kept."
    )
    decision: ClaimDecision | None = strawberry.field(description="What was decided; none while it waits.")
    decided_at: Instant | None = strawberry.field(description="When.")
    decided_by: str | None = strawberry.field(description="By whom.")
    reason: str | None = strawberry.field(description="Why.")

    @resolver(description="Who claims.")
    async def promoter(self, info: Info) -> Promoter:
        return await _seen(info.context, self.promoter_code)

    @resolver(description="Whom it claims as its referrer.")
    async def claimed_referrer(self, info: Info) -> Promoter:
        return await _seen(info.context, self.claimed_code)

    @resolver(
        description="Codes of the cycle it lay on, from the promoter to whom it claims and on, once round; empty if a"
        " referral on it has moved since, or if it is truncated."
    )
    async def cycle(self) -> list[str]:
        return (await self.reads.cycle(self.promoter_code)).codes

    @resolver(description="Whether the cycle is left out, because it is of more than 1,000 people.")
    async def cycle_truncated(self) -> bool:
        return (await self.reads.cycle(self.promoter_code)).truncated

    @classmethod
    def of(cls, reads: ClaimReads, claim: Claim) -> QuarantinedClaim:
        decision = None
        if claim.accepted is not None:
            decision = ClaimDecision.ACCEPTED if claim.accepted else ClaimDecision.REJECTED
        return cls(
            reads=reads,
            promoter_code=claim.code,
            claimed_code=claim.claimed_code,
            quarantined_at=claim.quarantined_at,
            decision=decision,
            decided_at=claim.settled_at,
            decided_by=claim.settled_by,
            reason=claim.reason,
        )


@strawberry.type(description="A claim on a page.")
class QuarantinedClaimEdge:
    cursor: str = strawberry.field(description="Give it as `after` to go on from here.")
    node: QuarantinedClaim = strawberry.field(description="The claim.")


@strawberry.type(description="Claims by the promoter's code.")
class QuarantinedClaimConnection(Counted):
    edges: list[QuarantinedClaimEdge] = strawberry.field(description="The page.")

    @classmethod
    async def found(
        cls, context: Context, *, decided: bool, first: int, after: str | None
    ) -> QuarantinedClaimConnection:
        reads = ClaimReads(context.store)
        page = await reads.page(settled=decided, first=first, after=after)
        pairs = zip(page.rows, page.cursors, strict=True)
        return cls(
            edges=[QuarantinedClaimEdge(cursor=cursor, node=QuarantinedClaim.of(reads, row)) for row, cursor in pairs],
            page_info=PageInfo.of(list(page.cursors), has_next=page.has_next, after=after),
            count=lambda: reads.count(settled=decided),
        )


@strawberry.type(description="The claim as decided, or why the decision was refused.")
class ClaimPayload:
    claim: QuarantinedClaim | None = strawberry.field(description="The claim.")
    changed: bool = strawberry.field(description="Whether this request decided it; false if it was decided so before.")
    errors: list[UserError] = strawberry.field(description="Empty if it is decided as asked.")


@strawberry.type
class ClaimMutations:
    @resolver(
        description="Decides about a quarantined claim: accepted, it is the referral from now on, if every check of a new"
        " referral lets it; rejected, it is dropped."
    )
    async def resolve_claim(self, info: Info, promoter_code: str, accept: bool, reason: str) -> ClaimPayload:
        context = info.context
        given = {"promoter_code": promoter_code, "accept": accept, "reason": reason}
        work = claims.resolve(context.store, **given, actor=context.viewer.actor, now=context.now)  # type: ignore[arg-type]
        resolved, errors = await attempted(work)
        if resolved is None:
            return ClaimPayload(claim=None, changed=False, errors=errors)
        claim, changed = resolved
        return ClaimPayload(claim=QuarantinedClaim.of(ClaimReads(context.store), claim), changed=changed, errors=errors)


async def _seen(context: Context, code: str) -> Promoter:
    promoter = await visible(context, code)
    assert promoter is not None, "claims are read by those who see everybody"
    return promoter

"""Quarantined claims are decided by people: accepted, a claim becomes the referral; rejected, it is dropped."""

from __future__ import annotations

from cypher import claims
from cypher.claims import Claim
from cypher.store import Store, Transaction
from graph_api.actions.promoters import bind_within, branch_of, settle_claim
from graph_api.errors import NotFound, WrongState
from graph_api.rules.codes import text_error


async def resolve(
    store: Store, *, promoter_code: str, accept: bool, reason: str, actor: str, now: int
) -> tuple[Claim, bool]:
    """Decide about a promoter's claim; the claim as decided, and whether this call did it.

    Accepted, it is the referral from now on, under every check of `bind`: what was sold stays as frozen. The same
    decision again changes nothing, another one is refused.
    """
    reason_error = text_error(reason, field="reason", required=True)
    if reason_error is not None:
        raise reason_error

    async def work(transaction: Transaction) -> tuple[Claim, bool]:
        branch = await branch_of(transaction, promoter_code)
        claim = await claims.of_promoter(transaction, code=promoter_code)
        if claim is None:
            raise NotFound(f"{promoter_code} has no quarantined claim", field=["promoterCode"])
        if claim.accepted is not None:
            if claim.accepted is not accept:
                decided = "accepted" if claim.accepted else "rejected"
                raise WrongState(
                    f"the claim of {promoter_code} on {claim.claimed_code} was {decided} already", field=["accept"]
                )
            return claim, False
        referrer_code = claim.claimed_code if accept else None
        if referrer_code is not None:
            await bind_within(transaction, branch, promoter_code, referrer_code, now)
        await settle_claim(transaction, branch, promoter_code, referrer_code, reason=reason, actor=actor)
        transaction.journal(
            "claim_resolved",
            at=now,
            actor=actor,
            codes=[promoter_code, claim.claimed_code],
            moves_paths=accept and branch.height > 0,
            promoter_code=promoter_code,
            accepted=accept,
            reason=reason,
            before={"claimed_code": claim.claimed_code, "referrer_code": None},
            after={"claimed_code": None, "referrer_code": referrer_code},
        )
        decided_claim = await claims.of_promoter(transaction, code=promoter_code)
        assert decided_claim is not None
        return decided_claim, True

    return await store.write(work, now=now)

"""What a lock is said to do is what it does, to the fen; and what it holds is what its end lets go."""

from __future__ import annotations

import pytest

from cypher.store import Store
from graph_api.actions import locks, promoters, settlement
from graph_api.batched.impact import BlastRadius, blast_radius
from graph_api.batched.promoters import PromoterReads
from graph_api.errors import Invalid, NotFound
from graph_api.pii import Pii
from graph_api.rules.calendar import month_end
from graph_api.rules.plan import DEFAULT_PLAN, Plan
from graph_api.viewer import Role, Viewer
from tests.actions.shop import DUE, JOINED, NOW, Shop, shop
from tests.conftest import Query
from tests.schema.books import Books
from tests.schema.trade import CODES

__all__ = ["shop"]
ADMIN = Viewer(Role.ADMIN)
TRIED = CODES[:16]
"""The upper part of a tree of 40."""
STATES = """MATCH (p:Promoter)-[:EARNED]->(c:Commission) WHERE p.code IN $codes AND c.state <> 'VOIDED'
RETURN c.id AS id, c.state AS state, c.amount_fen AS fen, c.unpaid_due_at AS due, c.payout_id AS payout"""


async def radius(store: Store, pii: Pii, *codes: str, plan: Plan = DEFAULT_PLAN) -> BlastRadius:
    return await blast_radius(store, PromoterReads(store, None, ADMIN, pii), plan, codes)


async def lock(store: Store, code: str) -> None:
    await locks.lock(store, code=code, reason="查", actor="test", now=NOW)


async def test_what_is_where_when_a_lock_comes(shop: Shop) -> None:
    """Of D: one payout sent, one approved, one created, a debt, an entry released late, one observed."""
    for number, fen in (("sent", 100_000), ("approved", 200_000), ("created", 400_000)):
        await shop.sell(number, fen)
        await shop.deliver(number)
        await shop.settle(DUE)
        newest = (await shop.of())[-1]
        if number != "created":
            await shop.approve(newest["id"])
    await shop.query("MATCH (x:Payout {gross_fen: 20000}) SET x.status = 'SENT'")
    await shop.refund("sent", 50_000)
    await shop.sell("released", 800_000)
    await shop.deliver("released", "2026-03-06T04:00:00Z")
    await shop.settle(DUE)
    await shop.sell("observed", 1_600_000)
    told = await radius(shop.store, shop.pii, "D")
    (effect,) = told.effects
    assert (effect.locks, effect.ended, effect.stopped, effect.stopped_fen) == (True, 1, 1, 40_000)
    assert (effect.freeze.sent, effect.freeze.sent_fen) == (1, 20_000)
    assert (effect.observing_fen, effect.released_fen, effect.created_fen) == (320_000, 160_000, 70_000)
    assert (effect.debt_fen, effect.frozen_fen, effect.entries) == (10_000, 550_000, 4)
    assert told.above.receivers == 2
    assert told.above.amount_fen == 2 * 3 * (1_000 + 2_000 + 4_000 + 8_000 + 16_000) - 2 * 1_500
    await lock(shop.store, "D")
    assert (await shop.balance()).held_fen == 550_000
    assert sorted(x["status"] for x in await shop.of()) == ["APPROVED", "EXPIRED", "SENT"]
    (held,) = (await radius(shop.store, shop.pii, "D")).effects
    assert (held.locks, held.frozen_fen, held.entries, held.ended, held.stopped) == (False, 0, 0, 0, 0)
    assert held.freeze.held_fen == 550_000
    await shop.check()


async def test_for_everybody_of_a_trade_the_lock_does_what_was_said_and_its_end_undoes_it(
    store: Store, pii: Pii, query: Query
) -> None:
    at = month_end(202604)
    lived = Books(store, pii)
    await lived.begin()
    await lived.trade.live()
    settled = await settlement.settle(store, at, actor="test", now=at)
    assert len(settled.payout_ids) > 10
    await lived.refund(at)
    frozen = 0
    for code in TRIED:
        (effect,) = (await radius(store, pii, code)).effects
        before = {row["id"]: row for row in await query(STATES, codes=[code])}
        payouts = await query(
            "MATCH (:Promoter {code: $code})-[:RECEIVES]->(x {status: 'CREATED'}) RETURN x.id AS id", code=code
        )
        await lock(store, code)
        after = {row["id"]: row for row in await query(STATES, codes=[code])}
        held = {id for id in after if after[id]["state"] == "HELD" and before[id]["state"] != "HELD"}
        assert effect.frozen_fen == sum(after[id]["fen"] for id in held), code
        assert (effect.entries, effect.ended) == (len(held), len(payouts)), code
        frozen += effect.frozen_fen
        if effect.locks:
            await locks.unlock(store, code=code, reason="无事", actor="test", now=NOW)
            freed = {row["id"]: row for row in await query(STATES, codes=[code])}
            let_go = {id for id in freed if after[id]["state"] == "HELD" and freed[id]["state"] != "HELD"}
            assert let_go == held
            for id in held:
                was = before[id] if before[id]["payout"] is None else before[id] | {"payout": None}
                assert freed[id] | {"due": None} == was | {"due": None}
    assert frozen > 1_000_000
    together = await radius(store, pii, *TRIED)
    assert sum(effect.frozen_fen for effect in together.effects) == frozen
    assert together.team_size == len(CODES) - len(TRIED)


async def test_people_below_are_counted_once(shop: Shop) -> None:
    await promoters.enrol(
        shop.store,
        shop.pii,
        [promoters.Enrolment("E", joined_at=JOINED, referrer_code="B")],
        actor="test",
        now=JOINED,
    )
    for codes, size in (("A", 4), ("B", 3), ("BC", 2), ("CE", 1), ("AC", 3), ("D", 0), ("ABCDE", 0)):
        assert (await radius(shop.store, shop.pii, *codes)).team_size == size, codes


async def test_whose_promotion_rests_on_them(shop: Shop) -> None:
    """C has D as its one valid downline, B has C; the plan asks for one, then two."""
    plan = Plan(valid_downlines=(1, 2))
    for number, seller in (("d", "D"), ("c", "C"), ("c2", "C")):
        await shop.sell(number, 100_000, seller=seller)
        await shop.deliver(number)
    await shop.settle()
    told = await radius(shop.store, shop.pii, "D", "C", "A", plan=plan)
    assert [(up.code, up.downlines, up.now.downlines, up.after.downlines) for up in told.uplines] == [
        ("B", ("C",), 1, 0),
        ("C", ("D",), 1, 0),
    ]
    assert [(up.now.eligible, up.after.eligible, up.rests) for up in told.uplines] == [(True, False, False)] * 2
    await shop.query(
        "MATCH (p:Promoter {code: 'C'}) SET p.rank = 'SENIOR' CREATE (p)-[:PROMOTED]->(:Promotion {to_rank: 'SENIOR',"
        " effective_at: 1, seq: 1, route: 'VALID_DOWNLINES', evidence: '{\"valid_downlines\":1,\"valid_downlines_required\":1}'})"
    )
    (upline,) = (await radius(shop.store, shop.pii, "D", plan=plan)).uplines
    assert (upline.code, upline.now.downlines_required, upline.now.eligible, upline.rests) == ("C", 2, False, True)
    await shop.query("MATCH (x:Promotion) SET x.route = 'SALES_MONTHS'")
    assert not (await radius(shop.store, shop.pii, "D", plan=plan)).uplines[0].rests
    await lock(shop.store, "D")
    assert (await radius(shop.store, shop.pii, "D", plan=plan)).uplines == ()


async def test_a_code_that_is_not_there_is_no_harmless_lock(shop: Shop) -> None:
    with pytest.raises(NotFound, match="zz"):
        await radius(shop.store, shop.pii, "A", "zz")
    for codes in ([], [f"c{n}" for n in range(501)]):
        with pytest.raises(Invalid):
            await radius(shop.store, shop.pii, *codes)

"""Tells the product what happened, by its actions, and reads what everything comes to, from the store itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cypher import ledger
from cypher.store import Store
from graph_api.actions import (
    contracts,
    identifiers,
    locks,
    months,
    orders,
    payouts,
    plans,
    products,
    promoters,
    settlement,
    touches,
)
from graph_api.batched.promoters import PromoterReads
from graph_api.errors import DomainError
from graph_api.pii import Pii
from graph_api.rules.calendar import instant
from graph_api.rules.plan import SettleFrom
from graph_api.viewer import Role, Viewer
from tests.blackbox.api import Json
from tests.conftest import Query, empty
from tests.money import events
from tests.money.events import Event, Plan

NOW = instant("2026-11-01T00:00:00Z")
ACTOR = "machine"
READ = """
RETURN
  COLLECT { MATCH (p:Promoter) RETURN [p.code, p.status, p.rank] } AS promoters,
  COLLECT {
    MATCH (p:Promoter)-[:EARNED]->(c:Commission)
    WITH p.code AS code, c.month AS month, c.kind AS kind, c.state = 'VOIDED' AS void, sum(c.amount_fen) AS fen
    RETURN [code, month, kind, void, fen]
  } AS earned,
  COLLECT {
    MATCH (p:Promoter)-[:RECEIVES]->(x:Payout)
    RETURN [x.id, p.code, x.status, x.gross_fen, x.tax_fen, x.net_fen]
  } AS payouts,
  COLLECT {
    MATCH (x:Posting) UNWIND range(0, size(x.accounts) - 1) AS line
    WITH x.accounts[line] AS account, sum(x.amounts_fen[line]) AS fen WHERE fen <> 0
    RETURN [account, fen]
  } AS accounts,
  COUNT {
    MATCH (x:Posting) WHERE size(x.accounts) <> size(x.amounts_fen)
    OR 0 <> reduce(sum = 0, fen IN x.amounts_fen | sum + fen)
  } AS unbalanced,
  COUNT {
    MATCH (c:Commission)
    WHERE COUNT { (c)<-[:PAYS]-(x:Payout) WHERE NOT x.status IN ['FAILED', 'EXPIRED'] } > 1
  } AS paid_twice,
  COUNT {
    MATCH (x:Payout) WHERE NOT x.status IN ['FAILED', 'EXPIRED'] AND x.gross_fen <> reduce(sum = 0, fen IN COLLECT {
      MATCH (x)-[:PAYS]->(c:Commission) RETURN c.amount_fen } | sum + fen)
  } AS wrong_gross
"""
ZERO = ("unbalanced", "paid_twice", "wrong_gross")


class Service:
    """`payout_ids`: the service's names of payouts, as the oracle numbers them."""

    def __init__(self, store: Store, pii: Pii, query: Query) -> None:
        self.store = store
        self.pii = pii
        self.query = query
        self.payout_ids: list[str] = []

    async def open(self, plan: Plan, rates: dict[str, int]) -> None:
        """On an emptied store the plan from 2025 on, and the products."""
        self.payout_ids = []
        await empty(self.store)
        given = {
            "version": plan.version,
            "starts_at": instant("2025-01-01T00:00:00Z"),
            "settle_from": SettleFrom(plan.settle_from),
            "observation_days": plan.observation_days,
            "settlement_days": plan.settlement_days,
            "payout_min_fen": plan.payout_min_fen,
            "tier_threshold_fen": plan.tier_threshold_fen,
            "tier_bp": plan.tier_bp,
            "override_bp": plan.override_bp,
            "valid_downlines": plan.valid_downlines,
            "sales_month_fen": plan.sales_month_fen,
            "sales_months": plan.sales_months,
        }
        await plans.publish(self.store, given, actor=ACTOR, now=NOW)
        rows = [products.NewProduct(sku, sku, 100, bp) for sku, bp in rates.items()]
        await products.load(self.store, rows, actor=ACTOR, now=NOW)

    async def tell(self, event: Event) -> list[str]:
        """The codes of the refusals."""
        try:
            return await self._tell(event)
        except DomainError as refusal:
            return [refusal.code]

    async def _tell(self, event: Event) -> list[str]:
        match event:
            case events.Enrol(code, referrer, joined_at):
                row = promoters.Enrolment(code, referrer_code=referrer, joined_at=micros(joined_at))
                outcomes = await promoters.enrol(self.store, self.pii, [row], actor=ACTOR, now=NOW)
                return [outcome.error.code for outcome in outcomes if outcome.error]
            case events.Sell():
                outcomes = await orders.record(self.store, [_new_order(event)], actor=ACTOR, now=NOW)
                return [outcome.error.code for outcome in outcomes if outcome.error]
            case events.Touch(buyer, code, at, key):
                touch = touches.NewTouch(buyer, code, micros(at), key)
                outcomes = await touches.record(self.store, [touch], actor=ACTOR, now=NOW)
                return [outcome.error.code for outcome in outcomes if outcome.error]
            case events.LinkAccount(code):
                account = identifiers.Identification(code, "PAYOUT_ACCOUNT", f"account of {code}")
                outcomes = await identifiers.link(self.store, self.pii, [account], actor=ACTOR, now=NOW)
                return [outcome.error.code for outcome in outcomes if outcome.error]
            case events.Settle(as_of):
                return await self._settle(micros(as_of))
            case events.Approve() | events.Confirm() | events.Fail():
                return [error.code for error in (await self._move(event)).errors]
            case _:
                await self._person(event)
                return []

    async def _person(self, event: Event) -> None:
        to: Any = {"actor": ACTOR, "now": NOW}
        match event:
            case events.Bind(code, referrer, at):
                await promoters.bind(self.store, promoter_code=code, referrer_code=referrer, at=micros(at), **to)
            case events.Move(code, referrer, at, key):
                moved: Any = {"promoter_code": code, "referrer_code": referrer, "at": micros(at), "key": key}
                await promoters.move(self.store, reason="moved", **moved, **to)
            case events.Close(code, at):
                await promoters.close(self.store, code=code, reason="left", actor=ACTOR, now=micros(at))
            case events.Lock(code):
                await locks.lock(self.store, code=code, reason="review", **to)
            case events.Unlock(code):
                await locks.unlock(self.store, code=code, reason="reviewed", **to)
            case events.Void(code):
                await locks.void_held(self.store, code=code, reason="not earned", **to)
            case events.PublishContract(version):
                await contracts.publish(self.store, version=version, title="t", body="b", **to)
            case events.Accept(code, version):
                await contracts.accept(self.store, code=code, version=version, **to)
            case events.Advance(number, status, at):
                await orders.advance(self.store, number=number, status=status, at=micros(at), **to)
            case events.Refund(number, key, sku, fen, at):
                refund: Any = {"number": number, "key": key, "sku": sku, "refund_fen": fen, "at": micros(at)}
                await orders.refund(self.store, **refund, **to)
            case events.CloseMonth(month):
                await months.close(self.store, int(month.replace("-", "")), **to)
            case _:
                raise AssertionError(event)

    async def _settle(self, as_of: int) -> list[str]:
        settled = await settlement.settle(self.store, as_of, actor=ACTOR, now=NOW)
        assert settled.set_aside == []
        rows = await self.query(
            "MATCH (p:Promoter)-[:RECEIVES]->(x:Payout) WHERE x.id IN $ids RETURN x.id AS id ORDER BY p.code",
            ids=settled.payout_ids,
        )
        assert len(rows) == len(settled.payout_ids) == len(set(settled.payout_ids)), settled
        self.payout_ids += [row["id"] for row in rows]
        return []

    async def _move(self, event: events.Approve | events.Confirm | events.Fail) -> payouts.Moved:
        ids = [self.payout_ids[number] for number in event.payouts]
        to: Any = {"key": None, "actor": ACTOR, "now": NOW}
        match event:
            case events.Approve():
                return await payouts.approve(self.store, ids, **to)
            case events.Confirm(at=at):
                return await payouts.confirm(self.store, ids, at=micros(at), **to)
            case events.Fail(at=at):
                return await payouts.fail(self.store, ids, reason="no", at=micros(at), **to)

    async def observed(self, codes: Iterable[str]) -> Json:
        """What `expected` must equal; whatever must be 0 is 0. Balances are the product's own answer, the rest is raw."""
        reads = PromoterReads(self.store, None, Viewer(Role.ADMIN), self.pii)
        (row,), check, balances = await asyncio.gather(
            self.query(READ), ledger.check(self.store), asyncio.gather(*(reads.balance(code) for code in codes))
        )
        return {
            "promoters": {code: {"status": status, "rank": rank} for code, status, rank in row["promoters"]},
            "balances": {code: _balance(balance) for code, balance in zip(codes, balances, strict=True)},
            "earned": _earned(row["earned"]),
            "payouts": self._payouts(row["payouts"]),
            "accounts": dict(row["accounts"]),
            "zero": [check.sum_fen, check.unbalanced_postings, *(row[name] for name in ZERO)],
        }

    def _payouts(self, rows: list[list[Any]]) -> list[Json]:
        by_id = {id: dict(zip(("code", "status", "gross", "tax", "net"), rest, strict=True)) for id, *rest in rows}
        assert by_id.keys() == set(self.payout_ids), (by_id, self.payout_ids)
        return [by_id[id] for id in self.payout_ids]


def _new_order(sell: events.Sell) -> orders.NewOrder:
    lines = tuple(orders.NewLine(sku, 1, fen) for sku, fen in sell.lines)
    return orders.NewOrder(sell.number, sell.buyer, sell.seller, lines, micros(sell.paid_at))


def _balance(balance: Any) -> dict[str, int]:
    return {
        "observing": balance.observing_fen,
        "held": balance.held_fen,
        "released": balance.released_fen,
        "owed": balance.owed_fen,
        "on the way": balance.on_the_way_fen,
        "paid": balance.paid_fen,
        "withheld": balance.withheld_tax_fen,
    }


def _earned(rows: list[list[Any]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for code, month, kind, void, fen in rows:
        name = f"{code} {month // 100}-{month % 100:02d} {'void' if void else kind}"
        sums[name] = sums.get(name, 0) + fen
    return {name: fen for name, fen in sums.items() if fen}


def micros(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000

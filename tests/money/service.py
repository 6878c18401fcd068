"""Tells the service what happened, and asks it what everything comes to: GraphQL, and raw Cypher for the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tests.blackbox.api import Api, Json, advance, order, quoted, refund
from tests.conftest import Query
from tests.money import events
from tests.money.events import Event, Plan

PLAN = "mutation($input: PlanInput!) { told: publishPlan(input: $input) { errors { code message } } }"
ORDERS = """
mutation($input: [OrderInput!]!) { told: recordOrders(input: $input) { errors: problems { code message } } }"""
SETTLE = """
mutation($asOf: DateTime!) {
  told: settle(asOf: $asOf) { released payoutCount payouts { id promoter { code } } errors { code message } }
}"""
MONEY = """
fragment money on Promoter {
  status rank
  balance { observingFen heldFen releasedFen onTheWayFen paidFen owedFen withheldTaxFen }
}"""
EARNED = "baseFen tierFen overrideFen clawbackFen adjustmentFen totalFen"
PAYOUTS = "payouts(first: 100) { edges { node { id status grossFen taxFen netFen promoter { code } } } }"
LEDGER = """
MATCH (x:Posting)
WITH collect([x.accounts, x.amounts_fen]) AS postings,
     sum(CASE WHEN reduce(sum = 0, fen IN x.amounts_fen | sum + fen) = 0 THEN 0 ELSE 1 END) AS unbalanced
RETURN postings, unbalanced,
       COUNT { MATCH (c:Commission)
               WHERE COUNT { (c)<-[:PAYS]-(p:Payout) WHERE NOT p.status IN ['FAILED', 'EXPIRED'] } > 1 } AS paid_twice,
       COUNT { MATCH (p:Payout) WHERE NOT p.status IN ['FAILED', 'EXPIRED']
               AND p.gross_fen <> reduce(sum = 0, fen IN COLLECT {
                 MATCH (p)-[:PAYS]->(c:Commission) RETURN c.amount_fen } | sum + fen) } AS wrong_gross
"""


class Service:
    """`payout_ids`: the service's names of payouts, as the oracle numbers them."""

    def __init__(self, api: Api, query: Query) -> None:
        self.api = api
        self.query = query
        self.payout_ids: list[str] = []

    async def open(self, plan: Plan, rates: dict[str, int]) -> None:
        """The plan from 2025 on, and the products."""
        answer = await self.api.ask(
            PLAN,
            {
                "input": {
                    "version": plan.version,
                    "startsAt": "2025-01-01T00:00:00Z",
                    "settleFrom": plan.settle_from,
                    "observationDays": plan.observation_days,
                    "settlementDays": plan.settlement_days,
                    "payoutMinFen": plan.payout_min_fen,
                    "tierThresholdFen": plan.tier_threshold_fen,
                    "tierBp": plan.tier_bp,
                    "overrideBp": plan.override_bp,
                    "validDownlines": plan.valid_downlines,
                    "salesMonthFen": plan.sales_month_fen,
                    "salesMonths": plan.sales_months,
                }
            },
        )
        assert answer["told"]["errors"] == [], answer
        for sku, bp in rates.items():
            await self.api.product(sku, bp=bp)

    async def tell(self, event: Event) -> list[str]:
        """The codes of the refusals."""
        if isinstance(event, events.Sell):
            sale = order(
                event.number, dict(event.lines), seller=event.seller, buyer=event.buyer, paid_at=text(event.paid_at)
            )
            answer = await self.api.ask(ORDERS, {"input": [sale]})
        elif isinstance(event, events.Settle):
            answer = await self.api.ask(SETTLE, {"asOf": text(event.as_of)})
            made = sorted((payout["promoter"]["code"], payout["id"]) for payout in answer["told"]["payouts"])
            assert len(made) == answer["told"]["payoutCount"], answer
            self.payout_ids += [id for _, id in made]
        else:
            answer = await self.api.ask(f"mutation {{ told: {self._field(event)} }}")
        return [error["code"] for error in answer["told"]["errors"]]

    def _field(self, event: Event) -> str:
        match event:
            case events.Enrol(code, referrer, joined_at):
                above = f" referrerCode: {quoted(referrer)}" if referrer else ""
                input_ = f"code: {quoted(code)}{above} joinedAt: {quoted(text(joined_at))}"
                return f"enrolPromoter(input: {{{input_}}}) {ERRORS}"
            case events.Bind(code, referrer, at):
                input_ = f"promoterCode: {quoted(code)} referrerCode: {quoted(referrer)} at: {quoted(text(at))}"
                return f"bindReferrer(input: {{{input_}}}) {ERRORS}"
            case events.Move(code, to, at, key):
                above = f" referrerCode: {quoted(to)}" if to else ""
                input_ = (
                    f'promoterCode: {quoted(code)}{above} reason: "moved" key: {quoted(key)} at: {quoted(text(at))}'
                )
                return f"moveBranch(input: {{{input_}}}) {ERRORS}"
            case events.Close(code):
                return f'closePromoter(code: {quoted(code)} reason: "left") {ERRORS}'
            case events.Lock(code):
                return f'lockPromoter(code: {quoted(code)} reason: "review") {ERRORS}'
            case events.Unlock(code):
                return f'unlockPromoter(code: {quoted(code)} reason: "reviewed") {ERRORS}'
            case events.LinkAccount(code):
                input_ = f"code: {quoted(code)} kind: PAYOUT_ACCOUNT value: {quoted('account of ' + code)}"
                return f"linkIdentifiers(input: [{{{input_}}}]) {ERRORS}"
            case events.PublishContract(version):
                return f'publishContract(version: {quoted(version)} title: "t" body: "b") {ERRORS}'
            case events.Accept(code, version):
                return f"acceptContract(promoterCode: {quoted(code)} version: {quoted(version)}) {ERRORS}"
            case _:
                return self._money_field(event)

    def _money_field(self, event: Event) -> str:
        match event:
            case events.Advance(number, status, at):
                return advance(number, status, text(at))
            case events.Refund(number, key, sku, fen, at):
                return refund(number, key, fen, text(at), sku)
            case events.CloseMonth(month):
                return f"closeMonth(month: {quoted(month)}) {ERRORS}"
            case events.Approve(payouts):
                return f"approvePayouts(ids: {self._ids(payouts)}) {ERRORS}"
            case events.Confirm(payouts, at):
                return f"confirmPayouts(ids: {self._ids(payouts)} at: {quoted(text(at))}) {ERRORS}"
            case events.Fail(payouts, at):
                return f'failPayouts(ids: {self._ids(payouts)} reason: "no" at: {quoted(text(at))}) {ERRORS}'
        raise AssertionError(event)

    def _ids(self, payouts: Iterable[int]) -> str:
        return "[" + " ".join(quoted(self.payout_ids[number]) for number in payouts) + "]"

    async def observed(self, codes: Iterable[str], months: Iterable[str]) -> Json:
        """What `expected` must equal; whatever must be 0 is 0."""
        earned = " ".join(f'm{index}: earnings(month: "{month}") {{ {EARNED} }}' for index, month in enumerate(months))
        asked = " ".join(
            f"p{index}: promoter(code: {quoted(code)}) {{ ...money {earned} }}" for index, code in enumerate(codes)
        )
        answer, ledger = await asyncio.gather(
            self.api.ask(f"{{ {asked} {PAYOUTS} ledgerCheck {{ sumFen unbalancedPostings }} }} {MONEY}"),
            self.query(LEDGER),
        )
        return {
            "promoters": {code: _promoter(answer[f"p{index}"], months) for index, code in enumerate(codes)},
            "payouts": self._payouts(answer["payouts"]),
            "accounts": _accounts(ledger[0]["postings"]),
            "zero": [*answer["ledgerCheck"].values(), *(ledger[0][name] for name in ZERO)],
        }

    def _payouts(self, connection: Json) -> list[Json]:
        numbers = {id: number for number, id in enumerate(self.payout_ids)}
        nodes = sorted((edge["node"] for edge in connection["edges"]), key=lambda node: numbers[node["id"]])
        assert len(nodes) == len(self.payout_ids), (nodes, self.payout_ids)
        return [{name: node[name] for name in PAYOUT_FIELDS} | {"code": node["promoter"]["code"]} for node in nodes]


ERRORS = "{ errors { code message } }"
ZERO = ("unbalanced", "paid_twice", "wrong_gross")
PAYOUT_FIELDS = ("status", "grossFen", "taxFen", "netFen")


def text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _promoter(answer: Json, months: Iterable[str]) -> Json:
    return {
        "status": answer["status"],
        "rank": answer["rank"],
        "balance": answer["balance"],
        "earnings": {month: answer[f"m{index}"] for index, month in enumerate(months)},
    }


def _accounts(postings: list[Any]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for accounts, amounts_fen in postings:
        for account, fen in zip(accounts, amounts_fen, strict=True):
            sums[account] = sums.get(account, 0) + fen
    return {account: fen for account, fen in sums.items() if fen}

"""The bridge between order states and the graph: load, note every consequence, append all of it in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cypher import orders
from cypher.store import Transaction
from graph_api.actions.entries import Appended, Group, Source, Voided
from graph_api.actions.payouts import absorb_debts
from graph_api.rules.chain import PersonHistory, Referral
from graph_api.rules.commission import Frozen
from graph_api.rules.order import Changes, OrderLine, OrderState, Refund, Release, SalesChange
from graph_api.rules.plan import SettleFrom


@dataclass(slots=True)
class Noted:
    """One order in work: its state, what changed, and whether it is new."""

    state: OrderState
    changes: Changes
    new: bool
    extra: dict[str, Any] = field(default_factory=dict)
    seller_before: str | None = None
    voided: dict[Group, Voided] = field(default_factory=dict)
    seq: int = 0
    at: int = 0

    @property
    def codes(self) -> list[str]:
        """Whose facts change: the seller, now and before, and every receiver, who may be above it no more."""
        receivers = [entry.promoter_code for _, entry in self.changes.entries]
        return [self.state.seller_code or "", self.seller_before or "", *receivers]


@dataclass(slots=True)
class OrderBook:
    """Orders in work within one transaction; `write` appends everything at once."""

    locked_codes: set[str] = field(default_factory=set)
    noted: dict[str, Noted] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    def add(self, state: OrderState, *, extra: Mapping[str, Any]) -> Noted:
        """A new order; `extra`: properties that no rule looks at."""
        self.noted[state.number] = Noted(state, Changes(), new=True, extra=dict(extra))
        return self.noted[state.number]

    async def open(self, transaction: Transaction, numbers: Iterable[str]) -> None:
        """Load orders that are not in work yet; absent ones stay absent."""
        wanted = sorted(set(numbers) - self.noted.keys())
        if not wanted:
            return
        self.take((await orders.load(transaction, numbers=wanted)).orders)

    def take(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Orders as loaded, each {properties, lines, refunds, voided, locked_codes}."""
        for row in rows:
            state = state_of(row["properties"], row["lines"], row["refunds"])
            self.noted[state.number] = Noted(
                state,
                Changes(),
                new=False,
                seller_before=state.seller_code,
                voided={Group(*key): Voided(fen, review) for *key, fen, review in row["voided"]},
            )
            self.locked_codes |= set(row["locked_codes"])

    def sales(self) -> list[SalesChange]:
        """Own-sales changes of all orders in work, summed by promoter and month."""
        sums: dict[tuple[str, int], list[int]] = {}
        for noted in self.noted.values():
            for change in noted.changes.sales:
                total = sums.setdefault((change.promoter_code, change.month), [0, 0, 0])
                for index, part in enumerate((change.orders, change.volume_fen, change.refunded_fen)):
                    total[index] += part
        return [SalesChange(code, month, *total) for (code, month), total in sorted(sums.items()) if any(total)]

    async def write(self, transaction: Transaction) -> None:
        """Append and change everything that is in work; entries are numbered within their order's journal position."""
        appended = {number: self._appended(noted, transaction.recorded_at) for number, noted in self.noted.items()}
        await orders.append(
            transaction,
            **self._rows(appended),
            postings=[posting for each in appended.values() for posting in each.postings],
        )
        await absorb_debts(transaction, [id for each in appended.values() for id in each.debts])

    def _appended(self, noted: Noted, posted_at: int) -> Appended:
        appended = Appended()
        appended.extend(_source(noted, posted_at), noted.changes.entries, locked_codes=self.locked_codes)
        return appended

    def _rows(self, appended: Mapping[str, Appended]) -> dict[str, Any]:
        """Parameters of `orders.append` but for postings."""
        new = [noted for noted in self.noted.values() if noted.new]
        changed = [noted for noted in self.noted.values() if not noted.new]
        resold = [n for n in changed if n.seller_before != n.state.seller_code]
        return {
            "buyers": _buyer_rows(new),
            "orders": [_order_row(noted, appended[noted.state.number].commissions) for noted in new],
            "changed_orders": [{"number": n.state.number, "properties": order_properties(n.state)} for n in changed],
            "changed_lines": [
                {
                    "number": n.state.number,
                    "line_index": index,
                    "properties": {"refunded_fen": line.refunded_fen, "refunded_at": line.refunded_at},
                }
                for n in changed
                for index, line in enumerate(n.state.lines)
            ],
            "unsold": [n.state.number for n in resold if n.seller_before is not None],
            "sold": [
                {"number": n.state.number, "seller_code": n.state.seller_code}
                for n in resold
                if n.state.seller_code is not None
            ],
            "sales": [change._asdict() for change in self.sales()],
            "commissions": [row for n in changed for row in appended[n.state.number].commissions],
            "events": self.events,
        }


def _source(noted: Noted, posted_at: int) -> Source:
    state = noted.state
    return Source(
        seq=noted.seq,
        number=state.number,
        month=state.month,
        plan_version=state.plan_version,
        at=noted.at,
        posted_at=posted_at,
        release=state.release,
        voided=noted.voided,
    )


def _order_row(noted: Noted, commissions: list[dict[str, Any]]) -> dict[str, Any]:
    """A new order with its lines and entries."""
    state = noted.state
    return {
        "buyer_code": state.buyer_code,
        "seller_code": state.seller_code,
        "properties": order_properties(state) | noted.extra | {"seq": noted.seq},
        "lines": [
            {"sku": line.sku, "properties": line_properties(line) | {"line_index": index}}
            for index, line in enumerate(state.lines)
        ],
        "commissions": commissions,
    }


def order_properties(state: OrderState) -> dict[str, Any]:
    """An order node's properties that rules decide."""
    frozen = state.frozen
    return {
        "number": state.number,
        "buyer_code": state.buyer_code,
        "given_code": state.given_code,
        "paid_at": state.paid_at,
        "month": state.month,
        "paid_fen": state.paid_fen,
        "refunded_fen": state.refunded_fen,
        "status": str(state.status),
        "shipped_at": state.shipped_at,
        "delivered_at": state.delivered_at,
        "observed_until": state.observed_until,
        "pending_until": None if state.completed else state.observed_until,
        "cancelled_at": state.cancelled_at,
        "completed": state.completed,
        "settle_from": str(state.settle_from),
        "settlement_days": state.settlement_days,
        "pending_release_at": state.release_at if state.release is None else None,
        "commissionable": frozen.commissionable,
        "plan_version": state.plan_version,
        "observation_days": state.observation_days,
        "seller_code": state.seller_code,
        "chain_codes": list(frozen.chain_codes),
        "receiver_codes": list(frozen.receiver_codes),
        "override_bps": list(frozen.override_bps),
    }


def line_properties(line: OrderLine) -> dict[str, Any]:
    """A CONTAINS relationship's properties."""
    return {
        "quantity": line.quantity,
        "paid_fen": line.paid_fen,
        "refunded_fen": line.refunded_fen,
        "refunded_at": line.refunded_at,
        "base_bp": line.base_bp,
    }


def refund_of(event: Mapping[str, Any]) -> Refund:
    """The refund that an event tells."""
    return Refund(event["at"], event["key"], event.get("sku"), event["refund_fen"])


def state_of(
    properties: Mapping[str, Any],
    lines: Iterable[Mapping[str, Any]],
    refunds: Iterable[Mapping[str, Any]],
) -> OrderState:
    """The order that a node, its lines and its refund events hold."""
    receivers = properties["receiver_codes"]
    rates_bp = properties["override_bps"]
    return OrderState(
        number=properties["number"],
        buyer_code=properties["buyer_code"],
        given_code=properties.get("given_code"),
        paid_at=properties["paid_at"],
        plan_version=properties["plan_version"],
        observation_days=properties["observation_days"],
        settle_from=SettleFrom(properties["settle_from"]),
        settlement_days=properties["settlement_days"],
        lines=[
            OrderLine(
                sku=row["sku"],
                quantity=row["line"]["quantity"],
                paid_fen=row["line"]["paid_fen"],
                base_bp=row["line"]["base_bp"],
                refunded_fen=row["line"]["refunded_fen"],
                refunded_at=row["line"].get("refunded_at"),
            )
            for row in lines
        ],
        frozen=Frozen(
            tuple(properties["chain_codes"]),
            (receivers[0], receivers[1], receivers[2]),
            (rates_bp[0], rates_bp[1]),
            properties["commissionable"],
        ),
        refunds=sorted(refund_of(event) for event in refunds),
        shipped_at=properties.get("shipped_at"),
        delivered_at=properties.get("delivered_at"),
        cancelled_at=properties.get("cancelled_at"),
        completed=properties["completed"],
        release=_release_of(properties),
    )


def _release_of(properties: Mapping[str, Any]) -> Release | None:
    if properties.get("due_at") is None:
        return None
    return Release(properties["release_at"], properties["due_at"], bool(properties.get("due_provisional")))


async def histories(transaction: Transaction, codes: Iterable[str]) -> dict[str, PersonHistory]:
    """Promoters by code, with everybody who was ever up to two levels above them."""
    wanted = sorted(set(codes))
    if not wanted:
        return {}
    found = await orders.people(transaction, codes=wanted)
    return {
        row["code"]: PersonHistory(**row | {"referrals": [Referral(*referral) for referral in row["referrals"]]})
        for row in found.people
    }


def _buyer_rows(new: Iterable[Noted]) -> list[dict[str, Any]]:
    codeless: dict[str, bool] = {}
    for noted in new:
        state = noted.state
        codeless[state.buyer_code] = codeless.get(state.buyer_code, False) or state.given_code is None
    return [{"code": code, "codeless": flag} for code, flag in sorted(codeless.items())]

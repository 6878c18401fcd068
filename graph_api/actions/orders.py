"""Orders: record, advance, refund. The order number, or an event's key, makes every retry harmless.

An order is appended with its commission entries, its own sales and its journal entry in one transaction. An event that
comes before its order is parked, and applied when the order comes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import structlog

from cypher import orders, plans
from cypher.gathering import Gathering
from cypher.products import ProductRow
from cypher.store import Store, Transaction
from graph_api.actions.attribution import attribute_codeless
from graph_api.actions.order_book import Noted, OrderBook, histories, refund_of
from graph_api.actions.outcome import RECORDED, UNCHANGED, Outcome, refused
from graph_api.actions.tiers import adjust_closed_months
from graph_api.errors import Conflict, DomainError, Invalid, NotFound, OutOfBounds, OverRefund, WrongState
from graph_api.rules.chain import PersonHistory, chain_at
from graph_api.rules.codes import code_error, text_error
from graph_api.rules.commission import frozen_at_sale
from graph_api.rules.order import (
    ADVANCES,
    OrderLine,
    OrderState,
    OrderStatus,
    attribute,
)
from graph_api.rules.order import (
    advance as advance_state,
)
from graph_api.rules.order import (
    refund as refund_state,
)
from graph_api.rules.plan import Plan, plan_in_force

log = structlog.get_logger("promograph.orders")

ORDER_FEN_MAX = 10**15
"""Ten trillion yuan: above any order, and sums of nine thousand such orders still fit into 64 bits."""
QUANTITY_MAX = 2**31 - 1
LINES_MAX = 200


@dataclass(frozen=True, slots=True)
class NewLine:
    sku: str
    quantity: int
    paid_fen: int


@dataclass(frozen=True, slots=True)
class LineRefund:
    sku: str
    refund_fen: int
    at: int


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as told from outside; `delivered_at` and `refunds` when it is told late, as by an import."""

    number: str
    buyer_code: str
    promoter_code: str | None
    lines: tuple[NewLine, ...]
    paid_at: int
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    delivered_at: int | None = None
    refunds: tuple[LineRefund, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Equal for equal content, in whatever order the lines are told; another one under the number is a conflict."""
        lines = sorted([line.sku, line.quantity, line.paid_fen] for line in self.lines)
        utm = [self.utm_source, self.utm_medium, self.utm_campaign]
        content = [self.buyer_code, self.promoter_code, lines, self.paid_at, utm]
        return sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:32]


class Recording(NamedTuple):
    """What one caller records, and in whose name."""

    new_orders: Sequence[NewOrder]
    actor: str


async def record(store: Store, new_orders: Sequence[NewOrder], *, actor: str, now: int) -> list[Outcome]:
    """Record orders; each stands or falls alone, and the same order again is `unchanged`.

    Callers at one time share a transaction; Overloaded if too many orders wait.
    """
    return await RECORDING.ask(store, Recording(new_orders, actor), now=now)


async def record_all(transaction: Transaction, recordings: Sequence[Recording]) -> list[list[Outcome]]:
    """Record what several callers tell, all orders of one actor at once."""
    outcomes: list[list[Outcome]] = [[] for _ in recordings]
    for actor in dict.fromkeys(recording.actor for recording in recordings):
        places = [place for place, recording in enumerate(recordings) if recording.actor == actor]
        recorder = await _Recorder.prepare(
            transaction, [order for place in places for order in recordings[place].new_orders]
        )
        for place in places:
            outcomes[place] = [recorder.take(order) for order in recordings[place].new_orders]
        await recorder.finish(transaction, actor=actor)
    return outcomes


RECORDING = Gathering(record_all, rows=lambda recording: len(recording.new_orders))


async def advance(
    store: Store, *, number: str, status: str, at: int, actor: str, now: int
) -> Literal["recorded", "unchanged", "parked"]:
    """Ship, deliver or cancel an order; parked when it comes before its order."""
    target = OrderStatus(status)
    if target not in ADVANCES:
        raise Invalid(f"an order is not advanced to {status}", field=["status"])
    event = {
        "key": f"advance:{number}:{target}",
        "order_number": number,
        "kind": str(target),
        "at": at,
    }
    return await _apply(store, event, actor=actor, now=now)


async def refund(
    store: Store, *, number: str, key: str, sku: str | None, refund_fen: int, at: int, actor: str, now: int
) -> Literal["recorded", "unchanged", "parked"]:
    """Refund an order or one line of it; parked when it comes before its order."""
    error = code_error(key, field="key")
    if error is not None:
        raise error
    if refund_fen < 1:
        raise Invalid("refundFen must be positive", field=["refundFen"])
    if refund_fen > ORDER_FEN_MAX:
        raise OverRefund(f"{refund_fen} fen is more than the {ORDER_FEN_MAX} of the largest order", field=["refundFen"])
    event = {
        "key": f"refund:{key}",
        "order_number": number,
        "kind": "REFUND",
        "sku": sku,
        "refund_fen": refund_fen,
        "at": at,
    }
    return await _apply(store, event, actor=actor, now=now)


async def _apply(
    store: Store, event: dict[str, Any], *, actor: str, now: int
) -> Literal["recorded", "unchanged", "parked"]:
    number = event["order_number"]
    error = code_error(number, field="number")
    if error is not None:
        raise error

    async def work(transaction: Transaction) -> Literal["recorded", "unchanged", "parked"]:
        facts = await orders.event_facts(transaction, key=event["key"], number=number)
        if facts.known:
            return _repeated(event, facts.known[0])
        book = OrderBook()
        book.take(facts.orders)
        noted = book.noted.get(number)
        if noted is None:
            book.events.append(event | {"state": "PARKED", "seq": transaction.seq + 1})
            transaction.journal("event_parked", at=event["at"], actor=actor, **_event_facts(event))
            await book.write(transaction)
            return "parked"
        if not apply_event(noted, event):
            return "unchanged"
        book.events.append(event | {"state": "APPLIED", "seq": transaction.seq + 1})
        journal_order(
            transaction,
            noted,
            f"order_{event['kind'].lower()}",
            at=event["at"],
            actor=actor,
            **_event_facts(event),
        )
        await book.write(transaction)
        await adjust_closed_months(
            transaction,
            book.sales(),
            closed_months=set(facts.closed_months),
            number=number,
            actor=actor,
        )
        return "recorded"

    return await store.write(work, now=now)


def apply_event(noted: Noted, event: Mapping[str, Any]) -> bool:
    """Apply a refund, shipment, delivery or cancellation; False if it changes nothing. Refusals are raised."""
    if event["kind"] == "REFUND":
        refund_state(noted.state, noted.changes, refund_of(event))
        return True
    return advance_state(noted.state, noted.changes, status=OrderStatus(event["kind"]), at=event["at"])


def journal_order(transaction: Transaction, noted: Noted, kind: str, *, at: int, actor: str, **facts: Any) -> None:
    """Give the order's event its journal position, with the own sales it changes."""
    noted.at = at
    noted.seq = transaction.journal(
        kind,
        at=at,
        actor=actor,
        codes=noted.codes,
        number=noted.state.number,
        sales=[list(change) for change in noted.changes.sales],
        **facts,
    )


def _event_facts(event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name in ("key", "sku", "refund_fen", "order_number")}


def _repeated(event: Mapping[str, Any], known: Mapping[str, Any]) -> Literal["unchanged", "parked"]:
    same = all(event.get(name) == known.get(name) for name in ("order_number", "kind", "sku", "refund_fen", "at"))
    if not same:
        raise Conflict("the key was used for other content", field=["key"])
    if known["state"] == "REFUSED":
        raise WrongState(f"refused when the order came: {known.get('refusal')}", field=["key"])
    return "parked" if known["state"] == "PARKED" else "unchanged"


class _Recorder:
    """One batch of orders in work."""

    def __init__(
        self,
        facts: orders.OrderFacts,
        people: dict[str, PersonHistory],
    ) -> None:
        self._fingerprints = {row["number"]: row["fingerprint"] for row in facts.orders}
        self._parked: dict[str, list[dict[str, Any]]] = {}
        for event in sorted(facts.parked, key=lambda event: (event["at"], event["key"])):
            self._parked.setdefault(event["order_number"], []).append(event)
        self._products = {row["sku"]: ProductRow(**row) for row in facts.products}
        self._plans = [plans.plan_of(row) for row in facts.plans]
        self._closed_months = set(facts.closed_months)
        self._codeless_buyers = set(facts.codeless_buyers)
        self._people = people
        self._book = OrderBook(locked_codes={person.code for person in people.values() if person.status == "LOCKED"})
        self._touched: set[str] = set()
        self._told: set[str] = set()

    @classmethod
    async def prepare(cls, transaction: Transaction, new_orders: Sequence[NewOrder]) -> _Recorder:
        facts = await orders.facts(
            transaction,
            numbers=sorted({order.number for order in new_orders}),
            skus=sorted({line.sku for order in new_orders for line in order.lines}),
            buyer_codes=sorted({order.buyer_code for order in new_orders}),
        )
        people = await histories(transaction, [order.promoter_code for order in new_orders if order.promoter_code])
        recorder = cls(facts, people)
        told_more = {order.number for order in new_orders if order.delivered_at is not None or order.refunds}
        await recorder._book.open(transaction, told_more & recorder._fingerprints.keys())
        return recorder

    def take(self, order: NewOrder) -> Outcome:
        """Judge one order; what it changes is noted in the book."""
        fingerprint = order.fingerprint
        known = self._fingerprints.get(order.number)
        if known is not None:
            if known != fingerprint:
                return refused(Conflict(f"order {order.number} is recorded with other content", field=["number"]))
            return self._told_again(order)
        error = self._error(order)
        if error is not None:
            return refused(error)
        plan = plan_in_force(self._plans, order.paid_at)
        noted = self._book.add(self._state(order, plan), extra={"fingerprint": fingerprint, **_utm(order)})
        if order.promoter_code is not None:
            chain = chain_at(self._people, order.promoter_code, order.paid_at)
            attribute(noted.state, frozen_at_sale(chain, order.buyer_code, plan), noted.changes)
        parked = self._parked.get(order.number, [])
        # What was refunded of a line so far is told with it: refunds that wait for the order are a part of that.
        before = [event for event in parked if order.refunds and event["kind"] == "REFUND"]
        self._apply_parked(noted, before)
        try:
            self._tell(noted, order)
        except DomainError as refusal:
            del self._book.noted[order.number]
            return refused(refusal)
        self._fingerprints[order.number] = fingerprint
        self._told.add(order.number)
        self._apply_parked(noted, [event for event in parked if event not in before])
        if order.promoter_code is None or order.buyer_code in self._codeless_buyers:
            self._touched.add(order.buyer_code)
        if order.promoter_code is None:
            self._codeless_buyers.add(order.buyer_code)
        return RECORDED

    async def finish(self, transaction: Transaction, *, actor: str) -> None:
        """Journal and append what was taken, then see to whom code-less orders belong now."""
        book = self._book
        book.noted = {number: noted for number, noted in book.noted.items() if number in self._told}
        if not book.noted:
            return
        for noted in book.noted.values():
            kind = "order_recorded" if noted.new else "order_told"
            journal_order(transaction, noted, kind, at=noted.state.paid_at, actor=actor)
        book.events = [event for event in book.events if event["order_number"] in book.noted]
        for event in book.events:
            event["seq"] = book.noted[event["order_number"]].seq
        await book.write(transaction)
        await adjust_closed_months(
            transaction, book.sales(), closed_months=self._closed_months, number=None, actor=actor
        )
        # A coded order that came late, or after a code-less one of its buyer in this batch, binds the buyer too.
        buyers = self._touched | {
            noted.state.buyer_code
            for noted in book.noted.values()
            if noted.new and noted.state.buyer_code in self._codeless_buyers
        }
        await attribute_codeless(transaction, buyers, self._plans, actor=actor)

    def _told_again(self, order: NewOrder) -> Outcome:
        noted = self._book.noted.get(order.number)
        if noted is None:
            return UNCHANGED
        try:
            changed = self._tell(noted, order)
        except DomainError as refusal:
            return refused(refusal)
        if not changed:
            return UNCHANGED
        self._told.add(order.number)
        return RECORDED

    def _tell(self, noted: Noted, order: NewOrder) -> bool:
        """Apply delivery and refunds that were told with the order; what is known already must agree."""
        changed = False
        if order.delivered_at is not None and noted.state.delivered_at != order.delivered_at:
            changed = advance_state(noted.state, noted.changes, status=OrderStatus.DELIVERED, at=order.delivered_at)
        for told in order.refunds:
            line = next((line for line in noted.state.lines if line.sku == told.sku), None)
            if line is not None and line.refunded_fen == told.refund_fen and line.refunded_at == told.at:
                continue
            if line is not None and line.refunded_fen:
                raise Conflict(f"order {order.number} has another refund of {told.sku}", field=["refundedFen"])
            event = {
                "key": f"refund:import:{order.number}:{told.sku}",
                "order_number": order.number,
                "kind": "REFUND",
                "sku": told.sku,
                "refund_fen": told.refund_fen,
                "at": told.at,
            }
            changed = apply_event(noted, event) or changed
            self._book.events.append(event | {"state": "APPLIED"})
        return changed

    def _apply_parked(self, noted: Noted, events: Iterable[dict[str, Any]]) -> None:
        for event in events:
            try:
                apply_event(noted, event)
                state = "APPLIED"
            except DomainError as refusal:
                state = "REFUSED"
                event["refusal"] = f"{refusal.code}: {refusal.message}"
                log.error("parked event refused", order=noted.state.number, key=event["key"], reason=event["refusal"])
            self._book.events.append(event | {"state": state})

    def _state(self, order: NewOrder, plan: Plan) -> OrderState:
        return OrderState(
            number=order.number,
            buyer_code=order.buyer_code,
            given_code=order.promoter_code,
            paid_at=order.paid_at,
            plan_version=plan.version,
            observation_days=plan.observation_days,
            settle_from=plan.settle_from,
            settlement_days=plan.settlement_days,
            lines=[
                OrderLine(
                    line.sku,
                    line.quantity,
                    line.paid_fen,
                    self._products[line.sku].commission_bp_at(order.paid_at),
                )
                for line in order.lines
            ],
        )

    def _error(self, order: NewOrder) -> DomainError | None:
        error: DomainError | None = (
            code_error(order.number, field="number")
            or code_error(order.buyer_code, field="buyerCode")
            or next((e for e in map(_utm_error, _utm(order).items()) if e), None)
            or _lines_error(order.lines)
        )
        if error is not None:
            return error
        if order.promoter_code is not None and order.promoter_code not in self._people:
            return NotFound(f"no promoter {order.promoter_code!r}", field=["promoterCode"])
        unknown = next((line.sku for line in order.lines if line.sku not in self._products), None)
        return None if unknown is None else NotFound(f"no product {unknown!r}", field=["lines", "sku"])


def _lines_error(lines: Sequence[NewLine]) -> DomainError | None:
    if not 1 <= len(lines) <= LINES_MAX:
        return Invalid(f"an order has 1-{LINES_MAX} lines", field=["lines"])
    if len({line.sku for line in lines}) != len(lines):
        return Invalid("one line per sku", field=["lines", "sku"])
    for line in lines:
        if not 1 <= line.quantity <= QUANTITY_MAX:
            return OutOfBounds("quantity must be at least 1", field=["lines", "quantity"])
        if line.paid_fen < 0:
            return OutOfBounds("paidFen must not be negative", field=["lines", "paidFen"])
    if sum(line.paid_fen for line in lines) > ORDER_FEN_MAX:
        return OutOfBounds(f"an order is at most {ORDER_FEN_MAX} fen", field=["lines", "paidFen"])
    return None


def _utm(order: NewOrder) -> dict[str, str | None]:
    return {
        "utm_source": order.utm_source,
        "utm_medium": order.utm_medium,
        "utm_campaign": order.utm_campaign,
    }


def _utm_error(field_and_text: tuple[str, str | None]) -> DomainError | None:
    field, text = field_and_text
    return text_error(text, field=field)

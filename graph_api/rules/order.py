"""An order's life: what each event changes of the order, of commissions and of own sales.

`OrderState` is what the graph holds of one order; each function applies one event to it and notes the consequences
in `Changes`. Nothing here reads a clock or a store.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from graph_api.errors import DomainError, Invalid, NotFound, OverRefund, WrongState
from graph_api.rules.calendar import DAY_US, month_of
from graph_api.rules.commission import Entry, Frozen, Line, entries_for_change
from graph_api.rules.money import refund_spread_fen
from graph_api.rules.plan import SettleFrom
from graph_api.rules.settlement import released_at

UNATTRIBUTED = Frozen((), ("", "", ""), (0, 0), False)


class OrderStatus(StrEnum):
    PAID = "PAID"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    COMPLETED = "COMPLETED"
    REFUNDED = "REFUNDED"
    CANCELLED = "CANCELLED"


@dataclass(slots=True)
class OrderLine:
    """One line; its base rate is the product's at `paid_at`."""

    sku: str
    quantity: int
    paid_fen: int
    base_bp: int
    refunded_fen: int = 0
    refunded_at: int | None = None

    @property
    def net_fen(self) -> int:
        return self.paid_fen - self.refunded_fen


class Refund(NamedTuple):
    """A refund of one line, or without a sku of the whole order; ordered by instant, then key."""

    at: int
    key: str
    sku: str | None
    refund_fen: int


class Release(NamedTuple):
    """Entries were released at `release_at` and are payable from `due_at`; provisional until that year's calendar is out."""

    release_at: int
    due_at: int
    provisional: bool


@dataclass(slots=True)
class OrderState:
    """An order as recorded so far; `frozen` holds chain, receivers and override rates of the sale.

    `release` is None until a settlement has released its entries.
    """

    number: str
    buyer_code: str
    given_code: str | None
    paid_at: int
    plan_version: str
    observation_days: int
    settle_from: SettleFrom
    settlement_days: int
    lines: list[OrderLine]
    frozen: Frozen = UNATTRIBUTED
    refunds: list[Refund] = field(default_factory=list)
    shipped_at: int | None = None
    delivered_at: int | None = None
    cancelled_at: int | None = None
    completed: bool = False
    release: Release | None = None

    @property
    def month(self) -> int:
        return month_of(self.paid_at)

    @property
    def seller_code(self) -> str | None:
        return self.frozen.chain_codes[0] if self.frozen.chain_codes else None

    @property
    def paid_fen(self) -> int:
        return sum(line.paid_fen for line in self.lines)

    @property
    def refunded_fen(self) -> int:
        return sum(line.refunded_fen for line in self.lines)

    @property
    def net_fen(self) -> int:
        return self.paid_fen - self.refunded_fen

    @property
    def observed_until(self) -> int | None:
        """The end of the observation: the right of return runs from receipt."""
        return None if self.delivered_at is None else self.delivered_at + self.observation_days * DAY_US

    @property
    def release_at(self) -> int | None:
        """T: the end of the observation, or the payment under such a plan; None while it is not known."""
        return released_at(self.settle_from, paid_at=self.paid_at, observed_until=self.observed_until)

    @property
    def status(self) -> OrderStatus:
        if self.cancelled_at is not None:
            return OrderStatus.CANCELLED
        if self.refunded_fen > 0 and self.net_fen == 0:
            return OrderStatus.REFUNDED
        if self.completed:
            return OrderStatus.COMPLETED
        if self.delivered_at is not None:
            return OrderStatus.DELIVERED
        return OrderStatus.PAID if self.shipped_at is None else OrderStatus.SHIPPED


class SalesChange(NamedTuple):
    """What an event adds to a promoter's own sales of the payment's month."""

    promoter_code: str
    month: int
    orders: int
    volume_fen: int
    refunded_fen: int


@dataclass(slots=True)
class Changes:
    """Consequences of events on one order: entries to append and own sales to change, with what caused each entry."""

    entries: list[tuple[str, Entry]] = field(default_factory=list)
    sales: list[SalesChange] = field(default_factory=list)

    def net_changed(
        self, order: OrderState, lines: list[Line], *, cause: str, first: bool, orders: int, refunded_fen: int
    ) -> None:
        self.entries += [(cause, entry) for entry in entries_for_change(order.frozen, lines, first=first)]
        if order.frozen.commissionable and order.seller_code is not None:
            volume_fen = sum(line.net_after_fen - line.net_before_fen for line in lines)
            self.sales.append(SalesChange(order.seller_code, order.month, orders, volume_fen, refunded_fen))


def attribute(order: OrderState, frozen: Frozen, changes: Changes) -> None:
    """Give an order to its seller: at the sale, or when a touch that arrives late changes whose it is.

    The former receivers are taken back to 0, the new ones get what the order is worth now.
    """
    if order.frozen.chain_codes:
        lines = [Line(line.sku, line.base_bp, line.net_fen, 0) for line in order.lines]
        changes.net_changed(
            order, lines, cause="reattribution", first=False, orders=-1, refunded_fen=-order.refunded_fen
        )
    order.frozen = frozen
    sold = [Line(line.sku, line.base_bp, 0, line.paid_fen) for line in order.lines]
    changes.net_changed(order, sold, cause="sale", first=True, orders=1, refunded_fen=0)
    if order.refunded_fen:
        back = [Line(line.sku, line.base_bp, line.paid_fen, line.net_fen) for line in order.lines]
        changes.net_changed(order, back, cause="refund", first=False, orders=0, refunded_fen=order.refunded_fen)


def refund(order: OrderState, changes: Changes, told: Refund) -> None:
    """Refund a line, or without a sku the order by remaining net; more than what remains is refused.

    All refunds of the order are applied anew in the order of their instants, so that the lines end the same
    whichever refund was told first.
    """
    if told.sku is not None and all(line.sku != told.sku for line in order.lines):
        raise NotFound(f"order {order.number} has no line {told.sku!r}", field=["sku"])
    refunds = sorted([*order.refunds, told])
    if order.cancelled_at is not None and told.at > order.cancelled_at:
        raise OverRefund(f"order {order.number} was cancelled before", field=["refundFen"])
    refunded = _refunded_lines(order, refunds, new=told)
    order.refunds = refunds
    _set_refunded(order, changes, refunded, cause=told.key)


def _refunded_lines(
    order: OrderState, refunds: list[Refund], *, new: Refund | None = None
) -> list[tuple[int, int | None]]:
    """(refunded_fen, refunded_at) of each line after these refunds, and after the cancellation if there is one.

    OverRefund says what is wrong with the `new` one, also where it is a later one that does not fit any more.
    """
    refunded_fen = [0] * len(order.lines)
    refunded_at: list[int | None] = [None] * len(order.lines)
    for told in refunds:
        open_lines = [i for i, line in enumerate(order.lines) if told.sku in (None, line.sku)]
        remaining_fen = [order.lines[i].paid_fen - refunded_fen[i] for i in open_lines]
        if told.refund_fen > sum(remaining_fen):
            raise _over_refund(order, told, sum(remaining_fen), new=new or told)
        for i, part_fen in zip(open_lines, refund_spread_fen(remaining_fen, told.refund_fen), strict=True):
            if part_fen:
                refunded_fen[i] += part_fen
                refunded_at[i] = told.at
    if order.cancelled_at is not None:
        for i, line in enumerate(order.lines):
            if refunded_fen[i] < line.paid_fen:
                refunded_fen[i], refunded_at[i] = line.paid_fen, order.cancelled_at
    return list(zip(refunded_fen, refunded_at, strict=True))


def _over_refund(order: OrderState, refused: Refund, remaining_fen: int, *, new: Refund) -> OverRefund:
    if refused is not new:
        paid_fen = sum(line.paid_fen for line in order.lines if new.sku in (None, line.sku))
        remaining_fen = paid_fen - sum(one.refund_fen for one in order.refunds if new.sku in (None, one.sku))
    if new.refund_fen > remaining_fen:
        return OverRefund(f"{new.refund_fen} fen is more than the {remaining_fen} that remain", field=["refundFen"])
    return OverRefund(
        f"{new.refund_fen} fen at this instant leave too little for what was refunded later: name a line", field=["sku"]
    )


def _set_refunded(order: OrderState, changes: Changes, refunded: list[tuple[int, int | None]], *, cause: str) -> None:
    before_fen = order.refunded_fen
    changed: list[Line] = []
    for line, (refunded_fen, refunded_at) in zip(order.lines, refunded, strict=True):
        if refunded_fen != line.refunded_fen:
            changed.append(Line(line.sku, line.base_bp, line.net_fen, line.paid_fen - refunded_fen))
        line.refunded_fen, line.refunded_at = refunded_fen, refunded_at
    refunded_now_fen = order.refunded_fen - before_fen
    changes.net_changed(order, changed, cause=cause, first=False, orders=0, refunded_fen=refunded_now_fen)


def advance(order: OrderState, changes: Changes, *, status: OrderStatus, at: int) -> bool:
    """Ship, deliver or cancel; False if that was recorded already. Late news of an earlier step is filled in.

    A cancellation takes back whatever is left of the order.
    """
    if status not in ADVANCES:
        raise Invalid(f"an order is not advanced to {status}", field=["status"])
    error = _advance_error(order, status, at)
    if error is not None:
        raise error
    known = {
        OrderStatus.SHIPPED: order.shipped_at,
        OrderStatus.DELIVERED: order.delivered_at,
        OrderStatus.CANCELLED: order.cancelled_at,
    }[status]
    if known is not None:
        if known != at:
            raise WrongState(f"order {order.number} is {status} at another instant already", field=["at"])
        return False
    if status is OrderStatus.SHIPPED:
        order.shipped_at = at
    elif status is OrderStatus.DELIVERED:
        order.delivered_at = at
    else:
        order.cancelled_at = at
        _set_refunded(order, changes, _refunded_lines(order, order.refunds), cause="cancellation")
    return True


ADVANCES = (OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.CANCELLED)


def _advance_error(order: OrderState, status: OrderStatus, at: int) -> DomainError | None:
    if at < order.paid_at:
        return Invalid("at lies before the payment", field=["at"])
    if order.cancelled_at is not None and status is not OrderStatus.CANCELLED:
        return WrongState(f"order {order.number} is cancelled", field=["status"])
    if status is OrderStatus.CANCELLED and order.delivered_at is not None:
        return WrongState(f"order {order.number} is delivered; refund it instead", field=["status"])
    if status is OrderStatus.SHIPPED and order.delivered_at is not None and at > order.delivered_at:
        return WrongState(f"order {order.number} was delivered before", field=["status"])
    if status is OrderStatus.DELIVERED and order.shipped_at is not None and at < order.shipped_at:
        return WrongState(f"order {order.number} was shipped later", field=["at"])
    return None

"""One order as the oracle sees it: what of each line is left, and what each receiver is due for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.money.events import Plan, Refund
from tests.oracle.oracle import month_of, share, spread

Target = dict[tuple[str, int, str], int]
"""(receiver, level, sku) → fen."""


class Refused(Exception):
    """The event changes nothing; the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Receiver:
    """Who earns at a level; the seller, at level 0, earns the product's rate."""

    code: str
    level: int
    override_bp: int


@dataclass
class Order:
    number: str
    buyer: str
    given: str | None
    lines: dict[str, int]
    paid_at: datetime
    plan: Plan
    seller: str | None = None
    receivers: list[Receiver] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    cancelled_at: datetime | None = None
    completed: bool = False
    due_at: datetime | None = None

    @property
    def month(self) -> str:
        return month_of(self.paid_at)

    @property
    def counts(self) -> bool:
        return self.seller is not None and self.seller != self.buyer

    @property
    def observed_until(self) -> datetime | None:
        return self.delivered_at + timedelta(days=self.plan.observation_days) if self.delivered_at else None

    @property
    def released_from(self) -> datetime | None:
        return self.paid_at if self.plan.settle_from == "PAYMENT" else self.observed_until

    def nets(self) -> dict[str, int]:
        """What is left of each line: all refunds from the beginning, then the cancellation."""
        nets = dict(self.lines)
        for refund in sorted(self.refunds, key=lambda refund: (refund.at, refund.key)):
            skus = [sku for sku in nets if refund.sku in (None, sku)]
            if refund.fen > sum(nets[sku] for sku in skus):
                raise Refused("OVER_REFUND")
            for sku, part in zip(skus, spread(refund.fen, [nets[sku] for sku in skus]), strict=True):
                nets[sku] -= part
        return dict.fromkeys(nets, 0) if self.cancelled_at else nets

    @property
    def net_fen(self) -> int:
        return sum(self.nets().values())

    def targets(self, rates: dict[str, int], nets: dict[str, int]) -> Target:
        """What each receiver is due of these nets."""
        return {
            (receiver.code, receiver.level, sku): share(fen, receiver.override_bp if receiver.level else rates[sku])
            for receiver in self.receivers
            for sku, fen in nets.items()
        }

    def refund(self, refund: Refund) -> None:
        if refund.sku is not None and refund.sku not in self.lines:
            raise Refused("NOT_FOUND")
        if self.cancelled_at is not None and refund.at > self.cancelled_at:
            raise Refused("OVER_REFUND")
        self.refunds.append(refund)
        cancelled_at, self.cancelled_at = self.cancelled_at, None
        try:
            self.nets()
        except Refused:
            self.refunds.remove(refund)
            raise
        finally:
            self.cancelled_at = cancelled_at

    def advance(self, status: str, at: datetime) -> None:
        if at < self.paid_at:
            raise Refused("INVALID")
        if self.cancelled_at is not None and status != "CANCELLED":
            raise Refused("WRONG_STATE")
        if status == "CANCELLED":
            if self.delivered_at is not None:
                raise Refused("WRONG_STATE")
            self.cancelled_at = at
        elif status == "SHIPPED":
            if self.delivered_at is not None and at > self.delivered_at:
                raise Refused("WRONG_STATE")
            self.shipped_at = at
        else:
            if self.shipped_at is not None and at < self.shipped_at:
                raise Refused("WRONG_STATE")
            self.delivered_at = at


@dataclass
class Entry:
    """`group`: (order number, receiver, level, sku), or ("TIER", promoter, month). `cause`: the order it comes from."""

    code: str
    group: tuple[object, ...]
    kind: str
    fen: int
    month: str
    cause: str | None
    state: str = "OBSERVING"
    due_at: datetime | None = None
    payout: int | None = None
    tier_from: datetime | None = None


@dataclass
class Payout:
    number: int
    code: str
    month: str
    as_of: datetime
    min_fen: int
    gross_fen: int
    tax_fen: int = 0
    status: str = "CREATED"
    finished_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        return self.status not in ("FAILED", "EXPIRED")

    @property
    def is_on_the_way(self) -> bool:
        return self.status in ("APPROVED", "SENT", "AWAITING_RECEIPT")

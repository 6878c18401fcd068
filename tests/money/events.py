"""What can happen, as plain facts: the oracle applies them, the service is told them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Plan:
    """One version from its start on; a field is the contract's."""

    version: str = "machine"
    settle_from: str = "OBSERVATION_END"
    observation_days: int = 7
    settlement_days: int = 3
    payout_min_fen: int = 100
    tier_threshold_fen: int = 5_000_000
    tier_bp: int = 500
    override_bp: tuple[tuple[int, ...], ...] = ((300, 400, 500), (300, 300, 300))
    valid_downlines: tuple[int, int] = (20, 60)
    sales_month_fen: tuple[int, int] = (1_000_000, 3_000_000)
    sales_months: int = 3


@dataclass(frozen=True)
class Enrol:
    code: str
    referrer: str | None
    joined_at: datetime


@dataclass(frozen=True)
class Bind:
    code: str
    referrer: str
    at: datetime


@dataclass(frozen=True)
class Move:
    """`referrer` None: to the root."""

    code: str
    referrer: str | None
    at: datetime
    key: str


@dataclass(frozen=True)
class Close:
    """`at` is when the service was told: there it takes its own clock."""

    code: str
    at: datetime


@dataclass(frozen=True)
class Lock:
    code: str


@dataclass(frozen=True)
class Unlock:
    code: str


@dataclass(frozen=True)
class Void:
    """A review strikes out what is held."""

    code: str


@dataclass(frozen=True)
class LinkAccount:
    """Somebody, who may become a promoter later, gives a payout account of their own."""

    code: str


@dataclass(frozen=True)
class PublishContract:
    version: str


@dataclass(frozen=True)
class Accept:
    """The promoter accepts the contract of that version, or the current one."""

    code: str
    version: str = "current"


@dataclass(frozen=True)
class Touch:
    """The buyer came through the promoter's link."""

    buyer: str
    promoter: str
    at: datetime
    key: str


@dataclass(frozen=True)
class Sell:
    """`lines`: (sku, paid fen); `seller` None: whom the buyer is bound to."""

    number: str
    buyer: str
    seller: str | None
    lines: tuple[tuple[str, int], ...]
    paid_at: datetime


@dataclass(frozen=True)
class Advance:
    """`status`: SHIPPED, DELIVERED or CANCELLED."""

    number: str
    status: str
    at: datetime


@dataclass(frozen=True)
class Refund:
    number: str
    key: str
    sku: str | None
    fen: int
    at: datetime


@dataclass(frozen=True)
class CloseMonth:
    month: str


@dataclass(frozen=True)
class Settle:
    as_of: datetime


@dataclass(frozen=True)
class Approve:
    """Payouts are named as the oracle numbers them."""

    payouts: tuple[int, ...]


@dataclass(frozen=True)
class Confirm:
    payouts: tuple[int, ...]
    at: datetime


@dataclass(frozen=True)
class Fail:
    payouts: tuple[int, ...]
    at: datetime


Event = (
    Enrol
    | Bind
    | Move
    | Close
    | Lock
    | Unlock
    | Void
    | LinkAccount
    | PublishContract
    | Accept
    | Touch
    | Sell
    | Advance
    | Refund
    | CloseMonth
    | Settle
    | Approve
    | Confirm
    | Fail
)

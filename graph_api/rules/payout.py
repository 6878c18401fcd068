"""A payout's life, and whether a promoter may be paid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from graph_api.rules.calendar import DAY_US
from graph_api.rules.plan import PayoutProvider


class PayoutStatus(StrEnum):
    """In the order of its life; the last three are ends of it."""

    CREATED = "CREATED"
    APPROVED = "APPROVED"
    SENT = "SENT"
    AWAITING_RECEIPT = "AWAITING_RECEIPT"
    PAID = "PAID"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


FINAL = frozenset({PayoutStatus.PAID, PayoutStatus.FAILED, PayoutStatus.EXPIRED})
ON_THE_WAY = frozenset({PayoutStatus.APPROVED, PayoutStatus.SENT, PayoutStatus.AWAITING_RECEIPT})
LIVE = frozenset({PayoutStatus.CREATED, *ON_THE_WAY, PayoutStatus.PAID})
"""Those that hold their entries and count as income for tax: all but FAILED and EXPIRED."""

ANSWERS_US = 30 * DAY_US
"""So long WeChat answers what became of a transfer."""

RANK: Mapping[PayoutStatus, int] = {
    PayoutStatus.CREATED: 0,
    PayoutStatus.APPROVED: 1,
    PayoutStatus.SENT: 2,
    PayoutStatus.AWAITING_RECEIPT: 3,
    PayoutStatus.PAID: 4,
    PayoutStatus.FAILED: 4,
    PayoutStatus.EXPIRED: 4,
}

FROM_CREATED = frozenset({PayoutStatus.APPROVED, PayoutStatus.EXPIRED})
"""Nothing is sent that was not approved: a payout that is only created is approved or withdrawn."""


class Step(StrEnum):
    """What telling a payout a status means; only FORWARD changes it.

    STALE: late news of a stage that it has passed. REFUSED: against the rules, or two ends that contradict each other.
    """

    FORWARD = "FORWARD"
    UNCHANGED = "UNCHANGED"
    STALE = "STALE"
    REFUSED = "REFUSED"


def step(status: PayoutStatus, told: PayoutStatus) -> Step:
    """Whether a payout of `status` may become `told`: forward only, stages may be skipped once it is approved.

    >>> [str(step(PayoutStatus.SENT, told)) for told in (PayoutStatus.PAID, PayoutStatus.SENT, PayoutStatus.APPROVED)]
    ['FORWARD', 'UNCHANGED', 'STALE']
    >>> str(step(PayoutStatus.FAILED, PayoutStatus.PAID)), str(step(PayoutStatus.CREATED, PayoutStatus.SENT))
    ('REFUSED', 'REFUSED')
    """
    if told is status:
        return Step.UNCHANGED
    if RANK[told] < RANK[status]:
        return Step.STALE
    if status in FINAL or (status is PayoutStatus.CREATED and told not in FROM_CREATED):
        return Step.REFUSED
    return Step.FORWARD


def is_told_by_people(provider: PayoutProvider, status: PayoutStatus, *, asked_at: int | None, now: int) -> bool:
    """Whether people may say how a payout ended: not while its provider, once asked to pay, answers for it itself.

    WeChat answers for a transfer as long as ANSWERS_US; of one that is shared from payments, parts may be paid and stay so.

    >>> is_told_by_people(PayoutProvider.BANK_FILE, PayoutStatus.SENT, asked_at=0, now=5)
    True
    >>> [is_told_by_people(PayoutProvider.WECHAT_TRANSFER, PayoutStatus.SENT, asked_at=0, now=now) for now in (5, ANSWERS_US + 1)]
    [False, True]
    """
    if provider is PayoutProvider.BANK_FILE or status not in (PayoutStatus.SENT, PayoutStatus.AWAITING_RECEIPT):
        return True
    return provider is PayoutProvider.WECHAT_TRANSFER and asked_at is not None and now - asked_at > ANSWERS_US


class Wait(StrEnum):
    """Why a promoter's released entries stay unpaid."""

    NOTHING_DUE = "NOTHING_DUE"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    LOCKED = "LOCKED"
    NO_CONTRACT = "NO_CONTRACT"
    NO_ACCOUNT = "NO_ACCOUNT"


@dataclass(frozen=True, slots=True)
class Payable:
    """The decision on what a promoter has due: pay `gross_fen`, or wait and why."""

    gross_fen: int
    wait: Wait | None

    @property
    def pays(self) -> bool:
        return self.wait is None


PAYABLE_STATUSES = frozenset({"ACTIVE", "CLOSED"})
"""Statuses of a promoter that may be paid; one that is closed gets what was earned before."""


def decision(gross_fen: int, *, payout_min_fen: int, status: str, has_contract: bool, has_account: bool) -> Payable:
    """Whether the sum of a promoter's due entries is paid now; a debt and what is below the minimum carry on.

    >>> decision(100, payout_min_fen=100, status="CLOSED", has_contract=True, has_account=True)
    Payable(gross_fen=100, wait=None)
    >>> str(decision(99, payout_min_fen=100, status="ACTIVE", has_contract=True, has_account=True).wait)
    'BELOW_MINIMUM'
    """
    reasons = (
        (Wait.NOTHING_DUE, gross_fen <= 0),
        (Wait.BELOW_MINIMUM, gross_fen < payout_min_fen),
        (Wait.LOCKED, status not in PAYABLE_STATUSES),
        (Wait.NO_CONTRACT, not has_contract),
        (Wait.NO_ACCOUNT, not has_account),
    )
    return Payable(gross_fen, next((reason for reason, holds in reasons if holds), None))


def parts(net_fen: int, shares: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...] | None:
    """Which buyers' payments a payout is taken from: (payment, fen), in order, none above what it yielded.

    None if they cannot carry all of it: TIER has no payment, nor has an order whose payment is not known.

    >>> parts(250, [("a", 200), ("b", 100), ("c", 50)])
    (('a', 200), ('b', 50))
    >>> parts(351, [("a", 200), ("b", 100), ("c", 50)]) is None
    True
    """
    taken: list[tuple[str, int]] = []
    left_fen = net_fen
    for payment, fen in shares:
        part_fen = min(fen, left_fen)
        if part_fen > 0:
            taken.append((payment, part_fen))
            left_fen -= part_fen
    return tuple(taken) if left_fen == 0 else None

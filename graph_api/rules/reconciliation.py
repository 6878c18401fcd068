"""What a provider reported, held against our payouts: each difference by its kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from graph_api.rules.payout import PayoutStatus


class Difference(StrEnum):
    """Kinds of differences, the first of them the dearest."""

    UNKNOWN_KEY = "UNKNOWN_KEY"  # paid there under a key that is no payout of ours
    TWICE_THERE = "TWICE_THERE"  # paid there more than once
    PAID_THERE_NOT_HERE = "PAID_THERE_NOT_HERE"
    PAID_HERE_NOT_THERE = "PAID_HERE_NOT_THERE"
    OTHER_AMOUNT = "OTHER_AMOUNT"
    OTHER_PROVIDER = "OTHER_PROVIDER"  # paid there, and here it went through another provider
    CONTRADICTED_THERE = "CONTRADICTED_THERE"  # paid and failed there
    LEDGER = "LEDGER"  # the clearing account is not what the payouts left on it


class Line(NamedTuple):
    """A line of a provider's file about a key: money out (positive) or back (negative), or a failure (`paid` false).

    `fen` None: the file does not say how much. `source`: file and line, for people.
    """

    key: str
    reference: str
    paid: bool
    fen: int | None
    at: int
    source: str


class Ours(NamedTuple):
    """A payout as it stands here."""

    id: str
    key: str
    promoter_code: str
    provider: str | None
    status: str
    net_fen: int
    finished_at: int | None

    @property
    def is_paid(self) -> bool:
        return self.status == PayoutStatus.PAID


class Found(NamedTuple):
    """A difference with its facts."""

    kind: Difference
    key: str | None
    payout_id: str | None
    promoter_code: str | None
    status_here: str | None
    there_fen: int | None
    here_fen: int | None
    source: str | None
    detail: str


@dataclass(slots=True)
class There:
    """All that a file says of one key."""

    key: str
    lines: list[Line] = field(default_factory=list)

    @property
    def reference(self) -> str:
        return next((line.reference for line in self.lines if line.reference), "")

    @property
    def times_paid(self) -> int:
        """Payments less those that came back."""
        return sum(-1 if line.fen is not None and line.fen < 0 else 1 for line in self.lines if line.paid)

    @property
    def is_paid(self) -> bool:
        return self.times_paid > 0

    @property
    def failed(self) -> bool:
        return any(not line.paid for line in self.lines)

    @property
    def fen(self) -> int | None:
        """The sum that left; None if a line does not say how much."""
        amounts = [line.fen for line in self.lines if line.paid]
        return None if None in amounts else sum(fen for fen in amounts if fen is not None)

    @property
    def source(self) -> str:
        return ", ".join(line.source for line in self.lines)

    def within(self, from_at: int, until_at: int) -> bool:
        """Whether a line of it lies in a period."""
        return any(from_at <= line.at < until_at for line in self.lines)


def by_key(lines: Iterable[Line]) -> dict[str, There]:
    """What is said of each key."""
    found: dict[str, There] = {}
    for line in lines:
        found.setdefault(line.key, There(line.key)).lines.append(line)
    return found


def differences(there: There, ours: Ours | None, *, provider: str) -> Iterator[Found]:
    """What a file says of a key against our payout of it; that nothing was paid there is no difference by itself.

    >>> line = Line("k", "", True, 100, 0, "bill.csv:2")
    >>> [str(found.kind) for found in differences(There("k", [line, line]), None, provider="BANK_FILE")]
    ['UNKNOWN_KEY', 'TWICE_THERE']
    """
    if not there.is_paid:
        if ours is not None and ours.is_paid:
            yield _found(Difference.PAID_HERE_NOT_THERE, there, ours, "the file says that it was not paid or came back")
        return
    if ours is None:
        yield _found(Difference.UNKNOWN_KEY, there, None, "paid under a key that no payout has")
    if there.times_paid > 1:
        yield _found(Difference.TWICE_THERE, there, ours, f"paid {there.times_paid} times")
    if there.failed:
        yield _found(
            Difference.CONTRADICTED_THERE, there, ours, "the file says both that it was paid and that it failed"
        )
    if ours is None:
        return
    if not ours.is_paid:
        yield _found(Difference.PAID_THERE_NOT_HERE, there, ours, f"the payout is {ours.status} here")
    if ours.provider != provider:
        yield _found(Difference.OTHER_PROVIDER, there, ours, f"it went through {ours.provider or 'nobody'} here")
    if there.times_paid == 1 and there.fen is not None and there.fen != ours.net_fen:
        yield _found(Difference.OTHER_AMOUNT, there, ours, f"{there.fen - ours.net_fen:+} fen there")


def missing(ours: Ours) -> Found:
    """A payout that is paid here and that no file names."""
    detail = "no line of the files names it"
    return Found(
        Difference.PAID_HERE_NOT_THERE,
        ours.key,
        ours.id,
        ours.promoter_code,
        ours.status,
        None,
        ours.net_fen,
        None,
        detail,
    )


def counts(found: Iterable[Found]) -> Mapping[str, int]:
    """How many of each kind, all kinds named."""
    told = dict.fromkeys(map(str, Difference), 0)
    for row in found:
        told[row.kind] += 1
    return told


def _found(kind: Difference, there: There, ours: Ours | None, detail: str) -> Found:
    return Found(
        kind,
        there.key,
        ours.id if ours else None,
        ours.promoter_code if ours else None,
        ours.status if ours else None,
        there.fen,
        ours.net_fen if ours else None,
        there.source,
        detail,
    )

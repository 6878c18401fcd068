"""Who earns what on an order: frozen at the sale, changed only by further entries."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from graph_api.rules.calendar import month_end
from graph_api.rules.money import share_fen
from graph_api.rules.plan import Plan, Rank


class CommissionKind(StrEnum):
    BASE = "BASE"
    TIER = "TIER"
    OVERRIDE = "OVERRIDE"
    CLAWBACK = "CLAWBACK"
    ADJUSTMENT = "ADJUSTMENT"


class UplineAt(NamedTuple):
    """A promoter of the chain (the seller first) as it stood at `paid_at`."""

    code: str
    rank: Rank
    closed: bool


class Frozen(NamedTuple):
    """What an order freezes: `receiver_codes` for the seller, level 1 and level 2 ("" = nobody), and both override rates."""

    chain_codes: tuple[str, ...]
    receiver_codes: tuple[str, str, str]
    override_bps: tuple[int, int]
    commissionable: bool


class Line(NamedTuple):
    """An order line: its base rate and what of it is net (paid − refunded), before and after an event."""

    sku: str
    base_bp: int
    net_before_fen: int
    net_after_fen: int


class Entry(NamedTuple):
    """A commission entry to append; `amount_fen` is signed, `basis_fen` the change of net it comes from."""

    promoter_code: str
    kind: CommissionKind
    level: int
    rate_bp: int
    sku: str
    basis_fen: int
    amount_fen: int


def frozen_at_sale(chain: Sequence[UplineAt], buyer_code: str, plan: Plan) -> Frozen:
    """Receivers and rates of an order sold by `chain[0]`, whose upline at `paid_at` is the rest.

    Nobody moves up in the place of a receiver that is closed or is the buyer. A purchase by the seller
    pays nobody and counts for nothing.
    """
    if not chain:
        return Frozen((), ("", "", ""), (0, 0), False)
    chain = chain[:3]
    codes = tuple(person.code for person in chain)
    rates = [
        plan.override_rate_bp(level=level, rank=chain[level].rank) if level < len(chain) else 0 for level in (1, 2)
    ]
    if chain[0].code == buyer_code:
        return Frozen(codes, ("", "", ""), (rates[0], rates[1]), False)
    receivers = [person.code if not person.closed and person.code != buyer_code else "" for person in chain]
    for level in (1, 2):
        if level < len(receivers) and rates[level - 1] == 0:
            receivers[level] = ""
    receivers += [""] * (3 - len(receivers))
    return Frozen(codes, (receivers[0], receivers[1], receivers[2]), (rates[0], rates[1]), True)


def entries_for_change(frozen: Frozen, lines: Sequence[Line], *, first: bool) -> list[Entry]:
    """Entries that take every receiver from its share of the old net to its share of the new one.

    An entry's target is share(net, bp) of each line by itself, so any split of a full refund ends at exactly 0.
    `first`: the sale itself, whose entries are BASE and OVERRIDE; later ones are CLAWBACK down, ADJUSTMENT up.
    """
    entries: list[Entry] = []
    for line in lines:
        for level, receiver in enumerate(frozen.receiver_codes):
            rate_bp = line.base_bp if level == 0 else frozen.override_bps[level - 1]
            amount_fen = share_fen(line.net_after_fen, rate_bp) - share_fen(line.net_before_fen, rate_bp)
            if not receiver or amount_fen == 0:
                continue
            kind = _kind(level=level, amount_fen=amount_fen, first=first)
            basis_fen = line.net_after_fen - line.net_before_fen
            entries.append(Entry(receiver, kind, level, rate_bp, line.sku, basis_fen, amount_fen))
    return entries


def tier_target_fen(volume_fen: int, *, threshold_fen: int, tier_bp: int) -> int:
    """The TIER of a closed month: nothing up to the threshold, then a share of the whole month.

    >>> tier_target_fen(5_000_000, threshold_fen=5_000_000, tier_bp=500)
    0
    >>> tier_target_fen(5_000_001, threshold_fen=5_000_000, tier_bp=500)
    250000
    """
    return share_fen(volume_fen, tier_bp) if volume_fen > threshold_fen else 0


def tier_owed_fen(volume_fen: int, *, month: int, closed_at: int | None, threshold_fen: int, tier_bp: int) -> int:
    """The TIER of a promoter's closed month: who is closed by the month's end gets none."""
    if closed_at is not None and closed_at < month_end(month):
        return 0
    return tier_target_fen(volume_fen, threshold_fen=threshold_fen, tier_bp=tier_bp)


def correction_kind(amount_fen: int) -> CommissionKind:
    """The kind of an entry that changes an earlier one."""
    return CommissionKind.ADJUSTMENT if amount_fen > 0 else CommissionKind.CLAWBACK


def _kind(*, level: int, amount_fen: int, first: bool) -> CommissionKind:
    if not first:
        return correction_kind(amount_fen)
    return CommissionKind.BASE if level == 0 else CommissionKind.OVERRIDE

"""Commission entries as they are appended: where their group stands, and the posting that balances them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graph_api.rules import ledger
from graph_api.rules.commission import Entry
from graph_api.rules.order import Release


class Group(NamedTuple):
    """Entries that are corrected together: a receiver's share of one line at one level; a TIER's line is ""."""

    promoter_code: str
    sku: str
    level: int


class Voided(NamedTuple):
    """What of a group is voided now, and what reviews have struck out of it: corrections move the first up to the second."""

    now_fen: int
    review_fen: int


@dataclass(frozen=True, slots=True)
class Source:
    """What entries of one event have in common; `number` None: a month's close. `at`: when the event was."""

    seq: int
    number: str | None
    month: int
    plan_version: str
    at: int
    posted_at: int
    release: Release | None
    pending_release_at: int | None = None
    voided: Mapping[Group, Voided] = field(default_factory=dict)


@dataclass(slots=True)
class Appended:
    """Rows of entries and of the posting that balances them."""

    commissions: list[dict[str, Any]] = field(default_factory=list)
    postings: list[dict[str, Any]] = field(default_factory=list)

    def extend(self, source: Source, entries: Iterable[tuple[str, Entry]], *, locked_codes: set[str]) -> None:
        """Entries of one event, numbered within its journal position, and one posting for all of them."""
        voided = dict(source.voided)
        accrued: list[tuple[str, int]] = []
        rows: list[dict[str, Any]] = []
        for cause, entry in entries:
            group = Group(entry.promoter_code, entry.sku, entry.level)
            before = voided.get(group, Voided(0, 0))
            void_fen = _void_part_fen(entry.amount_fen, before)
            if void_fen:
                voided[group] = before._replace(now_fen=before.now_fen + void_fen)
                rows.append(_row(source, entry._replace(amount_fen=void_fen), cause, len(rows), state="VOIDED"))
            if entry.amount_fen != void_fen:
                rest = entry._replace(amount_fen=entry.amount_fen - void_fen)
                state = "HELD" if entry.promoter_code in locked_codes else _state(source)
                rows.append(_row(source, rest, cause, len(rows), state=state))
                accrued.append((rest.promoter_code, rest.amount_fen))
        self.commissions += rows
        posting = ledger.accrual(accrued)
        if posting.accounts:
            self.postings.append(
                posting_row(
                    posting,
                    id=str(source.seq),
                    seq=source.seq,
                    at=source.at,
                    recorded_at=source.posted_at,
                    reference=source.number,
                )
            )

    @property
    def debts(self) -> list[str]:
        """Ids of negative entries that are payable at once."""
        return [
            row["properties"]["id"]
            for row in self.commissions
            if row["properties"]["amount_fen"] < 0 and row["properties"]["state"] == "RELEASED"
        ]


def posting_row(
    posting: ledger.Posting, *, id: str, seq: int, at: int, recorded_at: int, reference: str | None
) -> dict[str, Any]:
    """A posting as a node; `reference`: the order or the payout it comes from."""
    return {
        "id": id,
        "seq": seq,
        "kind": str(posting.kind),
        "at": at,
        "recorded_at": recorded_at,
        "accounts": list(posting.accounts),
        "amounts_fen": list(posting.amounts_fen),
        "reference": reference,
    }


def _void_part_fen(amount_fen: int, voided: Voided) -> int:
    """The part of a correction that falls on what a review has struck out: nobody is paid that, and nobody owes it.

    Down as far as something is voided, and up again as far as the review went: a refund or a touch that comes late and
    is made up for by another ends where they would have ended the other way round.

    >>> _void_part_fen(-100, Voided(30, 30)), _void_part_fen(-20, Voided(30, 30)), _void_part_fen(50, Voided(30, 30))
    (-30, -20, 0)
    >>> _void_part_fen(50, Voided(0, 30)), _void_part_fen(10, Voided(0, 30)), _void_part_fen(50, Voided(0, 0))
    (30, 10, 0)
    """
    if amount_fen < 0:
        return max(amount_fen, -voided.now_fen)
    return min(amount_fen, voided.review_fen - voided.now_fen)


def _state(source: Source) -> str:
    return "OBSERVING" if source.release is None else "RELEASED"


def _row(source: Source, entry: Entry, cause: str, index: int, *, state: str) -> dict[str, Any]:
    """A commission node; `month` is that of the payment, which is where the entry counts."""
    properties = {
        "id": f"{source.seq}-{index}",
        "kind": str(entry.kind),
        "state": state,
        "level": entry.level,
        "rate_bp": entry.rate_bp,
        "sku": entry.sku or None,
        "basis_fen": entry.basis_fen,
        "amount_fen": entry.amount_fen,
        "month": source.month,
        "plan_version": source.plan_version,
        "cause": cause,
        "posted_at": source.posted_at,
        "seq": source.seq,
    }
    if source.release is not None:
        properties |= {
            "release_at": source.release.release_at,
            "due_at": source.release.due_at,
            "due_provisional": source.release.provisional or None,
            "unpaid_due_at": source.release.due_at if state == "RELEASED" else None,
        }
    elif state != "VOIDED" and source.pending_release_at is not None:
        properties["pending_release_at"] = source.pending_release_at
    return {"promoter_code": entry.promoter_code, "number": source.number, "properties": properties}

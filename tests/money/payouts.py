"""A payout's life: lowered by debts until it is approved, final once it is paid or failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime

from tests.money import events
from tests.money.people import People
from tests.money.trade import Entry, Payout, Refused
from tests.money.withholding import tax_fen


class Payouts(People):
    """Entries and payouts; `_debts` are those that this event has posted."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []
        self.payouts: list[Payout] = []
        self._debts: list[Entry] = []

    def _absorb_debts(self) -> None:
        """Debts lower a payout that is not approved yet: that of their own order, else the newest; or end it."""
        debts, self._debts = self._debts, []
        for debt in debts:
            open_ = [
                p for p in self._payouts_of(debt.code, "CREATED") if debt.due_at is not None and debt.due_at <= p.as_of
            ]
            own = [
                p
                for p in open_
                if debt.cause is not None
                and any(e.payout == p.number and e.cause == debt.cause for e in self.entries if e is not debt)
            ]
            if open_:
                payout = (own or open_)[-1]
                payout.gross_fen += debt.fen
                debt.payout = payout.number
        for code in sorted({debt.code for debt in debts}):
            for payout in self._payouts_of(code, "CREATED"):
                if payout.gross_fen < max(1, payout.min_fen):
                    payout.tax_fen = 0
                    self._end(payout, "EXPIRED")
            self._reckon_tax(code)

    def _reckon_tax(self, code: str) -> None:
        """What is approved has withheld its part; the rest follows, the oldest first."""
        of_month: dict[str, list[Payout]] = defaultdict(list)
        for payout in self.payouts:
            if payout.code == code and payout.is_live:
                of_month[payout.month].append(payout)
        for payouts in of_month.values():
            fixed = [payout for payout in payouts if payout.status != "CREATED"]
            for payout in payouts:
                if payout.status == "CREATED":
                    income_fen = sum(each.gross_fen for each in fixed) + payout.gross_fen
                    payout.tax_fen = max(0, tax_fen(income_fen) - sum(each.tax_fen for each in fixed))
                    fixed.append(payout)

    def _end(self, payout: Payout, status: str) -> None:
        payout.status = status
        for entry in self.entries:
            if entry.payout == payout.number:
                entry.payout = None
                if self.promoters[payout.code].locked:
                    entry.state = "HELD"
        self._reckon_tax(payout.code)

    def _payouts_of(self, code: str, status: str) -> list[Payout]:
        return [payout for payout in self.payouts if payout.code == code and payout.status == status]

    def _approve(self, event: events.Approve) -> list[str]:
        return self._each(event.payouts, self._approve_one)

    def _confirm(self, event: events.Confirm) -> list[str]:
        return self._each(event.payouts, lambda payout: self._finish(payout, "PAID", event.at))

    def _fail(self, event: events.Fail) -> list[str]:
        return self._each(event.payouts, lambda payout: self._finish(payout, "FAILED", event.at))

    def _each(self, numbers: Iterable[int], work: Callable[[Payout], None]) -> list[str]:
        """Each stands or falls alone."""
        refusals = []
        for number in numbers:
            try:
                work(self.payouts[number])
            except Refused as refusal:
                refusals.append(refusal.code)
        return refusals

    def _approve_one(self, payout: Payout) -> None:
        if not payout.is_live:
            raise Refused("WRONG_STATE")
        if payout.status == "CREATED":
            if not self.may_be_paid(payout.code):
                raise Refused("WRONG_STATE")
            payout.status = "APPROVED"
            self._reckon_tax(payout.code)

    def _finish(self, payout: Payout, status: str, at: datetime) -> None:
        if payout.status == status:
            if payout.finished_at != at:
                raise Refused("CONFLICT")
            return
        if not payout.is_on_the_way:
            raise Refused("WRONG_STATE")
        payout.finished_at = at
        if status == "FAILED":
            self._end(payout, status)
            return
        payout.status = status
        for entry in self.entries:
            if entry.payout == payout.number:
                entry.state = "PAID"

"""An independent account of all money: what rules.md says, told one event after the other.

Deliberately simple: after every event whatever is owed is counted anew from the orders, and the difference to what
is posted is posted. It shares no code with the product.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from tests.money import events
from tests.money.events import Event, Plan
from tests.money.payouts import Payouts
from tests.money.trade import Entry, Order, Payout, Receiver, Refused
from tests.money.working_days import due_at
from tests.oracle.oracle import BINDING, month_after, month_end, month_of, share


class Books(Payouts):
    """Everything told so far."""

    def __init__(self, plan: Plan, rates: dict[str, int]) -> None:
        super().__init__()
        self.plan = plan
        self.rates = rates
        self.orders: dict[str, Order] = {}
        self.touches: list[events.Touch] = []
        self.parked: dict[str, list[events.Refund | events.Advance]] = defaultdict(list)
        self.refused_when_it_came: set[str] = set()
        self.closed_months: list[str] = []
        self.months_with_sales: set[str] = set()
        self.tier_due: dict[tuple[str, str], datetime] = {}
        self.struck_out: dict[tuple[object, ...], int] = defaultdict(int)

    def tell(self, event: Event) -> list[str]:
        """Apply one event and return the codes of its refusals; what is refused changes nothing."""
        try:
            refusals: list[str] | None = getattr(self, "_" + _snake(type(event).__name__))(event)
        except Refused as refusal:
            return [refusal.code]
        return refusals or []

    # Locks

    def _lock(self, event: events.Lock) -> None:
        promoter = self._promoter(event.code)
        if promoter.locked:
            return
        promoter.locked = True
        for payout in self._payouts_of(event.code, "CREATED"):
            self._end(payout, "EXPIRED")
        for entry in self.entries:
            if entry.code == event.code and entry.payout is None and entry.state != "VOIDED":
                entry.state = "HELD"

    def _unlock(self, event: events.Unlock) -> None:
        promoter = self._promoter(event.code)
        if not promoter.locked:
            return
        promoter.locked = False
        for entry in self.entries:
            if entry.code == event.code and entry.state == "HELD":
                entry.state = "OBSERVING" if entry.due_at is None else "RELEASED"

    def _void(self, event: events.Void) -> None:
        """What is held is struck out where it comes to something; debts stay."""
        if not self._promoter(event.code).locked:
            raise Refused("WRONG_STATE")
        held: dict[tuple[object, ...], list[Entry]] = defaultdict(list)
        for entry in self.entries:
            if entry.code == event.code and entry.state == "HELD":
                held[entry.group].append(entry)
        for group, entries in held.items():
            fen = sum(entry.fen for entry in entries)
            if fen > 0:
                self.struck_out[group] += fen
                for entry in entries:
                    entry.state = "VOIDED"

    # Orders

    def _sell(self, event: events.Sell) -> None:
        known = self.known.get(f"sell {event.number}")
        if known is not None:
            if known != event:
                raise Refused("CONFLICT")
            return
        if event.seller is not None:
            self._promoter(event.seller)
        self.known[f"sell {event.number}"] = event
        order = Order(event.number, event.buyer, event.seller, dict(event.lines), event.paid_at, self.plan)
        self.orders[event.number] = order
        if event.seller is not None:
            self._attribute(order, event.seller)
        for parked in sorted(self.parked.pop(event.number, []), key=lambda each: (each.at, _key(each))):
            try:
                self._happens_to(order, parked)
            except Refused:
                self.refused_when_it_came.add(_key(parked))
        self._correct_tiers()
        self._attribute_codeless(event.buyer)

    def _touch(self, event: events.Touch) -> None:
        known = self.known.get(f"touch {event.key}")
        if known is not None:
            if known != event:
                raise Refused("CONFLICT")
            return
        if self._promoter(event.promoter).status != "ACTIVE":
            raise Refused("NOT_ACTIVE")
        self.known[f"touch {event.key}"] = event
        self.touches.append(event)
        self._attribute_codeless(event.buyer)

    def _attribute_codeless(self, buyer: str) -> None:
        for each in self.orders.values():
            if each.buyer == buyer and each.given is None:
                self._attribute(each, self._bound_to(buyer, each.paid_at))
        self._absorb_debts()
        self._correct_tiers()

    def _refund(self, event: events.Refund) -> None:
        self._order_event(event, event.number)

    def _advance(self, event: events.Advance) -> None:
        self._order_event(event, event.number)

    def _order_event(self, event: events.Refund | events.Advance, number: str) -> None:
        known = self.known.get(_key(event))
        if known is not None:
            if known != event:
                raise Refused("CONFLICT")
            if _key(event) in self.refused_when_it_came:
                raise Refused("WRONG_STATE")
            return
        if number in self.orders:
            self._happens_to(self.orders[number], event)
        else:
            self.parked[number].append(event)
        self.known[_key(event)] = event
        self._correct_tiers(cause=number)

    def _happens_to(self, order: Order, event: events.Refund | events.Advance) -> None:
        if isinstance(event, events.Refund):
            order.refund(event)
        else:
            order.advance(event.status, event.at)
        self._post_differences(order)
        self._absorb_debts()

    def _attribute(self, order: Order, seller: str | None) -> None:
        """The order belongs to `seller`: what its former receivers have goes back, the new ones get theirs."""
        if order.seller == seller:
            return
        order.receivers = []
        self._post_differences(order)
        order.seller = seller
        if seller is None:
            return
        order.receivers = self._receivers(order, seller)
        if order.counts:
            self.months_with_sales.add(order.month)
        self._post_differences(order, sale=True)
        self._post_differences(order)

    def _receivers(self, order: Order, seller: str) -> list[Receiver]:
        """The seller and two levels above it, as they were at `paid_at`; nobody stands in it twice."""
        if seller == order.buyer:
            return []
        found: list[Receiver] = []
        chain: list[str] = []
        code: str | None = seller
        while code is not None and code not in chain and len(chain) < 3:
            promoter, level = self.promoters[code], len(chain)
            closed = promoter.closed_at is not None and promoter.closed_at <= order.paid_at
            rate_bp = order.plan.override_bp[level - 1][promoter.rank_at(order.paid_at)] if level else 0
            if not closed and code != order.buyer:
                found.append(Receiver(code, level, rate_bp))
            chain.append(code)
            code = promoter.referrer_at(order.paid_at)
        return found

    def _bound_to(self, buyer: str, at: datetime) -> str | None:
        """A touch or a coded order binds its buyer; a live binding is neither moved nor renewed."""
        bound: tuple[datetime, str] | None = None
        touched = [(each.at, each.key, each.promoter) for each in self.touches if each.buyer == buyer]
        coded = [
            (each.paid_at, "order:" + each.number, each.given)
            for each in self.orders.values()
            if each.buyer == buyer and each.given
        ]
        for touched_at, _, code in sorted(touched + coded):
            if touched_at <= at and (bound is None or touched_at >= bound[0] + BINDING):
                bound = (touched_at, code)
        return bound[1] if bound is not None and at < bound[0] + BINDING else None

    # Entries

    def _post_differences(self, order: Order, *, sale: bool = False) -> None:
        """`sale`: on what was paid; else what stands becomes what is due now."""
        targets = order.targets(self.rates, order.lines if sale else order.nets())
        posted: dict[tuple[str, int, str], int] = defaultdict(int)
        for entry in self.entries:
            if entry.group[0] == "ORDER" and entry.group[1] == order.number:
                posted[entry.group[2:]] += entry.fen  # type: ignore[index]
        for key in sorted({*targets, *posted}):
            code, level, sku = key
            fen = targets.get(key, 0) - posted[key]
            first = "BASE" if level == 0 else "OVERRIDE"
            kind = first if sale else "ADJUSTMENT" if fen > 0 else "CLAWBACK"
            self._post(
                Entry(
                    code,
                    ("ORDER", order.number, code, level, sku),
                    kind,
                    fen,
                    order.month,
                    order.number,
                    due_at=order.due_at,
                )
            )

    def _correct_tiers(self, *, cause: str | None = None) -> None:
        for month in self.closed_months:
            self._post_tiers(month, cause=cause)
        self._absorb_debts()

    def _post_tiers(self, month: str, *, at_close: bool = False, cause: str | None = None) -> None:
        for code, promoter in self.promoters.items():
            volume_fen = self.sales_fen(code, month)
            closed = promoter.closed_at is not None and promoter.closed_at < month_end(month)
            above = volume_fen > self.plan.tier_threshold_fen and not closed
            target_fen = share(volume_fen, self.plan.tier_bp) if above else 0
            group = ("TIER", code, month)
            fen = target_fen - sum(entry.fen for entry in self.entries if entry.group == group)
            kind = "TIER" if at_close else "ADJUSTMENT" if fen > 0 else "CLAWBACK"
            self._post(
                Entry(
                    code,
                    group,
                    kind,
                    fen,
                    month,
                    cause,
                    due_at=self.tier_due.get((code, month)),
                    tier_from=month_end(month) + timedelta(days=15),
                )
            )

    def _post(self, entry: Entry) -> None:
        """What a review has struck out goes down and up first: it is neither taken back nor paid."""
        void_fen = sum(each.fen for each in self.entries if each.group == entry.group and each.state == "VOIDED")
        below_fen = self.struck_out[entry.group] - void_fen
        part_fen = max(entry.fen, -void_fen) if entry.fen < 0 else min(entry.fen, below_fen)
        if part_fen:
            self.entries.append(replace(entry, fen=part_fen, state="VOIDED"))
            entry.fen -= part_fen
        if entry.fen == 0:
            return
        if self.promoters[entry.code].locked:
            entry.state = "HELD"
        elif entry.due_at is not None:
            entry.state = "RELEASED"
        self.entries.append(entry)
        if entry.fen < 0 and entry.state == "RELEASED":
            self._debts.append(entry)

    def sales_fen(self, code: str, month: str) -> int:
        return sum(
            order.net_fen
            for order in self.orders.values()
            if order.counts and order.seller == code and order.month == month
        )

    # Months

    def _close_month(self, event: events.CloseMonth) -> None:
        month = event.month
        if month in self.closed_months:
            return
        if any(each < month and each not in self.closed_months for each in self.months_with_sales):
            raise Refused("WRONG_STATE")
        self._complete(month_end(month))
        late = any(each > month for each in self.closed_months)
        earlier = [each for each in self.closed_months if each < month]
        closing = [month_after(max(earlier)) if earlier else month]
        while closing[-1] < month:
            closing.append(month_after(closing[-1]))
        self.closed_months += [each for each in closing if each not in self.closed_months]
        self._post_tiers(month, at_close=True)
        if not late:
            self._promote(month_end(month), month)

    def _complete(self, until: datetime) -> None:
        for order in self.orders.values():
            if order.observed_until is not None and order.observed_until <= until:
                order.completed = True

    def _promote(self, at: datetime, month: str | None) -> None:
        """One step for everybody active who has reached either route; a month's sales count at its close only.

        A step never begins before the last one: a settlement up to an earlier instant takes none.
        """
        for code, ranks in [(code, len(promoter.promoted_at)) for code, promoter in self.promoters.items()]:
            promoter = self.promoters[code]
            since = max([at, *promoter.promoted_at])
            if promoter.status != "ACTIVE" or ranks == 2 or (month is None and since in promoter.promoted_at):
                continue
            by_downlines = self.valid_downlines(code) >= self.plan.valid_downlines[ranks]
            months = _months_ending(month, self.plan.sales_months) if month else []
            by_sales = bool(months) and all(
                self.sales_fen(code, each) >= self.plan.sales_month_fen[ranks] for each in months
            )
            if by_downlines or by_sales:
                promoter.promoted_at.append(since)

    def valid_downlines(self, code: str) -> int:
        return sum(
            promoter.referrer == code
            and promoter.status == "ACTIVE"
            and any(
                order.seller == promoter.code and order.counts and order.completed and order.net_fen > 0
                for order in self.orders.values()
            )
            for promoter in self.promoters.values()
        )

    # Settlement

    def _settle(self, event: events.Settle) -> None:
        as_of = event.as_of
        self._complete(as_of)
        for order in self.orders.values():
            if order.due_at is None and order.released_from is not None and order.released_from <= as_of:
                order.due_at = due_at(order.released_from, order.plan.settlement_days)
                self._release(
                    order.due_at, (entry for entry in self.entries if entry.group[:2] == ("ORDER", order.number))
                )
        for entry in self.entries:
            if entry.tier_from is not None and entry.due_at is None and entry.tier_from <= as_of:
                due = due_at(entry.tier_from, self.plan.settlement_days)
                self.tier_due[entry.code, entry.month] = due
                self._release(due, [entry])
        self._promote(as_of, None)
        for code in sorted(self.promoters):
            payable = [
                e
                for e in self.entries
                if e.code == code
                and e.state == "RELEASED"
                and e.payout is None
                and e.due_at is not None
                and e.due_at <= as_of
            ]
            gross_fen = sum(entry.fen for entry in payable)
            if gross_fen >= max(1, self.plan.payout_min_fen) and self.may_be_paid(code):
                payout = Payout(len(self.payouts), code, month_of(as_of), as_of, self.plan.payout_min_fen, gross_fen)
                self.payouts.append(payout)
                for entry in payable:
                    entry.payout = payout.number
                self._reckon_tax(code)

    def _release(self, due: datetime, entries: Iterable[Entry]) -> None:
        for entry in entries:
            entry.due_at = due
            if entry.state == "OBSERVING":
                entry.state = "RELEASED"


def _snake(name: str) -> str:
    """
    >>> _snake("CloseMonth")
    'close_month'
    """
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).removeprefix("_")


def _key(event: events.Refund | events.Advance) -> str:
    if isinstance(event, events.Refund):
        return f"refund:{event.key}"
    return f"advance:{event.number}:{event.status}"


def _months_ending(month: str, count: int) -> list[str]:
    """
    >>> _months_ending("2026-01", 3)
    ['2025-11', '2025-12', '2026-01']
    """
    index = int(month[:4]) * 12 + int(month[5:]) - 1
    return [f"{each // 12:04d}-{each % 12 + 1:02d}" for each in range(index - count + 1, index + 1)]

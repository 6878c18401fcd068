"""Settling up to an instant: release what its time has come for, promote, and make payouts of what is due.

Each step is a transaction of bounded size under the journal lock, and finds only what is still to be done: two workers
may settle at once, one may be killed anywhere, days may have been missed, and the end is the same. A row that cannot be
settled is set aside and told; the rest goes on.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import structlog

from cypher import contracts, payouts, settlement
from cypher.store import Store, StoreExhausted, StoreTimeout, StoreUnavailable, Transaction
from graph_api.actions.months import complete_some
from graph_api.actions.payouts import live_of_year, tax_fen
from graph_api.actions.plans import in_force
from graph_api.actions.promotions import by_downlines
from graph_api.actions.requests import Request, answer_of, note, remember
from graph_api.rules.calendar import INSTANT_MIN, month_of
from graph_api.rules.payout import PayoutStatus, decision
from graph_api.rules.plan import Plan
from graph_api.rules.settlement import due
from graph_api.rules.tax import method_at
from graph_api.workdays import working

ROWS_PER_STEP = 2_000
PROMOTERS_PER_STEP = 500
STEP_TIMEOUT_SECONDS = 300.0

Work = Callable[[Transaction, Sequence[list[Any]]], Awaitable[None]]
Pending = Callable[..., Awaitable[settlement.Pending]]
Release = Callable[..., Awaitable[settlement.Released]]

log = structlog.get_logger("promograph.settlement")


class SetAside(NamedTuple):
    """A row that could not be settled: `subject` is ORDER, TIER or PROMOTER."""

    subject: str
    key: str
    reason: str


@dataclass(slots=True)
class Settled:
    """What a settlement did; `set_aside` is tried again by the next one."""

    released: int = 0
    promotions: int = 0
    payout_ids: list[str] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)


async def settle(store: Store, as_of: int, *, key: str | None = None, actor: str, now: int) -> Settled:
    """Settle up to `as_of`; doing it again changes nothing. What earlier settlements missed is caught up with.

    Under a key, the same again answers as the first time did, once that came to its end; what was released and paid is that
    of all who worked under it, at once or before one of them was killed.
    """
    request = Request("settle", key, [as_of])
    answered = await answer_of(store, request)
    if answered is not None:
        return _settled_of(answered)
    settled = await _settle(store, request, as_of, actor=actor, now=now)
    if key is None:
        return settled

    def whole(released: int, made: list[str]) -> dict[str, Any]:
        return asdict(settled) | {"released": released, "payout_ids": made}

    return _settled_of(await remember(store, request, whole, now=now))


async def _settle(store: Store, request: Request, as_of: int, *, actor: str, now: int) -> Settled:
    run = _Run(store, request, as_of, actor, now)
    while await complete_some(store, until_at=as_of, actor=actor, now=now):
        pass
    await run.redate()
    await run.release("ORDER", settlement.pending_orders, settlement.release_orders)
    await run.release("TIER", settlement.pending_tiers, settlement.release_tiers)
    await run.promote()
    await run.pay()
    return run.settled


@dataclass(slots=True)
class _Run:
    store: Store
    request: Request
    as_of: int
    actor: str
    now: int
    settled: Settled = field(default_factory=Settled)

    async def redate(self) -> None:
        """Due dates that were provisional, where their year's calendar has been announced since."""
        after = ""
        while True:
            found = await settlement.provisional(self.store, after=after, first=ROWS_PER_STEP)
            rows = [row for row in map(self._dated, found.rows) if row["provisional"] is None]
            if rows:
                await self._write(functools.partial(settlement.redate, rows=rows))
            if len(found.rows) < ROWS_PER_STEP:
                return
            after = found.rows[-1][0]

    async def release(self, subject: str, pending: Pending, release: Release) -> None:
        """Release entries, of orders or of months, whose T has come."""

        async def work(transaction: Transaction, rows: Sequence[list[Any]]) -> None:
            done = await release(transaction, rows=[self._dated(row) for row in rows])
            transaction.journal(
                "entries_released", at=self.as_of, actor=self.actor, codes=done.codes, count=done.released
            )
            self.settled.released += done.released

        while True:
            aside = [row.key for row in self.settled.set_aside if row.subject == subject]
            found = await pending(self.store, as_of=self.as_of, set_aside=aside, first=ROWS_PER_STEP)
            if not found.rows:
                return
            await self._each(subject, found.rows, work)

    async def promote(self) -> None:
        self.settled.promotions = await by_downlines(
            self.store,
            effective_at=self.as_of,
            actor=self.actor,
            now=self.now,
            timeout_seconds=STEP_TIMEOUT_SECONDS,
        )

    async def pay(self) -> None:
        """Payouts, by due date and code; whoever may not be paid yet keeps its entries released."""
        payable_at = INSTANT_MIN
        while True:
            earliest = await settlement.earliest(self.store, after=payable_at, as_of=self.as_of)
            if earliest is None:
                return
            payable_at, after = earliest.payable_at, ""
            while True:
                page = await settlement.payable_codes(
                    self.store, payable_at=payable_at, after=after, first=PROMOTERS_PER_STEP
                )
                if not page.codes:
                    break
                await self._each("PROMOTER", [[code] for code in page.codes], self._pay_some)
                after = page.codes[-1]

    async def _pay_some(self, transaction: Transaction, rows_of_codes: Sequence[list[Any]]) -> None:
        codes = [code for (code,) in rows_of_codes]
        plan = await in_force(transaction, self.as_of)
        contract = await contracts.current(transaction)
        month = month_of(self.as_of)
        found = await settlement.payables(transaction, codes=codes, as_of=self.as_of)
        ready = [row for row in found.promoters if _pays(row, plan, contract.version if contract else None)]
        if not ready:
            return
        live = await live_of_year(transaction, [row["code"] for row in ready], month // 100)
        seq = transaction.journal(
            "payouts_created", at=self.as_of, actor=self.actor, codes=[row["code"] for row in ready], count=len(ready)
        )
        rows = []
        for index, row in enumerate(ready):
            others = [payout for payout in live if payout.code == row["code"]]
            rows.append(self._payout(row, plan, month, others, id=f"{seq}-{index}", seq=seq))
        await payouts.create(transaction, rows=rows)
        await settlement.reckon_payable(transaction, codes=[row["code"] for row in ready])
        self.settled.payout_ids += [row["id"] for row in rows]

    def _payout(
        self,
        row: dict[str, Any],
        plan: Plan,
        month: int,
        others: list[payouts.TaxedPayout],
        *,
        id: str,
        seq: int,
    ) -> dict[str, Any]:
        method = method_at(plan.tax_method, self.as_of)
        withheld_fen = tax_fen(row["gross_fen"], method=method, month=month, others=others)
        return {
            "id": id,
            "key": uuid.uuid4().hex,
            "promoter_code": row["code"],
            "status": str(PayoutStatus.CREATED),
            "gross_fen": row["gross_fen"],
            "tax_fen": withheld_fen,
            "net_fen": row["gross_fen"] - withheld_fen,
            "tax_method": str(method),
            "payout_min_fen": plan.payout_min_fen,
            "month": month,
            "as_of": self.as_of,
            "created_at": self.as_of,
            "due_at": row["due_at"],
            "due_provisional": row["provisional"],
            "seq": seq,
        }

    async def _each(self, subject: str, rows: Sequence[list[Any]], work: Work) -> None:
        """Work on all rows in one transaction; if that fails, on halves of them, until the row at fault is alone.

        Also where their entries together are more than fits into one transaction.
        """
        released, made = self.settled.released, len(self.settled.payout_ids)

        async def attempt(transaction: Transaction) -> None:
            # Neo4j may run it again: what an attempt before this one counted did not happen.
            self.settled.released = released
            del self.settled.payout_ids[made:]
            await work(transaction, rows)
            done = self.settled
            await note(transaction, self.request, released=done.released - released, made=done.payout_ids[made:])

        try:
            await self._write(attempt)
        except Exception as error:
            if isinstance(error, StoreTimeout | StoreUnavailable) and not isinstance(error, StoreExhausted):
                raise
            self.settled.released = released
            del self.settled.payout_ids[made:]
            if len(rows) == 1:
                self._set_aside(subject, str(rows[0][0]), error)
                return
            middle = len(rows) // 2
            await self._each(subject, rows[:middle], work)
            await self._each(subject, rows[middle:], work)

    def _set_aside(self, subject: str, key: str, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"[:300]
        log.error("row set aside", subject=subject, key=key, reason=reason)
        self.settled.set_aside.append(SetAside(subject, key, reason))

    async def _write(self, work: Callable[[Transaction], Awaitable[Any]]) -> Any:
        return await self.store.write(work, now=self.now, timeout_seconds=STEP_TIMEOUT_SECONDS)

    def _dated(self, row: list[Any]) -> dict[str, Any]:
        """[key, T, settlement days] with the due date."""
        key, release_at, days = row
        reckoned = due(release_at, days=days, working=working)
        return {
            "key": key,
            "release_at": release_at,
            "due_at": reckoned.at,
            "provisional": reckoned.provisional or None,
            "settlement_days": days,
        }


def _settled_of(answer: dict[str, Any]) -> Settled:
    return Settled(**answer | {"set_aside": [SetAside(*row) for row in answer["set_aside"]]})


def _pays(row: dict[str, Any], plan: Plan, contract_version: str | None) -> bool:
    has_contract = contract_version is not None and row["contract_version"] == contract_version
    judged = decision(
        row["gross_fen"],
        payout_min_fen=plan.payout_min_fen,
        status=row["status"],
        has_contract=has_contract,
        has_account=row["has_account"],
    )
    return judged.pays

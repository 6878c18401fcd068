"""Reconciliation: what a provider's files say was paid, our payouts, and the ledger's clearing account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cypher import ledger, reconciliation
from cypher.store import Store
from graph_api.rules.calendar import INSTANT_MIN
from graph_api.rules.ledger import CLEARING
from graph_api.rules.reconciliation import Difference, Found, Line, Ours, There, by_key, differences, missing

KEYS_PER_PAGE = 500
PAYOUTS_PER_PAGE = 1_000
POSTINGS_PER_PAGE = 5_000
READS_MAX = 3
"""How often the ledger is read again if somebody wrote meanwhile."""


@dataclass(slots=True)
class Reconciled:
    """Sums of the period, and each difference. `there`: of the files; `here`: of payouts finished in the period."""

    paid_there: int = 0
    paid_there_fen: int = 0
    paid_here: int = 0
    paid_here_fen: int = 0
    found: list[Found] = field(default_factory=list)


async def reconcile(store: Store, lines: Sequence[Line], *, provider: str, from_at: int, until_at: int) -> Reconciled:
    """Hold a provider's lines of a period against the payouts of it, and the whole clearing account against all payouts.

    A payout that is finished here near the period's ends may be named by a line outside it: every line counts for that.
    """
    told = by_key(lines)
    ours = await _ours(store, told, provider)
    done = Reconciled()
    for key, there in told.items():
        if there.within(from_at, until_at):
            done.found += differences(there, ours.get(key), provider=provider)
            if there.is_paid:
                done.paid_there += 1
                done.paid_there_fen += there.fen or 0
    named = {payout.id for payout in ours.values()}
    after = (from_at, "")
    while True:
        page = await reconciliation.paid(
            store, after_at=after[0], after_id=after[1], until_at=until_at, provider=provider, first=PAYOUTS_PER_PAGE
        )
        for wanted, *row in page.rows:
            payout = Ours(*row)
            if wanted is not None:
                done.paid_here += 1
                done.paid_here_fen += payout.net_fen
                if payout.id not in named:
                    done.found.append(missing(payout))
        if len(page.rows) < PAYOUTS_PER_PAGE:
            break
        after = payout.finished_at or 0, payout.id
    done.found += await clearing_differences(store)
    return done


async def clearing_differences(store: Store) -> list[Found]:
    """Where the clearing account is not what approved payouts have left on it, payout by payout and as a whole."""
    found: list[Found] = []
    for _ in range(READS_MAX):
        before = (await store.observe_head()).seq
        found = await _clearing(store)
        if not found or (await store.observe_head()).seq == before:
            break
    return found


async def _ours(store: Store, told: dict[str, There], provider: str) -> dict[str, Ours]:
    """The payouts that the files name, by the files' key."""
    keys = list(told)
    found: dict[str, Ours] = {}
    for start in range(0, len(keys), KEYS_PER_PAGE):
        names = [[key, told[key].reference] for key in keys[start : start + KEYS_PER_PAGE]]
        page = await reconciliation.named(store, names=names, provider=provider)
        found |= {key: Ours(*row) for key, *row in page.rows}
    return found


async def _clearing(store: Store) -> list[Found]:
    found: list[Found] = []
    expected_fen = 0
    at: int | None = INSTANT_MIN
    id: str | None = ""
    while at is not None and id is not None:
        page = await reconciliation.clearing(store, after_at=at, after_id=id, first=PAYOUTS_PER_PAGE)
        at, id = page.last_at, page.last_id
        expected_fen += page.expected_fen
        for payout_id, key, code, status, should_fen, posted_fen in page.rows:
            detail = f"the clearing account has {posted_fen} fen of it, not {should_fen}"
            found.append(Found(Difference.LEDGER, key, payout_id, code, status, -posted_fen, -should_fen, None, detail))
    posted_fen = await _clearing_fen(store)
    if posted_fen != expected_fen:
        detail = f"the clearing account stands at {posted_fen} fen, payouts have left {expected_fen}"
        found.append(Found(Difference.LEDGER, None, None, None, None, -posted_fen, -expected_fen, None, detail))
    return found


async def _clearing_fen(store: Store) -> int:
    fen = 0
    after: str | None = ""
    while after is not None:
        page = await ledger.postings(store, after=after, first=POSTINGS_PER_PAGE)
        for accounts, amounts_fen in page.postings:
            lines = zip(accounts, amounts_fen, strict=False)  # `doctor` tells of unequal lengths
            fen += sum(amount_fen for account, amount_fen in lines if account == CLEARING)
        after = page.last_id
    return fen

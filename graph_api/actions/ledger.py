"""The ledger held against itself and against the entries and payouts that it was written with."""

from __future__ import annotations

from collections import Counter

from cypher import ledger
from cypher.store import Store
from graph_api.rules.ledger import payable

POSTINGS_PER_PAGE = 5_000
PROMOTERS_PER_PAGE = 2_000


async def problems(store: Store) -> list[str]:
    """What is wrong with the ledger, in words; a store that nobody writes to meanwhile has none."""
    check = await ledger.check(store)
    found: list[str] = []
    if check.sum_fen or check.unbalanced_postings:
        found.append(f"the ledger sums to {check.sum_fen} fen, {check.unbalanced_postings} postings do not balance")
    accounts = await _accounts(store)
    after: str | None = ""
    while after is not None:
        page = await ledger.owed(store, after=after, first=PROMOTERS_PER_PAGE)
        found += [
            f"{code} is owed {owed_fen} fen by entries and payouts, {-accounts[payable(code)]} by the ledger"
            for code, owed_fen in page.rows
            if owed_fen != -accounts[payable(code)]
        ]
        found += [f"payout {id} is not the sum of its entries" for id in page.wrong_payout_ids]
        after = page.last_code
    return found


async def _accounts(store: Store) -> Counter[str]:
    """Each account with the sum of its lines."""
    sums: Counter[str] = Counter()
    after: str | None = ""
    while after is not None:
        page = await ledger.postings(store, after=after, first=POSTINGS_PER_PAGE)
        for accounts, amounts_fen in page.postings:
            for account, amount_fen in zip(accounts, amounts_fen, strict=False):  # `check` tells of unequal lengths
                sums[account] += amount_fen
        after = page.last_id
    return sums

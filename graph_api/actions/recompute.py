"""Recompute: recount every stored sum from orders and entries, report drift, repair it.

Own sales are the only sums the graph stores; team sums are computed from them. Entries are never repaired: an order
whose entries are not what its net is worth is reported for people to look at.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cypher import recount
from cypher.store import Store, Transaction
from graph_api.rules.money import share_fen

PROMOTERS_PER_PAGE = 2_000
ORDERS_PER_PAGE = 5_000
DRIFTS_KEPT = 1_000
_SUMS = ("orders", "volume_fen", "refunded_fen")


@dataclass(slots=True)
class Recount:
    """What a recompute found; `drift` tells the first thousand in words, `drift_count` all."""

    promoters: int = 0
    orders: int = 0
    drift_count: int = 0
    repaired: int = 0
    seconds: float = 0.0
    drift: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.drift_count += 1
        if len(self.drift) < DRIFTS_KEPT:
            self.drift.append(text)


async def recompute(
    store: Store, *, actor: str, now: int, repair: bool = True, on_progress: Callable[[int], None] = lambda _: None
) -> Recount:
    """Recount own sales and posted TIER of every promoter and check the entries of every order."""
    found = Recount()
    started = time.monotonic()
    after: str | None = ""
    while after is not None:
        after = await store.write(_sales_page(found, after, actor=actor, now=now, repair=repair), now=now)
        on_progress(found.promoters)
    after = ""
    while after is not None:
        page = await recount.orders(store, after=after, first=ORDERS_PER_PAGE)
        for row in page.orders:
            found.orders += 1
            for problem in order_problems(row):
                found.note(problem)
        after = page.last_number
        on_progress(found.orders)
    found.seconds = round(time.monotonic() - started, 3)
    return found


def _sales_page(found: Recount, after: str, *, actor: str, now: int, repair: bool) -> Any:
    async def work(transaction: Transaction) -> str | None:
        page = await recount.sales(transaction, after=after, first=PROMOTERS_PER_PAGE)
        repairs = []
        for row in page.promoters:
            found.promoters += 1
            problems, repaired = sales_problems(row)
            for problem in problems:
                found.note(problem)
            if problems:
                repairs.append(repaired)
        if repairs and repair:
            await recount.repair_sales(transaction, rows=repairs)
            transaction.journal(
                "sales_repaired", at=now, actor=actor, codes=[row["code"] for row in repairs], count=len(repairs)
            )
            found.repaired += len(repairs)
        return page.last_code

    return work


def sales_problems(row: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """Where a promoter's stored own sales differ from the recount, and the row that repairs them."""
    tiers = dict(row["tiers"])
    counted = {month["month"]: month for month in row["counted"]}
    stored = {month["month"]: month for month in row["stored"]}
    problems: list[str] = []
    months: list[dict[str, Any]] = []
    for month in sorted(counted.keys() | stored.keys() | tiers.keys()):
        right = {name: counted.get(month, {}).get(name, 0) for name in _SUMS} | {"tier_fen": tiers.get(month, 0)}
        there = {name: stored.get(month, {}).get(name, 0) for name in right}
        months.append({"month": month, **right})
        if right != there:
            problems.append(f"{row['code']} {month}: stored {there}, counted {right}")
    whole = {f"sales_{name}": sum(month[name] for month in months) for name in _SUMS}
    there = {name: row[name] for name in whole}
    if whole != there:
        problems.append(f"{row['code']} all time: stored {there}, counted {whole}")
    return problems, {"code": row["code"], "months": months, **whole}


def order_problems(row: dict[str, Any]) -> list[str]:
    """Where an order's sums or entries are not what its lines say."""
    problems: list[str] = []
    for name in ("paid_fen", "refunded_fen"):
        lines_fen = sum(line[name] for line in row["lines"])
        if lines_fen != row[name]:
            problems.append(f"order {row['number']}: {name} {row[name]}, lines {lines_fen}")
    owed: Counter[tuple[str, str]] = Counter()
    for line in row["lines"]:
        for level, receiver in enumerate(row["receiver_codes"]):
            rate_bp = line["base_bp"] if level == 0 else row["override_bps"][level - 1]
            if receiver:
                owed[receiver, line["sku"]] += share_fen(line["paid_fen"] - line["refunded_fen"], rate_bp)
    posted = Counter({(entry["code"], entry["sku"]): entry["amount_fen"] for entry in row["entries"]})
    for key in sorted(owed.keys() | posted.keys()):
        if owed[key] != posted[key]:
            problems.append(f"order {row['number']}: {key[0]} has {posted[key]} fen for {key[1]}, is owed {owed[key]}")
    return problems

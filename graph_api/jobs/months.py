"""Close the months that are over."""

from __future__ import annotations

from cypher import months as open_months
from cypher.store import Store
from graph_api.actions import months
from graph_api.rules.calendar import month_of, month_text


async def close_ended(store: Store, as_of: int, *, actor: str, now: int) -> dict[str, int | list[str]]:
    """Close every month with sales that had ended by `as_of`, in order: also those that a stop has missed."""
    closed: list[str] = []
    tiers = promotions = 0
    while (found := await open_months.open_month_with_sales(store, month=month_of(as_of))) is not None:
        for month in months.in_steps(found.month, [row.month for row in await open_months.closed(store)]):
            done = await months.close(store, month, actor=actor, now=now)
            tiers += done.tier_entries
            promotions += done.promotions
            closed.append(month_text(month))
    return {"closed": closed, "tier_entries": tiers, "promotions": promotions}

"""To whom a buyer's orders without a code belong, whenever a touch of that buyer becomes known.

Attribution is a pure function of all touches, so an order changes hands when an earlier touch arrives late; the former
entries are taken back and new ones posted, and the same events give the same balances in any order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cypher import orders
from cypher.store import Transaction
from graph_api.actions.order_book import OrderBook, histories
from graph_api.actions.tiers import adjust_closed_months, closed_months
from graph_api.rules.attribution import Touch, bound_to
from graph_api.rules.chain import chain_at
from graph_api.rules.commission import frozen_at_sale
from graph_api.rules.order import attribute
from graph_api.rules.plan import Plan, plan_in_force


async def attribute_codeless(
    transaction: Transaction, buyer_codes: Iterable[str], plans: Sequence[Plan], *, actor: str
) -> None:
    """Give every code-less order of these buyers to the promoter it belongs to by all touches known now."""
    wanted = sorted(set(buyer_codes))
    if not wanted:
        return
    found = await orders.touches(transaction, buyer_codes=wanted)
    sellers = {number: code for row in found.buyers for number, code in _changed(row, plans).items()}
    if not sellers:
        return
    people = await histories(transaction, [code for code in sellers.values() if code is not None])
    book = OrderBook(locked_codes={person.code for person in people.values() if person.status == "LOCKED"})
    await book.open(transaction, sellers)
    for number, seller_code in sorted(sellers.items()):
        noted = book.noted[number]
        state = noted.state
        plan = plan_in_force(plans, state.paid_at)
        chain = chain_at(people, seller_code, state.paid_at) if seller_code is not None else []
        attribute(state, frozen_at_sale(chain, state.buyer_code, plan), noted.changes)
        noted.at = state.paid_at
        noted.seq = transaction.journal(
            "order_attributed",
            at=state.paid_at,
            actor=actor,
            codes=noted.codes,
            number=number,
            sales=[list(change) for change in noted.changes.sales],
        )
    await book.write(transaction)
    await adjust_closed_months(
        transaction, book.sales(), closed_months=await closed_months(transaction), number=None, actor=actor
    )


def _changed(row: dict[str, Any], plans: Sequence[Plan]) -> dict[str, str | None]:
    """{order number: seller} of a buyer's code-less orders that belong to somebody else, or nobody, by now."""
    touches = [Touch(*touch) for touch in [*row["touches"], *row["coded"]]]
    changed: dict[str, str | None] = {}
    for number, paid_at, seller_code in row["codeless"]:
        bound = bound_to(touches, paid_at, lambda at: plan_in_force(plans, at))
        belongs_to = bound.promoter_code if bound is not None else None
        if belongs_to != seller_code:
            changed[number] = belongs_to
    return changed

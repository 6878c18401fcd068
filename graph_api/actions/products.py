"""Products and their base rate, whose history is kept: an order uses the rate at its payment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cypher import plans, products
from cypher.products import ProductRow
from cypher.store import Store, Transaction
from graph_api.actions.outcome import RECORDED, UNCHANGED, Outcome, refused
from graph_api.errors import Conflict, DomainError, ManyErrors, OutOfBounds
from graph_api.rules.calendar import INSTANT_MIN
from graph_api.rules.codes import code_error, text_error
from graph_api.rules.money import FEN_MAX
from graph_api.rules.plan import Plan, crossings, plan_in_force, product_rate_errors


@dataclass(frozen=True, slots=True)
class NewProduct:
    sku: str
    title: str
    price_fen: int
    commission_bp: int


async def upsert(store: Store, product: NewProduct, *, actor: str, now: int) -> None:
    """Create a product, or change one: a new rate holds for orders paid from now on."""

    async def work(transaction: Transaction) -> None:
        errors = product_errors(product, await _plans_ahead(transaction, now))
        if errors:
            raise ManyErrors(errors)
        there = await products.by_sku(transaction, skus=[product.sku])
        row = _node(product, there[0] if there else None, now=now)
        if there and _same(product, there[0]):
            return
        await products.put(transaction, rows=[row])
        transaction.journal("product_put", at=now, actor=actor, sku=product.sku, commission_bp=product.commission_bp)

    await store.write(work, now=now)


async def load(store: Store, rows: Sequence[NewProduct], *, actor: str, now: int) -> list[Outcome]:
    """Create products that are not there; other content under a sku is a Conflict, not a change."""

    async def work(transaction: Transaction) -> list[Outcome]:
        plans_ahead = await _plans_ahead(transaction, now)
        there = {row.sku: row for row in await products.by_sku(transaction, skus=[row.sku for row in rows])}
        outcomes: list[Outcome] = []
        fresh: list[dict[str, Any]] = []
        for product in rows:
            errors = product_errors(product, plans_ahead)
            known = there.get(product.sku)
            if errors:
                outcomes.append(refused(errors[0]))
            elif known is None:
                fresh.append(_node(product, None, now=now))
                there[product.sku] = ProductRow(**fresh[-1])
                outcomes.append(RECORDED)
            elif _same(product, known):
                outcomes.append(UNCHANGED)
            else:
                outcomes.append(refused(Conflict(f"sku {product.sku} has other content", field=["sku"])))
        if fresh:
            await products.put(transaction, rows=fresh)
            transaction.journal("products_loaded", at=now, actor=actor, count=len(fresh))
        return outcomes

    return await store.write(work, now=now)


def product_errors(product: NewProduct, plans_ahead: Sequence[Plan]) -> list[DomainError]:
    """What is wrong with a product under the plans that are or will be in force, an error per field and plan."""
    errors: list[DomainError | None] = [
        code_error(product.sku, field="sku"),
        text_error(product.title, field="title", required=True),
    ]
    if not 0 <= product.price_fen <= FEN_MAX:
        errors.append(OutOfBounds("priceFen must not be negative", field=["priceFen"]))
    errors += product_rate_errors(product.commission_bp, plans_ahead)
    return [error for error in errors if error is not None]


async def _plans_ahead(transaction: Transaction, now: int) -> list[Plan]:
    versions = [plans.plan_of(row.plan) for row in await plans.versions(transaction)]
    current = plan_in_force(versions, now)
    ahead = [plan for plan in versions if plan.starts_at >= current.starts_at]
    return ahead + crossings(ahead)


def _same(product: NewProduct, there: ProductRow) -> bool:
    return (there.title, there.price_fen, there.commission_bps[-1]) == (
        product.title,
        product.price_fen,
        product.commission_bp,
    )


def _node(product: NewProduct, there: ProductRow | None, *, now: int) -> dict[str, Any]:
    rates_bp = list(there.commission_bps) if there else []
    since_ats = list(there.commission_since_ats) if there else []
    if not rates_bp or rates_bp[-1] != product.commission_bp:
        rates_bp.append(product.commission_bp)
        since_ats.append(now if there else INSTANT_MIN)
    return {
        "sku": product.sku,
        "title": product.title,
        "price_fen": product.price_fen,
        "commission_bps": rates_bp,
        "commission_since_ats": since_ats,
    }

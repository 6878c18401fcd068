"""Mutations of what is sold: products, touches, orders, and the month they are counted in."""

from __future__ import annotations

from collections.abc import Awaitable

import strawberry

from graph_api.actions import months, orders, payments, plans, products, touches
from graph_api.context import Context
from graph_api.errors import Invalid
from graph_api.schema.enums import ErrorCode
from graph_api.schema.nodes import resolver
from graph_api.schema.orders import (
    AdvanceOrderInput,
    Info,
    Order,
    OrderInput,
    OrderPayload,
    RecordOrdersPayload,
    RefundOrderInput,
)
from graph_api.schema.plans import Plan, PlanInput, PlanPayload
from graph_api.schema.problems import OrderProblem, attempted, user_errors
from graph_api.schema.products import Product, ProductInput, ProductPayload
from graph_api.schema.promoters import visible
from graph_api.schema.scalars import Month
from graph_api.schema.touches import CloseMonthPayload, TouchInput, TouchPayload

ORDERS_MAX = 1000


@strawberry.type
class SalesMutations:
    @resolver(description="Creates a product, or changes one.")
    async def upsert_product(self, info: Info, input: ProductInput) -> ProductPayload:
        context = info.context
        product = products.NewProduct(**vars(input))
        _, errors = await attempted(
            products.upsert(context.store, product, actor=context.viewer.actor, now=context.now)
        )
        card = None if errors else await context.products.card(input.sku)
        return ProductPayload(product=Product.of(card) if card else None, errors=errors)

    @resolver(description="A buyer came through a promoter's link or code; binds as the plan's attribution says.")
    async def record_touch(self, info: Info, input: TouchInput) -> TouchPayload:
        context, now = info.context, info.context.now
        at = now if input.at is None else input.at
        touch = touches.NewTouch(input.buyer_code, input.promoter_code, at, input.key)
        outcomes, errors = await attempted(touches.record(context.store, [touch], actor=context.viewer.actor, now=now))
        errors += user_errors([outcome.error for outcome in outcomes or []])
        bound = None if errors else await touches.bound_now(context.store, input.buyer_code, max(at, now))
        return TouchPayload(bound_to=await visible(context, bound), errors=errors)

    @resolver(description="Up to 1,000 orders; each stands or falls alone. The order number is the idempotency key.")
    async def record_orders(self, info: Info, input: list[OrderInput]) -> RecordOrdersPayload:
        if len(input) > ORDERS_MAX:
            raise Invalid(f"recordOrders takes at most {ORDERS_MAX} orders, not {len(input)}")
        context = info.context
        outcomes = await orders.record(
            context.store, [_new_order(order) for order in input], actor=context.viewer.actor, now=context.now
        )
        states = [outcome.state for outcome in outcomes]
        return RecordOrdersPayload(
            recorded=states.count("recorded"),
            duplicates=states.count("unchanged"),
            parked=states.count("parked"),
            problems=[
                OrderProblem(index=i, number=order.number, code=ErrorCode(error.code), message=error.message)
                for i, (order, (_, error)) in enumerate(zip(input, outcomes, strict=True))
                if error is not None
            ],
        )

    @resolver(description="An order was shipped, delivered or cancelled.")
    async def advance_order(self, info: Info, input: AdvanceOrderInput) -> OrderPayload:
        context = info.context
        given = vars(input) | {"status": input.status.value}
        work = orders.advance(context.store, **given, actor=context.viewer.actor, now=context.now)
        return await _order_payload(context, input.number, work)

    @resolver(description="An order, or one line of it, was refunded.")
    async def refund_order(self, info: Info, input: RefundOrderInput) -> OrderPayload:
        context = info.context
        work = orders.refund(context.store, **vars(input), actor=context.viewer.actor, now=context.now)
        return await _order_payload(context, input.number, work)

    @resolver(description="Names WeChat's number of the payment that an order was paid with: profit sharing needs it.")
    async def record_payment(self, info: Info, number: str, transaction_id: str) -> OrderPayload:
        context = info.context
        given = {"number": number, "transaction_id": transaction_id}
        _, errors = await attempted(
            payments.attach(context.store, **given, actor=context.viewer.actor, now=context.now)
        )
        card = None if errors else await context.orders.card(number)
        return OrderPayload(order=Order.of(card) if card else None, parked=False, errors=errors)

    @resolver(description="Publishes a plan version; what is sold already keeps what it froze.")
    async def publish_plan(self, info: Info, input: PlanInput) -> PlanPayload:
        context = info.context
        plan, errors = await attempted(
            plans.publish(context.store, input.given(), actor=context.viewer.actor, now=context.now)
        )
        return PlanPayload(plan=Plan.of(plan) if plan else None, errors=errors)

    @resolver(description="Closes a month: tiers and promotions. Months close in order.")
    async def close_month(self, info: Info, month: Month) -> CloseMonthPayload:
        context = info.context
        closed, errors = await attempted(
            months.close(context.store, month, actor=context.viewer.actor, now=context.now)
        )
        tier_entries, promotions = closed or (0, 0)
        return CloseMonthPayload(month=month, tier_entries=tier_entries, promotions=promotions, errors=errors)


def _new_order(order: OrderInput) -> orders.NewOrder:
    lines = tuple(orders.NewLine(line.sku, line.quantity, line.paid_fen) for line in order.lines)
    return orders.NewOrder(**vars(order) | {"lines": lines})


async def _order_payload(context: Context, number: str, work: Awaitable[str]) -> OrderPayload:
    state, errors = await attempted(work)
    card = None if errors or state == "parked" else await context.orders.card(number)
    return OrderPayload(order=Order.of(card) if card else None, parked=state == "parked", errors=errors)

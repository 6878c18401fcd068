"""Orders and their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from cypher.order_reads import OrderCard
from graph_api.batched.orders import OrderPage, Sought
from graph_api.context import Context
from graph_api.schema.enums import OrderStatus
from graph_api.schema.nodes import Counted, Node, PageInfo, global_id, resolver
from graph_api.schema.problems import OrderProblem, UserError
from graph_api.schema.products import Product
from graph_api.schema.scalars import Fen, Instant

if TYPE_CHECKING:
    from graph_api.schema.commissions import Commission
    from graph_api.schema.promoters import Promoter

Info = strawberry.Info[Context, None]


@strawberry.type(description="A product within an order.")
class OrderLine:
    sku: strawberry.Private[str]
    quantity: int = strawberry.field(description="Pieces.")
    paid_fen: Fen = strawberry.field(description="What was paid for all pieces, coupons taken off.")
    refunded_fen: Fen = strawberry.field(description="What of it was refunded.")

    @resolver(description="The product as it is now.")
    async def product(self, info: Info) -> Product:
        card = await info.context.products.card(self.sku)
        assert card is not None, f"line of product {self.sku!r}, which is not there"
        return Product.of(card)


@strawberry.type(
    description="A sale: its seller, upline, rates and plan are those of its payment, whatever happens later."
)
class Order(Node):
    card: strawberry.Private[OrderCard]
    number: str = strawberry.field(description="The shop's number.")
    status: OrderStatus = strawberry.field(description="Where it stands.")
    buyer_code: str = strawberry.field(description="Who bought.")
    lines: list[OrderLine] = strawberry.field(description="What was bought, one line a product.")
    paid_fen: Fen = strawberry.field(description="Sum of its lines.")
    refunded_fen: Fen = strawberry.field(description="What of it was refunded.")
    net_fen: Fen = strawberry.field(description="Paid minus refunded.")
    paid_at: Instant = strawberry.field(description="Its payment: month, plan, rates and chain are of this instant.")
    delivered_at: Instant | None = strawberry.field(description="When it arrived.")
    observed_until: Instant | None = strawberry.field(description="End of the observation, which delivery starts.")

    @resolver(description="The seller: whose code it carried, or to whom the buyer was bound.")
    async def promoter(self, info: Info) -> Annotated[Promoter, strawberry.lazy("graph_api.schema.promoters")] | None:
        from graph_api.schema.promoters import visible

        return await visible(info.context, self.card.seller_code)

    @resolver(description="Entries it yielded, oldest first; a promoter sees its own.")
    async def commissions(
        self, info: Info
    ) -> list[Annotated[Commission, strawberry.lazy("graph_api.schema.commissions")]]:
        from graph_api.schema.commissions import Commission

        return [Commission.of(entry) for entry in await info.context.commissions.of_order(self.number)]

    @classmethod
    def of(cls, card: OrderCard) -> Order:
        return cls(
            id=global_id("Order", card.number),
            card=card,
            number=card.number,
            status=OrderStatus(card.status),
            buyer_code=card.buyer_code,
            lines=[
                OrderLine(sku=sku, quantity=quantity, paid_fen=paid_fen, refunded_fen=refunded_fen)
                for sku, quantity, paid_fen, refunded_fen in card.lines
            ],
            paid_fen=card.paid_fen,
            refunded_fen=card.refunded_fen,
            net_fen=card.paid_fen - card.refunded_fen,
            paid_at=card.paid_at,
            delivered_at=card.delivered_at,
            observed_until=card.observed_until,
        )


@strawberry.type(description="An order on a page.")
class OrderEdge:
    cursor: str = strawberry.field(description="Give it as `after` to go on from here.")
    node: Order = strawberry.field(description="The order.")


@strawberry.type(description="Orders, latest payment first.")
class OrderConnection(Counted):
    edges: list[OrderEdge] = strawberry.field(description="The page.")

    @classmethod
    async def sought(
        cls, context: Context, sought: Sought, *, seller_code: str | None, first: int, after: str | None
    ) -> OrderConnection:
        page: OrderPage = await context.orders.page(sought, seller_code=seller_code, first=first, after=after)
        pairs = zip(page.rows, page.cursors, strict=True)
        return cls(
            edges=[OrderEdge(cursor=cursor, node=Order.of(card)) for card, cursor in pairs],
            page_info=PageInfo.of(list(page.cursors), has_next=page.has_next, after=after),
            count=lambda: context.orders.count(sought, seller_code=seller_code),
        )


@strawberry.input(description="Which orders; everything given must hold.")
class OrderFilter:
    promoter_code: str | None = strawberry.field(description="Its seller.", default=None)
    status: OrderStatus | None = strawberry.field(description="Where it stands.", default=None)
    paid_from: Instant | None = strawberry.field(description="Paid at or after.", default=None)
    paid_to: Instant | None = strawberry.field(description="Paid before.", default=None)

    @property
    def sought(self) -> Sought:
        return Sought(self.status.value if self.status else None, self.paid_from, self.paid_to)


@strawberry.input(description="A line of a new order; one line a product.")
class OrderLineInput:
    sku: str = strawberry.field(description="The product.")
    quantity: int = strawberry.field(description="Pieces, at least 1.")
    paid_fen: Fen = strawberry.field(description="What was paid for all pieces; not checked against the price.")


@strawberry.input(description="A new order; its number is the idempotency key.")
class OrderInput:
    number: str = strawberry.field(description="The shop's number.")
    buyer_code: str = strawberry.field(description="Who bought.")
    promoter_code: str | None = strawberry.field(
        description="The code it came with; without one it goes to whom the buyer is bound to.", default=None
    )
    lines: list[OrderLineInput] = strawberry.field(description="What was bought.")
    paid_at: Instant = strawberry.field(description="When it was paid.")
    utm_source: str | None = strawberry.field(description="Where the buyer came from.", default=None)
    utm_medium: str | None = strawberry.field(description="Through what.", default=None)
    utm_campaign: str | None = strawberry.field(description="Thanks to which campaign.", default=None)


@strawberry.input(description="An order was shipped, delivered or cancelled.")
class AdvanceOrderInput:
    number: str = strawberry.field(description="The shop's number.")
    status: OrderStatus = strawberry.field(description="SHIPPED, DELIVERED or CANCELLED.")
    at: Instant = strawberry.field(description="When it happened.")


@strawberry.input(
    description="key makes a retry harmless: the same key and content answer as the first time, other content is a Conflict."
)
class RefundOrderInput:
    number: str = strawberry.field(description="The shop's number.")
    key: str = strawberry.field(description="The refund's own number.")
    sku: str | None = strawberry.field(
        description="The line; without it the refund spreads over the lines by what is left of them.", default=None
    )
    refund_fen: Fen = strawberry.field(description="How much, at least 1 and at most what is left.")
    at: Instant = strawberry.field(description="When it was refunded.")


@strawberry.type(description="How a batch of orders ended.")
class RecordOrdersPayload:
    recorded: int = strawberry.field(description="New ones.")
    duplicates: int = strawberry.field(description="There already with the same content.")
    parked: int = strawberry.field(description="Waiting for something that has not come yet.")
    problems: list[OrderProblem] = strawberry.field(description="Refused ones, by their place in the input.")


@strawberry.type(description="parked: the event came before its order and waits for it; order is null then.")
class OrderPayload:
    order: Order | None = strawberry.field(description="The order as it is now.")
    parked: bool = strawberry.field(description="Whether the event waits for its order.")
    errors: list[UserError] = strawberry.field(description="Empty if the event was accepted.")

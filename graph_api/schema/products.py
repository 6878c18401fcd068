"""Products."""

from __future__ import annotations

import strawberry

from cypher.product_reads import ProductCard
from graph_api.batched.products import ProductPage
from graph_api.context import Context
from graph_api.schema.nodes import Counted, Node, PageInfo, global_id
from graph_api.schema.problems import UserError
from graph_api.schema.scalars import Fen


@strawberry.type(description="What is sold.")
class Product(Node):
    sku: str = strawberry.field(description="Its code.")
    title: str = strawberry.field(description="Its name in the shop.")
    price_fen: Fen = strawberry.field(description="List price; an order line may be paid differently.")
    commission_bp: int = strawberry.field(description="Base rate of orders paid from now on.")
    active: bool = strawberry.field(description="Whether it is on sale.")

    @classmethod
    def of(cls, card: ProductCard) -> Product:
        return cls(
            id=global_id("Product", card.sku),
            sku=card.sku,
            title=card.title,
            price_fen=card.price_fen,
            commission_bp=card.commission_bp,
            active=card.active,
        )


@strawberry.type(description="A product on a page.")
class ProductEdge:
    cursor: str = strawberry.field(description="Give it as `after` to go on from here.")
    node: Product = strawberry.field(description="The product.")


@strawberry.type(description="Products by sku.")
class ProductConnection(Counted):
    edges: list[ProductEdge] = strawberry.field(description="The page.")

    @classmethod
    def of(cls, context: Context, page: ProductPage, *, after: str | None) -> ProductConnection:
        pairs = zip(page.rows, page.cursors, strict=True)
        return cls(
            edges=[ProductEdge(cursor=cursor, node=Product.of(card)) for card, cursor in pairs],
            page_info=PageInfo.of(list(page.cursors), has_next=page.has_next, after=after),
            count=context.products.count,
        )


@strawberry.input(description="A product to create or to change; a new rate holds for orders paid from now on.")
class ProductInput:
    sku: str = strawberry.field(description="Its code.")
    title: str = strawberry.field(description="Its name in the shop.")
    price_fen: Fen = strawberry.field(description="List price, not negative.")
    commission_bp: int = strawberry.field(description="Base rate, within the plan's bounds and cap.")


@strawberry.type(description="The product as it is now, or why it was refused.")
class ProductPayload:
    product: Product | None = strawberry.field(description="The product.")
    errors: list[UserError] = strawberry.field(description="Empty if it was accepted.")

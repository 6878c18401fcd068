"""Dashboards: sales, commission, payouts and promoters over time."""

from __future__ import annotations

from datetime import date
from enum import Enum
from itertools import pairwise
from typing import Annotated

import strawberry

from graph_api.batched import sales_groups, series
from graph_api.batched.series import BOUNDS_FEN, Point, Sifted
from graph_api.rules.spans import span_of, spans
from graph_api.schema.enums import Rank
from graph_api.schema.nodes import resolver
from graph_api.schema.orders import Info
from graph_api.schema.scalars import Day, Fen
from graph_api.schema.selections import selects_below


@strawberry.enum(description="How days are put together; weeks begin on Monday.")
class SeriesPeriod(Enum):
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


@strawberry.enum(
    description="What sales are put together by. CHANNEL is the UTM source; MEDIUM and CAMPAIGN part it further."
)
class SalesGrouping(Enum):
    PRODUCT = "PRODUCT"
    BRANCH = "BRANCH"
    CHANNEL = "CHANNEL"
    MEDIUM = "MEDIUM"
    CAMPAIGN = "CAMPAIGN"
    RANK = "RANK"


@strawberry.input(description="Which sales; everything given must hold.")
class SalesFilter:
    sku: str | None = strawberry.field(description="Lines of this product, not whole orders.", default=None)
    branch_code: str | None = strawberry.field(
        description="Sold by this promoter or anybody who is below it now.", default=None
    )
    rank: Rank | None = strawberry.field(description="Sold by somebody of this rank now.", default=None)
    utm_source: str | None = strawberry.field(description="Exactly this source.", default=None)
    utm_medium: str | None = strawberry.field(description="Exactly this medium.", default=None)
    utm_campaign: str | None = strawberry.field(description="Exactly this campaign.", default=None)

    @property
    def sifted(self) -> Sifted:
        rank = self.rank.value if self.rank is not None else None
        return Sifted(self.sku, self.branch_code, rank, self.utm_source, self.utm_medium, self.utm_campaign)


@strawberry.type(description="The sums of some days of Shanghai, both ends with them.")
class SalesPoint:
    from_: Day = strawberry.field(name="from", description="The first day.")
    to: Day = strawberry.field(description="The last day.")
    orders: int = strawberry.field(description="Commissionable orders of promoters, by when they were paid.")
    volume_fen: Fen = strawberry.field(description="Paid less refunded, whenever it was refunded.")
    refunded_fen: Fen = strawberry.field(description="Refunded of these orders, whenever that was.")
    commission_fen: Fen = strawberry.field(
        description="Commission of these orders, whoever receives it and whatever became of them; without tiers, and what"
        " a review voided."
    )
    active_promoters: int = strawberry.field(description="Promoters who sold one of these orders.")
    payouts: int | None = strawberry.field(
        description="Payouts that arrived in these days; null where the filter is of orders."
    )
    payout_gross_fen: Fen | None = strawberry.field(description="Their sum before tax.")
    payout_net_fen: Fen | None = strawberry.field(description="What was received of it.")
    new_promoters: int | None = strawberry.field(
        description="Promoters who joined in these days; null where the filter is of orders or of a rank."
    )
    referred_promoters: int | None = strawberry.field(description="Those of them whom somebody brought.")
    fission_bp: int | None = strawberry.field(
        description="The fission coefficient in basis points: referredPromoters / activePromoters × 10,000, rounded down;"
        " null if nobody sold."
    )

    @classmethod
    def of(cls, point: Point) -> SalesPoint:
        sold, joined, paid_out = point.sold, point.joined, point.paid_out
        return cls(
            from_=point.span.first,
            to=point.span.last,
            orders=sold.orders,
            volume_fen=sold.volume_fen,
            refunded_fen=sold.refunded_fen,
            commission_fen=sold.commission_fen,
            active_promoters=sold.active,
            payouts=paid_out.payouts if paid_out else None,
            payout_gross_fen=paid_out.gross_fen if paid_out else None,
            payout_net_fen=paid_out.net_fen if paid_out else None,
            new_promoters=joined.joined if joined else None,
            referred_promoters=joined.referred if joined else None,
            fission_bp=point.fission_bp,
        )


@strawberry.type(description="Orders of a step of values.")
class OrderValues:
    from_fen: Fen = strawberry.field(description="Paid at least so much, refunds not taken off.")
    below_fen: Fen | None = strawberry.field(description="And less than so much; null of the highest step.")
    orders: int = strawberry.field(description="How many.")


@strawberry.type(description="Sums over time, oldest first.")
class SalesSeries:
    points: list[SalesPoint] = strawberry.field(description="One for each day, week or month.")
    order_values: list[OrderValues] = strawberry.field(description="The orders of all points by what was paid.")
    truncated: bool = strawberry.field(
        description="More was asked for than the latest 200,000 orders, promoters or payouts: the oldest points are missing,"
        " none is cut."
    )


@strawberry.type(description="Sales that have one thing in common.")
class SalesGroup:
    key: str = strawberry.field(
        description="The SKU; the UTM source, medium or campaign, empty if there was none; the seller's present rank; or the"
        " branch: the code of its tree's root, or with branchCode of who stands directly below that, or of itself for its"
        " own sales."
    )
    orders: int = strawberry.field(description="Orders; one of several products counts with each.")
    volume_fen: Fen = strawberry.field(description="Paid less refunded, whenever it was refunded.")


@strawberry.type(description="Sales put together, the most first.")
class SalesGroups:
    groups: list[SalesGroup] = strawberry.field(description="As many as asked for.")
    has_more: bool = strawberry.field(description="Whether there are smaller groups.")
    truncated: bool = strawberry.field(
        description="Whether these are more than 200,000 orders; then there is no group."
    )


@strawberry.type
class SeriesQueries:
    @resolver(
        description="Sales of some days of Shanghai, both ends with them, by product, branch, channel or rank: each group is"
        " what the same filter narrowed to it sums to."
    )
    async def sales_groups(
        self,
        info: Info,
        from_: Annotated[Day, strawberry.argument(name="from")],
        to: Day,
        by: SalesGrouping,
        filter: SalesFilter | None = None,
        first: int = 20,
    ) -> SalesGroups | None:
        which = filter.sifted if filter else Sifted()
        found = await sales_groups.groups(info.context.store, which, span_of(from_, to), by=by.value, first=first)
        groups = [SalesGroup(key=each.key, orders=each.orders, volume_fen=each.volume_fen) for each in found.groups]
        return SalesGroups(groups=groups, has_more=found.has_more, truncated=found.truncated)

    @resolver(
        description="Sales, commission, payouts and promoters by day, week or month of Shanghai, from a day to another, both"
        " with; at most 400 points."
    )
    async def sales_series(
        self,
        info: Info,
        from_: Annotated[Day, strawberry.argument(name="from")],
        to: Day,
        period: SeriesPeriod = SeriesPeriod.DAY,
        filter: SalesFilter | None = None,
    ) -> SalesSeries | None:
        return await _series(info, from_, to, period, filter.sifted if filter else Sifted())


async def _series(info: Info, first: date, last: date, period: SeriesPeriod, which: Sifted) -> SalesSeries:
    cut = spans(period.value, first, last)
    commissions = selects_below(info, "points", "commissionFen")
    found = await series.series(info.context.store, which, cut, period.value, commissions=commissions)
    steps = found.steps or [0] * (len(BOUNDS_FEN) + 1)
    edges = pairwise([0, *BOUNDS_FEN, None])
    return SalesSeries(
        points=[SalesPoint.of(point) for point in found.points],
        order_values=[
            OrderValues(from_fen=low or 0, below_fen=high, orders=orders)
            for (low, high), orders in zip(edges, steps, strict=True)
        ],
        truncated=found.truncated,
    )

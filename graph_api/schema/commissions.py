"""Commission entries and a month's earnings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import strawberry

from cypher.commission_reads import SumRow
from graph_api.batched.commissions import EntryCard, EntryPage
from graph_api.context import Context
from graph_api.rules.calendar import day_of
from graph_api.rules.commission import CommissionKind
from graph_api.schema import enums, sentences
from graph_api.schema.nodes import Counted, Node, PageInfo, global_id, resolver
from graph_api.schema.orders import Info, Order
from graph_api.schema.scalars import Day, Fen, Instant, Month

if TYPE_CHECKING:
    from graph_api.schema.promoters import Promoter


@strawberry.type(description="One entry of what a promoter earned; never changed, only corrected by further entries.")
class Commission(Node):
    entry: strawberry.Private[EntryCard]
    kind: enums.CommissionKind = strawberry.field(description="A first share, or a correction down or up.")
    state: enums.CommissionState = strawberry.field(description="Where it stands between sale and payout.")
    level: int = strawberry.field(description="0: the seller; 1 and 2: its upline.")
    rate_bp: int = strawberry.field(description="Basis points of the net amount.")
    amount_fen: Fen = strawberry.field(description="What it adds, negative for what it takes back.")
    plan_version: str = strawberry.field(description="The plan that it follows.")
    release_at: Instant | None = strawberry.field(
        description="When it is due for release; null until the order is delivered."
    )
    due_on: Day | None = strawberry.field(
        description="The working day from which it is paid out; null until it is released."
    )
    due_provisional: bool = strawberry.field(
        description="Whether that day lies in a year whose official calendar is not announced yet."
    )

    @resolver(description="Whose it is.")
    async def promoter(self, info: Info) -> Annotated[Promoter, strawberry.lazy("graph_api.schema.promoters")]:
        from graph_api.schema.promoters import visible

        promoter = await visible(info.context, self.entry.promoter_code)
        assert promoter is not None, "an entry is shown to whoever may see its receiver"
        return promoter

    @resolver(description="The sale; null for an upline, whose business the buyer is not, and for a month's tier.")
    async def order(self, info: Info) -> Order | None:
        sale = self.entry.sale
        card = await info.context.orders.card(sale.number) if sale is not None else None
        return Order.of(card) if card is not None else None

    @resolver(
        description="Why: order, buyer, the chain at the time of sale, the rate's parts, hold and clawback,"
        " as one readable sentence."
    )
    async def explanation(self, info: Info) -> str:
        context, sale = info.context, self.entry.sale
        codes = sale.chain_codes if sale is not None else ()
        cards = dict(zip(codes, await asyncio.gather(*map(context.visible_card, codes)), strict=True))
        return sentences.explanation(
            self.entry,
            language=context.language,
            shows_buyer=sale is not None and context.orders.sees(sale.seller_code),
            name=lambda code: code if cards.get(code) is not None else None,
        )

    @classmethod
    def of(cls, entry: EntryCard) -> Commission:
        return cls(
            id=global_id("Commission", entry.id),
            entry=entry,
            kind=entry.kind,
            state=enums.CommissionState(entry.state),
            level=entry.level,
            rate_bp=entry.rate_bp,
            amount_fen=entry.amount_fen,
            plan_version=entry.plan_version,
            release_at=entry.release_at,
            due_on=day_of(entry.due_at) if entry.due_at is not None else None,
            due_provisional=entry.due_provisional,
        )


@strawberry.type(description="A commission entry on a page.")
class CommissionEdge:
    cursor: str = strawberry.field(description="Give it as `after` to go on from here.")
    node: Commission = strawberry.field(description="The entry.")


@strawberry.type(description="Commission entries, newest first.")
class CommissionConnection(Counted):
    edges: list[CommissionEdge] = strawberry.field(description="The page.")

    @classmethod
    async def earned(
        cls, context: Context, code: str, *, month: int | None, first: int, after: str | None
    ) -> CommissionConnection:
        page = await context.commissions.page(code, month=month, first=first, after=after)
        return cls._of(page, after=after, count=lambda: context.commissions.count(code, month=month))

    @classmethod
    async def paid(cls, context: Context, payout_id: str, *, first: int, after: str | None) -> CommissionConnection:
        page = await context.commissions.page_of_payout(payout_id, first=first, after=after)
        return cls._of(page, after=after, count=lambda: context.commissions.count_of_payout(payout_id))

    @classmethod
    def listed(
        cls, entries: list[EntryCard], cursors: list[str], *, has_next: bool, after: str | None, count: int
    ) -> CommissionConnection:
        """A page that was found elsewhere, of a list whose length is known."""

        async def known() -> int:
            return count

        return cls._of(EntryPage(tuple(entries), tuple(cursors), has_next), after=after, count=known)

    @classmethod
    def _of(cls, page: EntryPage, *, after: str | None, count: Callable[[], Awaitable[int]]) -> CommissionConnection:
        pairs = zip(page.rows, page.cursors, strict=True)
        return cls(
            edges=[CommissionEdge(cursor=cursor, node=Commission.of(entry)) for entry, cursor in pairs],
            page_info=PageInfo.of(list(page.cursors), has_next=page.has_next, after=after),
            count=count,
        )


@strawberry.type(description="Overrides of one level and rate.")
class OverrideLine:
    level: int = strawberry.field(description="Levels below: 1 or 2.")
    rate_bp: int = strawberry.field(description="The rate.")
    sales_fen: Fen = strawberry.field(description="Net sales that they are a share of, as first recorded.")
    amount_fen: Fen = strawberry.field(description="Their sum.")


@strawberry.type(description="What a promoter earned on orders paid in a month; later corrections of them included.")
class Earnings:
    month: Month = strawberry.field(description="The month of the payments.")
    base_fen: Fen = strawberry.field(description="On own sales.")
    tier_fen: Fen = strawberry.field(description="The tier, posted when the month closes.")
    override_fen: Fen = strawberry.field(description="On sales one and two levels below.")
    clawback_fen: Fen = strawberry.field(description="Taken back after refunds, not positive.")
    adjustment_fen: Fen = strawberry.field(description="Corrected upward.")
    total_fen: Fen = strawberry.field(description="The sum of all.")
    overrides: list[OverrideLine] = strawberry.field(description="The overrides by level and rate.")

    @classmethod
    def of(cls, month: int, sums: list[SumRow]) -> Earnings:
        by_kind = dict.fromkeys(CommissionKind, 0)
        for row in sums:
            by_kind[CommissionKind(row.kind)] += row.amount_fen
        return cls(
            month=month,
            base_fen=by_kind[CommissionKind.BASE],
            tier_fen=by_kind[CommissionKind.TIER],
            override_fen=by_kind[CommissionKind.OVERRIDE],
            clawback_fen=by_kind[CommissionKind.CLAWBACK],
            adjustment_fen=by_kind[CommissionKind.ADJUSTMENT],
            total_fen=sum(by_kind.values()),
            overrides=[
                OverrideLine(level=row.level, rate_bp=row.rate_bp, sales_fen=row.basis_fen, amount_fen=row.amount_fen)
                for row in sums
                if row.kind == CommissionKind.OVERRIDE
            ],
        )

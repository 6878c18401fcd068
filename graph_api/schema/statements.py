"""A promoter's monthly statement and its tax record of a year."""

from __future__ import annotations

import asyncio

import strawberry

from graph_api.batched import accounts
from graph_api.rules.commission import CommissionKind
from graph_api.rules.plan import TaxMethod
from graph_api.rules.statement import Statement as Moved
from graph_api.rules.tax_record import TaxMonth as MonthRow
from graph_api.schema.commissions import Commission, CommissionConnection
from graph_api.schema.nodes import resolver
from graph_api.schema.orders import Info
from graph_api.schema.payouts import Payout
from graph_api.schema.scalars import Fen, Instant, Month


@strawberry.type(description="A payout that left or came back.")
class StatementPayout:
    at: Instant = strawberry.field(description="When it was approved, or came back.")
    amount_fen: Fen = strawberry.field(description="Its gross: negative when it left, positive when it came back.")
    payout: Payout = strawberry.field(description="The payout as it stands now.")


@strawberry.type(
    description="What was owed to a promoter, what moved it in a month of Shanghai, and what was owed at its end. Each"
    " sum is signed as it moves the balance, and openingFen with all of them is closingFen, to the fen. Postings count by"
    " when it happened: a sale when it was paid, a tier and a payout when they were posted, so late news changes it."
)
class Statement:
    code: strawberry.Private[str]
    entry_count: strawberry.Private[int]
    month: Month = strawberry.field(description="The month.")
    opening_fen: Fen = strawberry.field(description="Owed before it; negative: a debt.")
    base_fen: Fen = strawberry.field(description="Entries on own sales.")
    tier_fen: Fen = strawberry.field(description="Tiers of months that closed.")
    override_fen: Fen = strawberry.field(description="Entries on sales one and two levels below.")
    clawback_fen: Fen = strawberry.field(description="Corrections down, not positive.")
    adjustment_fen: Fen = strawberry.field(description="Corrections up.")
    voided_fen: Fen = strawberry.field(description="What a review took, not positive.")
    paid_out_fen: Fen = strawberry.field(description="Gross of payouts from their approval, not positive.")
    returned_fen: Fen = strawberry.field(description="Gross of payouts that came back.")
    closing_fen: Fen = strawberry.field(description="Owed after it, released or not; negative: a debt.")

    @resolver(description="The month's entries, newest first.")
    async def entries(self, info: Info, first: int = 20, after: str | None = None) -> CommissionConnection:
        context = info.context
        page = await accounts.month_entries(context.store, self.code, self.month, first=first, after=after)
        cards = await asyncio.gather(*map(context.commissions.card, page.ids))
        return CommissionConnection.listed(
            [card for card in cards if card is not None],
            list(page.cursors),
            has_next=page.has_next,
            after=after,
            count=self.entry_count,
        )

    @resolver(description="Payouts that left or came back in the month, oldest first.")
    async def payouts(self, info: Info, first: int = 20) -> list[StatementPayout]:
        context = info.context
        moved = await accounts.month_payouts(context.store, self.code, self.month, first=first)
        cards = {card.payout["id"]: card for card in await context.payouts.cards([row.id for row in moved])}
        return [StatementPayout(at=row.at, amount_fen=row.amount_fen, payout=Payout.of(cards[row.id])) for row in moved]

    @resolver(
        description="Entries that took back what had been released already, open at the month's end, newest first;"
        " each names the order that caused it."
    )
    async def debts(self, info: Info, first: int = 20) -> list[Commission]:
        context = info.context
        open_debts = await accounts.debts_at_end(context.store, self.code, self.month, first=first)
        cards = await asyncio.gather(*map(context.commissions.card, open_debts.ids))
        return [Commission.of(card) for card in cards if card is not None]

    @resolver(description="Sum of these debts, not positive; the next payouts are netted with them.")
    async def debt_fen(self, info: Info) -> Fen:
        return (await accounts.debts_at_end(info.context.store, self.code, self.month, first=0)).debt_fen

    @classmethod
    def of(cls, code: str, month: int, moved: Moved) -> Statement:
        return cls(
            code=code,
            entry_count=moved.entry_count,
            month=month,
            opening_fen=moved.opening_fen,
            base_fen=moved.entries_fen[CommissionKind.BASE],
            tier_fen=moved.entries_fen[CommissionKind.TIER],
            override_fen=moved.entries_fen[CommissionKind.OVERRIDE],
            clawback_fen=moved.entries_fen[CommissionKind.CLAWBACK],
            adjustment_fen=moved.entries_fen[CommissionKind.ADJUSTMENT],
            voided_fen=moved.voided_fen,
            paid_out_fen=moved.paid_out_fen,
            returned_fen=moved.returned_fen,
            closing_fen=moved.closing_fen,
        )


@strawberry.type(
    description="Payouts of one month and method of tax that were received. The month is that of the settlement. What was"
    " withheld can differ from the tax due where a payout that was counted with it came back after its approval."
)
class TaxMonth:
    month: Month = strawberry.field(description="The month.")
    tax_method: TaxMethod = strawberry.field(description="How tax was withheld.")
    payouts: int = strawberry.field(description="How many.")
    gross_fen: Fen = strawberry.field(description="Their gross.")
    taxable_fen: Fen = strawberry.field(description="What of it is taxed; CUMULATIVE: of the year so far.")
    due_fen: Fen = strawberry.field(
        description="The tax on what was received; CUMULATIVE: less what was withheld before."
    )
    withheld_fen: Fen = strawberry.field(description="What was withheld.")
    cumulated_gross_fen: Fen = strawberry.field(description="Gross of the year so far.")
    cumulated_withheld_fen: Fen = strawberry.field(description="Withheld in the year so far.")


@strawberry.type(description="What a promoter received in a year, and the tax withheld from it.")
class TaxRecord:
    year: int = strawberry.field(description="The year.")
    months: list[TaxMonth] = strawberry.field(description="Months with a payout received, oldest first.")
    gross_fen: Fen = strawberry.field(description="Gross of the year.")
    due_fen: Fen = strawberry.field(description="Tax due on it, month by month.")
    withheld_fen: Fen = strawberry.field(description="Tax withheld.")

    @classmethod
    def of(cls, year: int, rows: list[MonthRow]) -> TaxRecord:
        return cls(
            year=year,
            months=[TaxMonth(tax_method=row.method, **_without_method(row)) for row in rows],
            gross_fen=sum(row.gross_fen for row in rows),
            due_fen=sum(row.due_fen for row in rows),
            withheld_fen=sum(row.withheld_fen for row in rows),
        )


def _without_method(row: MonthRow) -> dict[str, int]:
    return {name: value for name, value in row._asdict().items() if name != "method"}

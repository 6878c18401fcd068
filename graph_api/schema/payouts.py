"""Payouts, balances, e-contracts and the ledger's check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from cypher.contracts import ContractRow
from cypher.payout_reads import PayoutCard
from graph_api.batched import rows
from graph_api.context import Context
from graph_api.rules.calendar import day_of
from graph_api.schema.commissions import CommissionConnection
from graph_api.schema.enums import PayoutProvider, PayoutStatus
from graph_api.schema.nodes import Counted, Node, PageInfo, global_id, resolver
from graph_api.schema.orders import Info
from graph_api.schema.problems import UserError
from graph_api.schema.scalars import Day, Fen, Instant

if TYPE_CHECKING:
    from graph_api.schema.promoters import Promoter


@strawberry.type(description="Money for one promoter from one settlement.")
class Payout(Node):
    key: strawberry.Private[str]
    promoter_code: strawberry.Private[str]
    status: PayoutStatus = strawberry.field(description="Where it stands; it never moves back.")
    gross_fen: Fen = strawberry.field(description="Sum of its entries, debts taken off.")
    tax_fen: Fen = strawberry.field(description="Withheld for the tax office; fixed when it is approved.")
    net_fen: Fen = strawberry.field(description="What the promoter receives.")
    created_at: Instant = strawberry.field(description="The instant that was settled.")
    due_on: Day = strawberry.field(description="The working day from which the last of its entries is due.")
    due_provisional: bool = strawberry.field(
        description="Whether that day lies in a year whose official calendar is not announced yet."
    )
    finished_at: Instant | None = strawberry.field(description="Since when it is paid, failed or expired.")
    reason: str | None = strawberry.field(description="Why it failed or expired.")
    provider: PayoutProvider | None = strawberry.field(description="How it reaches the promoter; none before approval.")
    sent_at: Instant | None = strawberry.field(description="When its provider was first asked to pay.")
    provider_reference: str | None = strawberry.field(description="What the provider calls it.")
    note: str | None = strawberry.field(description="What the provider said last, while nothing is decided.")
    contradiction: str | None = strawberry.field(description="What the provider said against its recorded end.")
    package: strawberry.Private[str | None]

    @resolver(description="Opens WeChat's page on which the receiver confirms (package_info); the receiver's only.")
    def confirmation(self, info: Info) -> str | None:
        return self.package if info.context.viewer.promoter_code == self.promoter_code else None

    @resolver(description="Who receives it.")
    async def promoter(self, info: Info) -> Annotated[Promoter, strawberry.lazy("graph_api.schema.promoters")]:
        from graph_api.schema.promoters import visible

        promoter = await visible(info.context, self.promoter_code)
        assert promoter is not None, "a payout is shown to whoever may see its receiver"
        return promoter

    @resolver(description="The entries that it pays, newest first.")
    async def commissions(self, info: Info, first: int = 20, after: str | None = None) -> CommissionConnection:
        return await CommissionConnection.paid(info.context, self.key, first=first, after=after)

    @classmethod
    def of(cls, card: PayoutCard) -> Payout:
        body = card.payout
        return cls(
            id=global_id("Payout", body["id"]),
            key=body["id"],
            promoter_code=card.promoter_code,
            status=PayoutStatus(body["status"]),
            gross_fen=body["gross_fen"],
            tax_fen=body["tax_fen"],
            net_fen=body["net_fen"],
            created_at=body["created_at"],
            due_on=day_of(body["due_at"]),
            due_provisional=bool(body.get("due_provisional")),
            finished_at=body.get("finished_at"),
            reason=body.get("reason"),
            provider=PayoutProvider(body["provider"]) if body.get("provider") else None,
            sent_at=body.get("asked_at"),
            provider_reference=body.get("provider_reference"),
            note=body.get("note"),
            contradiction=body.get("contradiction"),
            package=body.get("confirmation"),
        )


@strawberry.type(description="A payout on a page.")
class PayoutEdge:
    cursor: str = strawberry.field(description="Give it as `after` to go on from here.")
    node: Payout = strawberry.field(description="The payout.")


@strawberry.type(description="Payouts, newest first.")
class PayoutConnection(Counted):
    edges: list[PayoutEdge] = strawberry.field(description="The page.")

    @classmethod
    async def received(
        cls, context: Context, *, code: str | None, status: PayoutStatus | None, first: int, after: str | None
    ) -> PayoutConnection:
        wanted = status.value if status is not None else None
        page = await context.payouts.page(code=code, status=wanted, first=first, after=after)
        pairs = zip(page.rows, page.cursors, strict=True)
        return cls(
            edges=[PayoutEdge(cursor=cursor, node=Payout.of(card)) for card, cursor in pairs],
            page_info=PageInfo.of(list(page.cursors), has_next=page.has_next, after=after),
            count=lambda: context.payouts.count(code=code, status=wanted),
        )


@strawberry.input(description="Which payouts; everything given must hold.")
class PayoutFilter:
    promoter_code: str | None = strawberry.field(description="Who receives them.", default=None)
    status: PayoutStatus | None = strawberry.field(description="Where they stand.", default=None)


@strawberry.type(
    description="Where a promoter's money stands. observing: not released; held: locked; released: payable;"
    " onTheWay: in an approved or sent payout; paid: gross, received; owed: debt, as a positive number."
)
class Balance:
    observing_fen: Fen = strawberry.field(description="Not released yet.")
    held_fen: Fen = strawberry.field(description="Held while the promoter is locked.")
    released_fen: Fen = strawberry.field(description="Payable, debts taken off.")
    on_the_way_fen: Fen = strawberry.field(description="Gross of approved and sent payouts.")
    paid_fen: Fen = strawberry.field(description="Gross of payouts that arrived.")
    owed_fen: Fen = strawberry.field(description="Debt that the next payouts are netted with, as a positive number.")
    withheld_tax_fen: Fen = strawberry.field(description="Tax withheld from payouts that arrived.")

    @classmethod
    def of(cls, balance: rows.Balance) -> Balance:
        return cls(
            observing_fen=max(balance.observing_fen, 0),
            held_fen=max(balance.held_fen, 0),
            released_fen=max(balance.released_fen, 0),
            on_the_way_fen=balance.on_the_way_fen,
            paid_fen=balance.paid_fen,
            owed_fen=balance.owed_fen,
            withheld_tax_fen=balance.withheld_tax_fen,
        )


@strawberry.type(description="An e-contract; nobody is paid without having accepted the one in force.")
class Contract:
    version: str = strawberry.field(description="Its name.")
    title: str = strawberry.field(description="Its title.")
    body: str = strawberry.field(description="Its text.")
    published_at: Instant = strawberry.field(description="In force since then, until the next one.")

    @classmethod
    def of(cls, row: ContractRow) -> Contract:
        return cls(version=row.version, title=row.title, body=row.body, published_at=row.published_at)


@strawberry.type(description="Σ over the whole ledger; sum and unbalanced postings must both be 0.")
class LedgerCheck:
    entries: int = strawberry.field(description="Lines of all postings.")
    sum_fen: Fen = strawberry.field(description="Their sum: debits are positive, credits negative.")
    unbalanced_postings: int = strawberry.field(description="Postings that do not sum to 0 by themselves.")


@strawberry.type(description="A row that a settlement could not deal with; the next one tries again.")
class SetAside:
    subject: str = strawberry.field(description="ORDER, TIER or PROMOTER.")
    key: str = strawberry.field(description="Its number, id or code.")
    reason: str = strawberry.field(description="What went wrong.")


@strawberry.type(description="What a settlement did; all of it stands, also if it is asked for again.")
class SettlePayload:
    payout_ids: strawberry.Private[list[str]]
    released: int = strawberry.field(description="Entries that became payable.")
    payout_count: int = strawberry.field(description="Payouts made.")
    promotions: int = strawberry.field(description="Promoters who had enough valid downlines.")
    set_aside: list[SetAside] = strawberry.field(description="Rows that could not be settled; the rest stands.")
    errors: list[UserError] = strawberry.field(description="Empty if it was settled.")

    @resolver(description="The payouts made, or as many as asked for.")
    async def payouts(self, info: Info, first: int = 100) -> list[Payout]:
        return [Payout.of(card) for card in await info.context.payouts.cards(self.payout_ids[:first])]


@strawberry.type(description="The payouts that stand as asked, and why others do not.")
class PayoutsPayload:
    payouts: list[Payout] = strawberry.field(description="Those that stand as asked.")
    errors: list[UserError] = strawberry.field(description="One for each of the others.")


@strawberry.type(description="The contract's version, or why it was refused.")
class ContractPayload:
    version: str | None = strawberry.field(description="The version in force.")
    errors: list[UserError] = strawberry.field(description="Empty if it was published.")


@strawberry.type(description="What a review has taken from a promoter for good.")
class VoidHeldPayload:
    voided_fen: Fen = strawberry.field(description="The sum of what was held and is nobody's now.")
    errors: list[UserError] = strawberry.field(description="Empty if it was voided.")

"""Promoters: who they are, whom they stand under, who stands under them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from graphql import FieldNode

from cypher.locks import Shown
from graph_api.batched import accounts
from graph_api.batched.asks import ALL_TIME, Ask, DownlineOrder, Kind
from graph_api.batched.orders import Sought
from graph_api.batched.rows import Card, DownlinePage, MemberRow, PromoterPage, Team
from graph_api.context import Context
from graph_api.errors import DomainError
from graph_api.schema.commissions import CommissionConnection, Earnings
from graph_api.schema.enums import DownlineSort, PromoterStatus, Rank
from graph_api.schema.nodes import Counted, Node, PageInfo, global_id, now_or_later, resolver
from graph_api.schema.orders import Info, OrderConnection
from graph_api.schema.payouts import Balance, PayoutConnection
from graph_api.schema.problems import UserError
from graph_api.schema.promotion import PromotionProgress
from graph_api.schema.scalars import Instant, Month
from graph_api.schema.selections import arguments_of, below, nodes_of, selects
from graph_api.schema.sentences import lock_reason
from graph_api.schema.statements import Statement, TaxRecord
from graph_api.schema.structures import ComplianceMeter
from graph_api.schema.teams import SalesAggregate, TeamAggregate
from graph_api.viewer import Role

if TYPE_CHECKING:
    from graph_api.schema.findings import Finding

Fact = tuple[Kind, int]
"""Kind and number of what is asked of a member."""
SALES: Fact = ("sales", ALL_TIME)
TOTAL: Fact = ("total", ALL_TIME)
"""What a page brings along of its members."""
STATUSES = {status.value: status for status in PromoterStatus}
BY_LEVEL = ("byLevel", "maxDepth", "directCount")
"""Fields of a team that need more than its sums."""


@strawberry.type(description="A lock: commission is earned on, and nothing of it is paid until a person has decided.")
class Lock:
    since: Instant = strawberry.field(description="Since when.")
    reason: str = strawberry.field(
        description="The text that a person gave. Of a finding, the promoter is told what it is about; staff, what it says."
    )

    @classmethod
    def of(cls, context: Context, shown: Shown) -> Lock:
        own = context.viewer.role is Role.PROMOTER and bool(shown.detectors)
        reason = lock_reason(shown.detectors, language=context.language) if own else shown.reason
        return cls(since=shown.locked_at, reason=reason)


@strawberry.type(description="Somebody with an invitation code.")
class Promoter(Node):
    card: strawberry.Private[Card]
    member: strawberry.Private[MemberRow | None]
    code: str = strawberry.field(description="The invitation code.")
    status: PromoterStatus = strawberry.field(description="Whether it takes part.")
    rank: Rank = strawberry.field(description="Its step on the ladder.")
    joined_at: Instant = strawberry.field(description="When it joined.")

    @resolver(description="Masked for every viewer but the promoter and FINANCE.")
    def name(self, info: Info) -> str | None:
        return info.context.shown_name(self.card)

    @resolver(description="Masked for every viewer but the promoter and FINANCE; not shown to the upline.")
    def phone(self, info: Info) -> str | None:
        return info.context.shown_phone(self.card)

    @resolver(description="Who brought it in; null at the root, and above the viewer.")
    async def referrer(self, info: Info) -> Promoter | None:
        above = _visible_path(info.context, self.card)
        return await visible(info.context, above[0]) if above else None

    @resolver(description="Nearest first; it ends with the viewer.")
    async def upline(self, info: Info, first: int = 10) -> list[Promoter]:
        codes = _visible_path(info.context, self.card)[:first]
        found = await asyncio.gather(*(visible(info.context, code) for code in codes))
        return [promoter for promoter in found if promoter is not None]

    @resolver(
        description="Everyone below, to a depth (1 is direct), or at exactly one level;"
        " search is a code's beginning or an exact name."
    )
    def downline(
        self,
        info: Info,
        depth: int = 1,
        level: int | None = None,
        search: str | None = None,
        status: PromoterStatus | None = None,
        rank: Rank | None = None,
        order_by: DownlineSort | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> DownlineConnection:
        which = _which(depth, level, search, status, rank)
        order = _order(order_by)
        reads = info.context.promoters
        facts = members_facts(info, nodes_of(info))
        totals = TOTAL in facts
        others = [fact for fact in facts if fact not in (SALES, TOTAL)]

        def connection(page: DownlinePage) -> DownlineConnection | Awaitable[DownlineConnection]:
            found = DownlineConnection.of(page, after=after, count=lambda: reads.downline_count(self.code, **which))
            asks = [Ask(kind, row.card.code, number) for row in page.rows for kind, number in others]
            return reads.ready(asks).then(lambda _: found) if asks else found

        page = reads.downline(self.code, **which, order=order, first=first, after=after, totals=totals)
        return now_or_later(page.then(connection))

    @resolver(description="Own sales, of a month or of all time.")
    def sales(self, info: Info, month: Month | None = None) -> SalesAggregate:
        buyers = selects(info, "buyers")
        if self.member is not None and month is None and not buyers:
            return SalesAggregate.of(self.member.sales)
        return now_or_later(info.context.promoters.sales(self.code, month, buyers=buyers).then(SalesAggregate.of))

    @resolver(description="Team aggregates; of all time without a month, of every level without a depth.")
    def team(self, info: Info, month: Month | None = None, depth: int | None = None) -> TeamAggregate:
        def shown(team: Team) -> TeamAggregate:
            info.context.saw_team(team)
            return TeamAggregate.of(team, depth=depth)

        levels, valid = depth is not None or selects(info, *BY_LEVEL), selects(info, "validDirectCount")
        if self.member is not None and self.member.team is not None and not (month or levels or valid):
            return shown(self.member.team)
        team = info.context.promoters.team(self.code, month, levels=levels, valid=valid)
        return now_or_later(team.then(shown))

    @resolver(description="How far the next rank is.")
    async def promotion(self, info: Info) -> PromotionProgress:
        return await PromotionProgress.of_promoter(info.context, self.code)

    @resolver(description="What it earned on orders paid in a month: for itself and staff, not for the upline.")
    async def earnings(self, info: Info, month: Month) -> Earnings | None:
        return Earnings.of(month, await info.context.commissions.sums(self.code, month=month))

    @resolver(description="Where its money stands: for itself and staff, not for the upline.")
    async def balance(self, info: Info) -> Balance | None:
        return Balance.of(await info.context.promoters.balance(self.code))

    @resolver(description="Its payouts, newest first: for itself and staff, not for the upline.")
    async def payouts(self, info: Info, first: int = 20, after: str | None = None) -> PayoutConnection | None:
        return await PayoutConnection.received(info.context, code=self.code, status=None, first=first, after=after)

    @resolver(description="What moved its account in a month: for itself and staff, not for the upline.")
    async def statement(self, info: Info, month: Month) -> Statement | None:
        moved = await accounts.month_statement(info.context.store, self.code, month)
        return Statement.of(self.code, month, moved)

    @resolver(description="What it received in a year and the tax withheld: for itself and staff.")
    async def tax_record(self, info: Info, year: int) -> TaxRecord | None:
        records = await accounts.year_records(info.context.store, [self.code], year)
        return TaxRecord.of(year, records.get(self.code, []))

    @resolver(description="Which version of the e-contract it accepted last: for itself and staff.")
    async def accepted_contract(self, info: Info) -> str | None:
        return await info.context.payouts.accepted_contract(self.code)

    @resolver(description="Why its money is held, while it is locked: for itself and staff, not for the upline.")
    async def lock(self, info: Info) -> Lock | None:
        shown = await info.context.findings.lock(self.code)
        return Lock.of(info.context, shown) if shown is not None else None

    @resolver(description="Orders it sold: for itself and staff, not for the upline.")
    async def orders(self, info: Info, first: int = 20, after: str | None = None) -> OrderConnection | None:
        return await OrderConnection.sought(info.context, Sought(), seller_code=self.code, first=first, after=after)

    @resolver(description="Its commission entries: for itself and staff, not for the upline.")
    async def commissions(
        self, info: Info, month: Month | None = None, first: int = 20, after: str | None = None
    ) -> CommissionConnection | None:
        return await CommissionConnection.earned(info.context, self.code, month=month, first=first, after=after)

    @resolver(description="How near its own tree is to the prosecution line; for those who watch over it.")
    async def compliance(self, info: Info) -> ComplianceMeter | None:
        return ComplianceMeter.of(await info.context.structures.compliance(self.code))

    @resolver(description="Structures that name it, the gravest first: for RISK, OPERATOR and ADMIN.")
    async def findings(
        self, info: Info
    ) -> list[Annotated[Finding, strawberry.lazy("graph_api.schema.findings")]] | None:
        from graph_api.schema.findings import Finding

        return [Finding.of(card) for card in await info.context.findings.naming(self.code)]

    @classmethod
    def of(cls, card: Card, member: MemberRow | None = None) -> Promoter:
        """`member`: its row on a page of a downline, which has more of it."""
        return cls(
            id=global_id("Promoter", card.code),
            card=card,
            member=member,
            code=card.code,
            status=STATUSES[card.status],
            rank=card.rank,
            joined_at=card.joined_at,
        )


async def visible(context: Context, code: str | None) -> Promoter | None:
    """The promoter, or None if it is not there or not for this viewer: the two look the same."""
    card = await context.visible_card(code)
    return Promoter.of(card) if card is not None else None


def prefetch(info: Info, code: str) -> None:
    """Ask for the pages that the query wants of a promoter together with its card: one statement instead of two."""
    for node in below(info, nodes_of(info), "downline"):
        given = arguments_of(info, "Promoter", node)
        order = _order(given.pop("orderBy", None))
        page = {name: given.pop(name, None) for name in ("first", "after")}
        totals = TOTAL in members_facts(info, [node])
        with contextlib.suppress(DomainError):  # the field itself will say so
            info.context.promoters.prefetch_downline(code, **_which(**given), order=order, **page, totals=totals)


def members_facts(info: Info, downlines: Sequence[FieldNode]) -> list[Fact]:
    """What the query asks of each member on a page: all of them are read at once, before any is shown."""
    members = below(info, below(info, downlines, "edges"), "node")
    facts: dict[Fact, None] = {}
    for node in below(info, members, "sales"):
        month = arguments_of(info, "Promoter", node).get("month") or ALL_TIME
        facts["sales", month] = None
        if below(info, [node], "buyers"):
            facts["buyers", month] = None
    for node in below(info, members, "team"):
        given = arguments_of(info, "Promoter", node)
        levels = given.get("depth") is not None or any(below(info, [node], name) for name in BY_LEVEL)
        facts["team" if levels else "total", given.get("month") or ALL_TIME] = None
        if below(info, [node], "validDirectCount"):
            facts["valid", ALL_TIME] = None
    return list(facts)


def _order(order_by: DownlineSort | None) -> DownlineOrder:
    order: DownlineOrder = (order_by or DownlineSort.LEVEL).value
    return order


def _which(
    depth: int = 1,
    level: int | None = None,
    search: str | None = None,
    status: PromoterStatus | None = None,
    rank: Rank | None = None,
) -> dict[str, Any]:
    """Which members, as the reads take it."""
    return {
        "depth": depth,
        "level": level,
        "search": search,
        "status": status.value if status else None,
        "rank": rank,
    }


def _visible_path(context: Context, card: Card) -> tuple[str, ...]:
    """The upline up to the viewer, if the viewer is a promoter."""
    own = context.viewer.promoter_code
    if own is None:
        return card.path
    return card.path[: card.path.index(own) + 1] if own in card.path else ()


@strawberry.type(description="A promoter on a page.")
class PromoterEdge:
    cursor: str = strawberry.field(description="Give it as `after` to go on from here.")
    node: Promoter = strawberry.field(description="The promoter.")


@strawberry.type(description="Promoters in the order asked for.")
class PromoterConnection(Counted):
    edges: list[PromoterEdge] = strawberry.field(description="The page.")

    @classmethod
    def of(cls, page: PromoterPage, *, after: str | None, count: Callable[[], Awaitable[int]]) -> PromoterConnection:
        cursors = [row.cursor for row in page.rows]
        return cls(
            edges=[PromoterEdge(cursor=row.cursor, node=Promoter.of(row.card)) for row in page.rows],
            page_info=PageInfo.of(cursors, has_next=page.has_next, after=after),
            count=count,
        )


@strawberry.type(description="A member of a team on a page.")
class DownlineEdge:
    row: strawberry.Private[MemberRow]
    node: Promoter = strawberry.field(description="The member.")
    level: int = strawberry.field(description="Its level below the promoter; 1 is direct.")

    @resolver(description="Give it as `after` to go on from here.")
    def cursor(self) -> str:
        return self.row.cursor


@strawberry.type(description="Members of a team in the order asked for.")
class DownlineConnection(Counted):
    edges: list[DownlineEdge] = strawberry.field(description="The page.")

    @classmethod
    def of(cls, page: DownlinePage, *, after: str | None, count: Callable[[], Awaitable[int]]) -> DownlineConnection:
        cursors = [row.cursor for row in (*page.rows[:1], *page.rows[-1:])]
        return cls(
            edges=[DownlineEdge(row=row, node=Promoter.of(row.card, row), level=row.level) for row in page.rows],
            page_info=PageInfo.of(cursors, has_next=page.has_next, after=after),
            count=count,
        )


@strawberry.input(description="Which promoters; everything given must hold.")
class PromoterFilter:
    search: str | None = strawberry.field(description="A code's beginning or an exact name.", default=None)
    status: PromoterStatus | None = strawberry.field(description="Whether it takes part.", default=None)
    rank: Rank | None = strawberry.field(description="Its step on the ladder.", default=None)
    joined_from: Instant | None = strawberry.field(description="Joined at or after.", default=None)
    joined_to: Instant | None = strawberry.field(description="Joined before.", default=None)
    referrer_code: str | None = strawberry.field(description="Direct downlines of this promoter.", default=None)

    @property
    def which(self) -> dict[str, Any]:
        """As the reads take it."""
        return vars(self) | {"status": self.status.value if self.status else None}


@strawberry.input(description="A new promoter; the code is the idempotency key.")
class EnrolPromoterInput:
    code: str = strawberry.field(description="The invitation code.")
    name: str | None = strawberry.field(description="Kept encrypted.", default=None)
    phone: str | None = strawberry.field(
        description="Kept encrypted; also an identifier of the promoter.", default=None
    )
    referrer_code: str | None = strawberry.field(description="Who brought it in.", default=None)
    joined_at: Instant | None = strawberry.field(description="Now if absent.", default=None)


@strawberry.input(description="Gives a promoter without a referrer its one referrer.")
class BindReferrerInput:
    promoter_code: str = strawberry.field(description="Who gets a referrer.")
    referrer_code: str = strawberry.field(description="The referrer.")
    at: Instant | None = strawberry.field(description="From when new sales follow; now if absent.", default=None)


@strawberry.input(
    description="Without a referrer: to the root. at: from when new sales follow the new upline; now if absent."
)
class MoveBranchInput:
    promoter_code: str = strawberry.field(description="Who moves, with its whole branch.")
    referrer_code: str | None = strawberry.field(description="The new referrer.", default=None)
    reason: str = strawberry.field(description="Why; kept in the history.")
    at: Instant | None = strawberry.field(description="From when new sales follow.", default=None)
    key: str | None = strawberry.field(description="Makes a retry harmless.", default=None)


@strawberry.type(description="The promoter as it is now, or why the change was refused.")
class PromoterPayload:
    promoter: Promoter | None = strawberry.field(description="The promoter.")
    errors: list[UserError] = strawberry.field(description="Empty if the change was accepted.")

"""Who did what: the journal for administrators and the risk team, and the search for a promoter that is written into it."""

from __future__ import annotations

from enum import Enum

import strawberry
from strawberry.scalars import JSON

from graph_api.actions import search
from graph_api.actions.search import Search
from graph_api.batched import audit
from graph_api.batched.cursors import cursor, keys_of
from graph_api.batched.rows import PromoterPage, PromoterRow
from graph_api.schema.nodes import PageInfo, resolver
from graph_api.schema.orders import Info
from graph_api.schema.promoters import PromoterConnection
from graph_api.schema.scalars import Instant, Whole


@strawberry.enum(
    description="What is known of somebody: the beginning of the CODE, the exact NAME, or an exact PHONE, enrolled or linked"
    " later."
)
class PromoterKey(Enum):
    CODE = "CODE"
    NAME = "NAME"
    PHONE = "PHONE"


@strawberry.type(description="Something that was done, as the journal has it.")
class AuditEntry:
    seq: Whole = strawberry.field(description="Its position; nothing stands between two neighbours.")
    kind: str = strawberry.field(description="What was done.")
    actor: str = strawberry.field(description="Who did it: ROLE, ROLE:NAME, or a command or job.")
    at: Instant = strawberry.field(description="From when it holds.")
    recorded_at: Instant = strawberry.field(description="When it was written down.")
    codes: list[str] = strawberry.field(description="Whose own facts changed; the first 50.")
    code_count: int = strawberry.field(description="How many they are in all.")
    facts: JSON = strawberry.field(description="What else is known of it, personal data left out.")

    @classmethod
    def of(cls, entry: audit.Entry) -> AuditEntry:
        return cls(
            seq=entry.seq,
            kind=entry.kind,
            actor=entry.actor,
            at=entry.at,
            recorded_at=entry.recorded_at,
            codes=list(entry.codes),
            code_count=entry.code_count,
            facts=JSON(entry.facts),
        )


@strawberry.type(description="An entry on a page.")
class AuditEntryEdge:
    cursor: str = strawberry.field(description="Give it as `after` to go on from here.")
    node: AuditEntry = strawberry.field(description="The entry.")


@strawberry.type(
    description="The journal, latest first. A page looks at 20,000 entries at most: with a filter it may be short or empty"
    " and not the last, and endCursor then leads on."
)
class AuditConnection:
    edges: list[AuditEntryEdge] = strawberry.field(description="The page.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")

    @classmethod
    def of(cls, page: audit.Page, *, after: str | None) -> AuditConnection:
        info = PageInfo(
            has_next_page=page.has_next,
            has_previous_page=after is not None,
            start_cursor=page.entries[0].cursor if page.entries else None,
            end_cursor=page.end_cursor,
        )
        return cls(edges=[AuditEntryEdge(cursor=e.cursor, node=AuditEntry.of(e)) for e in page.entries], page_info=info)


@strawberry.input(description="Which entries; everything given must hold.")
class AuditFilter:
    actor: str | None = strawberry.field(description="Exactly who: ROLE or ROLE:NAME.", default=None)
    kind: str | None = strawberry.field(description="Exactly what.", default=None)
    code: str | None = strawberry.field(description="Somebody whose own facts changed.", default=None)
    recorded_from: Instant | None = strawberry.field(description="Written down at or after.", default=None)
    recorded_to: Instant | None = strawberry.field(description="Written down before.", default=None)

    @property
    def wanted(self) -> audit.Wanted:
        return audit.Wanted(self.actor, self.kind, self.code, self.recorded_from, self.recorded_to)


@strawberry.type
class AuditQueries:
    @resolver(description="Who did what, and when; RISK is not shown what became of accounts.")
    async def audit_log(
        self, info: Info, filter: AuditFilter | None = None, first: int = 20, after: str | None = None
    ) -> AuditConnection | None:
        context, wanted = info.context, filter.wanted if filter else audit.Wanted()
        return AuditConnection.of(
            await audit.page(context.store, context.viewer, wanted, first=first, after=after), after=after
        )

    @resolver(
        description="Promoters by one thing that is known of them, in the order of their codes. A search by name or phone"
        " is recorded with whom it found."
    )
    async def find_promoters(
        self, info: Info, by: PromoterKey, text: str, first: int = 20, after: str | None = None
    ) -> PromoterConnection | None:
        context = info.context
        which = Search.of(context.pii, by.value, text)
        order = f"FOUND_{by.value}"
        keys = keys_of(order, after)
        codes, has_next = await search.sought(
            context.store,
            which,
            after=keys[2] if keys is not None else "",
            first=first,
            actor=context.viewer.actor,
            now=context.now,
        )
        cards = [await context.visible_card(code) for code in codes]
        rows = tuple(PromoterRow(card, cursor(order, (0, 0, card.code))) for card in cards if card is not None)
        return PromoterConnection.of(
            PromoterPage(rows, has_next), after=after, count=lambda: search.count(context.store, which)
        )

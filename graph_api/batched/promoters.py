"""Reads of promoters for one request: what one tick asks for is looked up in the cache in one call, and what is
missing there comes from the graph in one statement."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from cypher.network import DEPTH_MAX
from cypher.store import Store
from graph_api.batched import graph
from graph_api.batched.asks import (
    ALL_TIME,
    EVERYBODY,
    INSTANT_FROM,
    INSTANT_TO,
    Anybody,
    Ask,
    DownlineOrder,
    Members,
    PromoterOrder,
    Window,
    kept_answer,
)
from graph_api.batched.cursors import cursor, keys_of
from graph_api.batched.rows import (
    Balance,
    Card,
    DownlinePage,
    MemberRow,
    PromoterPage,
    PromoterRow,
    PromotionFacts,
    Sales,
    Team,
    TeamLevel,
)
from graph_api.batched.ticks import Now, Soon, Ticks, shielded
from graph_api.cache import Cache, Position
from graph_api.errors import NotFound
from graph_api.pii import Pii
from graph_api.rules.calendar import month_of, month_shifted
from graph_api.rules.codes import code_error, text_error
from graph_api.rules.plan import DEFAULT_PLAN, Rank
from graph_api.rules.promotion import months_ending
from graph_api.viewer import Role, Viewer

T = TypeVar("T")
RANKS = {rank.value: rank for rank in Rank}
Answer = tuple[Any, bool]
"""An ask's answer, and whether it was found in the cache."""


class PromoterReads:
    """One per request. Only `card` asks whether the viewer may see a promoter; the others presume that it was asked.

    What is read is remembered for the request, until this process writes: a mutation's payload shows its effect.
    """

    def __init__(self, store: Store, cache: Cache | None, viewer: Viewer, pii: Pii) -> None:
        self._store = store
        self._cache = cache or Cache(None)
        self._viewer = viewer
        self._pii = pii
        self._ticks: Ticks[Ask, Answer] = Ticks(self._answers)
        self._head = store.head
        self._from_graph = False
        self._position: Position | None = None

    async def kept(self, code: str, number: int) -> str | None:
        """The whole answer about a promoter that was kept under this number; None if the viewer does not see it."""
        card, answer = Ask("card", code).field, kept_answer(code, number)
        reading = await self._cache.read(self._store, [card, answer])
        self._position = self._position or reading.position
        if card not in reading.values or answer not in reading.values:
            return None
        found = _card(reading.values[card])
        return str(reading.values[answer]) if self._viewer.sees(found.code, found.path) else None

    def keep(self, answers: Mapping[tuple[str, int], str]) -> None:
        """Keep whole answers, by code and number, if all that was read for them was found in the cache.

        They say that it was, and whoever comes but once fills nothing. `kept` was asked before the first of the reads,
        so none of them ends unseen.
        """
        if not self._from_graph:
            kept = {kept_answer(code, number): text for (code, number), text in answers.items()}
            self._cache.keep(self._store, self._position, kept)

    async def card(self, code: str) -> Card | None:
        """None if there is no such promoter, and the same if the viewer does not see it."""
        row = await self._asked(Ask("card", code))
        if row is None:
            return None
        card = _card(row)
        return card if self._viewer.sees(card.code, card.path) else None

    def sales(self, code: str, month: int | None, *, buyers: bool = True) -> Soon[Sales]:
        """Own sales; `buyers` are counted from the orders, so they are 0 for a caller who says it does not want them."""
        number = month or ALL_TIME
        asks = [Ask("sales", code, number), *([Ask("buyers", code, number)] if buyers else [])]
        return self._soon(asks, _sales)

    def team(self, code: str, month: int | None, *, levels: bool = True, valid: bool = True) -> Soon[Team]:
        """The team; without `levels` only as a whole, without `valid` its valid direct downlines are not counted (0)."""
        asks = [Ask("team" if levels else "total", code, month or ALL_TIME), *([Ask("valid", code)] if valid else [])]
        return self._soon(asks, functools.partial(_team, code))

    def ready(self, facts: Sequence[Ask]) -> Soon[None]:
        """Once these are answered, whoever asks for one of them has it at once."""
        return self._soon(facts, lambda *_: None)

    def prefetch_downline(
        self,
        code: str,
        *,
        depth: int = 1,
        level: int | None = None,
        search: str | None = None,
        status: str | None = None,
        rank: str | None = None,
        order: DownlineOrder | None = None,
        first: int = 20,
        after: str | None = None,
        totals: bool = False,
    ) -> None:
        """Ask for a page that will be wanted, in the tick that asks for the promoter's card: both are one statement."""
        which = self._members(depth=depth, level=level, search=search, status=status, rank=rank)
        window = Window(order or "LEVEL", first, keys_of(order or "LEVEL", after), totals)
        if which is not None:
            self._ask(Ask("page", code, 0, which, window))

    def downline(
        self,
        code: str,
        *,
        depth: int = 1,
        level: int | None = None,
        search: str | None = None,
        status: str | None = None,
        rank: str | None = None,
        order: DownlineOrder | None = None,
        first: int = 20,
        after: str | None = None,
        totals: bool = False,
    ) -> Soon[DownlinePage]:
        """The people below, to a depth or at one level; search is a code's beginning or an exact name.

        Their sales are known with them, and with `totals` their teams as a whole, both of all time. All of it is the
        page's: whatever changes it changes the subtree of the promoter. What lies above may change without the page.
        """
        order = order or "LEVEL"
        which = self._members(depth=depth, level=level, search=search, status=status, rank=rank)
        window = Window(order, first, keys_of(order, after), totals)
        if which is None:
            return Now(DownlinePage((), has_next=False))
        asks = [Ask("page", code, 0, which, window), Ask("card", code)]
        return self._soon(asks, functools.partial(self._page, code, order))

    def _page(self, code: str, order: DownlineOrder, page: Answer, card: Answer) -> DownlinePage:
        (answer, cached), (root, _) = page, card
        if answer is None or root is None:
            return DownlinePage((), has_next=False)
        rows = []
        above = [code, *root[-1]]
        for *own, below, level, key_1, key_2, sales, total in answer["rows"]:
            row = [*own, [*below, *above]]
            self._ticks.tell(Ask("card", own[0]), (row, cached))
            team = _whole(own[0], total, answer["at"], cached=cached) if total is not None else None
            rows.append(MemberRow(_card(row), level, order, (key_1, key_2, own[0]), _own_sales(sales), team))
        return DownlinePage(tuple(rows), answer["has_next"])

    async def downline_count(
        self,
        code: str,
        *,
        depth: int = 1,
        level: int | None = None,
        search: str | None = None,
        status: str | None = None,
        rank: str | None = None,
    ) -> int:
        which = self._members(depth=depth, level=level, search=search, status=status, rank=rank)
        return (await self._asked(Ask("count", code, 0, which)) or 0) if which else 0

    async def promoters(
        self,
        *,
        search: str | None = None,
        status: str | None = None,
        rank: str | None = None,
        joined_from: int | None = None,
        joined_to: int | None = None,
        referrer_code: str | None = None,
        order: PromoterOrder | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> PromoterPage:
        """A page of all promoters, for staff: a promoter sees nobody here."""
        order = order or "JOINED_AT_DESC"
        which = self._anybody(search, status, rank, joined_from, joined_to, referrer_code)
        window = Window(order, first, keys_of(order, after))
        if which is None:
            return PromoterPage((), has_next=False)
        answer = await self._asked(Ask("list", EVERYBODY, 0, which, window))
        rows = []
        for *row, key in answer["rows"]:
            self._ticks.tell(Ask("card", row[0]), (row, True))
            rows.append(PromoterRow(_card(row), cursor(order, (key, 0, row[0]))))
        return PromoterPage(tuple(rows), answer["has_next"])

    async def promoters_count(
        self,
        *,
        search: str | None = None,
        status: str | None = None,
        rank: str | None = None,
        joined_from: int | None = None,
        joined_to: int | None = None,
        referrer_code: str | None = None,
    ) -> int:
        which = self._anybody(search, status, rank, joined_from, joined_to, referrer_code)
        return (await self._asked(Ask("list_count", EVERYBODY, 0, which))) if which else 0

    async def promotion(
        self, code: str, *, sales_months: int = DEFAULT_PLAN.sales_months, now: int | None = None
    ) -> PromotionFacts:
        """Both routes' facts: valid direct downlines, and own sales of the plan's consecutive months.

        The months end with the one after the last closed month, else with the promoter's latest month of sales,
        else with the month of `now`.
        """
        facts, count = self._ask(Ask("promotion", code)), self._ask(Ask("valid", code))
        row, valid_count = (await shielded(facts))[0], (await shielded(count))[0]
        if row is None:
            raise NotFound(f"no promoter {code}")
        sold = dict(row["months"])
        if row["closed_month"] is not None:
            month = month_shifted(row["closed_month"], by=1)
        else:
            month = max(sold, default=month_of(time.time_ns() // 1000 if now is None else now))
        months = tuple((each, sold.get(each, 0)) for each in months_ending(month, count=sales_months))
        return PromotionFacts(Rank(row["rank"]), valid_count or 0, month, months)

    async def balance(self, code: str) -> Balance:
        """Where the money of a promoter's entries stands."""
        return Balance(**(await self._asked(Ask("balance", code))))

    async def nearly_valid(self, code: str, first: int) -> list[Card]:
        """Active direct downlines one order short of valid, nearest first."""
        asked, card = self._ask(Ask("nearly", code, first)), self._ask(Ask("card", code))
        (members, _), (root, _) = await shielded(asked), await shielded(card)
        if members is None or root is None:
            return []
        return [_card([*own, [code, *root[-1]]]) for *own, _ in members]

    def _members(
        self, *, depth: int, level: int | None, search: str | None, status: str | None, rank: str | None
    ) -> Members | None:
        """None if nobody can match."""
        lowest, deepest = (1, min(depth, DEPTH_MAX)) if level is None else (level, level)
        if not 1 <= lowest <= deepest <= DEPTH_MAX:
            return None
        _check_search(search)
        name_hash = self._pii.hash("name", search) if search else None
        return Members(lowest, deepest, search or None, name_hash, status, _text(rank))

    def _anybody(
        self,
        search: str | None,
        status: str | None,
        rank: str | None,
        joined_from: int | None,
        joined_to: int | None,
        referrer_code: str | None,
    ) -> Anybody | None:
        if self._viewer.role is Role.PROMOTER:
            return None
        _check_search(search)
        if referrer_code is not None and (error := code_error(referrer_code, field="referrerCode")) is not None:
            raise error
        name_hash = self._pii.hash("name", search) if search else ""
        since = INSTANT_FROM if joined_from is None else joined_from
        until = INSTANT_TO if joined_to is None else joined_to
        return Anybody(search or "", name_hash, status, _text(rank), since, until, referrer_code)

    def _ask(self, ask: Ask) -> asyncio.Future[Answer]:
        self._stay_fresh()
        return self._ticks.ask(ask)

    def _soon(self, asks: Sequence[Ask], make: Callable[..., T]) -> Soon[T]:
        self._stay_fresh()
        return self._ticks.soon(asks, make)

    def _stay_fresh(self) -> None:
        if self._store.head != self._head:
            self._head = self._store.head
            self._ticks.forget()

    async def _asked(self, ask: Ask) -> Any:
        return (await shielded(self._ask(ask)))[0]

    async def _answers(self, asks: Sequence[Ask]) -> Mapping[Ask, Answer]:
        """What is cached, and the rest from the graph, together with what other requests ask there.

        They show all that had been written when they began: only who stands at the same journal position goes along.
        """
        position, result = await self._held(asks)
        missing = [ask for ask in asks if ask not in result]
        if missing:
            self._from_graph = True
            reached = max(self._store.head, position.applied if position else 0)
            # Alike is what differs in its promoters only: put together, it is a statement that Neo4j has planned before.
            alike = (position, frozenset((*ask[2:], ask.kind) for ask in missing))
            fly = functools.partial(self._flown, position)
            result |= await self._cache.flights.answers(reached, alike, missing, fly)
        return result

    async def _held(self, asks: Sequence[Ask]) -> tuple[Position | None, dict[Ask, Answer]]:
        """What is cached, and the position from which on more may be kept."""
        fields = [ask.field for ask in asks]
        reading = await self._cache.read(self._store, fields)
        held = reading.values
        return reading.position, {
            ask: (held[field], True) for ask, field in zip(asks, fields, strict=True) if field in held
        }

    async def _flown(self, position: Position | None, asks: Sequence[Ask], waited: bool) -> Mapping[Ask, Answer]:
        """From the graph; whoever `waited` looks first whether it has been answered meanwhile."""
        result = dict[Ask, Answer]()
        if waited:
            position, result = await self._held(asks)
        missing = [ask for ask in asks if ask not in result]
        found = await graph.answers(self._store, missing) if missing else {}
        # Whoever is not there is not remembered: it may be enrolled the next moment, and made-up codes would fill Redis.
        kept = {ask.field: answer for ask, answer in found.items() if answer is not None}
        self._cache.keep(self._store, position, kept)
        return result | {ask: (answer, False) for ask, answer in found.items()}


def _sales(own: Answer, buyers: Answer = (0, False)) -> Sales:
    return _own_sales(own[0] or (0, 0, 0), buyers[0] or 0)


def _own_sales(row: Sequence[int], buyers: int = 0) -> Sales:
    orders, volume_fen, refunded_fen = row
    return Sales(orders, buyers, volume_fen, refunded_fen)


def _whole(code: str, total: Sequence[int], at: int, *, cached: bool) -> Team:
    """A team of which nothing but the whole was asked."""
    size, orders, volume_fen = total
    return Team(code, size, orders, volume_fen, (), 0, at, "CACHE" if cached else "GRAPH")


def _team(code: str, counted: Answer, valid: Answer = (0, False)) -> Team:
    row, cached = counted
    levels = tuple([TeamLevel(*level) for level in row.get("levels", ())])
    size, orders, volume_fen = row["total"] if "total" in row else graph.total_of(row["levels"])
    return Team(code, size, orders, volume_fen, levels, valid[0] or 0, row["at"], "CACHE" if cached else "GRAPH")


def _card(row: Sequence[Any]) -> Card:
    code, status, rank, joined_at, name_sealed, phone_sealed, path = row
    return Card(code, status, RANKS[rank], joined_at, name_sealed, phone_sealed, tuple(path))


def _check_search(search: str | None) -> None:
    error = text_error(search, field="search")
    if error is not None:
        raise error


def _text(rank: str | None) -> str | None:
    return str(rank) if rank is not None else None

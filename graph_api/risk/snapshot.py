"""The network as arrays: what every detector reads, and nothing that changes under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graph_api.arrays import added, roots_and_depths
from graph_api.rules.calendar import DAY_US, HOUR_US
from graph_api.rules.codes import IDENTIFIER_KINDS

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
NOBODY = -1
SHANGHAI_US = 8 * HOUR_US


@dataclass(frozen=True)
class Snapshot:
    """People are numbered, promoters first; not slotted, as what is derived is computed once and kept.

    `referrers`, `claims`: a promoter each, NOBODY without. `referred_ats`: since when it stands under its referrer.
    Orders: `buyers`, `sellers`, `paid_ats`, `paid_fens`, `refunded_fens`, `countables` (counts as own sales), in parallel.
    Incomes, one a receiver and Shanghai day of the sale: `own_fens`, `override_fens`, `open_fens` (not paid out yet).
    Links: `link_people` to `link_identifiers`, which number `identifiers` (`KIND:hash`).
    """

    as_of: int
    codes: Sequence[str]
    referrers: Int32s
    claims: Int32s
    joined_ats: Int64s
    referred_ats: Int64s
    buyers: Int32s
    sellers: Int32s
    paid_ats: Int64s
    paid_fens: Int64s
    refunded_fens: Int64s
    countables: Bools
    income_receivers: Int32s
    income_days: Int32s
    own_fens: Int64s
    override_fens: Int64s
    open_fens: Int64s
    link_people: Int32s
    link_identifiers: Int32s
    identifiers: Sequence[str]

    @property
    def promoters(self) -> int:
        return len(self.referrers)

    @cached_property
    def tree(self) -> tuple[Int32s, Int32s]:
        """Each promoter's root and how many levels it stands below it."""
        return roots_and_depths(self.referrers)

    @cached_property
    def direct_counts(self) -> Int64s:
        return np.bincount(self.referrers[self.referrers >= 0], minlength=self.promoters).astype(np.int64)

    @cached_property
    def open_by_promoter(self) -> Int64s:
        """Commission on sales that is not paid out yet, in fen."""
        return added(self.promoters, self.income_receivers, self.open_fens)

    @cached_property
    def people_by_identifier(self) -> Int64s:
        return np.bincount(self.link_identifiers, minlength=len(self.identifiers)).astype(np.int64)

    @cached_property
    def kind_by_identifier(self) -> NDArray[np.int8]:
        kinds = {kind: number for number, kind in enumerate(IDENTIFIER_KINDS)}
        return np.array([kinds[id.partition(":")[0]] for id in self.identifiers], dtype=np.int8)

    @cached_property
    def judged_at(self) -> int:
        """The instant of the latest sale, or `as_of` if that is earlier: a network without news has no new idlers."""
        return min(self.as_of, int(self.paid_ats.max())) if len(self.paid_ats) else self.as_of

    @cached_property
    def _children(self) -> tuple[Int64s, Int64s]:
        order = np.argsort(self.referrers, kind="stable")
        return order, np.searchsorted(self.referrers[order], np.arange(self.promoters + 1))

    def direct(self, promoter: int) -> Int64s:
        """The direct downlines of a promoter."""
        order, starts = self._children
        return order[starts[promoter] : starts[promoter + 1]]

    @cached_property
    def _people(self) -> tuple[Int64s, Int64s]:
        order = np.argsort(self.link_identifiers, kind="stable")
        return order, np.searchsorted(self.link_identifiers[order], np.arange(len(self.identifiers) + 1))

    def people_with(self, identifier: int) -> list[int]:
        """Who has an identifier."""
        order, starts = self._people
        people: list[int] = self.link_people[order[starts[identifier] : starts[identifier + 1]]].tolist()
        return people

    def code(self, person: int | np.integer) -> str:
        return self.codes[int(person)]

    def node(self, person: int | np.integer) -> str:
        """A person as a node of a structure."""
        return f"{'PROMOTER' if person < self.promoters else 'BUYER'}:{self.codes[int(person)]}"

    def stake_fen(self, promoters: Sequence[int] | Int32s | Int64s) -> int:
        return int(self.open_by_promoter[np.asarray(promoters, dtype=np.int64)].sum())


def days_of(instants: Int64s) -> Int64s:
    """Days since 1970 in Shanghai."""
    return (instants + SHANGHAI_US) // DAY_US


@dataclass
class Gathering:
    """Collects columns page by page and makes a snapshot of them; who is not a promoter on any page is nobody's seller."""

    codes: list[str] = field(default_factory=list)
    _number: dict[str, int] = field(default_factory=dict)
    _identifier: dict[str, int] = field(default_factory=dict)
    _referrers: list[str] = field(default_factory=list)
    _claims: list[str] = field(default_factory=list)
    _times: list[Int64s] = field(default_factory=list)
    _orders: list[Int64s] = field(default_factory=list)
    _incomes: list[Int64s] = field(default_factory=list)
    _links: list[Int64s] = field(default_factory=list)
    _promoters: int | None = None

    def add_promoters(
        self,
        codes: list[str],
        referrer_codes: list[str],
        claim_codes: list[str],
        joined_ats: list[int],
        referred_ats: list[int],
    ) -> None:
        """Promoters of one page; "" stands for nobody. All of them come before anything else."""
        assert self._promoters is None, "promoters come first"
        self._number.update(zip(codes, range(len(self.codes), len(self.codes) + len(codes)), strict=True))
        self.codes += codes
        self._referrers += referrer_codes
        self._claims += claim_codes
        self._times.append(np.array([joined_ats, referred_ats], dtype=np.int64))

    def add_orders(
        self,
        buyer_codes: list[str],
        seller_codes: list[str],
        paid_ats: list[int],
        paid_fens: list[int],
        refunded_fens: list[int],
        countables: list[bool],
    ) -> None:
        sellers = self._sellers(seller_codes)
        buyers = self._people(buyer_codes)
        page = np.array([buyers, sellers, paid_ats, paid_fens, refunded_fens, countables], dtype=np.int64)
        self._orders.append(page[:, page[1] >= 0])

    def add_incomes(
        self,
        receiver_codes: list[str],
        days: list[int],
        own_fens: list[int],
        override_fens: list[int],
        open_fens: list[int],
    ) -> None:
        receivers = self._sellers(receiver_codes)
        page = np.array([receivers, days, own_fens, override_fens, open_fens], dtype=np.int64)
        self._incomes.append(page[:, page[0] >= 0])

    def add_links(self, codes: list[str], identifier_ids: list[str]) -> None:
        number = self._identifier
        identifiers = [number.setdefault(id, len(number)) for id in identifier_ids]
        self._links.append(np.array([self._people(codes), identifiers], dtype=np.int64))

    def snapshot(self, as_of: int) -> Snapshot:
        self._close()
        orders = _joined(self._orders, 6)
        incomes = _by_day(_joined(self._incomes, 5))
        links = _distinct(_joined(self._links, 2))
        joined_ats, referred_ats = _joined(self._times, 2)
        return Snapshot(
            as_of=as_of,
            codes=self.codes,
            referrers=self._sellers(self._referrers).astype(np.int32),
            claims=self._sellers(self._claims).astype(np.int32),
            joined_ats=joined_ats,
            referred_ats=referred_ats,
            buyers=orders[0].astype(np.int32),
            sellers=orders[1].astype(np.int32),
            paid_ats=orders[2],
            paid_fens=orders[3],
            refunded_fens=orders[4],
            countables=orders[5].astype(np.bool_),
            income_receivers=incomes[0].astype(np.int32),
            income_days=incomes[1].astype(np.int32),
            own_fens=incomes[2],
            override_fens=incomes[3],
            open_fens=incomes[4],
            link_people=links[0].astype(np.int32),
            link_identifiers=links[1].astype(np.int32),
            identifiers=list(self._identifier),
        )

    def _close(self) -> None:
        if self._promoters is None:
            self._promoters = len(self.codes)

    def _sellers(self, codes: list[str]) -> Int64s:
        """Numbers of promoters; NOBODY for everybody else."""
        self._close()
        numbers = np.fromiter((self._number.get(code, NOBODY) for code in codes), dtype=np.int64, count=len(codes))
        numbers[numbers >= (self._promoters or 0)] = NOBODY
        return numbers

    def _people(self, codes: list[str]) -> Int64s:
        """Numbers of people, new ones included."""
        self._close()
        number, known = self._number, self.codes
        for code in codes:
            if code not in number:
                number[code] = len(known)
                known.append(code)
        return np.fromiter((number[code] for code in codes), dtype=np.int64, count=len(codes))


def _joined(pages: list[Int64s], columns: int) -> Int64s:
    return np.concatenate(pages, axis=1) if pages else np.empty((columns, 0), dtype=np.int64)


def _distinct(links: Int64s) -> Int64s:
    """Each link once, by person and identifier."""
    ordered = links[:, np.lexsort((links[1], links[0]))]
    first = np.ones(ordered.shape[1], dtype=np.bool_)
    first[1:] = (np.diff(ordered[0]) != 0) | (np.diff(ordered[1]) != 0)
    return ordered[:, first]


def _by_day(incomes: Int64s) -> Int64s:
    """One column a receiver and day, in their order; pages may have told of the same day twice."""
    if not incomes.shape[1]:
        return incomes
    ordered = incomes[:, np.lexsort((incomes[1], incomes[0]))]
    first = np.ones(ordered.shape[1], dtype=np.bool_)
    first[1:] = (np.diff(ordered[0]) != 0) | (np.diff(ordered[1]) != 0)
    sums = np.add.reduceat(ordered[2:], np.flatnonzero(first), axis=1)
    return np.concatenate([ordered[:2, first], sums])

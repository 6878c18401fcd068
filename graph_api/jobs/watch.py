"""Look at what was just written, between the daily scans: commission spikes and star bursts of whom it concerns.

The detectors are those of the scan, over a snapshot of the few promoters that matter, read whole; so what they find of
these promoters is what a scan would find. Whatever is left out here, the next scan looks at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, TypeVar

import numpy as np

from cypher import jobs, journal, watching
from cypher.positions import settled
from cypher.store import Store
from graph_api.actions import findings
from graph_api.actions.detectors import in_force
from graph_api.risk.detector import Detector, Found, Limits
from graph_api.risk.registry import DETECTORS, Chosen, Pass, scan
from graph_api.risk.snapshot import Gathering, days_of
from graph_api.rules.calendar import DAY_US, HOUR_US, day_of

NAME = "watch"
ENTRIES_PAGE = 1_000
ENTRIES_MAX = 10_000
"""Entries at once. Who is further behind, as during an import, goes on at the head: that is the scan's work."""
CODES_MAX = 50_000
"""Codes that they name, as one entry of promoters being loaded names thousands; what goes beyond is the scan's work too."""
RECENT_US = 2 * DAY_US
"""What is older is no news, as when history is loaded or parameters change: it is the scan's to raise, and to lock for."""
ENDED_MAX = 100_000
RECEIVERS_AT_ONCE = 200
CENTRES_AT_ONCE = 20
COMMISSIONS_MAX = 200_000
"""Entries of a receiver, which takes a fifth of a second to add up."""
EVERY = 1 << 40
DOWNLINES_MAX = 5_000
SPIKE, BURST = DETECTORS["COMMISSION_SPIKE"], DETECTORS["STAR_BURST"]
T = TypeVar("T")


@dataclass(slots=True)
class Watched:
    """What one look came to. Left to the scan: `skipped`, entries; `left`, promoters, being too large; `cut` is 1 if more
    people's days have ended at once than are asked for."""

    entries: int = 0
    skipped: int = 0
    looked_at: int = 0
    left: int = 0
    cut: int = 0
    raised: int = 0
    changed: int = 0
    closed: int = 0
    locked: int = 0

    def add(self, recorded: findings.Recorded) -> None:
        self.raised += len(recorded.raised)
        self.changed += recorded.changed
        self.closed += recorded.closed
        self.locked += recorded.locked

    def told(self) -> dict[str, int]:
        return asdict(self)


@dataclass(slots=True)
class _News:
    """Whom the journal tells of."""

    traded: set[str] = field(default_factory=set)
    sold: set[tuple[str, int]] = field(default_factory=set)
    placed: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)

    def add(self, what: str, at: int, codes: Sequence[str]) -> None:
        if what == "traded":
            self.traded.update(codes)
            self.sold.update((code, at) for code in codes)
        else:
            self.placed.update(codes)
        if what == "moved":
            self.moved.update(codes)


@dataclass(frozen=True, slots=True)
class _Look:
    """One look: the parameters in force when it began, by whom and when, and what it comes to."""

    store: Store
    chosen: Chosen
    actor: str
    now: int
    done: Watched = field(default_factory=Watched)

    @property
    def burst(self) -> Limits:
        return BURST.limits(self.chosen[BURST.key].chosen)

    @property
    def sell_us(self) -> int:
        return self.burst["sell_days"] * DAY_US


async def watch(store: Store, *, actor: str, now: int) -> Watched:
    """Look at what is new since the last time; the position is stored last, so who is killed looks again."""
    look = _Look(store, await in_force(store, [SPIKE.key, BURST.key]), actor, now)
    done = look.done
    standing = await jobs.standing(store, name=NAME)
    seq = (await journal.head(store)).seq
    if standing is None or seq < standing.position:
        # The first time, or after a restore: everything there is is the scan's.
        standing = jobs.Standing(await settled(store), now)
    position = standing.position
    news = _News()
    if seq > position:
        position = await _read(store, news, position, await settled(store), done, since=now - RECENT_US)
    # Not further back than a day: after a longer stop the scan runs at once.
    since = max(standing.looked_until, now - DAY_US)
    centres = await _centres(look, news, since=since)
    for codes in _batches(sorted(news.traded), RECEIVERS_AT_ONCE):
        await _look_for_spikes(look, codes)
    for codes in _batches(sorted(centres), CENTRES_AT_ONCE):
        await _look_for_bursts(look, codes)
    await jobs.stand(store.unjournalled, name=NAME, position=position, looked_until=now)
    return done


async def _read(store: Store, news: _News, after: int, upto: int, done: Watched, *, since: int) -> int:
    """The position up to which the journal was read, or that was gone on to."""
    if upto - after > ENTRIES_MAX:
        done.skipped = upto - after
        return upto
    codes = 0
    while after < upto:
        told = await watching.told(
            store, after=after, upto=upto, first=ENTRIES_PAGE, since=since, codes_max=CODES_MAX - codes
        )
        codes += told.codes
        if codes > CODES_MAX:
            done.skipped = upto - after
            return upto
        for entry in told.entries:
            news.add(*entry)
        last = upto if told.seq is None else told.seq
        done.entries += last - after
        after = last
    return after


async def _centres(look: _Look, news: _News, *, since: int) -> set[str]:
    """Around whom a burst may be due since an instant, or another than before: one is judged once all in it had time to sell."""
    store, least, sell_us = look.store, look.burst["new_min"], look.sell_us
    until = look.now - sell_us
    ended = await watching.ended(store, after_at=since - sell_us, until=until, least=least, people_max=ENDED_MAX)
    look.done.cut = int(ended.people >= ENDED_MAX)
    centres = set(ended.codes)
    if news.placed or news.sold:
        sold = [list(sale) for sale in sorted(news.sold)]
        placed, moved = sorted(news.placed), sorted(news.moved)
        told = await watching.centres(
            store,
            moved=moved,
            placed=placed,
            sold=sold,
            since=until - RECENT_US,
            until=until,
            sell_us=sell_us,
            least=least,
        )
        centres.update(told.codes)
    return centres


async def _look_for_spikes(look: _Look, codes: list[str]) -> None:
    rows = (await watching.incomes(look.store, codes=codes, entries_max=COMMISSIONS_MAX)).rows
    look.done.left += len(codes) - len(rows)
    gathering = Gathering()
    _add_people(gathering, [(code, "", joined_at, joined_at) for code, joined_at, _ in rows])
    _add_incomes(gathering, rows)
    await _record(look, SPIKE, gathering, [code for code, *_ in rows])


async def _look_for_bursts(look: _Look, codes: list[str]) -> None:
    store = look.store
    rows = (await watching.downlines(store, codes=codes, downlines_max=DOWNLINES_MAX)).rows
    centres = [code for code, *_ in rows]
    look.done.left += len(codes) - len(centres)
    people = {code: (code, "", joined_at, joined_at) for code, joined_at, _ in rows}
    people |= {code: (code, above, joined_at, at) for above, _, below in rows for code, joined_at, at in below}
    crowded = [row for _, _, below in rows for row in _crowded(look.burst, below)]
    sales = (await watching.first_sales(store, windows=[[code, at, at + look.sell_us] for code, _, at in crowded])).rows
    # What the members are not paid yet is added up only if there is a burst to tell of.
    first = _burst_gathering(people, sales, [])
    (passed,) = await asyncio.to_thread(scan, first.snapshot(look.now), [BURST], look.chosen)
    members = sorted(
        {code for found in passed.found for code in found.members}
        | {code for found in passed.found if found.truncated for _, _, below in rows for code, *_ in below}
    )
    incomes: list[list[Any]] = []
    for some in _batches(members, RECEIVERS_AT_ONCE):
        incomes += (await watching.incomes(store, codes=some, entries_max=EVERY)).rows
    second = _burst_gathering(people, sales, incomes)
    await _record(look, BURST, second, centres)


def _crowded(limits: Limits, below: Sequence[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Those downlines that stand in a window with enough of them; whether others sold decides nothing."""
    ordered = sorted(below, key=lambda row: int(row[2]))
    ats = np.array([row[2] for row in ordered], dtype=np.int64)
    ends = np.searchsorted(ats, ats + limits["hours"] * HOUR_US, side="right")
    crowded = np.zeros(len(ats), dtype=np.bool_)
    for start in np.flatnonzero(ends - np.arange(len(ats)) >= limits["new_min"]):
        crowded[start : ends[start]] = True
    return (ordered[index] for index in np.flatnonzero(crowded))


def _burst_gathering(people: dict[str, Any], sales: list[list[Any]], incomes: list[list[Any]]) -> Gathering:
    gathering = Gathering()
    _add_people(gathering, [people[code] for code in sorted(people)])
    if sales:
        sellers, buyers, paid_ats, paid_fens, refunded_fens = (list(column) for column in zip(*sales, strict=True))
        gathering.add_orders(buyers, sellers, paid_ats, paid_fens, refunded_fens, [True] * len(sales))
    _add_incomes(gathering, incomes)
    return gathering


def _add_people(gathering: Gathering, people: Sequence[tuple[str, str, int, int]]) -> None:
    codes, above, joined_ats, referred_ats = (
        (list(column) for column in zip(*people, strict=True)) if people else ([],) * 4
    )
    gathering.add_promoters(codes, above, [""] * len(codes), joined_ats, referred_ats)


def _add_incomes(gathering: Gathering, rows: Sequence[Sequence[Any]]) -> None:
    flat = [(code, *day) for code, _, days in rows for day in days]
    if flat:
        codes, days, own_fens, override_fens, open_fens = (list(column) for column in zip(*flat, strict=True))
        gathering.add_incomes(codes, days, own_fens, override_fens, open_fens)


async def _record(look: _Look, detector: Detector, gathering: Gathering, codes: list[str]) -> None:
    passes: list[Pass] = await asyncio.to_thread(lambda: scan(gathering.snapshot(look.now), [detector], look.chosen))
    look.done.looked_at += len(codes)
    fresh = FRESH[detector.key](look)
    look.done.add(await findings.record(look.store, passes, actor=look.actor, now=look.now, of=codes, fresh=fresh))


def _fresh_spike(look: _Look) -> Callable[[Found], bool]:
    """A spike of a day that is news; the same receiver's earlier days are not."""
    first = day_of(look.now - RECENT_US)
    return lambda found: date.fromisoformat(found.anchor.rpartition("@")[2]) >= first


def _fresh_burst(look: _Look) -> Callable[[Found], bool]:
    """A burst that can be judged since it is news: at most its hours and its time to sell after the day it began."""
    takes_us = DAY_US + look.burst["hours"] * HOUR_US + look.sell_us
    first = int(days_of(np.array([look.now - RECENT_US - takes_us]))[0])
    return lambda found: int(found.anchor.rpartition("@")[2]) > first


FRESH: Mapping[str, Callable[[_Look], Callable[[Found], bool]]] = {SPIKE.key: _fresh_spike, BURST.key: _fresh_burst}


def _batches(rows: Sequence[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(rows), size):
        yield list(rows[start : start + size])

"""Promoters of a file: parents first, and whoever stands on a referral cycle without its referrer (quarantined)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

from cypher import export, network
from graph_api.actions import promoters
from graph_api.actions.promoters import Enrolment
from graph_api.rules.plan import Rank
from loaders.loading import BATCH_ROWS, Loading
from loaders.referrals import levels, on_cycles
from loaders.sources import Source
from loaders.spool import batches, fill, spool
from loaders.table import Row

TABLE = """
CREATE TABLE promoters
(line INTEGER PRIMARY KEY, raw BLOB, code, name, phone, referrer_code, joined_at, rank, status)
"""
UPLINE_CODES = 5_000


@dataclass(frozen=True, slots=True)
class Claims:
    """What a file claims: `referrers` by code, from each code's first row; `cyclic`: who stands on a cycle."""

    referrers: dict[str, str | None]
    cyclic: set[str]
    levels: dict[str, int]


async def load(loading: Loading, source: Source) -> None:
    """Enrol a file's promoters, then keep what the quarantined ones claimed."""
    with spool() as database:
        database.execute(TABLE)
        referrers = _set_aside(database, loading, source)
        claims = await _claims(loading, referrers)
        total = database.execute("SELECT count(*) FROM promoters").fetchone()[0]
        done = 0
        quarantined: list[tuple[str, str]] = []
        for batch in batches(_by_level(database, claims), BATCH_ROWS):
            quarantined += await _enrol(loading, source, batch, claims)
            done += len(batch)
            loading.progress("loading promoters", done, total)
    for pairs in batches(quarantined, BATCH_ROWS):
        await promoters.claim(loading.store, pairs, actor=loading.actor, now=loading.now)


def _set_aside(database: sqlite3.Connection, loading: Loading, source: Source) -> dict[str, str | None]:
    referrers: dict[str, str | None] = {}

    def set_aside() -> Iterator[tuple[object, ...]]:
        for row, value in loading.parsed(source):
            e = cast("Enrolment", value)
            referrers.setdefault(e.code, e.referrer_code)
            yield row.line, row.raw, e.code, e.name, e.phone, e.referrer_code, e.joined_at, e.rank, e.status
            if row.line % BATCH_ROWS == 0:
                loading.progress("reading promoters", row.line, 0)

    fill(database, "promoters", set_aside(), width=9)
    return referrers


async def _claims(loading: Loading, referrers: dict[str, str | None]) -> Claims:
    """Cycles of what the file claims, also those that close through promoters who are in the store already."""
    claimed = {code: referrer for code, referrer in referrers.items() if referrer is not None}
    outside = sorted({referrer for referrer in claimed.values() if referrer not in referrers})
    above: dict[str, str] = {}
    for codes in batches(outside, UPLINE_CODES):
        found = await export.referrals_above(loading.store, codes=codes)
        above.update((code, referrer) for code, referrer in found.referrals if code not in referrers)
    cyclic = {code for code in on_cycles(above | claimed) if code in claimed}
    return Claims(referrers, cyclic, levels(claimed, cyclic))


def _by_level(database: sqlite3.Connection, claims: Claims) -> Iterator[tuple[Row, Enrolment]]:
    """Rows with every referrer before its downlines, and in the file's order within a level."""
    database.create_function("level", 1, lambda code: claims.levels.get(code, 0), deterministic=True)
    for line, raw, *fields in database.execute("SELECT * FROM promoters ORDER BY level(code), line"):
        code, name, phone, referrer_code, joined_at, rank, status = fields
        enrolment = Enrolment(
            code=code,
            name=name,
            phone=phone,
            referrer_code=referrer_code,
            joined_at=joined_at,
            rank=Rank(rank) if rank else None,
            status=status,
        )
        yield Row(line, raw, [], None), enrolment


async def _enrol(
    loading: Loading, source: Source, batch: list[tuple[Row, Enrolment]], claims: Claims
) -> list[tuple[str, str]]:
    """Enrol a batch and return the claims to keep of those among it who are quarantined."""
    cyclic = {row.line for row, e in batch if e.code in claims.cyclic and e.referrer_code == claims.referrers[e.code]}
    codes = sorted({e.code for row, e in batch if row.line in cyclic})
    known = await network.people(loading.store, codes=codes) if codes else []
    # A load that was killed may have enrolled them and not come to their claims: they are as a quarantined row left them.
    # Whom a person has settled since is not: that claim does not come back.
    unclaimed = {
        person.code
        for person in known
        if person.promoter and not person.referred_at_enrolment and not person.settled_codes
    }
    enrolments = [
        e
        if row.line not in cyclic
        else replace(e, referrer_code=None, claimed_referrer_code=None if e.code in unclaimed else e.referrer_code)
        for row, e in batch
    ]
    outcomes = await promoters.enrol(
        loading.store, loading.pii, enrolments, actor=loading.actor, now=loading.now, historical=True
    )
    kept: list[tuple[str, str]] = []
    for (row, e), outcome in zip(batch, outcomes, strict=True):
        loading.settle(source, row, outcome, quarantined=row.line in cyclic)
        if row.line in cyclic and (
            outcome.state == "recorded" or (outcome.state == "unchanged" and e.code in unclaimed)
        ):
            kept.append((e.code, e.referrer_code or ""))
    return kept

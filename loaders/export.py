"""The network as the same files that an import reads: in key order and canonical form, so that equal networks give equal bytes.

Values are data and stay exactly as they are, also where a spreadsheet would take one for a formula.
"""

from __future__ import annotations

import csv
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cypher import export as reads
from cypher.store import Store
from graph_api.pii import Pii
from graph_api.rules.calendar import instant_text
from loaders.progress import Progress, silent
from loaders.sources import COLUMNS
from loaders.spool import fill, spool

PAGE_ROWS = 5_000
BEFORE_EVERY_INSTANT = -(2**63)

Rows = AsyncIterator[list[Any]]


async def export(store: Store, pii: Pii, directory: Path, *, progress: Progress = silent) -> dict[str, int]:
    """Write the files into a directory, each whole or not at all; returns the rows of each.

    touches.csv is there only if there are touches: without it, orders without a code would change hands on re-import.
    """
    subjects: dict[str, Callable[[], Rows]] = {
        "promoters": lambda: _promoters(store, pii),
        "products": lambda: _products(store),
        "orders": lambda: _orders(store),
        "identifiers": lambda: _identifiers(store, pii),
        "touches": lambda: _touches(store),
    }
    with _parts(directory, subjects) as parts:
        written = {
            subject: await _write(parts[subject], subject, rows(), progress) for subject, rows in subjects.items()
        }
        if not written["touches"]:
            del written["touches"]
        _publish(directory, {subject: part for subject, part in parts.items() if subject in written})
    return written


@contextmanager
def _parts(directory: Path, subjects: Iterable[str]) -> Iterator[dict[str, Path]]:
    """Where the files are written before they get their names; nothing of them is left afterwards."""
    directory.mkdir(parents=True, exist_ok=True)
    parts = {subject: directory / f"{subject}.csv.part" for subject in subjects}
    for part in parts.values():
        part.touch(mode=0o600)  # names and phones stand in them as they are: they are their owner's only
    try:
        yield parts
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _publish(directory: Path, parts: Mapping[str, Path]) -> None:
    """Give the files their names; a file of touches from an earlier export would belong to another network."""
    for subject, part in parts.items():
        os.replace(part, directory / f"{subject}.csv")
    if "touches" not in parts:
        (directory / "touches.csv").unlink(missing_ok=True)


async def _write(path: Path, subject: str, rows: Rows, progress: Progress) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS[subject])
        async for row in rows:
            writer.writerow(row)
            count += 1
            if count % PAGE_ROWS == 0:
                progress(f"writing {subject}", count, 0)
    progress(f"writing {subject}", count, count)
    return count


async def _promoters(store: Store, pii: Pii) -> Rows:
    joined_at, code = BEFORE_EVERY_INSTANT, ""
    while page := (await reads.promoters(store, joined_at=joined_at, code=code, first=PAGE_ROWS)).rows:
        for code, name_sealed, phone_sealed, referrer_code, joined_at, rank, status in page:
            name, phone = _opened(pii, name_sealed), _opened(pii, phone_sealed)
            yield [code, name, phone, referrer_code, instant_text(joined_at), rank, status]


async def _products(store: Store) -> Rows:
    sku = ""
    while page := (await reads.products(store, sku=sku, first=PAGE_ROWS)).rows:
        for row in page:
            yield row
        sku = page[-1][0]


async def _orders(store: Store) -> Rows:
    paid_at, number = BEFORE_EVERY_INSTANT, ""
    while page := (await reads.orders(store, paid_at=paid_at, number=number, first=PAGE_ROWS)).rows:
        for number, buyer_code, given_code, paid_at, delivered_at, *utm, lines in page:
            times = [instant_text(paid_at), _instant(delivered_at)]
            for sku, quantity, paid_fen, refunded_fen, refunded_at in lines:
                refund = [refunded_fen, _instant(refunded_at)] if refunded_fen else [None, None]
                yield [number, buyer_code, given_code, sku, quantity, paid_fen, *times, *refund, *utm]


async def _identifiers(store: Store, pii: Pii) -> Rows:
    code = ""
    while page := (await reads.identifiers(store, code=code, first=PAGE_ROWS)).rows:
        for code, sealed in page:
            for kind, value in sorted((kind, pii.open(value)) for kind, value in sealed):
                yield [code, kind, value]


async def _touches(store: Store) -> Rows:
    """By instant, then key: read by key, which has an index, and sorted on disk."""
    with spool() as database:
        database.execute("CREATE TABLE touches (buyer_code, promoter_code, at, key)")
        key = ""
        while page := (await reads.touches(store, key=key, first=PAGE_ROWS)).rows:
            fill(database, "touches", page, width=4)
            key = page[-1][-1]
        for buyer_code, promoter_code, at, key in database.execute("SELECT * FROM touches ORDER BY at, key"):
            yield [buyer_code, promoter_code, instant_text(at), key]


def _opened(pii: Pii, sealed: str | None) -> str | None:
    return None if sealed is None else pii.open(sealed)


def _instant(at: int | None) -> str | None:
    return None if at is None else instant_text(at)

"""The files of an import directory: which there are, their columns, their bytes."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

FORMS = (".csv", ".csv.gz", ".parquet")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "products": ("sku", "title", "price_fen", "commission_bp"),
    "promoters": ("code", "name", "phone", "referrer_code", "joined_at", "rank", "status"),
    "touches": ("buyer_code", "promoter_code", "at", "key"),
    "identifiers": ("code", "kind", "value"),
    "orders": (
        "order_number",
        "buyer_code",
        "promoter_code",
        "sku",
        "quantity",
        "paid_fen",
        "paid_at",
        "delivered_at",
        "refunded_fen",
        "refunded_at",
        "utm_source",
        "utm_medium",
        "utm_campaign",
    ),
}
"""Columns of every file, in the order in which the files are loaded: each refers only to those before it."""
OPTIONAL_COLUMNS: Mapping[str, tuple[str, ...]] = {"promoters": ("rank", "status")}


class SourceError(Exception):
    """A directory or file that cannot be read at all; the message is for the person who gave it."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file to load; `subject` is its name without the ending."""

    subject: str
    path: Path

    @property
    def is_parquet(self) -> bool:
        return self.path.name.endswith(".parquet")

    @property
    def columns(self) -> tuple[str, ...]:
        return COLUMNS[self.subject]

    def error(self, what: str) -> SourceError:
        return SourceError(f"{self.path}: {what}")


def sources(directory: Path) -> dict[str, Source]:
    """The files of a directory by subject, in loading order; SourceError if there is none or one is there twice."""
    if not directory.is_dir():
        raise SourceError(f"{directory}: " + ("not a directory" if directory.exists() else "no such directory"))
    found: dict[str, Source] = {}
    for subject in COLUMNS:
        paths = [directory / (subject + form) for form in FORMS]
        there = [path for path in paths if path.exists() or path.is_symlink()]
        if len(there) > 1:
            names = " and ".join(path.name for path in there)
            raise SourceError(f"{directory}: {names} are the same file twice; keep one")
        if there:
            found[subject] = _readable(Source(subject, there[0]))
    if not found:
        raise SourceError(f"{directory}: none of {', '.join(f'{subject}.csv' for subject in COLUMNS)} is there")
    return found


def column_order(source: Source, header: list[str]) -> list[int | None]:
    """Where each column of the format stands in the file; None for an optional one that is absent."""
    unknown = [name for name in header if name not in source.columns]
    twice = sorted({name for name in header if header.count(name) > 1})
    optional = OPTIONAL_COLUMNS.get(source.subject, ())
    missing = [name for name in source.columns if name not in header and name not in optional]
    for what, names in (("has no column", missing), ("has twice", twice), ("does not know", unknown)):
        if names:
            shown = ", ".join(repr(name[:40]) for name in names[:5])
            raise source.error(f"the header {what} {shown}; it should be {','.join(source.columns)}")
    return [header.index(name) if name in header else None for name in source.columns]


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked; whatever goes wrong while reading them is a SourceError."""
    try:
        if source.path.name.endswith(".gz"):
            with gzip.open(source.path, "rb") as stream:
                yield cast("BinaryIO", stream)
        else:
            with source.path.open("rb") as plain:
                yield plain
    except EOFError as error:
        raise source.error("the gzip file is cut off") from error
    except (OSError, gzip.zlib.error) as error:  # type: ignore[attr-defined]
        raise source.error(f"cannot be read: {error}") from error


def _readable(source: Source) -> Source:
    if not source.path.is_file():
        raise source.error("is a directory, not a file" if source.path.is_dir() else "is not a file")
    try:
        with source.path.open("rb") as stream:
            if not stream.read(1):
                raise source.error("is empty; even a file without rows has a header")
    except OSError as error:
        raise source.error(f"cannot be read: {error.strerror}") from error
    return source

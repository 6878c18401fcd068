"""A file as rows of text in the format's column order, whatever its form; what is wrong with a row stands on it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

import polars

from graph_api.rules.calendar import from_datetime, instant_text
from loaders.records import KEPT_BYTES, RECORD_BYTES_MAX, TOO_LONG, Record, records
from loaders.sources import Source, column_order, opened

PARQUET_BATCH_ROWS = 5_000
FLOAT_EXACT_MAX = 2**53


class Row(NamedTuple):
    """`values` in the order of the format's columns, absent ones empty; with a problem, as far as they could be read."""

    line: int
    raw: bytes
    values: list[str]
    problem: str | None


def rows(source: Source) -> Iterator[Row]:
    """Every row of a file; SourceError if it cannot be read or has another header."""
    return _parquet_rows(source) if source.is_parquet else _csv_rows(source)


def _csv_rows(source: Source) -> Iterator[Row]:
    with opened(source) as stream:
        found = records(stream)
        header = next(found, None)
        if header is None:
            raise source.error("is empty; even a file without rows has a header")
        if header.problem is not None:
            raise source.error(f"the header is {header.problem}")
        order = column_order(source, header.fields)
        straight = order == list(range(len(source.columns)))
        for record in found:
            yield _row(record, order, straight=straight, width=len(header.fields))


def _row(record: Record, order: list[int | None], *, straight: bool, width: int) -> Row:
    fields, problem = record.fields, record.problem
    if len(fields) != width:
        problem = problem or f"{width} columns expected, {len(fields)} found"
        fields = (fields + [""] * width)[:width]
    if not straight:
        fields = ["" if at is None else fields[at] for at in order]
    return Row(record.line, record.raw, fields, problem)


def _parquet_rows(source: Source) -> Iterator[Row]:
    try:
        frame = polars.scan_parquet(source.path, glob=False)
        order = column_order(source, frame.collect_schema().names())
        line = 1
        for batch in frame.collect_batches(chunk_size=PARQUET_BATCH_ROWS, maintain_order=True):
            for cells in batch.iter_rows():
                line += 1
                yield _parquet_row(line, cells, order)
    except (polars.exceptions.PolarsError, OSError, ValueError, OverflowError) as error:  # the latter two: instants
        first_line = str(error).partition("\n")[0]
        raise source.error(f"cannot be read as Parquet: {first_line}") from error


def _parquet_row(line: int, cells: tuple[Any, ...], order: list[int | None]) -> Row:
    """A row as the CSV file of the same table would have it, so that both forms load and are rejected alike."""
    texts = [_text(cell) for cell in cells]
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(texts)
    raw = written.getvalue().encode(errors="replace")
    values = ["" if at is None else texts[at] for at in order]
    if len(raw) > RECORD_BYTES_MAX:
        return Row(line, raw[:KEPT_BYTES], [""] * len(values), TOO_LONG)
    return Row(line, raw, values, "a NUL byte" if b"\0" in raw else None)


def _text(cell: Any) -> str:
    """A typed cell as the text that stands for it in CSV."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= FLOAT_EXACT_MAX:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat() if cell.tzinfo is None else instant_text(from_datetime(cell))
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, bytes):
        return cell.decode(errors="replace")
    return str(cell)

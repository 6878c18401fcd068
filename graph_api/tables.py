"""Tables as files: CSV line by line, XLSX through a temporary file; both in the memory of one page.

CSV is UTF-8 with a byte order mark, as Excel on a Chinese Windows takes it for GBK otherwise, and no text in it is a
formula. XLSX cells are typed, so a text there is one whatever it begins with.
"""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import IO

import xlsxwriter

from graph_api.providers.bank_file import harmless

BOM = b"\xef\xbb\xbf"
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET_ROWS_MAX = 1_048_576
EXACT_MAX = 10**15 - 1
"""Excel keeps fifteen digits of a number; a longer one goes in as text."""
CHUNK_BYTES = 64 * 1024
Cell = str | int | None


async def csv_chunks(columns: Sequence[str], pages: AsyncIterator[list[list[Cell]]]) -> AsyncIterator[bytes]:
    """The file, a page at a time; the heading comes with the first."""
    heading = BOM + csv_lines([columns])
    async for rows in pages:
        chunk = heading + csv_lines(rows)
        heading = b""
        if chunk:
            yield chunk
    if heading:
        yield heading


def csv_lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Rows as RFC 4180 has them.

    >>> csv_lines([["=1+1", -5, None, "x"]]).strip()
    b"'=1+1,-5,,x"
    """
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return written.getvalue().encode()


async def xlsx_file(name: str, columns: Sequence[str], pages: AsyncIterator[list[list[Cell]]]) -> IO[bytes]:
    """The finished file, which is gone once it is closed; nothing of it stays anywhere if a page fails."""
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        with tempfile.TemporaryDirectory() as scratch:
            book = _Book(file, scratch, name, columns)
            try:
                async for rows in pages:
                    await asyncio.to_thread(book.append, rows)
                await asyncio.to_thread(book.finish)
            finally:
                book.let_go()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


async def chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    """A file piece by piece; it is closed at the end."""
    with file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk


class _Book:
    """A workbook that keeps one row in memory; a sheet that is full is followed by another."""

    def __init__(self, file: IO[bytes], scratch: str, name: str, columns: Sequence[str]) -> None:
        self._book = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": scratch})
        self._bold = self._book.add_format({"bold": True})
        self._name = name
        self._columns = columns
        self._sheets = 0
        self._begin()

    def append(self, rows: Iterable[Sequence[Cell]]) -> None:
        for row in rows:
            if self._row == SHEET_ROWS_MAX:
                self._begin()
            for column, cell in enumerate(row):
                if isinstance(cell, int) and abs(cell) <= EXACT_MAX:
                    self._sheet.write_number(self._row, column, cell)
                elif cell is not None:
                    self._sheet.write_string(self._row, column, str(cell))
            self._row += 1

    def finish(self) -> None:
        self._book.close()

    def let_go(self) -> None:
        """Close what an unfinished book holds open."""
        for sheet in self._book.worksheets():
            if sheet.row_data_fh is not None:
                sheet.row_data_fh.close()

    def _begin(self) -> None:
        self._sheets += 1
        self._sheet = self._book.add_worksheet(self._name if self._sheets == 1 else f"{self._name} {self._sheets}")
        self._sheet.freeze_panes(1, 0)
        for column, title in enumerate(self._columns):
            self._sheet.write_string(0, column, title, self._bold)
        self._row = 1

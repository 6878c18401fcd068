"""A bank file: transfers go out as CSV for the bank's upload page, and its results come back as CSV.

UTF-8 with a byte order mark and CRLF: without the mark, Excel on a Chinese Windows takes a CSV for GBK. Results are read in
UTF-8 or in GB18030, as banks send them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from graph_api.providers import Clock, Receipt, Report, Transfer, system_clock
from graph_api.rules.calendar import SHANGHAI, from_datetime, instant

COLUMNS = ("key", "name", "account", "net_yuan", "net_fen", "remark")
RESULT_COLUMNS = ("key", "result")
"""Those a result must have; `at`, `reason`, `reference` and `net_fen` may be there, and what else the bank adds."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
RESULTS = {"PAID": Receipt.PAID, "FAILED": Receipt.FAILED}
_BANK_TIME = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})(?:[ T]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?")


@dataclass(frozen=True, slots=True)
class LineError:
    """A line of a result that was not believed, and why; the first line after the heading is 2."""

    line: int
    key: str | None
    message: str


class BankFile:
    """For those without WeChat: to send is to put it in the next file, and only the bank's result tells more."""

    name = "BANK_FILE"

    def __init__(self, clock: Clock = system_clock) -> None:
        self._clock = clock

    async def send(self, transfer: Transfer) -> Report:
        return Report(transfer.key, Receipt.ACCEPTED, self._clock())

    async def query(self, transfer: Transfer) -> Report:
        return Report(transfer.key, Receipt.UNKNOWN, self._clock(), reason="the bank's result file tells")

    async def close(self) -> None:
        return


def rendered(transfers: Iterable[Transfer]) -> Iterator[bytes]:
    """The file for the bank, line by line."""
    yield b"\xef\xbb\xbf" + _line(COLUMNS)
    for each in transfers:
        cells = (each.key, each.name or "", each.account, yuan(each.net_fen), str(each.net_fen), each.remark)
        yield _line([harmless(cell) for cell in cells])


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula.

    >>> harmless("=HYPERLINK(1)"), harmless("张三")
    ("'=HYPERLINK(1)", '张三')
    """
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def yuan(fen: int) -> str:
    """
    >>> yuan(100_05), yuan(7)
    ('100.05', '0.07')
    """
    return f"{fen // 100}.{fen % 100:02}"


def results(content: bytes, *, now: int) -> tuple[list[Report], list[LineError]]:
    """A bank's result, as reports and what was not understood of it.

    A key that comes with two different results is believed in neither. A line without `at` counts from `now`.
    """
    lines, errors = told(content, now=now)
    reports: dict[str, tuple[int, Report]] = {}
    for line, report in lines:
        before = reports.setdefault(report.key, (line, report))
        if _told(before[1]) != _told(report):
            errors.append(LineError(line, report.key, f"contradicts line {before[0]}; neither is believed"))
    contradicted = {error.key for error in errors}
    errors.sort(key=lambda error: error.line)
    return [report for key, (_, report) in reports.items() if key not in contradicted], errors


def told(content: bytes, *, now: int) -> tuple[list[tuple[int, Report]], list[LineError]]:
    """Each line of a bank's result with its number, whatever the others say, and what was not understood."""
    try:
        text = _decoded(content)
    except UnicodeDecodeError:
        return [], [LineError(1, None, "the file is neither UTF-8 nor GB18030")]
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        names = {name.strip().lower(): name for name in reader.fieldnames or () if name}
        missing = [name for name in RESULT_COLUMNS if name not in names]
        if missing:
            return [], [LineError(1, None, f"the heading has no column {' and '.join(missing)}")]
        rows = [
            (reader.line_num, {name: (row.get(given) or "").strip() for name, given in names.items()}) for row in reader
        ]
    except csv.Error as error:  # a quote that does not close may have swallowed other lines: none is believed
        return [], [LineError(reader.line_num, None, f"the file is no CSV: {error}")]
    reports: list[tuple[int, Report]] = []
    errors: list[LineError] = []
    for line, row in rows:
        if not any(row.values()):
            continue
        try:
            reports.append((line, _report(row, now=now)))
        except ValueError as error:
            errors.append(LineError(line, row["key"] or None, str(error)))
    return reports, errors


def _report(row: dict[str, str], *, now: int) -> Report:
    if not re.fullmatch("[0-9A-Za-z]{1,32}", row["key"]):
        raise ValueError("the key is not 1-32 letters and digits")
    receipt = RESULTS.get(row["result"].upper())
    if receipt is None:
        raise ValueError(f"the result is neither PAID nor FAILED: {row['result'][:40]!r}")
    net_fen = row.get("net_fen")
    if net_fen and not re.fullmatch("[0-9]{1,16}", net_fen):
        raise ValueError(f"net_fen is no number of fen: {net_fen[:40]!r}")
    return Report(
        key=row["key"],
        receipt=receipt,
        at=bank_instant(row["at"]) if row.get("at") else now,
        reference=row.get("reference") or None,
        reason=row.get("reason") or None,
        net_fen=int(net_fen) if net_fen else None,
    )


def _told(report: Report) -> tuple[Receipt, int | None]:
    return report.receipt, report.net_fen


def bank_instant(text: str) -> int:
    """An RFC 3339 instant, or a date with or without a time of Shanghai as banks write it."""
    match = _BANK_TIME.fullmatch(text)
    if match is None:
        return instant(text)
    try:
        return from_datetime(datetime(*(int(each or 0) for each in match.groups()), tzinfo=SHANGHAI))  # type: ignore[arg-type, misc]
    except ValueError as error:
        raise ValueError(f"no such instant: {text[:40]!r}") from error


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def _line(cells: Iterable[str]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerow(cells)
    return written.getvalue().encode()

"""What a provider says it paid: WeChat's fund flow bill (资金账单), or the bank's result files.

A file that is not understood to its last line is believed in nothing: half a file looks like missing payments.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from graph_api.providers import Receipt, bank_file
from graph_api.rules.reconciliation import Line

BYTES_MAX = 200 * 1024 * 1024
PROVIDERS: Mapping[str, str] = {"bank_file": "BANK_FILE", "wechat": "WECHAT_TRANSFER"}
"""Names of the command line, and those that payouts carry."""
COLUMNS = (
    "记账时间",
    "微信支付业务单号",
    "资金流水单号",
    "业务名称",
    "业务类型",
    "收支类型",
    "收支金额(元)",
    "业务凭证号",
)
SUMMARY = ("资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额")
OF_TRANSFERS = "转账"
"""Part of the name of the business, 商家转账 or 转账退款; other lines of the account are not ours to reconcile."""
ERRORS_MAX = 20


class NotUnderstood(ValueError):
    """What of a file was not understood, line by line."""

    def __init__(self, file: str, errors: list[str]) -> None:
        super().__init__(f"{file}: {'; '.join(errors[:ERRORS_MAX])}")
        self.errors = errors


def lines_of(provider: str, path: Path, *, otherwise_at: int) -> list[Line]:
    """The lines of a file about transfers; `otherwise_at` stands for an instant that the bank does not tell."""
    if path.stat().st_size > BYTES_MAX:
        raise NotUnderstood(path.name, [f"more than {BYTES_MAX} bytes; give it in parts"])
    content = path.read_bytes()
    if provider == "bank_file":
        return _bank_lines(path.name, content, otherwise_at=otherwise_at)
    return _fund_flow_lines(path.name, content)


def _bank_lines(file: str, content: bytes, *, otherwise_at: int) -> list[Line]:
    told, errors = bank_file.told(content, now=otherwise_at)
    if errors:
        raise NotUnderstood(file, [f"line {error.line}: {error.message}" for error in errors])
    return [
        Line(
            report.key,
            report.reference or "",
            report.receipt is Receipt.PAID,
            report.net_fen,
            report.at,
            f"{file}:{line}",
        )
        for line, report in told
    ]


def _fund_flow_lines(file: str, content: bytes) -> list[Line]:
    """WeChat marks each value with a backtick, so that Excel leaves long numbers alone, and ends with its own sums."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUnderstood(file, ["not UTF-8"]) from error
    rows = _rows(text)
    try:
        _, heading = next(rows)
        places = _places(heading)
        lines: list[Line] = []
        counted: dict[str, list[int]] = {"收入": [0, 0], "支出": [0, 0]}
        for number, row in rows:
            if row[0] == SUMMARY[0]:
                _check_sums(*next(rows), counted)
                break
            lines += _flow(file, number, {name: row[place] for name, place in places.items()}, counted)
        else:
            raise ValueError("it ends without WeChat's sums, so a part of it is missing")
        if next(rows, None) is not None:
            raise ValueError("something follows WeChat's sums")
    except (ValueError, IndexError, StopIteration, csv.Error) as error:
        raise NotUnderstood(file, [str(error) or "no fund flow bill"]) from error
    return lines


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    for row in reader:
        if any(cell.strip() for cell in row):
            yield reader.line_num, [cell.strip().removeprefix("`").strip() for cell in row]


def _places(heading: list[str]) -> dict[str, int]:
    names = [name.replace("（", "(").replace("）", ")") for name in heading]
    absent = [name for name in COLUMNS if name not in names]
    if absent:
        raise ValueError(f"the heading has no {', '.join(absent)}: no fund flow bill")
    return {name: names.index(name) for name in COLUMNS}


def _flow(file: str, number: int, row: dict[str, str], counted: dict[str, list[int]]) -> list[Line]:
    """The line if it is about a transfer; every line counts in the sums."""
    direction = row["收支类型"]
    if direction not in counted:
        raise ValueError(f"line {number}: neither 收入 nor 支出: {direction[:20]!r}")
    fen = _fen(row["收支金额(元)"], number)
    counted[direction][0] += 1
    counted[direction][1] += fen
    if OF_TRANSFERS not in row["业务名称"] + row["业务类型"]:
        return []
    try:
        at = bank_file.bank_instant(row["记账时间"])
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from error
    key = row["业务凭证号"] or row["微信支付业务单号"]
    if not key:
        raise ValueError(f"line {number}: a transfer without a number")
    signed_fen = fen if direction == "支出" else -fen
    return [Line(key, row["微信支付业务单号"], True, signed_fen, at, f"{file}:{number}")]


def _fen(yuan: str, number: int) -> int:
    match = re.fullmatch(r"([0-9]{1,14})(?:\.([0-9]{1,2}))?", yuan)
    if match is None:
        raise ValueError(f"line {number}: no amount in yuan: {yuan[:20]!r}")
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))


def _count(text: str, number: int) -> int:
    match = re.fullmatch(r"([0-9]{1,9})(?:\.0+)?", text)
    if match is None:
        raise ValueError(f"line {number}: no number of lines: {text[:20]!r}")
    return int(match[1])


def _check_sums(number: int, row: list[str], counted: dict[str, list[int]]) -> None:
    all_lines, in_lines, in_yuan, out_lines, out_yuan = row[: len(SUMMARY)]
    told = [
        _count(all_lines, number),
        [_count(in_lines, number), _fen(in_yuan, number)],
        [_count(out_lines, number), _fen(out_yuan, number)],
    ]
    if told != [counted["收入"][0] + counted["支出"][0], counted["收入"], counted["支出"]]:
        raise ValueError("WeChat's sums at its end are not those of its lines, so a part of it is missing or changed")

"""CSV as RFC 4180 says, record by record in bounded memory, each with its bytes as they were.

A record that cannot be read is told as a problem and the next line is read afresh, so one stray quote costs one line
and not the rest of the file. That stays linear: a line whose quote never closes is read once more at most.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

RECORD_BYTES_MAX = 1 << 20
KEPT_BYTES = 1 << 10
"""How much is kept of a record that is too long."""
_SKIP_BYTES = 1 << 16
_BOM = b"\xef\xbb\xbf"
_QUOTED = re.compile(rb'(?:[^"]++|"")*+')
_PLAIN = re.compile(rb'[^",\r\n]*+')
_END = re.compile(rb"\r?\n?\Z")
TOO_LONG = f"longer than {RECORD_BYTES_MAX} bytes; only its beginning is kept"


class Record(NamedTuple):
    """`line` is the file's line it starts on, `raw` its bytes without the line's end; `fields` as far as readable."""

    line: int
    raw: bytes
    fields: list[str]
    problem: str | None


class _Line(NamedTuple):
    number: int
    text: bytes
    too_long: bool


class _Unreadable(Exception):
    """The quotes of a record do not fit together."""


class _Lines:
    """Physical lines with a way back: lines that were read ahead in vain are read again."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._again: deque[_Line] = deque()
        self._number = 0

    def next(self) -> _Line | None:
        if self._again:
            return self._again.popleft()
        text = self._stream.readline(RECORD_BYTES_MAX + 1)
        if not text:
            return None
        self._number += 1
        if self._number == 1:
            text = text.removeprefix(_BOM)
        too_long = len(text) > RECORD_BYTES_MAX
        if too_long and not text.endswith(b"\n"):
            while (skipped := self._stream.readline(_SKIP_BYTES)) and not skipped.endswith(b"\n"):
                pass
        return _Line(self._number, text[:KEPT_BYTES] if too_long else text, too_long)

    def back(self, lines: list[_Line]) -> None:
        self._again.extendleft(reversed(lines))


def records(stream: BinaryIO) -> Iterator[Record]:
    """Every record, the header first; empty lines are none."""
    lines = _Lines(stream)
    while (line := lines.next()) is not None:
        if line.too_long:
            yield Record(line.number, line.text, [], TOO_LONG)
            continue
        raw = line.text.rstrip(b"\r\n")
        if not raw:
            continue
        if b'"' in raw:
            yield _quoted_record(lines, line)
        elif b"\r" in raw:
            yield Record(line.number, raw, [], "a carriage return inside a field that is not quoted")
        else:
            yield _plain_record(line.number, raw)


def _plain_record(line: int, raw: bytes) -> Record:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return _decoded(line, raw, raw.split(b","))
    return Record(line, raw, text.split(","), "a NUL byte" if "\0" in text else None)


def _quoted_record(lines: _Lines, first: _Line) -> Record:
    ahead: list[_Line] = []
    try:
        raw, fields = _split(lines, first, ahead)
    except _Unreadable as problem:
        lines.back(ahead)
        return Record(first.number, first.text.rstrip(b"\r\n"), [], str(problem))
    return _decoded(first.number, raw, fields)


def _split(lines: _Lines, first: _Line, ahead: list[_Line]) -> tuple[bytes, list[bytes]]:
    """The record's bytes and fields; the lines it needs beyond the first are noted in `ahead`."""
    text = bytearray(first.text)
    fields: list[bytes] = []
    at = 0
    while True:
        if text[at : at + 1] == b'"':
            closing = _closing_quote(lines, text, at + 1, ahead)
            fields.append(bytes(text[at + 1 : closing]).replace(b'""', b'"'))
            at = closing + 1
        else:
            plain = _PLAIN.match(text, at)
            assert plain is not None
            fields.append(plain.group())
            at = plain.end()
        if text[at : at + 1] == b",":
            at += 1
        elif _END.match(text, at):
            return bytes(text[:at]), fields
        else:
            raise _Unreadable("a quote where RFC 4180 has none")


def _closing_quote(lines: _Lines, text: bytearray, start: int, ahead: list[_Line]) -> int:
    """Where the field that was opened before `start` closes; reads on over line ends."""
    while True:
        inside = _QUOTED.match(text, start)
        assert inside is not None
        start = inside.end()
        if start < len(text):
            return start
        line = lines.next()
        if line is None:
            raise _Unreadable("a quote that is never closed")
        ahead.append(line)
        if line.too_long or len(text) + len(line.text) > RECORD_BYTES_MAX:
            raise _Unreadable(f"a quote that is not closed within {RECORD_BYTES_MAX} bytes")
        text += line.text


def _decoded(line: int, raw: bytes, fields: list[bytes]) -> Record:
    problem = None
    if b"\0" in raw:
        problem = "a NUL byte"
    try:
        return Record(line, raw, [field.decode() for field in fields], problem)
    except UnicodeDecodeError:
        return Record(line, raw, [field.decode(errors="replace") for field in fields], "not UTF-8")

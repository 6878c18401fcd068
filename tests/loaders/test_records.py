"""CSV as RFC 4180 says, and whatever else comes along, in bounded memory and linear time."""

from __future__ import annotations

import csv
import io
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.records import KEPT_BYTES, RECORD_BYTES_MAX, Record, records


def read(text: bytes) -> list[Record]:
    return list(records(io.BytesIO(text)))


def fields(text: bytes) -> list[list[str]]:
    found = read(text)
    assert [record.problem for record in found] == [None] * len(found)
    return [record.fields for record in found]


@pytest.mark.parametrize(
    "text",
    [
        b"a,b\n1,2\n",
        b"a,b\r\n1,2\r\n",
        b"a,b\n1,2",
        b"\xef\xbb\xbfa,b\n1,2\n",
        b"a,b\n\n\r\n1,2\n\n",
        b'"a","b"\r\n"1",2',
    ],
    ids=["LF", "CRLF", "no last line end", "BOM", "empty lines", "quoted"],
)
def test_forms_of_the_same_table(text: bytes) -> None:
    assert fields(text) == [["a", "b"], ["1", "2"]]


def test_a_quoted_field_holds_commas_quotes_and_line_ends() -> None:
    text = b'x,"a ""b"", c\nd\r\n",y\nnext,2,3\n'
    assert fields(text) == [["x", 'a "b", c\nd\r\n', "y"], ["next", "2", "3"]]
    assert [record.line for record in read(text)] == [1, 4]
    assert read(text)[0].raw == b'x,"a ""b"", c\nd\r\n",y'


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=2), min_size=1))
def test_what_a_csv_writer_writes_is_read_back(table: list[list[str]]) -> None:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows(table)
    # A byte order mark at the very beginning is no content.
    assert fields(b"\n" + written.getvalue().encode()) == table


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader_and_every_line_is_accounted_for(text: bytes) -> None:
    raws = [record.raw for record in read(text)]
    kept = b"".join(raws).translate(None, b"\r\n")
    assert kept == text.removeprefix(b"\xef\xbb\xbf").translate(None, b"\r\n")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"a\0b,c", "a NUL byte"),
        (b"a\xff,b", "not UTF-8"),
        (b'a"b,c', "a quote where RFC 4180 has none"),
        (b'"a"b,c', "a quote where RFC 4180 has none"),
        (b"a\rb,c", "a carriage return inside a field that is not quoted"),
    ],
)
def test_a_bad_line_is_told_as_it_was_and_the_next_one_is_read(line: bytes, problem: str) -> None:
    bad, good = read(line + b"\nx,y\n")
    assert (bad.raw, bad.problem) == (line, problem)
    assert (good.fields, good.line, good.problem) == (["x", "y"], 2, None)


def test_a_quote_that_never_closes_costs_one_line() -> None:
    first, *rest = read(b'1,"open\n2,b\n3,c\n')
    assert (first.raw, first.problem) == (b'1,"open', "a quote that is never closed")
    assert [record.fields for record in rest] == [["2", "b"], ["3", "c"]]


def test_a_quote_that_closes_in_a_later_quoted_field_costs_one_line() -> None:
    first, *rest = read(b'1,"open\n2,b\n3,"c"\n')
    assert first.problem == "a quote where RFC 4180 has none"
    assert [(record.line, record.fields) for record in rest] == [(2, ["2", "b"]), (3, ["3", "c"])]


@pytest.mark.parametrize("line", [b'x,"\n', b'x,"""y\n', b'x,""","\n', b'"a""\n', b'a","""\n', b'"\n"a\n'])
def test_lines_that_all_open_a_quote_are_read_in_linear_time(line: bytes) -> None:
    def seconds(count: int) -> float:
        began = time.perf_counter()
        for _ in records(io.BytesIO(line * count)):
            pass
        return time.perf_counter() - began

    seconds(1_000)
    assert seconds(80_000) < 25 * seconds(10_000) + 0.5


class Endless(io.RawIOBase):
    """A file of one long line that is never in memory as a whole, then a good one."""

    def __init__(self, size: int, byte: bytes) -> None:
        self._left = [byte * (1 << 16)] * (size >> 16)
        self._left.insert(0, b"\nx,y\n")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._left:
            return 0
        chunk = self._left.pop()
        part, rest = chunk[: len(buffer)], chunk[len(buffer) :]
        if rest:
            self._left.append(rest)
        buffer[: len(part)] = part
        return len(part)


@pytest.mark.parametrize("byte", [b"a", b'"', b"\0", b","], ids=["letters", "quotes", "NUL", "commas"])
def test_a_line_of_64_megabytes_is_skipped_in_bounded_memory(byte: bytes) -> None:
    stream = io.BufferedReader(Endless(64 << 20, byte))
    tracemalloc.start()
    long, good = list(records(stream))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (long.raw, long.problem is not None) == (byte * KEPT_BYTES, True)
    assert (good.line, good.fields) == (2, ["x", "y"])
    assert peak < 8 * RECORD_BYTES_MAX


def test_the_longest_record_is_still_read() -> None:
    line = b"a" * (RECORD_BYTES_MAX - 3)
    assert fields(line + b",b\n") == [[line.decode(), "b"]]
    assert read(line + b",bb\n")[0].problem is not None

"""Whatever is done to a pack shows, with its line."""

from __future__ import annotations

import doctest
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_api.rules import evidence
from graph_api.rules.evidence import HEADER, Chain, Fault, Signature, Tampering, Verified, canonical, verified

KEY = b"k" * 32
SIZE = 12
"""Lines of the pack: header, ten people, closing."""


def pack(*, people: int = SIZE - 2, key: bytes = KEY, actor: str = "RISK") -> list[bytes]:
    chain = Chain()
    lines = [chain.line(HEADER, {"tree": "根", "actor": actor})]
    lines += [chain.line("person", {"code": f"p{n}", "paid_fen": n * 100}) for n in range(people)]
    return [*lines, chain.closing({"entries_meanwhile": 0}, key)]


PACK = pack()
PLACE = st.integers(0, SIZE - 1)


def told(lines: list[bytes], key: bytes | None = KEY) -> Verified:
    return verified(iter(lines), key)


def faults(lines: list[bytes]) -> list[tuple[int, str]]:
    return [(fault.line, str(fault.what)) for fault in told(lines).faults]


def test_the_examples_hold() -> None:
    assert doctest.testmod(evidence).failed == 0


def test_a_pack_is_as_it_was_written() -> None:
    found = told(PACK)
    assert (found.faults, found.signature, found.lines) == ([], Signature.GOOD, SIZE)
    assert found.header == {"tree": "根", "actor": "RISK"}
    assert found.closing is not None
    assert found.closing["counts"] == {"header": 1, "person": SIZE - 2}
    assert found.hash == json.loads(PACK[-1])["hash"]
    assert told(PACK, None).signature is Signature.UNCHECKED


def test_two_packs_of_one_state_agree_in_their_digest_whoever_made_them() -> None:
    mine, yours, other = (told(pack(**given)).closing or {} for given in ({}, {"actor": "ADMIN"}, {"people": 9}))
    assert mine["digest"] == yours["digest"] != other["digest"]
    assert pack() == PACK


def test_another_key_signs_otherwise() -> None:
    found = told(pack(key=b"x" * 32))
    assert found.signature is Signature.WRONG
    assert [(fault.line, fault.what) for fault in found.faults] == [(SIZE, Tampering.SIGNATURE)]


@given(PLACE, st.data())
def test_any_byte_that_changes_is_found_in_its_line(place: int, data: st.DataObject) -> None:
    line = PACK[place]
    at = data.draw(st.integers(0, len(line) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != line[at]))
    changed = line[:at] + bytes([byte]) + line[at + 1 :]
    altered = [*PACK[:place], changed, *PACK[place + 1 :]]
    expected = Tampering.ALTERED
    if place == SIZE - 1 and all(b'"signature":"' in text for text in (line[:at], changed)):
        expected = Tampering.SIGNATURE if evidence._parsed(changed) else Tampering.ALTERED
    assert faults(altered) == [(place + 1, expected)]


@given(PLACE, st.integers())
def test_a_number_that_is_written_anew_is_found(place: int, number: int) -> None:
    """The line is made to fit by itself, hash and all: then the next one hangs on another."""
    value: dict[str, Any] = json.loads(PACK[place])
    if value["record"].get("paid_fen") == number:
        return
    value["record"]["paid_fen"] = number
    value["hash"] = evidence.line_hash(value["previous"], value["sequence"], value["kind"], value["record"])
    altered = [*PACK[:place], canonical(value) + b"\n", *PACK[place + 1 :]]
    what = Tampering.SIGNATURE if place == SIZE - 1 else Tampering.ALTERED
    assert faults(altered) == [(place + 1, what)]


@given(PLACE)
def test_a_line_that_is_taken_out_is_found(place: int) -> None:
    lines = PACK[:place] + PACK[place + 1 :]
    expected = (SIZE - 1, "TRUNCATED") if place == SIZE - 1 else (place + 1, "REMOVED")
    assert faults(lines) == [expected]


@given(PLACE, PLACE)
def test_lines_that_are_taken_out_together_are_counted(first: int, second: int) -> None:
    low, high = sorted((first, second))
    if high == SIZE - 1:
        return
    found = told(PACK[:low] + PACK[high + 1 :]).faults
    assert found == [Fault(low + 1, Tampering.REMOVED, f"{high - low + 1} records before this line are missing")]


@given(PLACE, PLACE)
def test_lines_that_change_places_are_found(first: int, second: int) -> None:
    if first == second:
        return
    lines = list(PACK)
    lines[first], lines[second] = lines[second], lines[first]
    found = faults(lines)
    assert found
    moved = {line for line, what in found if what == "REORDERED"}
    assert moved <= set(range(min(first, second) + 1, max(first, second) + 2))
    assert [what for _, what in found if what not in ("REORDERED", "TRUNCATED")] == []
    assert ("TRUNCATED" in {what for _, what in found}) == (SIZE - 1 in (first, second))
    if abs(first - second) > 2:  # nearer ones can be explained in more than one way
        assert moved == {first + 1, second + 1}


@given(PLACE, st.integers(0, SIZE))
def test_a_line_that_is_there_twice_is_found(place: int, to: int) -> None:
    lines = [*PACK[:to], PACK[place], *PACK[to:]]
    what = [what for line, what in faults(lines)]
    assert "DUPLICATED" in what
    assert set(what) <= {"DUPLICATED", "TRUNCATED"}
    line = next(line for line, what in faults(lines) if what == "DUPLICATED")
    assert lines[line - 1] == PACK[place]


@given(st.integers(0, SIZE - 1))
def test_a_pack_that_breaks_off_is_found(length: int) -> None:
    assert faults(PACK[:length]) == [(length, "TRUNCATED")]


@given(PLACE, st.integers(1, 40))
def test_a_pack_that_breaks_off_in_a_line_is_found(place: int, kept: int) -> None:
    broken = [*PACK[:place], PACK[place][:kept]]
    assert faults(broken) == [(place + 1, "ALTERED")]


@pytest.mark.parametrize(
    "text",
    [
        b"\n",
        b"{}\n",
        b"[]\n",
        b"null\n",
        b"\xff\n",
        b"[" * 100_000 + b"\n",
        b'{"hash":1,"kind":1,"previous":1,"record":1,"sequence":1}\n',
        b'{"hash":"","kind":"\\ud800","previous":"\\ud800","record":{},"sequence":-1}\n',
        b'{"hash":"","kind":"","previous":"","record":{"a":NaN},"sequence":0}\n',
        b'{"hash":"","kind":"","previous":"","record":{},"sequence":' + b"9" * 5_000 + b"}\n",
    ],
)
def test_anything_else_in_a_line_is_found(text: bytes) -> None:
    assert faults([*PACK[:3], text, *PACK[4:]]) == [(4, "ALTERED")]
    assert (4, "ALTERED") in faults([*PACK[:3], text, *PACK[3:]])


def test_a_pack_put_together_of_two_is_found() -> None:
    other = pack(actor="ADMIN")
    assert (5, "ALTERED") in faults(PACK[:5] + other[5:])


def test_a_chain_that_somebody_wrote_anew_is_not_signed() -> None:
    forged = pack(people=3, key=b"somebody")
    assert faults(forged) == [(5, "SIGNATURE")]


def test_a_closing_that_counts_otherwise_is_found() -> None:
    chain = Chain()
    lines = [chain.line(HEADER, {}), chain.line("person", {})]
    chain.counts["person"] = 2
    lines.append(chain.closing({}, KEY))
    assert faults(lines) == [(3, "ALTERED")]


def test_a_pack_without_a_header_is_found() -> None:
    chain = Chain()
    lines = [chain.line("person", {}), chain.closing({}, KEY)]
    assert faults(lines) == [(1, "REMOVED")]


def test_a_long_pack_turned_upside_down_is_judged_at_once() -> None:
    """Every line but one is elsewhere: counted by search, not line by line against each other."""
    lines = pack(people=5_000)[::-1]
    found = told(lines)
    assert sum(fault.what is Tampering.REORDERED for fault in found.faults) == len(lines) - 1


@pytest.mark.parametrize("signature", ["王", "", "\ud800"])
def test_a_signature_of_any_letters_is_wrong_and_no_failure(signature: str) -> None:
    right = json.loads(PACK[-1])["signature"]
    last = PACK[-1].replace(
        json.dumps(right).encode(), json.dumps(signature, ensure_ascii=False).encode("utf-8", "surrogatepass")
    )
    assert told([*PACK[:-1], last]).faults in (
        [Fault(SIZE, Tampering.SIGNATURE, "is not signed by this service, or was written anew")],
        [Fault(SIZE, Tampering.ALTERED, "is not what was written"), Fault(SIZE, Tampering.TRUNCATED, NO_CLOSING)],
    )


NO_CLOSING = "is the last line, and no closing"


def test_what_was_done_is_told_in_words() -> None:
    altered = PACK[3].replace(b'"p2"', b'"p9"')
    assert told([*PACK[:3], altered, *PACK[4:]]).faults == [Fault(4, Tampering.ALTERED, "is not what was written")]
    assert told(PACK[:-1]).faults == [Fault(SIZE - 1, Tampering.TRUNCATED, NO_CLOSING)]
    anew = Chain(hash=json.loads(PACK[2])["hash"], sequence=3).line("person", {"code": "p9", "paid_fen": 0})
    written_anew = Fault(4, Tampering.ALTERED, "was written anew: the next line hangs on another one")
    assert told([*PACK[:3], anew, *PACK[4:]]).faults == [written_anew]
    early = Chain(hash="f" * 64)
    lines = [early.line(HEADER, {"tree": "根"}), early.closing({}, KEY)]
    assert told(lines).faults == [Fault(1, Tampering.ALTERED, "hangs on something before the beginning")]
    twice = told([*PACK[:4], PACK[3], *PACK[4:]]).faults
    assert twice == [Fault(4, Tampering.DUPLICATED, "holds record 3 again")]
    headless = Chain()
    lines = [headless.line("person", {"code": "p"}), headless.closing({}, KEY)]
    assert told(lines).faults == [Fault(1, Tampering.REMOVED, "the header is missing")]
    miscounted = Chain()
    lines = [miscounted.line(HEADER, {})]
    miscounted.counts["person"] = 1
    lines.append(miscounted.closing({}, KEY))
    assert told(lines).faults == [Fault(2, Tampering.ALTERED, "counts other records than there are")]

"""The form of an evidence pack: lines that hang on each other, so that whatever is done to one of them shows.

A line is canonical JSON, `{"hash", "kind", "previous", "record", "sequence"}`: its hash is SHA-256 over the hash of the
line before it and over kind, record and sequence. The last line, `closing`, also has `signature`: an HMAC of its hash
under a key of the service. Anybody can check the chain; that the service wrote it, only who has the key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

FORMAT = "promograph-evidence-1"
HEADER = "header"
CLOSING = "closing"
BEGINNING = "0" * 64
"""What the first line hangs on."""
_KEYS = {"hash", "kind", "previous", "record", "sequence"}
_UNKNOWN = -1


class Tampering(StrEnum):
    """What was done to a pack. REMOVED stands with the line before which records are missing."""

    ALTERED = "ALTERED"
    REMOVED = "REMOVED"
    REORDERED = "REORDERED"
    DUPLICATED = "DUPLICATED"
    TRUNCATED = "TRUNCATED"
    SIGNATURE = "SIGNATURE"


class Fault(NamedTuple):
    """Lines are counted from 1."""

    line: int
    what: Tampering
    message: str


class Signature(StrEnum):
    """UNCHECKED: without a key, or there is none to check."""

    GOOD = "GOOD"
    WRONG = "WRONG"
    UNCHECKED = "UNCHECKED"


def canonical(value: object) -> bytes:
    """The one text that a JSON value has: keys sorted, no spaces, UTF-8.

    >>> canonical({"b": 1, "a": ["王"]}).decode()
    '{"a":["王"],"b":1}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
    return text.encode("utf-8", "surrogatepass")


def line_hash(previous: str, sequence: int, kind: str, record: Mapping[str, Any]) -> str:
    """What stands for a line and everything before it."""
    body = canonical({"kind": kind, "record": record, "sequence": sequence})
    return hashlib.sha256(previous.encode("utf-8", "surrogatepass") + body).hexdigest()


def signature(key: bytes, hash: str) -> str:
    """Only who has the key can make it."""
    return hmac.new(key, hash.encode(), hashlib.sha256).hexdigest()


@dataclass(slots=True)
class Chain:
    """Writes a pack line by line. `digest` is over the records without the header: two packs of one state agree in it."""

    hash: str = BEGINNING
    sequence: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    _digest: Any = field(default_factory=hashlib.sha256)

    def line(self, kind: str, record: Mapping[str, Any]) -> bytes:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind != HEADER:
            self._digest.update(canonical([kind, record]) + b"\n")
        return self._line(kind, record, {})

    def closing(self, record: Mapping[str, Any], key: bytes) -> bytes:
        """The last line: how many records of each kind there were, and the signature."""
        body = {**record, "counts": dict(self.counts), "digest": self._digest.hexdigest()}
        final = line_hash(self.hash, self.sequence, CLOSING, body)
        return self._line(CLOSING, body, {"signature": signature(key, final)})

    def _line(self, kind: str, record: Mapping[str, Any], further: Mapping[str, str]) -> bytes:
        previous, sequence = self.hash, self.sequence
        self.hash = line_hash(previous, sequence, kind, record)
        self.sequence += 1
        told = {"hash": self.hash, "kind": kind, "previous": previous, "record": record, "sequence": sequence}
        return canonical({**told, **further}) + b"\n"


@dataclass(slots=True)
class Verified:
    """What was found of a pack; it is as it was written if there are no faults."""

    lines: int
    header: Mapping[str, Any] | None
    closing: Mapping[str, Any] | None
    hash: str | None
    signature: Signature
    faults: list[Fault]


class _Line(NamedTuple):
    hash: str
    kind: str
    previous: str
    record: Mapping[str, Any]
    sequence: int
    signature: str | None


def verified(lines: Iterable[bytes], key: bytes | None) -> Verified:
    """Check a pack line by line; each fault names the line where it shows."""
    sequences = array("q")
    counts: dict[str, int] = {}
    faults: list[Fault] = []
    header: Mapping[str, Any] | None = None
    before: _Line | None = None
    last: _Line | None = None
    for number, text in enumerate(lines, 1):
        line = _parsed(text)
        if line is None or line.hash != line_hash(line.previous, line.sequence, line.kind, line.record):
            faults.append(Fault(number, Tampering.ALTERED, "is not what was written"))
            line = None
        elif before is not None and line.sequence == before.sequence + 1 and line.previous != before.hash:
            faults.append(Fault(number - 1, Tampering.ALTERED, "was written anew: the next line hangs on another one"))
        elif line.sequence == 0 and line.previous != BEGINNING:
            faults.append(Fault(number, Tampering.ALTERED, "hangs on something before the beginning"))
        if line is not None:
            counts[line.kind] = counts.get(line.kind, 0) + 1
            last = line
            if line.kind == HEADER and number == 1:
                header = line.record
        sequences.append(_UNKNOWN if line is None else line.sequence)
        before = line
    faults += _misplaced(sequences)
    closing = last if before is last and last is not None and last.kind == CLOSING else None
    signed = Signature.UNCHECKED
    if closing is not None:
        faults += _closing_faults(closing, counts, len(sequences), already=bool(faults))
        if key is not None:
            good = hmac.compare_digest(
                signature(key, closing.hash).encode(), (closing.signature or "").encode("utf-8", "surrogatepass")
            )
            signed = Signature.GOOD if good else Signature.WRONG
            if not good:
                faults.append(
                    Fault(len(sequences), Tampering.SIGNATURE, "is not signed by this service, or was written anew")
                )
    elif before is not None or not sequences:
        faults.append(Fault(len(sequences), Tampering.TRUNCATED, "is the last line, and no closing"))
    if header is None and not faults:
        faults.append(Fault(1, Tampering.REMOVED, "the header is missing"))
    told = closing.record if closing is not None else None
    hash = closing.hash if closing is not None else None
    return Verified(len(sequences), header, told, hash, signed, sorted(faults))


def _parsed(text: bytes) -> _Line | None:
    """A line that is written as a pack's lines are; None for anything else."""
    try:
        value = json.loads(text)
        if not isinstance(value, dict) or canonical(value) + b"\n" != text:
            return None
    except (ValueError, RecursionError):
        return None
    further = value.keys() - _KEYS
    if not value.keys() >= _KEYS or further != ({"signature"} if value["kind"] == CLOSING else set()):
        return None
    line = _Line(**{**value, "signature": value.get("signature")})
    texts = (line.hash, line.kind, line.previous, *([line.signature] if further else []))
    fits = all(isinstance(each, str) for each in texts) and isinstance(line.record, dict)
    return line if fits and type(line.sequence) is int and 0 <= line.sequence < 2**62 else None


def _misplaced(sequences: array[int]) -> list[Fault]:
    """What is missing, twice or elsewhere: as few lines as explain it. A line that says nothing stands where it should."""
    kept = _longest_rise(sequences)
    faults: list[Fault] = []
    there = {sequences[place] for place in kept}
    moved: set[int] = set()
    keeps = set(kept)
    for place, sequence in enumerate(sequences):
        if sequence != _UNKNOWN and place not in keeps:
            twice = sequence in there or sequence in moved
            what = Tampering.DUPLICATED if twice else Tampering.REORDERED
            faults.append(Fault(place + 1, what, f"holds record {sequence}" + (" again" if twice else "")))
            moved.add(sequence)
    elsewhere = sorted(moved)
    before, unknown = -1, 0
    for place, sequence in enumerate(sequences):
        if sequence == _UNKNOWN:
            unknown += 1
        elif place in keeps:
            strayed = bisect_left(elsewhere, sequence) - bisect_left(elsewhere, before + 1)
            missing = sequence - before - 1 - unknown - strayed
            if missing > 0:
                faults.append(Fault(place + 1, Tampering.REMOVED, f"{missing} records before this line are missing"))
            before, unknown = sequence, 0
    return faults


def _longest_rise(sequences: array[int]) -> list[int]:
    """Places of a longest strictly rising row of sequences."""
    tails: list[int] = []
    places: list[int] = []
    came_from = array("q")
    for place, sequence in enumerate(sequences):
        at = bisect_left(tails, sequence) if sequence != _UNKNOWN else 0
        came_from.append(places[at - 1] if at else -1)
        if sequence == _UNKNOWN:
            continue
        tails[at : at + 1], places[at : at + 1] = [sequence], [place]
    rise: list[int] = []
    place = places[-1] if places else -1
    while place >= 0:
        rise.append(place)
        place = came_from[place]
    return rise[::-1]


def _closing_faults(closing: _Line, counts: Mapping[str, int], lines: int, *, already: bool) -> list[Fault]:
    """A closing that tells of other records than there are; where lines are missing or altered that is known already."""
    told = closing.record.get("counts")
    found = {kind: count for kind, count in counts.items() if kind != CLOSING}
    return [] if already or told == found else [Fault(lines, Tampering.ALTERED, "counts other records than there are")]

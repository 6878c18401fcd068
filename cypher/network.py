"""Writes of the referral network: enrol, bind, move, close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)

DEPTH_MAX = 1000
"""Levels of a tree, the root included minus one: the literal ceiling of every traversal."""


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """`depth`: levels above; `referred_at_enrolment`: was enrolled (or claimed) with a referrer; `settled_codes`: whom it
    claimed, and somebody has decided about it."""

    code: str
    promoter: bool
    status: str | None
    rank: str | None
    joined_at: int | None
    name_hash: str | None
    phone_hashes: list[str]
    referrer_codes: list[str]
    former_codes: list[str]
    settled_codes: list[str]
    referred_at_enrolment: bool
    depth: int


@dataclass(frozen=True, slots=True)
class Branch:
    """`since_at`: when it got its present referrer, or lost its last one; None: it never changed. `height`: levels below.

    `claimed_code`: whom it claims as its referrer while nobody has decided about it.
    """

    status: str
    closed_at: int | None
    referrer_code: str | None
    claimed_code: str | None
    since_at: int | None
    height: int


@dataclass(frozen=True, slots=True)
class Climb:
    """`codes` starts with the promoter itself."""

    status: str
    codes: list[str]


@dataclass(frozen=True, slots=True)
class Request:
    """Of work that takes several transactions: `answer` as JSON once it has come to its end, and what its steps have done."""

    fingerprint: str
    answer: str | None
    released: int
    made: list[str]


@statement
async def people(run: Run, *, codes: list[str]) -> list[KnownPerson]: ...


@statement
async def enrol(run: Run, *, rows: list[dict[str, Any]]) -> None: ...


@statement
async def refer(run: Run, *, rows: list[dict[str, Any]]) -> None: ...


@statement
async def claim(run: Run, *, claims: list[dict[str, Any]]) -> None: ...


@statement
async def branch(run: Run, *, code: str) -> Branch | None: ...


@statement
async def climb(run: Run, *, code: str) -> Climb | None: ...


@statement
async def attach(run: Run, *, code: str, referrer_code: str, since_at: int) -> None: ...


@statement
async def detach(run: Run, *, code: str, until_at: int, reason: str) -> None: ...


@statement
async def close(run: Run, *, code: str, closed_at: int) -> None: ...


@statement
async def request(run: Run, *, key: str) -> Request | None: ...


@statement
async def remember_request(run: Run, *, key: str, fingerprint: str) -> None: ...


@statement
async def note_request(run: Run, *, key: str, released: int, made: list[str]) -> None: ...


@statement
async def answer_request(run: Run, *, key: str, answer: str) -> None: ...

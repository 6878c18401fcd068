"""Staff accounts and who has signed in."""

from __future__ import annotations

from dataclasses import dataclass

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """`attempts` to sign in without success since the last one with; nobody gets in before `waits_until`.

    `subject`: whom an identity provider knows it as, `ISSUER SUBJECT`; None of one that signs in with a password.
    """

    name: str
    roles: list[str]
    locale: str
    active: bool
    attempts: int
    waits_until: int | None
    subject: str | None
    version: int
    made_by: str
    created_at: int
    signed_in_at: int | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """`heard`: the password may be looked at; `version` counts the account's passwords and revocations."""

    heard: bool
    attempts: int
    password_sealed: str | None
    version: int


@dataclass(frozen=True, slots=True)
class Began:
    role: str


@dataclass(frozen=True, slots=True)
class Session:
    """Whose it is, in which of the account's roles, and until when at most."""

    name: str
    role: str
    seen_at: int
    ends_at: int
    roles: list[str]
    locale: str


@dataclass(frozen=True, slots=True)
class Ended:
    name: str
    role: str


@statement
async def account(run: Run, *, name: str) -> Account | None: ...


@statement
async def accounts(run: Run, *, after: str, first: int) -> list[Account]: ...


@statement
async def put(run: Run, *, name: str, at: int, properties: dict[str, object]) -> None: ...


@statement
async def attempt(run: Run, *, name: str, at: int, waits_us: list[int]) -> Attempt | None: ...


@statement
async def begin_session(
    run: Run, *, name: str, version: int, id: str, role: str | None, at: int, ends_at: int
) -> Began | None: ...


@statement
async def session(run: Run, *, id: str, at: int, idle_since: int) -> Session | None: ...


@statement
async def see_session(run: Run, *, id: str, at: int) -> None: ...


@statement
async def change_session(run: Run, *, id: str, new_id: str, role: str, at: int) -> Began | None: ...


@statement
async def end_session(run: Run, *, id: str) -> Ended | None: ...


@statement
async def sweep(run: Run, *, at: int, name: str | None) -> None: ...

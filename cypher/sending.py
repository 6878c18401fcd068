"""Payouts on their way: which are to be sent or asked about, to whom they go, and what was heard of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """`payout`: the node's properties; name and account are sealed. Once sent, the account is the one it was sent to."""

    payout: dict[str, Any]
    name_sealed: str | None
    account_id: str
    account_sealed: str


@statement
async def to_ask(run: Run, *, status: str, provider: str, now: int, first: int) -> list[Asked]: ...


@statement
async def by_keys(run: Run, *, keys: list[str]) -> list[Asked]: ...


@statement
async def in_file(run: Run, *, file: str) -> list[Asked]: ...


@statement
async def put_off(run: Run, *, rows: Rows) -> None: ...


@dataclass(frozen=True, slots=True)
class Payment:
    transaction_id: str | None


@dataclass(frozen=True, slots=True)
class Share:
    """`fen` of the payout `id` come from one payment of a buyer."""

    id: str
    transaction_id: str
    fen: int


@statement
async def payment_of(run: Run, *, number: str) -> Payment | None: ...


@statement
async def attach_payment(run: Run, *, number: str, transaction_id: str) -> None: ...


@statement
async def shares(run: Run, *, ids: list[str]) -> list[Share]: ...

"""Idempotency keys: the same request under a key answers as the first time, another one under it is a Conflict."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar

from cypher import network
from cypher.store import Store, Transaction
from graph_api.errors import Conflict
from graph_api.rules.codes import code_error

T = TypeVar("T")


class Request(NamedTuple):
    """A mutation's name, the caller's key (None: none given) and whatever else it was given."""

    name: str
    key: str | None
    content: Sequence[Any]

    @property
    def full_key(self) -> str:
        return f"{self.name}:{self.key}"

    @property
    def fingerprint(self) -> str:
        return sha256(json.dumps(list(self.content), ensure_ascii=False).encode()).hexdigest()


async def once(store: Store, request: Request, work: Callable[[Transaction], Awaitable[T]], *, now: int) -> T:
    """Run `work` in one transaction that takes the key too. `work` is idempotent by itself; the key guards its content."""
    check_key(request)

    async def guarded(transaction: Transaction) -> T:
        await is_repeat(transaction, request)
        return await work(transaction)

    return await store.write(guarded if request.key is not None else work, now=now)


async def answer_of(store: Store, request: Request) -> Any:
    """What this very request answered before, None if nothing yet; for work of several transactions."""
    check_key(request)
    known = await network.request(store, key=request.full_key) if request.key is not None else None
    if known is None:
        return None
    _check_content(request, known)
    return json.loads(known.answer) if known.answer is not None else None


async def note(transaction: Transaction, request: Request, *, released: int, made: Sequence[str]) -> None:
    """Add what a step has done to what the request has, whoever of those that work under its key did it."""
    if request.key is not None:
        await is_repeat(transaction, request)
        await network.note_request(transaction, key=request.full_key, released=released, made=list(made))


async def remember(store: Store, request: Request, answer: Callable[[int, list[str]], T], *, now: int) -> T | Any:
    """Keep the answer of finished work under its key, and return the one that stands: another worker may have been first.

    `answer` is given what all steps under the key have released and made.
    """

    async def work(transaction: Transaction) -> Any:
        await is_repeat(transaction, request)
        known = await network.request(transaction, key=request.full_key)
        assert known is not None, "the key is taken"
        if known.answer is not None:
            return json.loads(known.answer)
        whole = answer(known.released, known.made)
        await network.answer_request(transaction, key=request.full_key, answer=json.dumps(whole, ensure_ascii=False))
        return whole

    return await store.write(work, now=now)


def check_key(request: Request) -> None:
    error = code_error(request.key, field="key") if request.key is not None else None
    if error is not None:
        raise error


async def is_repeat(transaction: Transaction, request: Request) -> bool:
    """Whether the key was used for this very content; takes it otherwise. Other content is a Conflict."""
    known = await network.request(transaction, key=request.full_key)
    if known is None:
        await network.remember_request(transaction, key=request.full_key, fingerprint=request.fingerprint)
        return False
    _check_content(request, known)
    return True


def _check_content(request: Request, known: network.Request) -> None:
    if known.fingerprint != request.fingerprint:
        raise Conflict("the key was used for other content", field=["key"])

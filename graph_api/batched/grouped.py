"""One statement for all keys that are asked the same question in one turn of the event loop."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from strawberry.dataloader import DataLoader

from graph_api.errors import Invalid

Q = TypeVar("Q", bound=Hashable)
A = TypeVar("A")


class Grouped(Generic[Q, A]):
    """Answers (key, question) pairs; `answer` gets all keys of one question, `otherwise` stands for an absent key."""

    def __init__(
        self, answer: Callable[[list[str], Q], Awaitable[Mapping[str, A]]], *, otherwise: Callable[[], A]
    ) -> None:
        self._answer = answer
        self._otherwise = otherwise
        self._loader: DataLoader[tuple[str, Q], A] = DataLoader(self._load)

    async def load(self, key: str, question: Q) -> A:
        return await self._loader.load((key, question))

    async def _load(self, pairs: list[tuple[str, Q]]) -> list[A]:
        keys_by_question: dict[Q, list[str]] = {}
        for key, question in pairs:
            keys_by_question.setdefault(question, []).append(key)
        answers = await asyncio.gather(*(self._answer(keys, question) for question, keys in keys_by_question.items()))
        by_question = dict(zip(keys_by_question, answers, strict=True))
        return [
            by_question[question][key] if key in by_question[question] else self._otherwise() for key, question in pairs
        ]


def cursor_of(*keyset: int | str) -> str:
    """An opaque cursor: the keyset of a row."""
    return base64.urlsafe_b64encode(json.dumps(keyset, separators=(",", ":")).encode()).decode()


def keyset_of(cursor: str, *, like: Sequence[type]) -> list[int | str]:
    """The keyset of a cursor; Invalid if it is none of ours."""
    try:
        keyset = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise Invalid("after is not a cursor of this list") from error
    if not isinstance(keyset, list) or [type(part) for part in keyset] != list(like):
        raise Invalid("after is not a cursor of this list")
    if any(isinstance(part, int) and not -(2**63) <= part < 2**63 for part in keyset):
        raise Invalid("after is not a cursor of this list")
    return keyset

"""Looking for somebody by a name or a phone shows whose it is: each such search is journalled before it is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cypher import search
from cypher.store import Store, Transaction
from graph_api.errors import Invalid
from graph_api.pii import Pii
from graph_api.rules.codes import text_error

By = Literal["CODE", "NAME", "PHONE"]
HASH_SHOWN = 12
"""So much of the keyed hash tells in the journal that two searches were for the same, and of what nobody."""


@dataclass(frozen=True, slots=True)
class Search:
    """One of them, by what is known: a code's beginning, or a name or a phone as a keyed hash."""

    by: By
    code_start: str | None
    name_hash: str | None
    phone_hash: str | None

    @classmethod
    def of(cls, pii: Pii, by: By, text: str) -> Search:
        """Invalid for a text that nobody can have."""
        known = text.strip()
        error = text_error(known, field="text", required=True)
        if error is not None:
            raise error
        return cls(
            by,
            known if by == "CODE" else None,
            pii.hash("name", known) if by == "NAME" else None,
            pii.hash("PHONE", known) if by == "PHONE" else None,
        )

    @property
    def identifier_id(self) -> str | None:
        return f"PHONE:{self.phone_hash}" if self.phone_hash is not None else None


async def sought(
    store: Store, which: Search, *, after: str, first: int, actor: str, now: int
) -> tuple[list[str], bool]:
    """Codes in their order after a code, and whether there are more."""
    if first < 0:
        raise Invalid("first must not be below 0", field=["first"])
    rows = await search.page(
        store,
        code_start=which.code_start,
        name_hash=which.name_hash,
        identifier_id=which.identifier_id,
        after=after,
        first=first + 1,
    )
    codes = [row.code for row in rows[:first]]
    if which.by != "CODE":
        await _note(store, which, codes, actor=actor, now=now)
    return codes, len(rows) > first


async def count(store: Store, which: Search) -> int:
    """How many there are in all."""
    found = await search.count(
        store, code_start=which.code_start, name_hash=which.name_hash, identifier_id=which.identifier_id
    )
    return found.count


async def _note(store: Store, which: Search, codes: Sequence[str], *, actor: str, now: int) -> None:
    """Nobody's facts changed, so no codes: like a look at personal data."""
    hashed = which.name_hash or which.phone_hash or ""

    async def work(transaction: Transaction) -> None:
        transaction.journal(
            "promoters_sought",
            at=now,
            actor=actor,
            by=which.by,
            sought_hash=hashed[:HASH_SHOWN],
            found=list(codes),
        )

    await store.write(work, now=now)

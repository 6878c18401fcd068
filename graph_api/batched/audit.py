"""Who did what, and when: the journal in pages, latest first, with those facts of an entry that hold no personal data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cypher import audit
from cypher.statements import Run
from graph_api.batched.cursors import KEY_MAX, cursor, keys_of
from graph_api.viewer import Role, Viewer

WALKED_MAX = 20_000
"""Entries that a page looks at; with more between two that are wanted, it is short or empty, and says that there is more."""
CODES_MAX = 50
ORDER = "AUDIT"
HIDDEN_KINDS: Mapping[Role, tuple[str, ...]] = {Role.RISK: ("staff_",)}
"""By what entries begin that a role is not shown: accounts are the administrators' business."""

SHOWN = frozenset(
    [
        "accepted",
        "after",
        "amount_fen",
        "attempts",
        "before",
        "by",
        "by_provider",
        "claimed_code",
        "code",
        "codes",
        "commission_bp",
        "count",
        "cypher",
        "detector",
        "detector_version",
        "found",
        "from_code",
        "groups",
        "hash",
        "id",
        "ids",
        "key",
        "lines",
        "linked",
        "lock_reason",
        "month",
        "moves",
        "name",
        "number",
        "order_number",
        "outcome",
        "promoter_code",
        "promotions",
        "provider",
        "question",
        "rank",
        "reason",
        "reference",
        "referrer_code",
        "refund_fen",
        "role",
        "roles",
        "sales",
        "seen",
        "sku",
        "sought_hash",
        "status_before",
        "tiers",
        "to_code",
        "took_ms",
        "transaction_id",
        "tree",
        "upto",
        "version",
        "void_fen",
    ]
)
"""Facts that are codes, numbers, states, or what a member of staff wrote as such. Others are not shown."""
HIDDEN = frozenset({"parameters", "said"})
"""Facts that may name somebody: values that were looked for, words of a payment provider."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries; all that is given must hold. From `from_at` to before `until_at`, both of when it was recorded."""

    actor: str | None = None
    kind: str | None = None
    code: str | None = None
    from_at: int | None = None
    until_at: int | None = None

    @property
    def needs_walking(self) -> bool:
        """Whether an entry of the index that is walked may be none that is wanted."""
        return self != Wanted(actor=self.actor) and self != Wanted(kind=self.kind)


@dataclass(frozen=True, slots=True)
class Entry:
    """`codes`: the first of those whose own facts changed, `code_count` of them in all."""

    seq: int
    kind: str
    at: int
    recorded_at: int
    actor: str
    code_count: int
    codes: tuple[str, ...]
    facts: dict[str, Any]

    @property
    def cursor(self) -> str:
        return _cursor(self.seq)


@dataclass(frozen=True, slots=True)
class Page:
    """`end_cursor`: where to go on; beyond the last entry if more than it was walked."""

    entries: tuple[Entry, ...]
    has_next: bool
    end_cursor: str | None


async def page(run: Run, viewer: Viewer, wanted: Wanted, *, first: int, after: str | None) -> Page:
    """A page of the journal; Invalid for a cursor of another list."""
    keys = keys_of(ORDER, after)
    hidden = HIDDEN_KINDS.get(viewer.role, ())
    walks = wanted.needs_walking or bool(hidden)
    found = await audit.entries(
        run,
        before=keys[0] if keys is not None else KEY_MAX,
        actor=wanted.actor,
        kind=wanted.kind,
        code=wanted.code,
        from_at=wanted.from_at,
        until_at=wanted.until_at,
        hidden=list(hidden),
        codes_max=CODES_MAX,
        walked_max=WALKED_MAX if walks else first + 1,
        first=first + 1,
    )
    entries = tuple(_entry(row) for row in found.rows[:first])
    if len(found.rows) > first:
        return Page(entries, has_next=True, end_cursor=entries[-1].cursor if entries else after)
    walked_out = walks and found.walked == WALKED_MAX and found.last_seq is not None
    end = _cursor(found.last_seq) if walked_out and found.last_seq is not None else None
    return Page(entries, has_next=walked_out, end_cursor=end or (entries[-1].cursor if entries else None))


def _entry(row: list[Any]) -> Entry:
    seq, kind, at, recorded_at, actor, code_count, codes, facts = row
    shown = {name: value for name, value in json.loads(facts).items() if name in SHOWN}
    return Entry(seq, kind, at, recorded_at, actor, code_count, tuple(codes), shown)


def _cursor(seq: int) -> str:
    return cursor(ORDER, (seq, 0, ""))

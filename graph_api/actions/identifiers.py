"""Identifiers: devices, payout accounts, ID numbers, phones and addresses, kept as hashes that can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cypher import identifiers
from cypher.store import Store, Transaction
from graph_api.actions.outcome import RECORDED, UNCHANGED, Outcome, refused
from graph_api.errors import Invalid
from graph_api.pii import Pii
from graph_api.rules.codes import IDENTIFIER_KINDS, code_error

VALUE_LENGTH_MAX = 512


@dataclass(frozen=True, slots=True)
class Identification:
    """A person (promoter or buyer, by code) has an identifier."""

    code: str
    kind: str
    value: str


def identifier_row(pii: Pii, *, code: str, kind: str, value: str, enrolment: bool) -> dict[str, Any]:
    """The link as statement parameters; equal values of one kind have one hash."""
    digest = pii.hash(kind, value)
    return {
        "code": code,
        "id": f"{kind}:{digest}",
        "kind": kind,
        "hash": digest,
        "sealed": pii.seal(value),
        "enrolment": enrolment,
    }


async def link(store: Store, pii: Pii, rows: Sequence[Identification], *, actor: str, now: int) -> list[Outcome]:
    """Link identifiers to people; a link that is there already stays as it is."""
    outcomes: list[Outcome | None] = [_refusal(row) for row in rows]
    links = {
        index: identifier_row(pii, code=row.code, kind=row.kind, value=row.value.strip(), enrolment=False)
        for index, row in enumerate(rows)
        if outcomes[index] is None
    }

    async def work(transaction: Transaction) -> list[Outcome]:
        there = await identifiers.linked(transaction, rows=list(links.values()))
        known = {(row.code, row.id) for row in there if not row.enrolment}
        fresh: dict[int, dict[str, Any]] = {}
        for index, row in links.items():
            if (row["code"], row["id"]) not in known:
                known.add((row["code"], row["id"]))
                fresh[index] = row
        if fresh:
            await identifiers.link(transaction, rows=list(fresh.values()))
            codes = sorted({row["code"] for row in fresh.values()})
            sellers = await identifiers.sellers(transaction, codes=codes)
            transaction.journal(
                "identifiers_linked",
                at=now,
                actor=actor,
                codes=[*codes, *(seller.code for seller in sellers)],
                linked=len(fresh),
            )
        return [outcomes[i] or (RECORDED if i in fresh else UNCHANGED) for i in range(len(rows))]

    return await store.write(work, now=now)


def _refusal(row: Identification) -> Outcome | None:
    error = code_error(row.code, field="code")
    if error is None and row.kind not in IDENTIFIER_KINDS:
        error = Invalid(f"kind must be one of {', '.join(IDENTIFIER_KINDS)}", field=["kind"])
    if error is None and not 1 <= len(row.value.strip()) <= VALUE_LENGTH_MAX:
        error = Invalid(f"value must be 1-{VALUE_LENGTH_MAX} characters", field=["value"])
    return refused(error) if error else None

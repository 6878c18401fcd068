"""E-contracts: without an accepted one of the current version nobody is paid."""

from __future__ import annotations

from cypher import contracts
from cypher.store import Store, Transaction
from graph_api.errors import Conflict, Invalid, NotFound, WrongState
from graph_api.rules.codes import code_error, text_error

CURRENT = "current"
BODY_LENGTH_MAX = 200_000


async def publish(store: Store, *, version: str, title: str, body: str, actor: str, now: int) -> None:
    """Publish a version, which everybody must accept before the next payout; the version is the idempotency key."""
    error = code_error(version, field="version") or text_error(title, field="title", required=True) or _body_error(body)
    if error is not None:
        raise error
    if version == CURRENT:
        raise Conflict('"current" stands for the version in force', field=["version"])

    async def work(transaction: Transaction) -> None:
        there = await contracts.by_version(transaction, version=version)
        if there is not None:
            if (there.title, there.body) != (title, body):
                raise Conflict(f"contract {version} is published with other content", field=["version"])
            return
        seq = transaction.journal("contract_published", at=now, actor=actor, version=version)
        await contracts.publish(transaction, version=version, title=title, body=body, published_at=now, seq=seq)

    await store.write(work, now=now)


def _body_error(body: str) -> Invalid | None:
    if not 1 <= len(body.strip()) <= len(body) <= BODY_LENGTH_MAX or "\0" in body:
        return Invalid(f"body must be text of 1-{BODY_LENGTH_MAX} characters", field=["body"])
    return None


async def accept(store: Store, *, code: str, version: str, actor: str, now: int) -> None:
    """A promoter accepts a version; accepting again changes nothing."""

    async def work(transaction: Transaction) -> None:
        acceptances = await contracts.acceptances(transaction, codes=[code])
        if not acceptances:
            raise NotFound(f"no promoter {code!r}", field=["promoterCode"])
        current = await contracts.current(transaction)
        contract = current if version == CURRENT else await contracts.by_version(transaction, version=version)
        if contract is None or current is None:
            raise NotFound(f"no contract {version!r}", field=["version"])
        if acceptances[0].version == contract.version:
            return
        if contract != current:
            raise WrongState(f"contract {version} was replaced by {current.version}", field=["version"])
        await contracts.accept(transaction, code=code, version=contract.version, at=now, actor=actor)
        transaction.journal("contract_accepted", at=now, actor=actor, codes=[code], version=contract.version)

    await store.write(work, now=now)

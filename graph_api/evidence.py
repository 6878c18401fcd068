"""Evidence packs: one tree with everything that is known of it, in a file that shows whatever is done to it.

Names are masked, identifiers are keyed hashes. That a pack was made is journalled with its final hash before its last
line is given away, so a file that has an end is one that was recorded.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from importlib import metadata
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cypher import evidence as statements
from cypher.evidence import Tree
from cypher.positions import settled
from cypher.store import Store, Transaction
from graph_api.batched import evidence
from graph_api.errors import NotFound
from graph_api.pii import Pii, masked_name
from graph_api.rules.calendar import instant_text
from graph_api.rules.evidence import FORMAT, HEADER, Chain

CHUNK_BYTES = 64 * 1024


def signing_key(secret: str) -> bytes:
    """The key that packs of a deployment are signed with; its tokens and personal data have others."""
    return HKDF(algorithm=SHA256(), length=32, salt=b"promograph", info=b"evidence").derive(secret.encode())


async def tree(store: Store, code: str) -> Tree:
    """The tree that a pack would be about; NotFound if there is no such promoter."""
    found = await statements.tree(store, code=code, position=await settled(store))
    if found is None:
        raise NotFound(f"no promoter {code!r}", field=["code"])
    return found


async def pack(
    store: Store, pii: Pii, code: str, found: Tree, *, key: bytes, actor: str, now: int
) -> AsyncIterator[bytes]:
    """The lines of a pack, in chunks."""
    chain = Chain()
    header = {
        "format": FORMAT,
        "software": f"promograph {metadata.version('promograph')}",
        "tree": code,
        "root": found.root_code,
        "people": sum(people for _, people in found.levels),
        "store_id": found.store_id,
        "journal_position": found.position,
        "as_of": instant_text(now),
        "actor": actor,
        "kinds": "compliance; person with referral, identifier, promotion, payout; finding; journal; closing",
    }

    def shown(_: str, sealed: str | None) -> str | None:
        return masked_name(pii.open(sealed)) if sealed is not None else None

    waiting = [chain.line(HEADER, header)]
    async for kind, body in evidence.records(store, code, found, shown):
        waiting.append(chain.line(kind, body))
        for chunk in _full(waiting):
            yield chunk
    upto = await settled(store)
    meanwhile = 0
    async for kind, body in evidence.journal(store, code, upto=upto):
        meanwhile += body["seq"] > found.position
        waiting.append(chain.line(kind, body))
        for chunk in _full(waiting):
            yield chunk
    closing = chain.closing({"journal_position": upto, "entries_meanwhile": meanwhile}, key)
    await _record(store, code, chain, actor=actor, now=now)
    yield b"".join([*waiting, closing])


def _full(waiting: list[bytes]) -> Iterator[bytes]:
    """What is enough for a chunk, taken out."""
    if sum(map(len, waiting)) >= CHUNK_BYTES:
        yield b"".join(waiting)
        waiting.clear()


async def _record(store: Store, code: str, chain: Chain, *, actor: str, now: int) -> None:
    """Nobody's facts changed, so no codes: like a look at personal data."""
    facts: dict[str, Any] = {"tree": code, "hash": chain.hash, "lines": chain.sequence}

    async def work(transaction: Transaction) -> None:
        transaction.journal("evidence_packed", at=now, actor=actor, **facts)

    await store.write(work, now=now)

"""Which payment of the buyer an order was paid with: what profit sharing takes promoters' shares from."""

from __future__ import annotations

import re

from cypher import sending
from cypher.store import Store, Transaction
from graph_api.errors import Conflict, Invalid, NotFound

TRANSACTION_ID_LENGTH_MAX = 32


async def attach(store: Store, *, number: str, transaction_id: str, actor: str, now: int) -> None:
    """Name an order's payment; the same again changes nothing, another one is a Conflict."""
    if re.fullmatch(f"[0-9A-Za-z]{{1,{TRANSACTION_ID_LENGTH_MAX}}}", transaction_id) is None:
        raise Invalid(f"transactionId is not 1-{TRANSACTION_ID_LENGTH_MAX} letters and digits", field=["transactionId"])

    async def work(transaction: Transaction) -> None:
        known = await sending.payment_of(transaction, number=number)
        if known is None:
            raise NotFound(f"no order {number!r}", field=["number"])
        if known.transaction_id == transaction_id:
            return
        if known.transaction_id is not None:
            raise Conflict("the order was paid with another payment", field=["transactionId"])
        await sending.attach_payment(transaction, number=number, transaction_id=transaction_id)
        transaction.journal("payment_attached", at=now, actor=actor, number=number, transaction_id=transaction_id)

    await store.write(work, now=now)

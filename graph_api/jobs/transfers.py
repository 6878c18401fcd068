"""Send approved payouts to their provider, and ask about those on their way until they have come to an end."""

from __future__ import annotations

import asyncio
import functools
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

from cypher.store import Store
from graph_api.actions import sending
from graph_api.actions.sending import Heard, Outgoing
from graph_api.pii import Pii
from graph_api.providers import Clock, Provider, Receipt, Report, Transfer, compared, system_clock
from graph_api.rules.plan import PayoutProvider

BATCH = 64
AT_ONCE = 8
"""Requests to a provider at the same time."""

Providers = Mapping[PayoutProvider, Provider]


async def transfer(store: Store, pii: Pii, providers: Providers, *, clock: Clock = system_clock) -> dict[str, int]:
    """One round over all providers; how often each receipt was heard. Bank files are not sent by themselves."""
    receipts: Counter[str] = Counter()
    for kind, provider in providers.items():
        while claimed := await sending.claim(store, pii, kind, first=BATCH, now=clock()):
            receipts.update(await _heard(store, kind, claimed, provider.send, clock))
        asked: set[str] = set()
        while due := [
            each for each in await sending.waiting(store, pii, kind, first=BATCH, now=clock()) if each.id not in asked
        ]:
            asked |= {each.id for each in due}
            receipts.update(await _heard(store, kind, due, functools.partial(_asked, provider), clock))
    return dict(receipts)


async def _asked(provider: Provider, transfer: Transfer) -> Report:
    """What became of a transfer; one that the provider has never seen is sent again, under its key."""
    report = await provider.query(transfer)
    return await provider.send(transfer) if report.receipt is Receipt.ABSENT else report


async def _heard(
    store: Store,
    kind: PayoutProvider,
    outgoing: Sequence[Outgoing],
    ask: Callable[[Transfer], Awaitable[Report]],
    clock: Clock,
) -> Counter[str]:
    """Ask about all of them, a few at once, and let the payouts follow what was answered."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(each: Outgoing) -> Heard:
        async with turn:
            return Heard(each.id, compared(await ask(each.transfer), each.transfer))

    heard = await asyncio.gather(*(one(each) for each in outgoing))
    await sending.told(store, heard, provider=kind, now=clock())
    return Counter(str(each.report.receipt) for each in heard)

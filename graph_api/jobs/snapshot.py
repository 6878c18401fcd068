"""Read the network into a snapshot: bounded pages, put together off the event loop."""

from __future__ import annotations

from cypher import snapshot as pages
from cypher.store import Store
from graph_api.jobs.threads import in_thread
from graph_api.risk.snapshot import Gathering, Snapshot
from graph_api.rules.calendar import INSTANT_MIN

PROMOTERS_PAGE = 10_000
ORDERS_PAGE = 5_000
IDENTIFIERS_PAGE = 10_000
PEOPLE_MAX = 1_001
"""One more than the largest crowd that an identifier may be said to link."""


async def read(store: Store, *, as_of: int) -> Snapshot:
    """The network as it is now. Pages are read one after another: what is written meanwhile may be in it or not.

    An order whose promoter was enrolled after the promoters were read is left to the next scan.
    """
    gathering = Gathering()
    await read_promoters(store, gathering)
    await read_orders(store, gathering)
    await read_identifiers(store, gathering)
    return await in_thread(gathering.snapshot, as_of)


async def read_promoters(store: Store, gathering: Gathering) -> None:
    code = ""
    while (page := await pages.promoters(store, code=code, first=PROMOTERS_PAGE)).codes:
        await in_thread(
            gathering.add_promoters,
            page.codes,
            page.referrer_codes,
            page.claim_codes,
            page.joined_ats,
            page.referred_ats,
        )
        code = page.codes[-1]


async def read_orders(store: Store, gathering: Gathering) -> None:
    paid_at, number = INSTANT_MIN - 1, ""
    while True:
        page = await pages.orders(store, paid_at=paid_at, number=number, first=ORDERS_PAGE)
        if page.last_paid_at is None or page.last_number is None:
            return
        await in_thread(
            gathering.add_orders,
            page.buyer_codes,
            page.seller_codes,
            page.paid_ats,
            page.paid_fens,
            page.refunded_fens,
            page.countables,
        )
        await in_thread(
            gathering.add_incomes, page.receiver_codes, page.days, page.own_fens, page.override_fens, page.open_fens
        )
        paid_at, number = page.last_paid_at, page.last_number


async def read_identifiers(store: Store, gathering: Gathering) -> None:
    id: str | None = ""
    while id is not None:
        page = await pages.identifiers(store, id=id, first=IDENTIFIERS_PAGE, people_max=PEOPLE_MAX)
        codes = [code for people in page.people for code in people]
        ids = [shared for shared, people in zip(page.ids, page.people, strict=True) for _ in people]
        await in_thread(gathering.add_links, codes, ids)
        id = page.last_id

"""The demonstration's payouts: a contract that its best sellers have accepted, and a run every month as finance makes it.

A run settles, approves, writes down what goes into the bank's file, and confirms what the bank has paid.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from cypher import payouts as payout_statements
from cypher.store import Store
from graph_api.actions import contracts, payouts, sending, settlement
from graph_api.pii import Pii
from graph_api.rules.calendar import DAY_US, HOUR_US, month_shifted, month_text
from graph_api.rules.plan import PayoutProvider
from loaders.demo.world import FIRST_MONTH, LAST_MONTH, START, World, day_start

CONTRACT = "2025-11"
TITLE = "推广服务协议"
BODY = """一、乙方按平台公布的佣金方案推广商品。只按真实成交的净额计佣，不因发展人员而获得任何报酬。
二、佣金在七天观察期结束后第三个工作日起可以结算，每月二十五日汇总支付。
三、甲方依法代扣劳务报酬个人所得税，支付的是税后金额。
四、支付之后发生的退款，从乙方以后的佣金中扣回。
五、乙方不得自买自卖、虚假交易或者共用收款账户；经复核属实的，甲方可以暂停支付。

（本协议为演示内容。）
"""
FINANCE = "FINANCE:finance"
SIGNERS = 400
RUN_DAY = 25
FILE_PAGE = 1_000
RETURNED_FIRST, RETURNED_EVERY = 10, 40
"""Of a month's payouts by size, this one comes back from the bank, and one of so many after it."""
PART_WAITING = 8
"""Of the run that is still going on, an eighth waits to be approved, the largest, and an eighth for the next file."""


def signers(world: World) -> dict[str, int]:
    """The best sellers among those who have a payout account, and when each joined."""
    sold_fen: defaultdict[str, int] = defaultdict(int)
    for sale in world.sales:
        sold_fen[sale.promoter_code] += sum(line.paid_fen - line.refunded_fen for line in sale.lines)
    payable = {code for code, kind, _ in world.identifiers if kind == "PAYOUT_ACCOUNT"} & sold_fen.keys()
    best = sorted(payable, key=lambda code: (-sold_fen[code], code))[:SIGNERS]
    return {code: world.members[code].joined_at for code in best}


async def pay_out(store: Store, pii: Pii, joined_at: Mapping[str, int], *, now: int, actor: str = "demo") -> None:
    """Contracts and payout runs of a network that is loaded, up to `now`, before anything else has settled it.

    `joined_at`: who accepts the contract. Running it again after a stop goes on where it stopped.
    """
    await _sign(store, joined_at, actor=actor)
    month = FIRST_MONTH
    while month <= LAST_MONTH:
        run_month = month_shifted(month, by=1)
        await _run(store, pii, run_month, is_last=month == LAST_MONTH, actor=actor, now=now)
        month = run_month


async def _sign(store: Store, joined_at: Mapping[str, int], *, actor: str) -> None:
    """Publish the contract, and let each of these promoters accept it within an hour of joining."""
    await contracts.publish(store, version=CONTRACT, title=TITLE, body=BODY, actor=actor, now=START)
    for code, at in joined_at.items():
        await contracts.accept(
            store, code=code, version=CONTRACT, actor=f"PROMOTER:{code}", now=max(at, START) + HOUR_US
        )


async def _run(store: Store, pii: Pii, month: int, *, is_last: bool, actor: str, now: int) -> None:
    """The payout run of a month, unless its time has not come yet; the last one goes on to this day, and is not done with everything."""
    as_of = day_start(month, RUN_DAY)
    if as_of + 2 * DAY_US > now:
        return
    filed_at = now - DAY_US if is_last else as_of + DAY_US
    settled = await settlement.settle(store, as_of, key=f"{actor}-{month}", actor=actor, now=as_of)
    rows = [row.payout for row in await payout_statements.by_ids(store, ids=settled.payout_ids)]
    ids = [row["id"] for row in sorted(rows, key=lambda row: (-row["gross_fen"], row["promoter_code"]))]
    waiting = math.ceil(len(ids) / PART_WAITING) if is_last else 0
    filed = ids[2 * waiting :]
    await _send(store, pii, filed, month, now=filed_at)
    answered = filed[: len(filed) // 2] if is_last else filed
    await _hear(store, answered, now=filed_at + DAY_US)
    await payouts.approve(store, ids[waiting : 2 * waiting], key=None, actor=FINANCE, now=filed_at + DAY_US)


async def _send(store: Store, pii: Pii, ids: Sequence[str], month: int, *, now: int) -> None:
    """Approve payouts, and put them into the month's file for the bank."""
    await payouts.approve(store, ids, key=None, actor=FINANCE, now=now)
    file = f"payouts-{month_text(month)}.csv"
    while await sending.claim(store, pii, PayoutProvider.BANK_FILE, first=FILE_PAGE, now=now, file=file):
        pass


async def _hear(store: Store, ids: Sequence[str], *, now: int) -> None:
    """What the bank tells of them: nearly all have arrived."""
    returned = ids[RETURNED_FIRST::RETURNED_EVERY]
    arrived = [id for id in ids if id not in returned]
    await payouts.confirm(store, arrived, at=now, key=None, actor=FINANCE, now=now)
    await payouts.fail(store, returned, reason="收款户名与账号不符", at=now, key=None, actor=FINANCE, now=now)

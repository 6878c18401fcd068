"""An ordinary network: it grows by its popular promoters, a few sell most, and nothing about it should alarm anybody."""

from __future__ import annotations

from collections import defaultdict
from itertools import accumulate

from graph_api.rules.calendar import DAY_US, month_end, month_of, month_shifted
from loaders.demo.names import BIG_SKU
from loaders.demo.world import END, FIRST_MONTH, LAST_MONTH, START, Sale, World, day_start

LEADER_CODE = "p-88888"
LEVELS_MAX = 12
FOUNDERS = 200
ROOT_SHARE, FOUNDING_ROOT_SHARE = 0.04, 0.5
ORDERS_PER_PROMOTER = 6
SEASON = {202511: 1.6, 202601: 1.1, 202602: 0.8, 202606: 1.5}
QUIET_END_US = 2 * DAY_US
REFUND_APART_US = 35 * DAY_US


def grow(world: World, *, promoters: int) -> None:
    """Enrolments over the year, faster and faster; who has many downlines gets more."""
    rng = world.rng
    leader = world.join(START, code=LEADER_CODE, name="林晓梅", rank="ELITE")
    tickets = [leader] * 12
    codes = [leader]
    for at in sorted(START + int((END - START) * rng.random() ** 0.7) for _ in range(promoters - 1)):
        referrer = ""
        if rng.random() >= (ROOT_SHARE if len(codes) > FOUNDERS else FOUNDING_ROOT_SHARE):
            referrer = rng.choice(tickets) if rng.random() < 0.7 else rng.choice(codes[-200:])
            if world.members[referrer].level + 1 >= LEVELS_MAX:
                referrer = rng.choice(tickets[:12])
            tickets.append(referrer)
        rank = "SENIOR" if rng.random() < 0.01 else ""
        status = "CLOSED" if rng.random() < 0.005 else ""
        code = world.join(at - at % 1_000_000, referrer, rank=rank, status=status)
        tickets.append(code)
        codes.append(code)


def identify(world: World) -> None:
    """Most people leave an account, a device, an ID number or an address of their own."""
    for number, code in enumerate(sorted(world.members), start=1):
        own = (
            ("PAYOUT_ACCOUNT", 0.6, f"wx-{number:08d}"),
            ("DEVICE", 0.5, f"device-{number:08d}"),
            ("ID_NUMBER", 0.4, f"000000{number:012d}"),
            ("ADDRESS", 0.3, f"示范路 {number} 号"),
        )
        for kind, share, value in own:
            if world.rng.random() < share:
                world.identify([code], kind, value)


def trade(world: World) -> None:
    """A year of small orders: a tail of sellers who sell most, buyers who come back, a few refunds."""
    rng = world.rng
    codes = [code for code, member in world.members.items() if member.status != "CLOSED"]
    weights = list(accumulate(rng.paretovariate(1.6) if rng.random() < 0.6 else 0.0 for _ in codes))
    pools: dict[str, list[str]] = defaultdict(list)
    for seller in rng.choices(codes, cum_weights=weights, k=ORDERS_PER_PROMOTER * len(codes)):
        paid_at = _paid_at(world, seller)
        if paid_at is None:
            continue
        pool = pools[seller]
        known = bool(pool) and rng.random() < 0.45
        buyer = rng.choice(pool) if known else world.new_buyer()
        if not known:
            pool.append(buyer)
            if rng.random() < 0.3:
                touched_at = paid_at - rng.randrange(600, 20 * 86_400) * 1_000_000
                world.touches.append((buyer, seller, max(touched_at, world.members[seller].joined_at)))
        codeless = known and rng.random() < 0.2
        world.sell("" if codeless else seller, paid_at, buyer_code=buyer)


def excel(world: World) -> None:
    """Some sell big things every month: a handful above the tier's threshold, some dozens enough for a promotion."""
    rng = world.rng
    early = [code for code, m in world.members.items() if m.joined_at < day_start(202602, 1) and not m.status]
    early.remove(LEADER_CODE)
    chosen = rng.sample(early, min(45, len(early)))
    per_month_of = dict.fromkeys(chosen, 4) | {code: rng.randint(14, 18) for code in (LEADER_CODE, *chosen[:5])}
    for code, per_month in per_month_of.items():
        for month in _months_from(month_shifted(month_of(world.members[code].joined_at), by=1)):
            for day in rng.sample(range(1, 29), per_month):
                world.sell(code, world.moment(day_start(month, day)), lines=[(BIG_SKU, 1)])


def keep_selling(world: World) -> None:
    """Whoever earns from others in the last weeks sells something too: nobody lives on overrides by accident."""
    recent = END - 60 * DAY_US
    selling = {sale.promoter_code for sale in world.sales if sale.paid_at >= recent and sale.promoter_code}
    for code in sorted(selling):
        for above in _near(world, code)[1:]:
            _sell_lately(world, above, selling)


def _sell_lately(world: World, code: str, selling: set[str]) -> None:
    """One more order of October for somebody who has none, and so for everybody above who earns from that."""
    while code and code not in selling:
        selling.add(code)
        if not world.members[code].status:
            world.sell(code, world.moment(day_start(LAST_MONTH, world.rng.randint(2, 27))))
        code = world.members[code].referrer_code


def refund(world: World) -> None:
    """A few refunds, far enough apart among people who know each other, and none of a month's last two days."""
    refunded_at: dict[str, list[int]] = defaultdict(list)
    for sale in world.sales:
        if world.rng.random() > 0.03 or sale.delivered_at is None or not sale.promoter_code:
            continue
        near = _near(world, sale.promoter_code)
        if sale.paid_at > month_end(month_of(sale.paid_at)) - QUIET_END_US:
            continue
        if any(abs(at - sale.paid_at) < REFUND_APART_US for code in near for at in refunded_at[code]):
            continue
        for code in near:
            refunded_at[code].append(sale.paid_at)
        _refund(
            sale,
            whole=world.rng.random() < 0.7,
            at=sale.delivered_at + world.rng.randint(3_600, 6 * 86_400) * 1_000_000,
        )


def _refund(sale: Sale, *, whole: bool, at: int) -> None:
    first = sale.lines[0]
    back_fen = first.paid_fen if whole else first.paid_fen // 3
    sale.lines[0] = first._replace(refunded_fen=back_fen)
    sale.refunded_at = min(at, END - 1_000_000)


def _near(world: World, code: str) -> list[str]:
    """A promoter and up to two above it: people within reach share one of these."""
    near = [code]
    while len(near) < 3 and (above := world.members[near[-1]].referrer_code):
        near.append(above)
    return near


def _paid_at(world: World, seller: str) -> int | None:
    first_day = (world.members[seller].joined_at - START) // DAY_US + 1
    days = (END - START) // DAY_US
    while first_day < days:
        day = START + world.rng.randrange(first_day, days) * DAY_US
        if world.rng.random() * 1.6 <= SEASON.get(month_of(day), 1.0):
            return world.moment(day)
    return None


def _months_from(month: int) -> list[int]:
    months = [max(month, FIRST_MONTH)]
    while months[-1] < LAST_MONTH:
        months.append(month_shifted(months[-1], by=1))
    return months

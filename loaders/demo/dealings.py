"""Planted structures of purchases, refunds and money, each with decoys just below its threshold."""

from __future__ import annotations

from collections.abc import Sequence

from graph_api.rules.calendar import DAY_US
from loaders.demo.names import BIG_SKU
from loaders.demo.shapes import chain
from loaders.demo.world import World, day_start

ONE_PRODUCT = (("serum", 1),)


def buy_round(world: World, codes: Sequence[str], *, start: int, orders: int, apart_us: int) -> None:
    """Everybody buys through the next one, the last through the first."""
    for turn in range(orders):
        for number, (buyer, seller) in enumerate(zip(codes, [*codes[1:], codes[0]], strict=True)):
            at = start + turn * apart_us + number * DAY_US
            world.sell(seller, world.moment(at), buyer_code=buyer, lines=ONE_PRODUCT)


def mutual_purchase(world: World) -> None:
    joined_at, start = day_start(202602, 20), day_start(202604, 3)
    for people in (2, 3, 4):
        codes = [world.join(joined_at + number * DAY_US) for number in range(people)]
        buy_round(world, codes, start=start, orders=2, apart_us=10 * DAY_US)
        world.planted["MUTUAL_PURCHASE"] += codes
    once = [world.join(joined_at + number * DAY_US) for number in range(3)]
    buy_round(world, once, start=start, orders=1, apart_us=DAY_US)
    slow = [world.join(joined_at + number * DAY_US) for number in range(2)]
    buy_round(world, slow, start=start, orders=2, apart_us=70 * DAY_US)
    five = [world.join(joined_at + number * DAY_US) for number in range(5)]
    buy_round(world, five, start=start, orders=2, apart_us=10 * DAY_US)
    world.decoys["MUTUAL_PURCHASE"] += [*once, *slow, *five]


def self_purchase(world: World) -> None:
    joined_at, start = day_start(202603, 1), day_start(202604, 10)
    itself, other_phone, neighbour = (world.join(joined_at + number * DAY_US) for number in range(3))
    alias, guest = world.new_buyer(), world.new_buyer()
    world.identify([other_phone, alias], "DEVICE", "device-shared-3")
    world.identify([neighbour, guest], "ADDRESS", "示范路 3 号院")
    for seller, buyer in ((itself, itself), (other_phone, alias), (neighbour, guest)):
        for turn in range(4):
            world.sell(seller, world.moment(start + turn * 6 * DAY_US), buyer_code=buyer)
    world.planted["SELF_PURCHASE"] += [itself, other_phone]
    world.decoys["SELF_PURCHASE"].append(neighbour)


def refund_ring(world: World) -> None:
    start = day_start(202607, 2)
    kinds = ((True, 12, 7), (False, 12, 3), (False, 4, 4))
    for planted, orders, refunded in kinds:
        codes = chain(world, at=day_start(202603, 10), people=4)
        for number in range(orders):
            share = 1.0 if number < refunded else 0.0
            at = start + number * 2 * DAY_US
            world.sell(codes[number % len(codes)], world.moment(at), lines=ONE_PRODUCT, refunded_share=share)
        (world.planted if planted else world.decoys)["REFUND_RING"] += codes


def threshold_stuffing(world: World) -> None:
    """June 2026: a third of the month's sales in its last two days, most of it sent back in July."""
    for planted, late, refunded in ((True, 5, 4), (False, 5, 1), (False, 2, 2)):
        code = world.join(day_start(202604, 20))
        for day in range(2, 2 + 2 * (14 - late), 2):
            world.sell(code, world.moment(day_start(202606, day)), lines=[(BIG_SKU, 1)])
        for number in range(late):
            world.sell(
                code,
                world.moment(day_start(202606, 29 + number % 2)),
                lines=[(BIG_SKU, 1)],
                refunded_share=1.0 if number < refunded else 0.0,
                refunded_after_us=4 * DAY_US,
            )
        (world.planted if planted else world.decoys)["THRESHOLD_STUFFING"].append(code)


def commission_spike(world: World) -> None:
    """Two months of small daily sales, then one day of thousands of yuan; the decoy's day stays below 1,000 yuan."""
    start = day_start(202607, 1)
    for planted, big_orders in ((True, 12), (False, 1)):
        code = world.join(day_start(202605, 6))
        for day in range(60):
            world.sell(code, world.moment(start + day * DAY_US), lines=[("honey", 1 + day % 3)])
        for _ in range(big_orders):
            world.sell(code, world.moment(start + 60 * DAY_US), lines=[(BIG_SKU, 1)])
        (world.planted if planted else world.decoys)["COMMISSION_SPIKE"].append(code)


DEALINGS = (
    mutual_purchase,
    self_purchase,
    refund_ring,
    threshold_stuffing,
    commission_spike,
)

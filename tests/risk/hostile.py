"""Networks made to keep a detector busy: each as large as asked for, and of the shape that costs most."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from graph_api.risk.snapshot import Gathering, Snapshot
from graph_api.rules.calendar import DAY_US, HOUR_US, instant

START = instant("2026-01-10T00:00:00Z")
AS_OF = instant("2026-12-31T00:00:00Z")
Order = tuple[str, str, int, int, bool]
"""Buyer, seller, instant, fen, whether it was refunded."""


def network(
    referrers: Sequence[int],
    *,
    claims: Sequence[int] = (),
    referred_ats: Sequence[int] = (),
    orders: Iterable[Order] = (),
    links: Iterable[tuple[int, str]] = (),
) -> Snapshot:
    """Promoters by number, with their referrers below 0 for none."""
    size = len(referrers)
    codes = [name(number) for number in range(size)]
    gathering = Gathering()
    gathering.add_promoters(
        codes,
        [codes[above] if above >= 0 else "" for above in referrers],
        [codes[above] if above >= 0 else "" for above in claims or [-1] * size],
        [START] * size,
        list(referred_ats) or [START] * size,
    )
    if rows := sorted(orders, key=lambda order: order[2]):
        buyers, sellers, ats, fens, refunded = (list(column) for column in zip(*rows, strict=True))
        back = [fen if gone else 0 for fen, gone in zip(fens, refunded, strict=True)]
        own = [buyer != seller for buyer, seller in zip(buyers, sellers, strict=True)]
        gathering.add_orders(buyers, sellers, ats, fens, back, own)
        days = [(at + 8 * HOUR_US) // DAY_US for at in ats]
        fifths = [fen // 5 for fen in fens]
        gathering.add_incomes(sellers, days, fifths, [0] * len(rows), fifths)
    held = list(links)
    gathering.add_links([name(number) for number, _ in held], [id for _, id in held])
    return gathering.snapshot(AS_OF)


def name(number: int) -> str:
    return f"p{number:07}"


def both_ways(a: int, b: int) -> list[Order]:
    """Two orders each way, within a month."""
    return [
        (name(buyer), name(seller), START + turn * DAY_US, 10_000, False)
        for buyer, seller in ((a, b), (b, a))
        for turn in range(2)
    ]


def chains(size: int) -> Snapshot:
    """Lines of a thousand levels."""
    return network([-1 if number % 1000 == 0 else number - 1 for number in range(size)])


def tiny_cycles(size: int) -> Snapshot:
    """Claims in pairs."""
    return network([-1] * size, claims=[number ^ 1 for number in range(size - size % 2)] + [-1] * (size % 2))


def huge_cycle(size: int) -> Snapshot:
    return network([-1] * size, claims=[(number + 1) % size for number in range(size)])


def burst(size: int) -> Snapshot:
    """Everybody under one, a wave of forty every two days."""
    ats = [START + number // 40 * 2 * DAY_US // 40 for number in range(size)]
    return network([-1] + [0] * (size - 1), referred_ats=ats)


def crowds(size: int) -> Snapshot:
    """One tree in which everybody shares devices of twenty people each with everybody beside, and one crowd has a hub."""
    links = [(number, f"DEVICE:{number // 20}") for number in range(size)]
    links += [(number, f"PAYOUT_ACCOUNT:{(number + 10) // 20}") for number in range(size)]
    links += [(number, "PHONE:hub") for number in range(1001)]
    return network([-1] + [0] * (size - 1), links=links)


def much_identified(size: int) -> Snapshot:
    """A buyer with a device in common with each of many, and as many orders, of somebody else."""
    many = size // 2
    links = [(0, f"DEVICE:{number}") for number in range(many)] + [
        (number + 1, f"DEVICE:{number}") for number in range(many)
    ]
    orders = [(name(0), name(size - 1), START + number * HOUR_US // 20, 10_000, False) for number in range(many)]
    return network([-1] * size, orders=orders, links=links)


def one_seller(size: int) -> Snapshot:
    """Two promoters with all orders between them, half of them refunded, within a month."""
    at = [START + number * 25 * DAY_US // size for number in range(size)]
    orders = [(name(n % 2), name(1 - n % 2), at[n], 10_000, n % 4 < 2) for n in range(size)]
    orders += [order for other in range(2, 52) for order in both_ways(0, other)]
    return network([-1, 0, 1] + [0] * 50, orders=orders)


def buying_path(size: int) -> Snapshot:
    """A line in which each buys through the next one, and back."""
    return network([-1] * size, orders=[order for n in range(size // 4) for order in both_ways(n, n + 1)])


def buying_star(size: int) -> Snapshot:
    """One who buys through everybody, and everybody through it."""
    hub = size // 4
    return network([-1] * size, orders=[order for n in range(hub) for order in both_ways(hub, n)])


def buying_fans(size: int) -> Snapshot:
    """Many who sell to one of two and buy through the other, who buys through the first: no cycle is longer than three."""
    many = size // 4
    orders = [
        (name(buyer), name(seller), START + turn * DAY_US, 10_000, False)
        for n in range(many)
        for buyer, seller in ((size - 2, n), (n, size - 1))
        for turn in range(2)
    ]
    orders += [order for order in both_ways(size - 2, size - 1) if order[0] == name(size - 1)]
    return network([-1] * size, orders=orders)


def buying_mesh(size: int) -> Snapshot:
    """Everybody buys through the ten next ones, all around: cycles are far too long, and there are many ways to look."""
    many = size // 20
    orders = [
        (name(n), name((n + step) % many), START + turn * DAY_US, 10_000, False)
        for n in range(many)
        for step in range(1, 11)
        for turn in range(2)
    ]
    return network([-1] * size, orders=orders)


def refunded_line(size: int) -> Snapshot:
    """One line of referrals, everybody refunded within a month."""
    at = [START + number * 25 * DAY_US // size for number in range(size)]
    orders = [(f"b{n}", name(n % (size // 2)), at[n], 10_000, n % 3 < 2) for n in range(size)]
    return network([number - 1 for number in range(size // 2)], orders=orders)


def refunded_star(size: int) -> Snapshot:
    """Everybody under one, half of all orders refunded, over half a year."""
    at = [START + number * 180 * DAY_US // size for number in range(size)]
    orders = [(f"b{n}", name(1 + n % (size // 4)), at[n], 10_000, n * 7 % 10 < 5) for n in range(size)]
    return network([-1] + [0] * (size // 4), orders=orders)


Shape = Callable[[int], Snapshot]
SHAPES: tuple[Shape, ...] = (
    chains,
    tiny_cycles,
    huge_cycle,
    burst,
    crowds,
    much_identified,
    one_seller,
    buying_path,
    buying_star,
    buying_fans,
    buying_mesh,
    refunded_line,
    refunded_star,
)

"""The oracle is itself held to the worked numbers of rules.md, computed by hand."""

from __future__ import annotations

import doctest
from datetime import timedelta

import pytest

from tests.oracle import oracle
from tests.oracle.oracle import Line, Network, Order, Promoter, Touch, instant

JOINED = instant("2025-12-01T00:00:00Z")
PAID = instant("2026-01-10T04:00:00Z")


def _chain(*orders: Order, touches: list[Touch] | None = None, **changed: dict[str, str]) -> Network:
    """A ← B ← C ← D, one product at 20 %."""
    promoters = [
        Promoter(code, above, JOINED, "PROMOTER", "ACTIVE")
        for code, above in (("A", None), ("B", "A"), ("C", "B"), ("D", "C"))
    ]
    for promoter in promoters:
        for name, value in changed.get(promoter.code, {}).items():
            setattr(promoter, name, value)
    return Network(promoters, {"p": 2000}, orders, touches=touches or [])


def _order(
    number: str, seller: str | None, paid_fen: int, refunded_fen: int = 0, buyer: str = "x", days: int = 0
) -> Order:
    paid_at = PAID + timedelta(days=days)
    return Order(number, buyer, seller, paid_at, paid_at, [Line("p", 1, paid_fen, refunded_fen)])


def test_doctests_hold() -> None:
    assert doctest.testmod(oracle).failed == 0


@pytest.mark.parametrize(
    ("paid_fen", "expected"),
    [(100_000, (20_000, 3_000, 3_000)), (99_999, (19_999, 2_999, 2_999)), (1, (0, 0, 0))],
)
def test_the_chain_of_rules_md(paid_fen: int, expected: tuple[int, int, int]) -> None:
    earned = _chain(_order("1", "D", paid_fen)).earnings()
    month = "2026-01"
    assert (
        earned["D", month, "BASE"],
        earned["C", month, "OVERRIDE"],
        earned["B", month, "OVERRIDE"],
    ) == expected
    assert earned["A", month, "OVERRIDE"] == 0


@pytest.mark.parametrize(("paid_fen", "tier"), [(5_000_000, {}), (5_000_001, {("D", "2026-01"): 250_000})])
def test_the_tier_starts_above_its_threshold(paid_fen: int, tier: dict[tuple[str, str], int]) -> None:
    assert _chain(_order("1", "D", paid_fen)).tiers() == tier


@pytest.mark.parametrize(("refunded", "left"), [(33_333, 13_333), (66_666, 6_666), (99_999, 0), (100_000, 0)])
def test_a_refund_leaves_the_share_of_the_net(refunded: int, left: int) -> None:
    earned = _chain(_order("1", "D", 100_000, refunded)).earnings()
    assert earned["D", "2026-01", "BASE"] + earned["D", "2026-01", "CLAWBACK"] == left


def test_own_purchases_and_closed_receivers_earn_nothing() -> None:
    own = _chain(_order("1", "D", 100_000, buyer="D"))
    assert not any(own.earnings().values())
    assert own.sales("D").orders == 0
    upline_buys = _chain(_order("1", "D", 100_000, buyer="C")).earnings()
    assert upline_buys["C", "2026-01", "OVERRIDE"] == 0
    assert upline_buys["B", "2026-01", "OVERRIDE"] == 3_000
    closed = _chain(_order("1", "D", 100_000), C={"status": "CLOSED"}).earnings()
    assert closed["C", "2026-01", "OVERRIDE"] == 0
    assert closed["A", "2026-01", "OVERRIDE"] == 0


def test_teams_count_everybody_below_by_level() -> None:
    network = _chain(_order("1", "D", 100), _order("2", "C", 10))
    levels = network.teams("2026-01")["A"]
    assert [(level.size, level.orders, level.volume_fen) for level in levels] == [
        (1, 0, 0),
        (1, 1, 10),
        (1, 1, 100),
    ]
    assert network.teams()["D"] == []


def test_a_first_touch_binds_for_thirty_days() -> None:
    touches = [Touch("x", "C", PAID), Touch("x", "D", PAID + timedelta(days=29))]
    orders = [_order(str(days), None, 100, days=days) for days in (-1, 0, 29, 30)]
    network = _chain(*orders, touches=touches)
    assert [order.seller for order in network.orders.values()] == [None, "C", "C", None]


def test_everybody_on_a_cycle_loses_its_referrer_and_who_hangs_below_keeps_it() -> None:
    network = _chain(A={"referrer": "C"})
    assert network.quarantined == {"A", "B", "C"}
    assert network.promoters["D"].referrer == "C"


def test_promotions_go_one_step_a_close() -> None:
    orders = [_order(str(days), "D", 3_000_000, days=days) for days in (0, 31, 60, 90)]
    steps = _chain(*orders).promotions()
    assert [(step.code, step.month, step.to_rank) for step in steps] == [
        ("D", "2026-03", "SENIOR"),
        ("D", "2026-04", "ELITE"),
    ]

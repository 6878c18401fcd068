"""Who earns what: frozen at the sale, corrected to the fen."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_api.rules.commission import (
    CommissionKind,
    Entry,
    Frozen,
    Line,
    UplineAt,
    correction_kind,
    entries_for_change,
    frozen_at_sale,
    tier_target_fen,
)
from graph_api.rules.plan import DEFAULT_PLAN, RANKS, Rank

BASE, OVERRIDE = CommissionKind.BASE, CommissionKind.OVERRIDE
CLAWBACK, ADJUSTMENT = CommissionKind.CLAWBACK, CommissionKind.ADJUSTMENT
NETS = st.integers(0, 10**12)


def up(code: str, rank: Rank = Rank.PROMOTER, *, closed: bool = False) -> UplineAt:
    return UplineAt(code, rank, closed)


D, C, B, A = up("D"), up("C"), up("B"), up("A")
SOLD_BY_D = Frozen(("D", "C", "B"), ("D", "C", "B"), (300, 300), True)


@pytest.mark.parametrize(
    ("chain", "buyer_code", "frozen"),
    [
        ([], "x", Frozen((), ("", "", ""), (0, 0), False)),
        ([D, C, B, A], "x", SOLD_BY_D),
        ([D, C, B], "x", SOLD_BY_D),
        ([D, C], "x", Frozen(("D", "C"), ("D", "C", ""), (300, 0), True)),
        ([D], "x", Frozen(("D",), ("D", "", ""), (0, 0), True)),
        # The receiver's rank counts at level 1 only.
        ([D, up("C", Rank.SENIOR), B], "x", SOLD_BY_D._replace(override_bps=(400, 300))),
        ([D, up("C", Rank.ELITE), up("B", Rank.ELITE)], "x", SOLD_BY_D._replace(override_bps=(500, 300))),
        ([up("D", Rank.ELITE), C, B], "x", SOLD_BY_D),
        # Nobody moves up in the place of somebody closed, or of the buyer.
        ([D, up("C", closed=True), B], "x", SOLD_BY_D._replace(receiver_codes=("D", "", "B"))),
        ([D, C, up("B", closed=True)], "x", SOLD_BY_D._replace(receiver_codes=("D", "C", ""))),
        ([up("D", closed=True), C, B], "x", SOLD_BY_D._replace(receiver_codes=("", "C", "B"))),
        ([D, C, B], "C", SOLD_BY_D._replace(receiver_codes=("D", "", "B"))),
        ([D, C, B], "B", SOLD_BY_D._replace(receiver_codes=("D", "C", ""))),
        ([D, C, B, A], "A", SOLD_BY_D),
        # The seller's own purchase pays nobody and counts for nothing.
        ([D, C, B], "D", Frozen(("D", "C", "B"), ("", "", ""), (300, 300), False)),
        ([D, up("C", Rank.ELITE), B], "D", Frozen(("D", "C", "B"), ("", "", ""), (500, 300), False)),
        ([D], "D", Frozen(("D",), ("", "", ""), (0, 0), False)),
    ],
)
def test_frozen_at_the_sale(chain: list[UplineAt], buyer_code: str, frozen: Frozen) -> None:
    assert frozen_at_sale(chain, buyer_code, DEFAULT_PLAN) == frozen


@pytest.mark.parametrize(
    ("override_bp", "receivers", "rates"),
    [
        ((), ("D", "", ""), (0, 0)),
        (((301, 302, 303),), ("D", "C", ""), (302, 0)),
        (((301, 302, 303), (304, 305, 306)), ("D", "C", "B"), (302, 306)),
        (((0, 0, 0), (304, 305, 306)), ("D", "", "B"), (0, 306)),
    ],
)
def test_a_level_that_the_plan_does_not_pay_has_no_receiver(
    override_bp: tuple[tuple[int, ...], ...], receivers: tuple[str, str, str], rates: tuple[int, int]
) -> None:
    plan = replace(DEFAULT_PLAN, override_bp=override_bp)
    frozen = frozen_at_sale([D, up("C", Rank.SENIOR), up("B", Rank.ELITE)], "x", plan)
    assert frozen == Frozen(("D", "C", "B"), receivers, rates, True)


def test_a_sale_pays_each_line_by_itself() -> None:
    lines = [Line("p", 2000, 0, 100_000), Line("q", 3000, 0, 99_999), Line("r", 3000, 0, 1)]
    assert entries_for_change(SOLD_BY_D._replace(override_bps=(400, 300)), lines, first=True) == [
        Entry("D", BASE, 0, 2000, "p", 100_000, 20_000),
        Entry("C", OVERRIDE, 1, 400, "p", 100_000, 4_000),
        Entry("B", OVERRIDE, 2, 300, "p", 100_000, 3_000),
        Entry("D", BASE, 0, 3000, "q", 99_999, 29_999),
        Entry("C", OVERRIDE, 1, 400, "q", 99_999, 3_999),
        Entry("B", OVERRIDE, 2, 300, "q", 99_999, 2_999),
    ]


def test_refunds_take_back_what_the_rest_is_no_longer_worth() -> None:
    nets = [100_000, 66_667, 33_334, 1, 0]
    taken = [
        entries_for_change(SOLD_BY_D, [Line("p", 2000, before, after)], first=False) for before, after in pairwise(nets)
    ]
    assert taken[0][0] == Entry("D", CLAWBACK, 0, 2000, "p", -33_333, -6_667)
    assert [sum(entry.amount_fen for entry in entries if entry.level == 0) for entries in taken] == [
        -6_667,
        -6_667,
        -6_666,
        0,
    ]
    assert taken[3] == []


def test_a_change_up_is_an_adjustment_of_every_level() -> None:
    entries = entries_for_change(SOLD_BY_D, [Line("p", 2000, 10, 10_000)], first=False)
    assert [(entry.kind, entry.level, entry.amount_fen) for entry in entries] == [
        (ADJUSTMENT, 0, 1_998),
        (ADJUSTMENT, 1, 300),
        (ADJUSTMENT, 2, 300),
    ]


def test_a_level_without_a_receiver_is_skipped_and_the_others_stay() -> None:
    frozen = SOLD_BY_D._replace(receiver_codes=("", "C", ""))
    entries = entries_for_change(frozen, [Line("p", 2000, 0, 100), Line("q", 2000, 0, 10_000)], first=True)
    assert [(entry.promoter_code, entry.level, entry.sku, entry.amount_fen) for entry in entries] == [
        ("C", 1, "p", 3),
        ("C", 1, "q", 300),
    ]


@given(
    nets=st.lists(NETS, min_size=1, max_size=6),
    base_bp=st.integers(1500, 3000),
    rates=st.tuples(st.integers(300, 500), st.integers(300, 500)),
)
def test_posted_is_always_the_share_of_the_net(nets: list[int], base_bp: int, rates: tuple[int, int]) -> None:
    frozen = SOLD_BY_D._replace(override_bps=rates)
    posted: Counter[str] = Counter()
    before_fen = 0
    for index, net_fen in enumerate(nets):
        for entry in entries_for_change(frozen, [Line("p", base_bp, before_fen, net_fen)], first=index == 0):
            assert entry.amount_fen != 0
            assert entry.basis_fen == net_fen - before_fen
            assert index == 0 or entry.kind is (ADJUSTMENT if entry.amount_fen > 0 else CLAWBACK)
            posted[entry.promoter_code] += entry.amount_fen
        before_fen = net_fen
        expected = {
            "D": net_fen * base_bp // 10_000,
            "C": net_fen * rates[0] // 10_000,
            "B": net_fen * rates[1] // 10_000,
        }
        assert {code: posted[code] for code in "DCB"} == expected


@given(chain=st.lists(st.builds(UplineAt, st.sampled_from("PQRST"), st.sampled_from(RANKS), st.booleans()), max_size=5))
def test_nobody_closed_nobody_buying_and_nobody_beyond_level_2_receives(chain: list[UplineAt]) -> None:
    frozen = frozen_at_sale(chain, "Q", DEFAULT_PLAN)
    assert frozen.chain_codes == tuple(person.code for person in chain[:3])
    for level, receiver in enumerate(frozen.receiver_codes):
        if receiver:
            assert receiver == chain[level].code != "Q"
            assert not chain[level].closed
    assert frozen.commissionable is (bool(chain) and chain[0].code != "Q")


@pytest.mark.parametrize(
    ("volume_fen", "tier_fen"),
    [(0, 0), (-1, 0), (4_999_999, 0), (5_000_000, 0), (5_000_001, 250_000), (5_000_020, 250_001), (10**9, 5 * 10**7)],
)
def test_the_tier_pays_the_whole_month_once_it_is_above(volume_fen: int, tier_fen: int) -> None:
    assert tier_target_fen(volume_fen, threshold_fen=5_000_000, tier_bp=500) == tier_fen


@pytest.mark.parametrize(("amount_fen", "kind"), [(1, ADJUSTMENT), (-1, CLAWBACK)])
def test_corrections_are_named_by_their_sign(amount_fen: int, kind: CommissionKind) -> None:
    assert correction_kind(amount_fen) is kind

"""Shares and refunds in fen."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_api.rules.money import half_up, refund_spread_fen, share_fen, share_of_bp, yuan

FEN = st.integers(-(2**63), 2**63 - 1)
REMAINING = st.lists(st.integers(0, 10**15), min_size=1, max_size=8)
SPREADS = REMAINING.flatmap(lambda remaining: st.tuples(st.just(remaining), st.integers(0, sum(remaining))))


@pytest.mark.parametrize(
    ("fen", "bp", "share"),
    [
        (100_000, 2_000, 20_000),
        (99_999, 2_000, 19_999),
        (99_999, 300, 2_999),
        (1, 3_000, 0),
        (3, 10_000, 3),
        (33_333, 0, 0),
        (-1, 300, -1),
    ],
)
def test_a_share_is_rounded_down(fen: int, bp: int, share: int) -> None:
    assert share_fen(fen, bp) == share


@given(fen=FEN, bp=st.integers(0, 10_000))
def test_a_share_is_the_floor_of_the_exact_part(fen: int, bp: int) -> None:
    assert share_fen(fen, bp) == floor(Fraction(fen * bp, 10_000))


@given(paid_fen=st.integers(0, 10**15), bp=st.integers(0, 3_000), data=st.data())
def test_any_split_of_a_full_refund_takes_back_exactly_the_share(paid_fen: int, bp: int, data: st.DataObject) -> None:
    net_fen, posted_fen = paid_fen, share_fen(paid_fen, bp)
    while net_fen:
        net_fen -= data.draw(st.integers(max(net_fen // 3, 1), net_fen))
        taken_fen = share_fen(net_fen, bp) - posted_fen
        assert taken_fen <= 0
        posted_fen += taken_fen
    assert posted_fen == 0


@given(part=st.integers(0, 10**20), whole=st.integers(1, 10**6))
def test_half_up_is_the_nearest_whole_and_the_upper_at_the_middle(part: int, whole: int) -> None:
    assert half_up(part, whole) == floor(Fraction(part, whole) + Fraction(1, 2))


@pytest.mark.parametrize(
    ("remaining_fen", "refund_fen", "parts_fen"),
    [
        ([100, 100, 1], 100, [50, 50, 0]),
        ([1, 1, 1], 2, [1, 1, 0]),
        ([1, 1, 1], 1, [1, 0, 0]),
        ([1, 2], 1, [0, 1]),  # the larger remainder, not the first line
        ([3, 3, 4], 5, [2, 1, 2]),  # equal remainders: line order
        ([5, 0, 5], 3, [2, 0, 1]),
        ([7], 7, [7]),
        ([7, 9], 16, [7, 9]),
        ([7, 9], 0, [0, 0]),
        ([0, 0], 0, [0, 0]),
        ([], 0, []),
    ],
)
def test_a_refund_spreads_by_remaining_net(remaining_fen: list[int], refund_fen: int, parts_fen: list[int]) -> None:
    assert refund_spread_fen(remaining_fen, refund_fen) == parts_fen


@given(spread=SPREADS)
def test_a_spread_is_whole_and_no_line_gives_more_than_it_has(spread: tuple[list[int], int]) -> None:
    remaining_fen, refund_fen = spread
    parts_fen = refund_spread_fen(remaining_fen, refund_fen)
    whole_fen = sum(remaining_fen)
    assert sum(parts_fen) == refund_fen
    for part_fen, fen in zip(parts_fen, remaining_fen, strict=True):
        assert 0 <= part_fen <= fen
        assert whole_fen == 0 or abs(part_fen - Fraction(refund_fen * fen, whole_fen)) < 1


@pytest.mark.parametrize(("remaining_fen", "refund_fen"), [([1, 2], 4), ([1, 2], -1), ([0, 0], 1), ([], 1)])
def test_a_refund_that_does_not_fit_is_refused(remaining_fen: list[int], refund_fen: int) -> None:
    with pytest.raises(ValueError, match=f"^a refund of {refund_fen} does not fit into {sum(remaining_fen)}$"):
        refund_spread_fen(remaining_fen, refund_fen)


@pytest.mark.parametrize(("fen", "text"), [(0, "0.00"), (1, "0.01"), (-1, "-0.01"), (123_456_789, "1,234,567.89")])
def test_fen_read_as_yuan(fen: int, text: str) -> None:
    assert yuan(fen) == text


def test_a_share_of_one_fen_is_all_of_it() -> None:
    assert (share_of_bp(1, 1), share_of_bp(0, 1), share_of_bp(5, 0), share_of_bp(1, 3)) == (10_000, 0, 0, 3_333)

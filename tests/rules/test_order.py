"""An order's life: each event once, in any order of refunds, with entries that sum to what the order is worth."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_api.errors import DomainError, Invalid, NotFound, OverRefund, WrongState
from graph_api.rules.calendar import DAY_US, instant
from graph_api.rules.commission import CommissionKind, Frozen
from graph_api.rules.order import (
    ADVANCES,
    Changes,
    OrderLine,
    OrderState,
    OrderStatus,
    Refund,
    SalesChange,
    advance,
    attribute,
    refund,
)
from graph_api.rules.plan import SettleFrom

PAID_AT = instant("2026-01-31T16:00:00Z")  # February in Shanghai
SHIPPED, DELIVERED, CANCELLED = OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.CANCELLED
SOLD_BY_D = Frozen(("D", "C", "B"), ("D", "C", "B"), (300, 300), True)
SOLD_BY_E = Frozen(("E", "C"), ("E", "C", ""), (400, 0), True)


def order(*paid_fen: int, frozen: Frozen | None = SOLD_BY_D) -> OrderState:
    """Lines p, q, r at 20, 25 and 30 %, sold unless `frozen` is None."""
    lines = [OrderLine(sku, 1, fen, bp) for sku, fen, bp in zip("pqr", paid_fen, (2000, 2500, 3000), strict=False)]
    state = OrderState("n1", "x", None, PAID_AT, "default", 7, SettleFrom.OBSERVATION_END, 3, lines)
    if frozen is not None:
        attribute(state, frozen, Changes())
    return state


def told(key: str, fen: int, sku: str | None = None, *, day: int = 1) -> Refund:
    return Refund(PAID_AT + day * DAY_US, key, sku, fen)


def posted(changes: Changes) -> list[tuple[str, str, CommissionKind, str, int]]:
    return [(cause, entry.promoter_code, entry.kind, entry.sku, entry.amount_fen) for cause, entry in changes.entries]


def balances(changes: Changes) -> dict[tuple[str, str], int]:
    found: Counter[tuple[str, str]] = Counter()
    for _, entry in changes.entries:
        found[entry.promoter_code, entry.sku] += entry.amount_fen
    return {key: fen for key, fen in found.items() if fen}


def worth(state: OrderState) -> dict[tuple[str, str], int]:
    """What each receiver's entries of each line must sum to."""
    rates = [(receiver, level) for level, receiver in enumerate(state.frozen.receiver_codes) if receiver]
    found = {
        (receiver, line.sku): line.net_fen * (state.frozen.override_bps[level - 1] if level else line.base_bp) // 10_000
        for receiver, level in rates
        for line in state.lines
    }
    return {key: fen for key, fen in found.items() if fen}


def own_sales(changes: Changes) -> dict[str, tuple[int, int, int]]:
    """(orders, volume, refunded) by promoter, without those that end at nothing."""
    found: dict[str, tuple[int, int, int]] = {}
    for change in changes.sales:
        assert change.month == 202602
        orders, volume_fen, refunded_fen = found.get(change.promoter_code, (0, 0, 0))
        found[change.promoter_code] = (
            orders + change.orders,
            volume_fen + change.volume_fen,
            refunded_fen + change.refunded_fen,
        )
    return {code: sales for code, sales in found.items() if any(sales)}


def refusal(act: Callable[[], object]) -> tuple[type[DomainError], str, list[str] | None]:
    with pytest.raises(DomainError) as refused:
        act()
    return type(refused.value), refused.value.message, refused.value.field


# The state


def test_an_order_knows_its_sums_its_month_and_its_seller() -> None:
    state = order(100, 50)
    refund(state, Changes(), told("k", 30, "q"))
    assert (state.paid_fen, state.refunded_fen, state.net_fen) == (150, 30, 120)
    assert (state.month, state.seller_code) == (202602, "D")
    assert order(1, frozen=None).seller_code is None


@pytest.mark.parametrize(
    ("events", "completed", "status"),
    [
        ([], False, "PAID"),
        ([SHIPPED], False, "SHIPPED"),
        ([DELIVERED], False, "DELIVERED"),
        ([SHIPPED, DELIVERED], False, "DELIVERED"),
        ([SHIPPED, DELIVERED], True, "COMPLETED"),
        ([CANCELLED], False, "CANCELLED"),
        ([SHIPPED, CANCELLED], False, "CANCELLED"),
    ],
)
def test_its_status_is_the_furthest_event(events: list[OrderStatus], completed: bool, status: str) -> None:
    state = order(100)
    for days, event in enumerate(events):
        assert advance(state, Changes(), status=event, at=PAID_AT + days) is True
    state.completed = completed
    assert state.status == status


@pytest.mark.parametrize(
    ("refund_fen", "completed", "status"),
    [(99, False, "PAID"), (99, True, "COMPLETED"), (100, False, "REFUNDED"), (100, True, "REFUNDED")],
)
def test_it_is_refunded_once_nothing_is_left(refund_fen: int, completed: bool, status: str) -> None:
    state = order(100)
    state.completed = completed
    refund(state, Changes(), told("k", refund_fen))
    assert state.status == status


def test_a_free_order_is_not_refunded_and_one_fen_is() -> None:
    assert order(0).status is OrderStatus.PAID
    state = order(1)
    refund(state, Changes(), told("k", 1))
    assert state.status is OrderStatus.REFUNDED


def test_the_observation_runs_from_the_delivery() -> None:
    state = order(100)
    assert state.observed_until is None
    advance(state, Changes(), status=DELIVERED, at=PAID_AT + 5)
    assert state.observed_until == PAID_AT + 5 + 7 * DAY_US


# The sale


def test_a_sale_posts_each_line_and_counts_once() -> None:
    state, changes = order(100_000, 10, frozen=None), Changes()
    attribute(state, SOLD_BY_D, changes)
    assert posted(changes) == [
        ("sale", "D", CommissionKind.BASE, "p", 20_000),
        ("sale", "C", CommissionKind.OVERRIDE, "p", 3_000),
        ("sale", "B", CommissionKind.OVERRIDE, "p", 3_000),
        ("sale", "D", CommissionKind.BASE, "q", 2),
    ]
    assert changes.sales == [SalesChange("D", 202602, 1, 100_010, 0)]
    assert state.frozen == SOLD_BY_D


def test_a_purchase_by_the_seller_counts_for_nothing() -> None:
    own = Frozen(("D", "C", "B"), ("", "", ""), (300, 300), False)
    state, changes = order(100_000, frozen=None), Changes()
    attribute(state, own, changes)
    refund(state, changes, told("k", 1))
    assert (changes.entries, changes.sales) == ([], [])


def test_another_seller_takes_the_order_as_it_is_now() -> None:
    state, changes = order(100_000, 40_000, frozen=None), Changes()
    attribute(state, SOLD_BY_D, changes)
    refund(state, changes, told("k", 10_000, "p"))
    moved = Changes()
    attribute(state, SOLD_BY_E, moved)
    assert posted(moved) == [
        ("reattribution", "D", CommissionKind.CLAWBACK, "p", -18_000),
        ("reattribution", "C", CommissionKind.CLAWBACK, "p", -2_700),
        ("reattribution", "B", CommissionKind.CLAWBACK, "p", -2_700),
        ("reattribution", "D", CommissionKind.CLAWBACK, "q", -10_000),
        ("reattribution", "C", CommissionKind.CLAWBACK, "q", -1_200),
        ("reattribution", "B", CommissionKind.CLAWBACK, "q", -1_200),
        ("sale", "E", CommissionKind.BASE, "p", 20_000),
        ("sale", "C", CommissionKind.OVERRIDE, "p", 4_000),
        ("sale", "E", CommissionKind.BASE, "q", 10_000),
        ("sale", "C", CommissionKind.OVERRIDE, "q", 1_600),
        ("refund", "E", CommissionKind.CLAWBACK, "p", -2_000),
        ("refund", "C", CommissionKind.CLAWBACK, "p", -400),
    ]
    assert moved.sales == [
        SalesChange("D", 202602, -1, -130_000, -10_000),
        SalesChange("E", 202602, 1, 140_000, 0),
        SalesChange("E", 202602, 0, -10_000, 10_000),
    ]


def test_an_unrefunded_order_changes_hands_without_a_refund() -> None:
    state, moved = order(100_000), Changes()
    attribute(state, SOLD_BY_E, moved)
    assert [cause for cause, _ in moved.entries] == ["reattribution"] * 3 + ["sale"] * 2
    assert own_sales(moved) == {"D": (-1, -100_000, 0), "E": (1, 100_000, 0)}


# Refunds


def test_a_refund_of_a_line_leaves_the_others() -> None:
    state, changes = order(100_000, 50_000), Changes()
    refund(state, changes, told("k", 10_000, "q"))
    assert posted(changes) == [
        ("k", "D", CommissionKind.CLAWBACK, "q", -2_500),
        ("k", "C", CommissionKind.CLAWBACK, "q", -300),
        ("k", "B", CommissionKind.CLAWBACK, "q", -300),
    ]
    assert changes.sales == [SalesChange("D", 202602, 0, -10_000, 10_000)]
    assert [(line.refunded_fen, line.refunded_at) for line in state.lines] == [(0, None), (10_000, PAID_AT + DAY_US)]
    assert state.refunds == [told("k", 10_000, "q")]


def test_a_refund_of_the_order_spreads_by_remaining_net() -> None:
    state, changes = order(100, 100, 1), Changes()
    refund(state, changes, told("k", 100))
    assert [line.refunded_fen for line in state.lines] == [50, 50, 0]
    assert [line.refunded_at for line in state.lines] == [PAID_AT + DAY_US, PAID_AT + DAY_US, None]
    refund(state, changes, told("l", 1, "r", day=2))
    assert [line.refunded_fen for line in state.lines] == [50, 50, 1]
    assert state.lines[2].refunded_at == PAID_AT + 2 * DAY_US


def test_a_third_of_a_hundred_thousand_three_times_then_the_last_fen() -> None:
    state, taken = order(100_000), []
    for day, fen in enumerate((33_333, 33_333, 33_333, 1), start=1):
        changes = Changes()
        refund(state, changes, told(f"k{day}", fen, day=day))
        taken.append(sum(entry.amount_fen for _, entry in changes.entries if entry.promoter_code == "D"))
    assert taken == [-6_667, -6_667, -6_666, 0]
    assert refusal(lambda: refund(state, Changes(), told("k5", 1, day=5))) == (
        OverRefund,
        "1 fen is more than the 0 that remain",
        ["refundFen"],
    )


def test_an_earlier_refund_told_late_falls_as_if_it_had_come_first() -> None:
    """The split over lines depends on what each line has left, so all refunds are applied anew by instant."""
    state, late = order(300, 100), Changes()
    refund(state, Changes(), told("l", 100, day=2))
    assert [line.refunded_fen for line in state.lines] == [75, 25]
    refund(state, late, told("k", 300, "p", day=1))
    assert [(line.refunded_fen, line.refunded_at) for line in state.lines] == [
        (300, PAID_AT + DAY_US),
        (100, PAID_AT + 2 * DAY_US),
    ]
    assert state.refunds == [told("k", 300, "p", day=1), told("l", 100, day=2)]
    assert {cause for cause, _ in late.entries} == {"k"}
    assert own_sales(late) == {"D": (0, -300, 300)}


def test_an_earlier_refund_of_a_line_told_late_pushes_a_later_one_onto_the_others() -> None:
    state, changes = order(100_000, 100_000, 100_000), Changes()
    refund(state, Changes(), told("l", 150_000, day=2))
    assert [line.refunded_fen for line in state.lines] == [50_000, 50_000, 50_000]
    refund(state, changes, told("k", 100_000, "p", day=1))
    assert [line.refunded_fen for line in state.lines] == [100_000, 75_000, 75_000]
    assert {(cause, entry.kind) for cause, entry in changes.entries} == {("k", CommissionKind.CLAWBACK)}


@pytest.mark.parametrize(
    ("told_refund", "refused"),
    [
        (told("k", 1, "z"), (NotFound, "order n1 has no line 'z'", ["sku"])),
        (told("k", 101, "p"), (OverRefund, "101 fen is more than the 100 that remain", ["refundFen"])),
        (told("k", 151), (OverRefund, "151 fen is more than the 150 that remain", ["refundFen"])),
    ],
)
def test_a_refund_that_does_not_fit_changes_nothing(
    told_refund: Refund, refused: tuple[type[DomainError], str, list[str]]
) -> None:
    state, changes = order(100, 50), Changes()
    assert refusal(lambda: refund(state, changes, told_refund)) == refused
    assert (state, changes) == (order(100, 50), Changes())


@pytest.mark.parametrize(
    ("late", "refused"),
    [
        (told("k", 50, day=1), ("50 fen is more than the 20 that remain", ["refundFen"])),
        (told("k", 21, "p", day=1), ("21 fen is more than the 20 that remain", ["refundFen"])),
    ],
)
def test_a_refund_told_late_is_refused_by_its_own_numbers(late: Refund, refused: tuple[str, list[str]]) -> None:
    """Not by those of the refund after it that would fit no more."""
    state = order(100)
    refund(state, Changes(), told("l", 80, "p", day=2))
    assert refusal(lambda: refund(state, Changes(), late)) == (OverRefund, *refused)
    assert state.refunds == [told("l", 80, "p", day=2)]


def test_a_refund_told_late_that_leaves_a_later_one_without_its_line_is_to_name_a_line() -> None:
    state = order(100_000, 100_000)
    refund(state, Changes(), told("l", 60_000, "q", day=2))
    assert refusal(lambda: refund(state, Changes(), told("k", 100_000, day=1))) == (
        OverRefund,
        "100000 fen at this instant leave too little for what was refunded later: name a line",
        ["sku"],
    )
    refund(state, Changes(), told("k", 100_000, "p", day=1))
    assert state.net_fen == 40_000


def test_a_refund_may_take_all_of_a_line_or_of_the_order() -> None:
    state = order(100, 50)
    refund(state, Changes(), told("k", 100, "p"))
    refund(state, Changes(), told("l", 50))
    assert state.net_fen == 0


def test_a_refund_after_the_cancellation_is_refused_and_one_before_it_changes_nothing() -> None:
    state = order(100_000, 50_000)
    advance(state, Changes(), status=CANCELLED, at=PAID_AT + DAY_US)
    late = told("k", 1, day=2)
    assert refusal(lambda: refund(state, Changes(), late)) == (
        OverRefund,
        "order n1 was cancelled before",
        ["refundFen"],
    )
    earlier = Changes()
    refund(state, earlier, told("k", 100_000, "p", day=0))
    refund(state, earlier, told("l", 1_000, "q", day=1))
    assert balances(earlier) == {}
    assert own_sales(earlier) == {}
    assert [(line.refunded_fen, line.refunded_at) for line in state.lines] == [
        (100_000, PAID_AT),
        (50_000, PAID_AT + DAY_US),
    ]


REFUNDS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([None, "p", "q", "r"]), st.integers(1, 60_000)), min_size=1, max_size=5
).map(lambda rows: [Refund(PAID_AT + day, f"k{index}", sku, fen) for index, (day, sku, fen) in enumerate(rows)])


@given(paid_fen=st.lists(st.integers(0, 200_000), min_size=3, max_size=3), refunds=REFUNDS)
def test_entries_always_sum_to_what_the_order_is_worth(paid_fen: list[int], refunds: list[Refund]) -> None:
    state, changes = order(*paid_fen, frozen=None), Changes()
    attribute(state, SOLD_BY_D, changes)
    for given_refund in refunds:
        before = balances(changes)
        try:
            refund(state, changes, given_refund)
        except OverRefund:
            assert balances(changes) == before
        assert balances(changes) == worth(state)
        assert own_sales(changes).get("D", (1, 0, 0)) == (1, state.net_fen, state.refunded_fen)
    attribute(state, SOLD_BY_E, changes)
    assert balances(changes) == worth(state)
    advance(state, changes, status=CANCELLED, at=PAID_AT + 4)
    assert balances(changes) == {}
    assert own_sales(changes).get("E", (1, 0, 0)) == (1, 0, sum(paid_fen))


@given(paid_fen=st.lists(st.integers(40_000, 90_000), min_size=3, max_size=3), data=st.data())
def test_refunds_told_in_any_order_leave_the_same_lines(paid_fen: list[int], data: st.DataObject) -> None:
    refunds = [
        Refund(PAID_AT + data.draw(st.integers(0, 2)), key, data.draw(st.sampled_from([None, "p"])), fen)
        for key, fen in zip("abc", data.draw(st.lists(st.integers(1, 13_000), min_size=3, max_size=3)), strict=True)
    ]
    ends = []
    for arrival in itertools.permutations(refunds):
        state, changes = order(*paid_fen, frozen=None), Changes()
        attribute(state, SOLD_BY_D, changes)
        for given_refund in arrival:
            refund(state, changes, given_refund)
        ends.append((state.lines, balances(changes), own_sales(changes)))
    assert all(end == ends[0] for end in ends)


# Advances


def test_a_cancellation_takes_back_what_is_left() -> None:
    state, changes = order(100_000, 50_000), Changes()
    refund(state, Changes(), told("k", 10_000, "p", day=1))
    assert advance(state, changes, status=CANCELLED, at=PAID_AT + 2 * DAY_US) is True
    assert posted(changes) == [
        ("cancellation", "D", CommissionKind.CLAWBACK, "p", -18_000),
        ("cancellation", "C", CommissionKind.CLAWBACK, "p", -2_700),
        ("cancellation", "B", CommissionKind.CLAWBACK, "p", -2_700),
        ("cancellation", "D", CommissionKind.CLAWBACK, "q", -12_500),
        ("cancellation", "C", CommissionKind.CLAWBACK, "q", -1_500),
        ("cancellation", "B", CommissionKind.CLAWBACK, "q", -1_500),
    ]
    assert changes.sales == [SalesChange("D", 202602, 0, -140_000, 140_000)]
    assert {line.refunded_at for line in state.lines} == {PAID_AT + 2 * DAY_US}
    assert (state.cancelled_at, state.net_fen) == (PAID_AT + 2 * DAY_US, 0)


def test_a_line_refunded_in_full_keeps_its_instant_when_the_order_is_cancelled() -> None:
    state = order(100, 50)
    refund(state, Changes(), told("k", 100, "p"))
    advance(state, Changes(), status=CANCELLED, at=PAID_AT + 3 * DAY_US)
    assert [line.refunded_at for line in state.lines] == [PAID_AT + DAY_US, PAID_AT + 3 * DAY_US]


@pytest.mark.parametrize("status", ADVANCES)
def test_the_same_news_again_changes_nothing(status: OrderStatus) -> None:
    state = order(100)
    assert advance(state, Changes(), status=status, at=PAID_AT) is True
    known, changes = (state.shipped_at, state.delivered_at, state.cancelled_at), Changes()
    assert advance(state, changes, status=status, at=PAID_AT) is False
    assert changes == Changes()
    assert (state.shipped_at, state.delivered_at, state.cancelled_at) == known
    assert refusal(lambda: advance(state, changes, status=status, at=PAID_AT + 1)) == (
        WrongState,
        f"order n1 is {status} at another instant already",
        ["at"],
    )


@pytest.mark.parametrize("status", ADVANCES)
def test_nothing_happens_before_the_payment(status: OrderStatus) -> None:
    assert refusal(lambda: advance(order(100), Changes(), status=status, at=PAID_AT - 1)) == (
        Invalid,
        "at lies before the payment",
        ["at"],
    )


@pytest.mark.parametrize("status", sorted(set(OrderStatus) - set(ADVANCES)))
def test_an_order_is_not_advanced_to_a_status_that_follows_from_others(status: OrderStatus) -> None:
    assert refusal(lambda: advance(order(100), Changes(), status=status, at=PAID_AT)) == (
        Invalid,
        f"an order is not advanced to {status}",
        ["status"],
    )


@pytest.mark.parametrize(
    ("before", "status", "day", "refused"),
    [
        ((CANCELLED, 1), SHIPPED, 0, (WrongState, "order n1 is cancelled", ["status"])),
        ((CANCELLED, 1), DELIVERED, 2, (WrongState, "order n1 is cancelled", ["status"])),
        ((DELIVERED, 1), CANCELLED, 2, (WrongState, "order n1 is delivered; refund it instead", ["status"])),
        ((DELIVERED, 1), SHIPPED, 2, (WrongState, "order n1 was delivered before", ["status"])),
        ((SHIPPED, 1), DELIVERED, 0, (WrongState, "order n1 was shipped later", ["at"])),
    ],
)
def test_steps_that_contradict_each_other_are_refused(
    before: tuple[OrderStatus, int],
    status: OrderStatus,
    day: int,
    refused: tuple[type[DomainError], str, list[str]],
) -> None:
    state = order(100)
    advance(state, Changes(), status=before[0], at=PAID_AT + before[1] * DAY_US)
    assert refusal(lambda: advance(state, Changes(), status=status, at=PAID_AT + day * DAY_US)) == refused


@pytest.mark.parametrize(
    ("first", "then"), [((DELIVERED, 1), (SHIPPED, 1)), ((DELIVERED, 2), (SHIPPED, 1)), ((SHIPPED, 1), (DELIVERED, 1))]
)
def test_late_news_of_an_earlier_step_is_filled_in(
    first: tuple[OrderStatus, int], then: tuple[OrderStatus, int]
) -> None:
    state = order(100)
    for status, day in (first, then):
        assert advance(state, Changes(), status=status, at=PAID_AT + day * DAY_US) is True
    days = dict([first, then])
    assert state.shipped_at == PAID_AT + days[SHIPPED] * DAY_US
    assert state.delivered_at == PAID_AT + days[DELIVERED] * DAY_US
    assert state.status is DELIVERED


def test_a_shipped_order_may_be_cancelled() -> None:
    state = order(100)
    advance(state, Changes(), status=SHIPPED, at=PAID_AT)
    assert advance(state, Changes(), status=CANCELLED, at=PAID_AT) is True

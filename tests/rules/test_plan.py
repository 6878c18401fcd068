"""The plan's bounds, each at its edge, with the field and the sentence that name it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_api.errors import Conflict, DomainError, Invalid, ManyErrors, OutOfBounds, TooManyLevels
from graph_api.rules.calendar import month_start
from graph_api.rules.money import FEN_MAX
from graph_api.rules.plan import (
    DEFAULT_PLAN,
    RANKS,
    Plan,
    Rank,
    crossings,
    judged_version,
    plan_errors,
    plan_in_force,
    product_rate_errors,
    worst_case_bp,
)

OK = DEFAULT_PLAN.override_bp


def told(errors: Sequence[DomainError]) -> list[tuple[type[DomainError], str, list[str] | None]]:
    return [(type(error), error.message, error.field) for error in errors]


def errors_of(**changed: Any) -> list[tuple[type[DomainError], str, list[str] | None]]:
    return told(plan_errors(replace(DEFAULT_PLAN, **changed)))


def test_the_default_plan_is_the_one_of_the_rules() -> None:
    assert plan_errors(DEFAULT_PLAN, commission_bps=[1500, 3000]) == []
    assert (DEFAULT_PLAN.override_bp, DEFAULT_PLAN.tier_threshold_fen, DEFAULT_PLAN.tier_bp, DEFAULT_PLAN.cap_bp) == (
        ((300, 400, 500), (300, 300, 300)),
        5_000_000,
        500,
        4_500,
    )
    assert (DEFAULT_PLAN.settle_from, DEFAULT_PLAN.tax_method, DEFAULT_PLAN.compliance_mode) == (
        "OBSERVATION_END",
        "PER_MONTH",
        "WARN",
    )


@pytest.mark.parametrize(
    ("level", "rank", "rate_bp"),
    [(1, Rank.PROMOTER, 300), (1, Rank.SENIOR, 400), (1, Rank.ELITE, 500), (2, Rank.ELITE, 301), (3, Rank.ELITE, 0)],
)
def test_an_override_rate_is_by_level_and_rank(level: int, rank: Rank, rate_bp: int) -> None:
    plan = replace(DEFAULT_PLAN, override_bp=((300, 400, 500), (300, 300, 301)))
    assert plan.override_rate_bp(level=level, rank=rank) == rate_bp
    assert plan.override_levels == 2


@pytest.mark.parametrize("levels", [0, 1, 2])
def test_up_to_two_levels_may_be_paid(levels: int) -> None:
    plan = replace(DEFAULT_PLAN, override_bp=OK[:levels])
    assert plan_errors(plan) == []
    assert [plan.override_rate_bp(level=level, rank=Rank.PROMOTER) for level in (1, 2)] == [300] * levels + [0] * (
        2 - levels
    )


def test_a_third_level_is_refused_before_anything_else() -> None:
    refused = (TooManyLevels, "at most two override levels: a third is refused by law and by rule", ["overrideBp"])
    assert errors_of(override_bp=((1,), (2,), (3,))) == [refused]
    assert errors_of(override_bp=(*OK, OK[1]), tier_bp=-1) == [
        refused,
        (OutOfBounds, "tierBp must lie in 0-5000", ["tierBp"]),
    ]


@pytest.mark.parametrize("rates", [(), (300, 300), (300, 300, 300, 300)])
def test_a_level_has_a_rate_for_each_rank(rates: tuple[int, ...]) -> None:
    assert errors_of(override_bp=(rates,)) == [
        (Invalid, "level 1 needs a rate for each of 3 ranks", ["overrideBp", "0"])
    ]
    assert errors_of(override_bp=(OK[0], rates)) == [
        (Invalid, "level 2 needs a rate for each of 3 ranks", ["overrideBp", "1"])
    ]


def test_override_rates_have_bounds() -> None:
    assert errors_of(override_bp=((300, 400, 500), (500, 300, 300))) == []
    refused = (OutOfBounds, "override rates are 300-500 bp", ["overrideBp", "0"])
    assert errors_of(override_bp=((299, 400, 500),)) == [refused]
    assert errors_of(override_bp=((300, 400, 501),)) == [refused]
    assert errors_of(override_bp=((300, 299, 300), (300, 501, 300))) == [
        refused,
        (OutOfBounds, "override rates are 300-500 bp", ["overrideBp", "1"]),
    ]


@pytest.mark.parametrize(
    ("name", "field", "low", "high"),
    [
        ("tier_threshold_fen", "tierThresholdFen", 0, FEN_MAX),
        ("tier_bp", "tierBp", 0, 5000),
        ("cap_bp", "capBp", 0, 5000),
        ("observation_days", "observationDays", 0, 366),
        ("settlement_days", "settlementDays", 0, 366),
        ("payout_min_fen", "payoutMinFen", 0, FEN_MAX),
        ("attribution_days", "attributionDays", 0, 366),
        ("sales_months", "salesMonths", 1, 12),
    ],
)
def test_a_number_has_bounds(name: str, field: str, low: int, high: int) -> None:
    refused = [(OutOfBounds, f"{field} must lie in {low}-{high}", [field])]
    assert [errors_of(**{name: value}) for value in (low, high)] == [[], []]
    assert [errors_of(**{name: value}) for value in (low - 1, high + 1)] == [refused, refused]


@pytest.mark.parametrize(
    ("name", "field"), [("valid_downlines", "validDownlines"), ("sales_month_fen", "salesMonthFen")]
)
def test_a_ladder_has_two_steps_that_do_not_fall(name: str, field: str) -> None:
    for steps in ((1, 1), (1, 2), (FEN_MAX, FEN_MAX)):
        assert errors_of(**{name: steps}) == []
    for steps in ((), (1,), (1, 2, 3)):
        assert errors_of(**{name: steps}) == [(Invalid, f"{field} needs a number for each of 2 steps", [field])]
    for steps in ((0, 1), (2, 1), (1, FEN_MAX + 1)):
        assert errors_of(**{name: steps}) == [(OutOfBounds, f"{field} must be positive and not fall", [field])]


@pytest.mark.parametrize("version", ["", "  ", "v" * 65])
def test_a_version_has_a_name(version: str) -> None:
    assert errors_of(version=version) == [(Invalid, "version must be 1-64 characters", ["version"])]


@pytest.mark.parametrize("version", ["v", "v" * 64, " v "])
def test_a_version_may_be_named_so(version: str) -> None:
    assert errors_of(version=version) == []


def test_every_fault_is_told_at_once() -> None:
    fields = [field for _, _, field in errors_of(tier_bp=-1, sales_months=0, valid_downlines=(), version="")]
    assert fields == [["tierBp"], ["salesMonths"], ["validDownlines"], ["version"]]


def test_what_a_plan_could_pay_stays_under_its_cap() -> None:
    assert worst_case_bp(DEFAULT_PLAN, 3000) == 3000 + 500 + 500 + 300
    at_cap, below = replace(DEFAULT_PLAN, cap_bp=4300), replace(DEFAULT_PLAN, cap_bp=4299)
    assert plan_errors(at_cap, commission_bps=[1500, 3000]) == []
    assert told(plan_errors(below, commission_bps=[1500, 3000, 2000])) == [
        (OutOfBounds, "could pay 4300 bp of a product, above the cap of 4299", ["capBp"])
    ]
    assert plan_errors(below, commission_bps=[2999]) == []
    assert plan_errors(replace(DEFAULT_PLAN, cap_bp=0)) == []  # no product yet


def test_the_cap_is_not_judged_on_a_faulty_plan() -> None:
    plan = replace(DEFAULT_PLAN, cap_bp=0, tier_bp=-1)
    assert [error.field for error in plan_errors(plan, commission_bps=[3000])] == [["tierBp"]]


def test_a_product_s_rate_has_bounds() -> None:
    refused = [(OutOfBounds, "commissionBp must lie in 1500-3000", ["commissionBp"])]
    assert [told(product_rate_errors(bp, [DEFAULT_PLAN])) for bp in (1499, 1500, 3000, 3001)] == [
        refused,
        [],
        [],
        refused,
    ]


def test_a_product_must_fit_under_the_cap_of_every_plan() -> None:
    plans = [replace(DEFAULT_PLAN, version=str(cap), cap_bp=cap) for cap in (4300, 4299, 4298)]
    assert told(product_rate_errors(2999, plans)) == [
        (OutOfBounds, "could pay 4299 bp under plan 4298, above its cap of 4298", ["commissionBp"])
    ]
    assert len(product_rate_errors(3000, plans)) == 2


@given(starts=st.sets(st.integers(1, 99), max_size=6), at=st.integers(0, 100))
def test_the_version_in_force_is_the_latest_that_has_started(starts: set[int], at: int) -> None:
    plans = [DEFAULT_PLAN, *(replace(DEFAULT_PLAN, version=str(start), starts_at=start) for start in starts)]
    expected = max((start for start in starts if start <= at), default=None)
    assert plan_in_force(plans, at).version == ("default" if expected is None else str(expected))
    assert plan_in_force(plans[::-1], at) == plan_in_force(plans, at)


@given(
    rates=st.lists(st.tuples(*[st.integers(300, 500)] * 3), max_size=2),
    tier_bp=st.integers(0, 1000),
    commission_bp=st.integers(1500, 3000),
)
def test_no_rank_at_any_level_earns_more_than_the_worst_case(
    rates: list[tuple[int, ...]], tier_bp: int, commission_bp: int
) -> None:
    plan: Plan = replace(DEFAULT_PLAN, override_bp=tuple(rates), tier_bp=tier_bp)
    dearest = [max(plan.override_rate_bp(level=level, rank=rank) for rank in RANKS) for level in (1, 2)]
    assert worst_case_bp(plan, commission_bp) == commission_bp + tier_bp + sum(dearest)


PUBLISHED = (DEFAULT_PLAN, replace(DEFAULT_PLAN, version="may", starts_at=500, observation_days=9))


def test_what_a_version_does_not_say_is_that_of_the_version_in_force_at_its_start() -> None:
    given = {"version": "new", "starts_at": 700, "payout_min_fen": 5_000}
    assert judged_version(PUBLISHED, given, commission_bps=[2_000]) == replace(
        PUBLISHED[1], version="new", starts_at=700, payout_min_fen=5_000
    )
    before = judged_version(PUBLISHED, given | {"starts_at": 499}, commission_bps=[])
    assert before == replace(DEFAULT_PLAN, version="new", starts_at=499, payout_min_fen=5_000)


def test_a_version_that_is_there_is_itself_unless_something_else_is_said() -> None:
    assert judged_version(PUBLISHED, {"version": "may"}, commission_bps=[]) is PUBLISHED[1]
    assert judged_version(PUBLISHED, {"version": "may", "observation_days": 9}, commission_bps=[]) is PUBLISHED[1]
    with pytest.raises(Conflict) as refused:
        judged_version(PUBLISHED, {"version": "may", "observation_days": 8}, commission_bps=[])
    assert (refused.value.message, refused.value.field) == (
        "plan may is published with other content",
        ["version"],
    )


def test_two_versions_do_not_start_at_one_instant() -> None:
    with pytest.raises(Conflict) as refused:
        judged_version(PUBLISHED, {"version": "new", "starts_at": 500}, commission_bps=[])
    assert (refused.value.message, refused.value.field) == ("another version starts at this instant", ["startsAt"])


def test_a_month_with_two_versions_pays_no_more_than_the_cap_either() -> None:
    """Its TIER is the later one's, on orders whose overrides are the earlier one's."""
    first = replace(DEFAULT_PLAN, version="first", override_bp=((500,) * 3, (500,) * 3), tier_bp=500, cap_bp=5_000)
    given = {
        "version": "second",
        "starts_at": month_start(202603) + 1,
        "override_bp": ((300,) * 3,) * 2,
        "tier_bp": 1_400,
    }
    judge = functools.partial(judged_version, (first,), commission_bps=[3_000])
    assert judge(given, month_commission_bps=[2_600]).tier_bp == 1_400
    with pytest.raises(ManyErrors) as refused:
        judge(given, month_commission_bps=[2_601])
    assert [(error.code, error.field) for error in refused.value.errors] == [("OUT_OF_BOUNDS", ["startsAt"])]
    assert "5001 bp of a product under plan first with the tier of second" in refused.value.errors[0].message
    assert judge(given | {"starts_at": month_start(202603)}, month_commission_bps=[3_000]).version == "second"
    # A version put between two others is judged with the tier of the one that follows it too.
    third = replace(
        first, version="third", starts_at=month_start(202604) + 1, override_bp=((300,) * 3,) * 2, tier_bp=1_400
    )
    between = {"version": "between", "starts_at": month_start(202603), "cap_bp": 4_900}
    judge = functools.partial(judged_version, (first, third), between, commission_bps=[2_400])
    assert judge(month_commission_bps=[2_500]).cap_bp == 4_900
    with pytest.raises(ManyErrors, match="4901 bp of a product under plan between with the tier of third"):
        judge(month_commission_bps=[2_501])
    assert product_rate_errors(2_600, crossings((first, replace(third, starts_at=1 + month_start(202603))))) == []
    assert len(product_rate_errors(2_601, crossings((first, replace(third, starts_at=1 + month_start(202603)))))) == 1


def test_a_version_is_judged_against_the_products_it_would_apply_to() -> None:
    given = {"version": "new", "starts_at": 700, "tier_bp": 1_000}
    assert judged_version(PUBLISHED, given, commission_bps=[2_700]).tier_bp == 1_000
    with pytest.raises(ManyErrors) as refused:
        judged_version(PUBLISHED, given, commission_bps=[2_000, 2_701])
    assert [(error.code, error.field) for error in refused.value.errors] == [("OUT_OF_BOUNDS", ["capBp"])]

"""What a plan would have paid on an order, in numbers worked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graph_api.rules.calendar import month_end
from graph_api.rules.plan import DEFAULT_PLAN, Plan, Rank
from graph_api.rules.simulation import UNCHANGED, Compared, PastOrder, Simulation, Standing, TierMonth

NEW = Standing(None, 0, None, 0, None)
PEOPLE = dict.fromkeys("ABC", NEW)
FLAT = replace(DEFAULT_PLAN, version="flat", override_bp=((300, 300, 300),))
NONE = replace(DEFAULT_PLAN, version="none", override_bp=())
STEEP = replace(DEFAULT_PLAN, version="steep", override_bp=((300, 400, 500), (300, 400, 500)))
SOLD_BY_D = PastOrder(
    number="o",
    paid_at=1_000,
    month=202601,
    known_seq=10,
    buyer_code="x",
    plan_version="default",
    chain_codes=("D", "C", "B"),
    receiver_codes=("D", "C", "B"),
    override_bps=(300, 300),
    lines=((2000, 100_000),),
    posted=(("D", 0, 20_000), ("C", 1, 3_000), ("B", 2, 3_000)),
)


def simulated(plan: Plan, *orders: PastOrder, **standings: Standing) -> Simulation:
    running = Simulation(plan, {version.version: version for version in (DEFAULT_PLAN, FLAT, NONE, STEEP)})
    assert running.unknown(orders) == sorted({code for order in orders for code in order.chain_codes[1:]})
    running.standings |= PEOPLE | standings
    running.take(orders)
    return running


def paid(plan: Plan, order: PastOrder, **standings: Standing) -> dict[str, int]:
    rows = simulated(plan, order, **standings).page(first=10, after=None)
    return {row.code: row.simulated_fen for row in rows if row.simulated_fen}


def test_the_plan_that_was_in_force_pays_what_was_posted() -> None:
    running = simulated(DEFAULT_PLAN, SOLD_BY_D)
    assert (running.orders, running.net_fen) == (1, 100_000)
    assert running.simulated.fen == running.actual.fen == [20_000, 3_000, 3_000, 0]
    assert running.page(first=10, after=None) == [
        Compared("B", 3_000, 3_000),
        Compared("C", 3_000, 3_000),
        Compared("D", 20_000, 20_000),
    ]


def test_levels_and_rates_are_those_of_the_plan() -> None:
    assert paid(NONE, SOLD_BY_D) == {"D": 20_000}
    assert paid(replace(FLAT, override_bp=((500, 500, 500),)), SOLD_BY_D) == {"D": 20_000, "C": 5_000}
    assert simulated(NONE, SOLD_BY_D).difference.fen == [0, -3_000, -3_000, 0]


def test_each_line_is_floored_by_itself() -> None:
    order = SOLD_BY_D._replace(lines=((2000, 99), (1500, 99), (3000, 0)))
    assert paid(DEFAULT_PLAN, order) == {"D": 19 + 14, "C": 2 + 2, "B": 2 + 2}


def test_a_rank_counts_only_if_it_was_known_at_the_sale() -> None:
    senior = Standing(senior_at=500, senior_seq=9, elite_at=None, elite_seq=0, closed_at=None)
    sold = SOLD_BY_D._replace(override_bps=(400, 300))
    assert paid(STEEP, sold, C=senior, B=senior) == {"D": 20_000, "C": 4_000, "B": 4_000}
    assert paid(STEEP, SOLD_BY_D, B=senior._replace(senior_seq=11)) == {"D": 20_000, "C": 3_000, "B": 3_000}
    assert paid(STEEP, SOLD_BY_D, B=senior._replace(senior_at=1_001)) == {"D": 20_000, "C": 3_000, "B": 3_000}
    elite = senior._replace(elite_at=1_000, elite_seq=10)
    assert paid(STEEP, SOLD_BY_D, B=elite) == {"D": 20_000, "C": 3_000, "B": 5_000}


def test_a_frozen_rate_tells_the_rank_if_history_tells_another() -> None:
    assert paid(STEEP, SOLD_BY_D._replace(override_bps=(500, 300)), C=NEW)["C"] == 5_000
    assert paid(STEEP, SOLD_BY_D._replace(override_bps=(500, 300), plan_version="gone"), C=NEW)["C"] == 3_000


def test_who_was_closed_or_bought_gets_nothing_under_any_plan() -> None:
    assert paid(STEEP, SOLD_BY_D._replace(receiver_codes=("", "C", "B"))) == {"C": 3_000, "B": 3_000}
    assert paid(STEEP, SOLD_BY_D._replace(receiver_codes=("D", "", "B"))) == {"D": 20_000, "B": 3_000}
    assert paid(STEEP, SOLD_BY_D._replace(receiver_codes=("D", "C", ""), buyer_code="B")) == {"D": 20_000, "C": 3_000}
    assert paid(STEEP, SOLD_BY_D._replace(receiver_codes=("", "", ""), buyer_code="D")) == {}
    unsold = SOLD_BY_D._replace(chain_codes=(), receiver_codes=("", "", ""), override_bps=(0, 0))
    assert paid(STEEP, unsold) == {}


@pytest.mark.parametrize(("closed_at", "fen"), [(1_000, 0), (1_001, 3_000), (None, 3_000)])
def test_where_the_level_was_not_paid_history_tells_who_was_closed(closed_at: int | None, fen: int) -> None:
    sold = SOLD_BY_D._replace(plan_version="none", receiver_codes=("D", "", ""), override_bps=(0, 0))
    assert paid(FLAT, sold, C=NEW._replace(closed_at=closed_at)).get("C", 0) == fen
    assert paid(FLAT, sold._replace(buyer_code="C")) == {"D": 20_000}


def test_the_tier_is_of_the_whole_month_above_the_threshold_and_not_for_the_closed() -> None:
    plan = replace(DEFAULT_PLAN, tier_threshold_fen=1_000_000, tier_bp=800)
    running = simulated(plan)
    end = month_end(202601)
    rows = [
        TierMonth("A", 1_000_000, 0, None),
        TierMonth("B", 1_000_001, 0, None),
        TierMonth("C", 6_000_000, 300_000, None),
        TierMonth("D", 6_000_000, 0, end - 1),
        TierMonth("E", 6_000_000, 300_000, end),
    ]
    running.take_tiers(202601, rows)
    assert running.page(first=10, after=None) == [
        Compared("C", 480_000, 300_000),
        Compared("E", 480_000, 300_000),
        Compared("B", 80_000, 0),
    ]
    assert (running.simulated.fen[3], running.actual.fen[3], running.difference.total_fen) == (
        1_040_000,
        600_000,
        440_000,
    )


def test_promoters_stand_by_difference_then_code_and_a_page_goes_on_after_a_key() -> None:
    running = simulated(DEFAULT_PLAN)
    rows = [("A", 5, 5), ("B", 0, 9), ("C", 9, 0), ("D", 1, 0), ("E", 0, 0), ("F", 20, 11)]
    running.take_tiers(202601, [TierMonth(code, 0, actual, None) for code, _, actual in rows])
    for code, simulated_fen, _ in rows:
        running._add(0, code, 0, simulated_fen)
    whole = running.page(first=10, after=None)
    assert [row.code for row in whole] == ["B", "C", "F", "D", "A"]
    assert running.promoters == 5
    paged: list[Compared] = []
    while rest := running.page(first=2, after=paged[-1].key if paged else None):
        paged += rest
    assert paged == whole


def test_orders_add_up_and_standings_are_learned() -> None:
    other = SOLD_BY_D._replace(number="p", month=202602, lines=((2000, 50_000), (2000, 7)))
    running = Simulation(DEFAULT_PLAN, {"default": DEFAULT_PLAN})
    senior = Standing(500, 9, None, 0, None)
    running.learn([("C", Standing(None, 0, None, 0, None)), ("B", senior)])
    assert running.standings == {"C": UNCHANGED, "B": senior}
    assert running.standings["C"] is UNCHANGED
    assert running.unknown([other]) == []
    running.take([SOLD_BY_D, other])
    assert (running.orders, running.net_fen, running.months) == (2, 150_007, {202601, 202602})


def test_who_earned_only_then_or_only_now_is_compared_with_nothing() -> None:
    only_then = SOLD_BY_D._replace(posted=(("Z", 0, 7),))
    rows = {row.code: row for row in simulated(DEFAULT_PLAN, only_then).page(first=10, after=None)}
    assert rows["Z"] == Compared("Z", 0, 7)
    assert rows["D"] == Compared("D", 20_000, 0)


def test_a_rise_counts_from_its_instant_and_its_position_on() -> None:
    at_once = Standing(senior_at=1_000, senior_seq=10, elite_at=None, elite_seq=0, closed_at=None)
    assert at_once.rank_known(1_000, 10) is Rank.SENIOR
    assert at_once.rank_known(999, 10) is Rank.PROMOTER
    assert at_once.rank_known(1_000, 9) is Rank.PROMOTER
    unpaid = SOLD_BY_D._replace(plan_version="none", receiver_codes=("D", "", ""), override_bps=(0, 0))
    assert paid(STEEP, unpaid, C=at_once, B=NEW) == {"D": 20_000, "C": 4_000, "B": 3_000}
    one_level = SOLD_BY_D._replace(receiver_codes=("D", "C", ""), override_bps=(300, 0))
    assert paid(STEEP, one_level, C=NEW, B=at_once) == {"D": 20_000, "C": 3_000, "B": 4_000}
    told_otherwise = SOLD_BY_D._replace(override_bps=(301, 300))
    assert paid(STEEP, told_otherwise, C=at_once)["C"] == 4_000

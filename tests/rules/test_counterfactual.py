"""Promotion without linked accounts: rings, who is left out, and what both routes come to, by hand and by an oracle."""

from __future__ import annotations

import doctest
from typing import Any

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from graph_api.rules import counterfactual
from graph_api.rules.counterfactual import Downline, LeftOut, Share, Step, left_out, recounted, rings
from graph_api.rules.plan import Plan, Rank
from graph_api.rules.promotion import SalesOfMonth

PLAN = Plan(valid_downlines=(2, 4), sales_month_fen=(100, 300), sales_months=2)
MONTHS = (SalesOfMonth(202601, 150), SalesOfMonth(202602, 120))
PEOPLE = st.sampled_from([*"pabcdexyz"])
SHARES = st.lists(
    st.builds(Share, PEOPLE, st.sampled_from(["PHONE:1", "PHONE:2", "DEVICE:1", "DEVICE:2", "ID_NUMBER:1"]))
)


def test_the_examples_hold() -> None:
    assert doctest.testmod(counterfactual).failed == 0


def test_a_ring_goes_through_others_and_names_what_joins_each() -> None:
    shares = [Share("p", "PHONE:1"), Share("x", "PHONE:1"), Share("x", "DEVICE:9"), Share("a", "DEVICE:9")]
    shares += [Share("a", "ID_NUMBER:own"), Share("b", "PHONE:b")]
    assert rings(shares) == [{"a": ("DEVICE:9",), "p": ("PHONE:1",), "x": ("DEVICE:9", "PHONE:1")}]
    assert left_out("p", "ab", shares, []) == {
        "a": LeftOut("a", False, ("DEVICE:9",)),
        "x": LeftOut("x", False, ("DEVICE:9", "PHONE:1")),
    }


def test_two_downlines_of_one_ring_are_left_out_and_one_with_its_friend_is_not() -> None:
    shares = [Share("a", "PHONE:1"), Share("b", "PHONE:1"), Share("c", "DEVICE:1"), Share("y", "DEVICE:1")]
    assert sorted(left_out("p", "abc", shares, [])) == ["a", "b"]
    assert left_out("p", "abc", [], ["c", "p"]) == {"c": LeftOut("c", True, ())}


@given(SHARES, st.sets(PEOPLE), st.sets(st.sampled_from([*"abcde"])))
def test_who_is_left_out_is_what_a_graph_library_says(
    shares: list[Share], named: set[str], downlines: set[str]
) -> None:
    graph: Any = nx.Graph()
    graph.add_nodes_from([*"pabcdexyz"])
    graph.add_edges_from((f"{share.person}", share.identifier) for share in shares)
    expected = set(named)
    for part in nx.connected_components(graph):
        people = {node for node in part if ":" not in node}
        if len(people) > 1 and ("p" in people or len(people & downlines) > 1):
            expected |= people
    assert left_out("p", downlines, shares, named).keys() == expected - {"p"}


def test_both_routes_of_the_next_step_without_them() -> None:
    """a is left out; b is valid by a left-out buyer alone; c has another sale, d is no longer active."""
    downlines = [
        Downline("a", True, 10, 10),
        Downline("b", True, 10, None),
        Downline("c", True, 10, 20),
        Downline("d", False, 10, 10),
    ]
    told = recounted(
        PLAN, rank=Rank.PROMOTER, months=MONTHS, downlines=downlines, out={"a", "x"}, sales_fen={202602: 21}, steps=[]
    )
    assert (told.actual.downlines, told.actual.by_downlines, told.actual.by_sales) == (3, True, True)
    assert (told.without.downlines, told.without.by_downlines, told.without.by_sales) == (1, False, False)
    assert told.without.months == (SalesOfMonth(202601, 150), SalesOfMonth(202602, 99))
    kept = recounted(
        PLAN, rank=Rank.PROMOTER, months=MONTHS, downlines=[], out={"x"}, sales_fen={202602: 20, 202501: 9}, steps=[]
    )
    assert kept.without.eligible


def test_a_recorded_step_is_held_against_what_counted_then() -> None:
    """Three downlines counted at 15: of those of today's a was valid at 10, c became so at 20 without the left-out buyer."""
    downlines = [Downline("a", True, 10, 10), Downline("c", False, 10, 20), Downline("e", True, 30, 30)]

    def holds(out: set[str], *, downlines_then: int = 3, sales_fen: dict[int, int] | None = None) -> tuple[bool, int]:
        step = Step(Rank.SENIOR, 15, "VALID_DOWNLINES", downlines_then, 2, MONTHS, 130)
        told = recounted(
            PLAN, rank=Rank.SENIOR, months=MONTHS, downlines=downlines, out=out, sales_fen=sales_fen or {}, steps=[step]
        )
        return told.steps[0].holds, told.steps[0].downlines

    assert holds(set()) == (True, 2)
    assert holds({"e"}) == (True, 2)
    assert holds({"a"}) == (False, 1)
    assert holds({"a"}, downlines_then=1) == (False, 0)
    step = Step(Rank.SENIOR, 15, "SALES_MONTHS", 0, 2, MONTHS, 120)
    for fen, expected in ((0, True), (1, False)):
        told = recounted(
            PLAN,
            rank=Rank.SENIOR,
            months=MONTHS,
            downlines=[],
            out={"x"},
            sales_fen={202602: fen, 202601: 30},
            steps=[step],
        )
        assert told.steps[0].holds is expected


def test_a_step_without_months_of_sales_is_not_reached_by_them() -> None:
    step = Step(Rank.SENIOR, 15, "VALID_DOWNLINES", 1, 2, (), 0)
    told = recounted(PLAN, rank=Rank.SENIOR, months=(), downlines=[], out=(), sales_fen={}, steps=[step])
    assert not told.steps[0].holds


def test_rings_are_whole_and_each_is_told_once() -> None:
    shares = [
        *(Share(person, "PHONE:1") for person in "ab"),
        *(Share(person, "DEVICE:2") for person in "bc"),
        *(Share(person, "DEVICE:3") for person in "cd"),
        *(Share(person, "DEVICE:4") for person in "be"),
        *(Share(person, "PHONE:5") for person in "xy"),
        *(Share(person, "PHONE:6") for person in "pq"),
        *(Share(person, "PHONE:7") for person in "ow"),
    ]
    assert [list(ring) for ring in rings(shares)] == [["a", "b", "c", "d", "e"], ["o", "w"], ["p", "q"], ["x", "y"]]


def test_a_downline_counts_from_the_instant_at_which_it_became_valid() -> None:
    step = Step(Rank.SENIOR, 15, "VALID_DOWNLINES", 2, 2, (), 0)

    def downlines(since: int, since_without: int | None) -> int:
        downline = Downline("a", True, since, since_without)
        told = recounted(PLAN, rank=Rank.SENIOR, months=(), downlines=[downline], out=(), sales_fen={}, steps=[step])
        return told.steps[0].downlines

    assert downlines(15, None) == 1
    assert downlines(15, 15) == 2
    assert downlines(15, 16) == 1
    assert downlines(16, None) == 2

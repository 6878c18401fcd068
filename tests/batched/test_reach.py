"""How many people walks meet, by a sample that looks upwards."""

from __future__ import annotations

import doctest

import pytest

from cypher.store import Store
from graph_api.batched import reach
from graph_api.batched.reach import PEOPLE_PER_VALUE, WALK_COST_MAX, Reach
from tests.batched.network import Network


def below(referrers: dict[str, str | None], code: str, depth: int) -> int:
    direct = [each for each, referrer in referrers.items() if referrer == code]
    return len(direct) + sum(below(referrers, each, depth - 1) for each in direct) if depth else 0


@pytest.mark.parametrize("depth", [1, 2, 5, 0])
async def test_looking_upwards_tells_the_mean_downwards(store: Store, depth: int) -> None:
    network = Network(store)
    await network.plant(40, sales=0)
    seen = Reach()
    await seen.look(store)
    referrers = dict(network.referrers)
    mean = sum(below(referrers, code, depth or 1000) for code in referrers) / len(referrers)
    assert seen.cost(None, depth) * PEOPLE_PER_VALUE == pytest.approx(mean)


async def test_an_empty_network_weighs_nothing(store: Store) -> None:
    seen = Reach()
    await seen.look(store)
    assert seen.cost("a", 0) == 0


def test_the_own_team_weighs_what_it_was_seen_to_be() -> None:
    seen = Reach([0, 1, 1, 2, 2, 2, 2, 6])  # two people below on average, and one within one level near enough
    assert seen.cost("big", 0) == seen.cost(None, 0) == 16 / 8 / PEOPLE_PER_VALUE
    seen.saw("big", 50_000)
    seen.saw("huge", 10_000_000)
    seen.saw("small", 1)
    assert seen.cost("big", 0) == 50_000 / PEOPLE_PER_VALUE
    assert seen.cost("big", 1) == pytest.approx(50_000 * 7 / 16 / PEOPLE_PER_VALUE)
    assert seen.cost("huge", 0) == WALK_COST_MAX
    assert seen.cost("small", 5) == 1 / PEOPLE_PER_VALUE


def test_without_a_sample_a_seen_team_is_the_bound() -> None:
    seen = Reach()
    seen.saw("a", 3_000)
    assert seen.cost("a", 1) == seen.cost("a", 0) == 30
    assert seen.cost("b", 0) == 0


def test_sizes_do_not_pile_up() -> None:
    seen = Reach()
    for number in range(reach.SIZES_KEPT + 1):
        seen.saw(f"p{number}", 1_000)
    assert (seen.cost("p0", 0), seen.cost("p1", 0)) == (0, 10)


def test_examples() -> None:
    assert doctest.testmod(reach).failed == 0

"""The chain as it stood at an instant."""

from __future__ import annotations

import pytest

from graph_api.rules.chain import PersonHistory, Referral, chain_at
from graph_api.rules.commission import UplineAt
from graph_api.rules.plan import Rank


def person(
    code: str,
    *referrals: Referral,
    closed_at: int | None = None,
    senior_at: int | None = None,
    elite_at: int | None = None,
) -> PersonHistory:
    return PersonHistory(code, "ACTIVE", closed_at, senior_at, elite_at, referrals)


def chain(people: list[PersonHistory], seller_code: str, at: int) -> list[UplineAt]:
    return chain_at({person.code: person for person in people}, seller_code, at)


def always(code: str) -> Referral:
    return Referral(code, None, None)


@pytest.mark.parametrize(
    ("senior_at", "elite_at", "at", "rank"),
    [
        (None, None, 0, Rank.PROMOTER),
        (10, None, 9, Rank.PROMOTER),
        (10, None, 10, Rank.SENIOR),
        (10, 20, 19, Rank.SENIOR),
        (10, 20, 20, Rank.ELITE),
        (None, 20, 20, Rank.ELITE),
        (None, 20, 19, Rank.PROMOTER),
    ],
)
def test_a_rank_holds_from_its_instant(senior_at: int | None, elite_at: int | None, at: int, rank: Rank) -> None:
    assert person("A", senior_at=senior_at, elite_at=elite_at).rank_at(at) is rank


@pytest.mark.parametrize(
    ("at", "referrer"),
    [(-99, "X"), (9, "X"), (10, None), (14, None), (15, "Y"), (19, "Y"), (20, "Z"), (99, "Z")],
)
def test_a_referrer_holds_until_it_is_moved(at: int, referrer: str | None) -> None:
    moved = person("A", Referral("Z", 20, None), Referral("X", None, 10), Referral("Y", 15, 20))
    assert moved.referrer_at(at) == referrer


def test_the_chain_is_the_seller_and_two_levels() -> None:
    people = [person("A"), person("B", always("A")), person("C", always("B"), senior_at=5), person("D", always("C"))]
    assert chain(people, "D", 5) == [
        UplineAt("D", Rank.PROMOTER, False),
        UplineAt("C", Rank.SENIOR, False),
        UplineAt("B", Rank.PROMOTER, False),
    ]
    assert chain(people, "B", 5) == [UplineAt("B", Rank.PROMOTER, False), UplineAt("A", Rank.PROMOTER, False)]
    assert chain(people, "A", 5) == [UplineAt("A", Rank.PROMOTER, False)]


@pytest.mark.parametrize(("at", "closed"), [(9, False), (10, True), (11, True)])
def test_somebody_closed_stays_in_the_chain(at: int, closed: bool) -> None:
    people = [person("A", closed_at=10), person("B", always("A"))]
    assert [level.closed for level in chain(people, "B", at)] == [False, closed]


def test_each_level_is_looked_up_at_the_same_instant() -> None:
    people = [
        person("A"),
        person("X"),
        person("B", Referral("A", 5, 9), Referral("X", 9, None)),
        person("C", always("B")),
    ]
    assert [level.code for level in chain(people, "C", 8)] == ["C", "B", "A"]
    assert [level.code for level in chain(people, "C", 9)] == ["C", "B", "X"]
    assert [level.code for level in chain(people, "C", 4)] == ["C", "B"]


def test_nobody_stands_in_a_chain_twice() -> None:
    people = [person("A", Referral("B", 0, 10)), person("B", Referral("A", 0, None))]
    assert [above.code for above in chain(people, "A", 5)] == ["A", "B"]

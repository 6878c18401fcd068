"""What a provider says against what stands here, each difference with all of its facts."""

from __future__ import annotations

from dataclasses import fields

import pytest

from graph_api.rules.payout import PayoutStatus
from graph_api.rules.reconciliation import Difference, Found, Line, Ours, There, by_key, counts, differences, missing

PAID = Line("k", "ref", True, 100, 10, "bill:2")
BACK = Line("k", "", True, -100, 20, "bill:3")
FAILED = Line("k", "", False, None, 30, "bill:4")
UNSAID = Line("k", "", True, None, 40, "bill:5")
OURS = Ours("p1", "k", "D", "BANK_FILE", "PAID", 100, 50)


def found(*lines: Line, ours: Ours | None = OURS, provider: str = "BANK_FILE") -> list[Found]:
    return list(differences(There("k", list(lines)), ours, provider=provider))


def test_lines_are_gathered_by_key_in_their_order() -> None:
    other = PAID._replace(key="j")
    told = by_key([PAID, other, BACK])
    assert {key: (there.key, there.lines) for key, there in told.items()} == {
        "k": ("k", [PAID, BACK]),
        "j": ("j", [other]),
    }
    assert [each.name for each in fields(There)] == ["key", "lines"]


@pytest.mark.parametrize(
    ("lines", "times", "fen", "failed"),
    [
        ([], 0, 0, False),
        ([PAID], 1, 100, False),
        ([PAID, PAID], 2, 200, False),
        ([PAID, BACK], 0, 0, False),
        ([PAID, BACK, PAID], 1, 100, False),
        ([FAILED], 0, 0, True),
        ([UNSAID], 1, None, False),
        ([PAID, UNSAID], 2, None, False),
        ([PAID, FAILED], 1, 100, True),
        ([PAID._replace(fen=0)], 1, 0, False),
    ],
)
def test_what_left_is_what_was_paid_less_what_came_back(
    lines: list[Line], times: int, fen: int | None, failed: bool
) -> None:
    there = There("k", lines)
    assert (there.times_paid, there.fen, there.failed, there.is_paid) == (times, fen, failed, times > 0)


def test_a_key_has_the_first_reference_and_every_source() -> None:
    assert There("k", [BACK, PAID, PAID._replace(reference="later")]).reference == "ref"
    assert There("k", [BACK]).reference == ""
    assert There("k", [PAID, BACK]).source == "bill:2, bill:3"


@pytest.mark.parametrize(("from_at", "until_at", "inside"), [(10, 11, True), (9, 10, False), (11, 99, False)])
def test_a_period_holds_its_first_instant_and_not_its_last(from_at: int, until_at: int, inside: bool) -> None:
    assert There("k", [PAID]).within(from_at, until_at) is inside
    assert There("k", [PAID._replace(at=0), PAID]).within(from_at, until_at) is inside


def test_what_agrees_is_no_difference() -> None:
    assert found(PAID) == []
    assert found(UNSAID) == []
    assert found(PAID, BACK, PAID) == []
    assert found(FAILED, ours=None) == []
    assert found(FAILED, ours=OURS._replace(status="FAILED")) == []


def told(kind: Difference, detail: str, **facts: object) -> Found:
    whole = Found(kind, "k", "p1", "D", "PAID", 100, 100, "bill:2", detail)
    return whole._replace(**facts)


def test_each_difference_has_its_kind_and_facts() -> None:
    assert found(BACK) == [
        told(
            Difference.PAID_HERE_NOT_THERE,
            "the file says that it was not paid or came back",
            there_fen=-100,
            source="bill:3",
        )
    ]
    assert found(PAID, ours=None) == [
        told(
            Difference.UNKNOWN_KEY,
            "paid under a key that no payout has",
            payout_id=None,
            promoter_code=None,
            status_here=None,
            here_fen=None,
        )
    ]
    assert found(PAID, PAID) == [told(Difference.TWICE_THERE, "paid 2 times", there_fen=200, source="bill:2, bill:2")]
    assert found(PAID, FAILED) == [
        told(
            Difference.CONTRADICTED_THERE,
            "the file says both that it was paid and that it failed",
            source="bill:2, bill:4",
        )
    ]
    assert found(PAID, ours=OURS._replace(status="SENT")) == [
        told(Difference.PAID_THERE_NOT_HERE, "the payout is SENT here", status_here="SENT")
    ]
    assert found(PAID, provider="WECHAT") == [told(Difference.OTHER_PROVIDER, "it went through BANK_FILE here")]
    assert found(PAID, ours=OURS._replace(provider=None)) == [
        told(Difference.OTHER_PROVIDER, "it went through nobody here")
    ]
    assert found(PAID._replace(fen=101)) == [told(Difference.OTHER_AMOUNT, "+1 fen there", there_fen=101)]
    assert found(PAID._replace(fen=98)) == [told(Difference.OTHER_AMOUNT, "-2 fen there", there_fen=98)]


def test_all_that_differs_is_told_the_dearest_first() -> None:
    kinds = [each.kind for each in found(PAID, PAID, FAILED, ours=OURS._replace(status="FAILED", provider="OTHER"))]
    assert kinds == [
        Difference.TWICE_THERE,
        Difference.CONTRADICTED_THERE,
        Difference.PAID_THERE_NOT_HERE,
        Difference.OTHER_PROVIDER,
    ]
    kinds = [each.kind for each in found(PAID, PAID, FAILED, ours=None)]
    assert kinds == [Difference.UNKNOWN_KEY, Difference.TWICE_THERE, Difference.CONTRADICTED_THERE]


def test_a_payout_that_no_file_names_is_missing_there() -> None:
    assert missing(OURS) == told(
        Difference.PAID_HERE_NOT_THERE, "no line of the files names it", there_fen=None, source=None
    )


def test_every_kind_is_counted_even_where_there_is_none() -> None:
    assert counts([]) == dict.fromkeys(map(str, Difference), 0)
    some = [missing(OURS), missing(OURS), *found(PAID, ours=None)]
    assert counts(some) == counts([]) | {"PAID_HERE_NOT_THERE": 2, "UNKNOWN_KEY": 1}


def test_only_a_payout_that_arrived_is_paid() -> None:
    assert {status for status in PayoutStatus if OURS._replace(status=status).is_paid} == {PayoutStatus.PAID}

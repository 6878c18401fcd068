"""Postings balance whatever they are made of, and say what happened."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_api.rules.ledger import Posting, PostingKind, accrual, payable, payout, payout_returned, void

FEN = st.integers(-(10**15), 10**15)
GROSS_AND_TAX = st.integers(1, 10**15).flatmap(lambda gross: st.tuples(st.just(gross), st.integers(0, gross)))


def changes(*postings: Posting) -> dict[str, int]:
    """What postings change of each account, without those that end as they were."""
    found: Counter[str] = Counter()
    for posting in postings:
        assert posting.is_balanced
        assert len(set(posting.accounts)) == len(posting.accounts)
        assert 0 not in posting.amounts_fen
        for account, fen in zip(posting.accounts, posting.amounts_fen, strict=True):
            found[account] += fen
    return {account: fen for account, fen in found.items() if fen}


@given(entries=st.lists(st.tuples(st.sampled_from("ABC"), FEN)))
def test_an_accrual_owes_each_promoter_the_sum_of_its_entries(entries: list[tuple[str, int]]) -> None:
    owed: Counter[str] = Counter()
    for code, fen in entries:
        owed[f"payable:{code}"] -= fen
    expected = {account: fen for account, fen in {**owed, "expense": -sum(owed.values())}.items() if fen}
    posting = accrual(iter(entries))
    assert changes(posting) == expected
    assert posting.kind is PostingKind.ACCRUAL


@given(money=GROSS_AND_TAX)
def test_a_payout_splits_the_gross_into_tax_and_net(money: tuple[int, int]) -> None:
    gross_fen, tax_fen = money
    parts = {"payable:A": gross_fen, "tax": -tax_fen, "clearing": tax_fen - gross_fen}
    posting = payout("A", gross_fen=gross_fen, tax_fen=tax_fen)
    assert changes(posting) == {account: fen for account, fen in parts.items() if fen}
    assert posting.kind is PostingKind.PAYOUT


@given(money=GROSS_AND_TAX)
def test_a_returned_payout_undoes_it(money: tuple[int, int]) -> None:
    gross_fen, tax_fen = money
    returned = payout_returned("A", gross_fen=gross_fen, tax_fen=tax_fen)
    assert changes(payout("A", gross_fen=gross_fen, tax_fen=tax_fen), returned) == {}
    assert returned.kind is PostingKind.PAYOUT_RETURNED


@given(fen=FEN)
def test_a_void_undoes_an_accrual(fen: int) -> None:
    assert changes(accrual([("A", fen)]), void("A", fen)) == {}
    assert void("A", fen).kind is PostingKind.VOID


def test_lines_are_told_in_the_order_of_the_event() -> None:
    assert accrual([("D", 20_000), ("C", 3_000), ("B", 3_000)]) == Posting(
        PostingKind.ACCRUAL, ("expense", "payable:D", "payable:C", "payable:B"), (26_000, -20_000, -3_000, -3_000)
    )
    assert payout("A", gross_fen=400_000, tax_fen=64_000) == Posting(
        PostingKind.PAYOUT, ("payable:A", "tax", "clearing"), (400_000, -64_000, -336_000)
    )


def test_what_comes_to_nothing_has_no_lines() -> None:
    assert accrual([]) == accrual([("A", 5), ("A", -5)]) == Posting(PostingKind.ACCRUAL, (), ())
    assert accrual([("A", 0), ("B", 7)]).accounts == ("expense", "payable:B")
    assert accrual([("A", -7), ("B", 7)]).accounts == ("payable:A", "payable:B")
    assert void("A", 0).accounts == ()


@pytest.mark.parametrize(
    ("accounts", "amounts_fen", "balanced"),
    [
        ((), (), True),
        (("expense", payable("A")), (5, -5), True),
        (("expense", payable("A")), (5, -4), False),
        (("expense",), (5, -5), False),
    ],
)
def test_balanced_means_that_the_lines_sum_to_zero(
    accounts: tuple[str, ...], amounts_fen: tuple[int, ...], balanced: bool
) -> None:
    assert Posting(PostingKind.VOID, accounts, amounts_fen).is_balanced is balanced

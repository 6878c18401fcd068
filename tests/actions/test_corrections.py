"""Corrections that come late: to payouts that come to nothing, to orders that change hands, to what a review voided."""

from __future__ import annotations

from tests.actions.test_settlement import Shop, shop

__all__ = ["shop"]


async def test_a_payout_that_refunds_end_withholds_nothing(shop: Shop) -> None:
    await shop.sell("o", 2_000_000)
    await shop.deliver("o")
    await shop.settle()
    (payout,) = await shop.of()
    assert (payout["gross_fen"], payout["tax_fen"], payout["net_fen"]) == (400_000, 64_000, 336_000)
    await shop.refund("o", 2_000_000)
    (payout,) = await shop.of()
    assert payout["status"] == "EXPIRED"
    assert (payout["gross_fen"], payout["tax_fen"], payout["net_fen"]) == (0, 0, 0)
    await shop.check()

"""What the books come to, in the shape in which the service answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tests.blackbox.api import Json
from tests.money.oracle import Books

RANKS = ("PROMOTER", "SENIOR", "ELITE")


def balance(books: Books, code: str) -> dict[str, int]:
    own = [entry for entry in books.entries if entry.code == code]
    unpaid_fen = sum(entry.fen for entry in own if entry.state == "RELEASED" and not _is_approved(books, entry.payout))
    payouts = [payout for payout in books.payouts if payout.code == code]
    return {
        "observingFen": sum(entry.fen for entry in own if entry.state == "OBSERVING"),
        "heldFen": sum(entry.fen for entry in own if entry.state == "HELD"),
        "releasedFen": max(unpaid_fen, 0),
        "onTheWayFen": sum(payout.gross_fen for payout in payouts if payout.is_on_the_way),
        "paidFen": sum(payout.gross_fen for payout in payouts if payout.status == "PAID"),
        "owedFen": max(-unpaid_fen, 0),
        "withheldTaxFen": sum(payout.tax_fen for payout in payouts if payout.status == "PAID"),
    }


def _is_approved(books: Books, number: int | None) -> bool:
    return number is not None and books.payouts[number].status != "CREATED"


def earnings(books: Books, code: str, month: str) -> dict[str, int]:
    """By kind, and in all."""
    of_month = [entry for entry in books.entries if (entry.code, entry.month) == (code, month)]
    kinds = ("BASE", "TIER", "OVERRIDE", "CLAWBACK", "ADJUSTMENT")
    sums = {f"{kind.lower()}Fen": sum(e.fen for e in of_month if e.kind == kind) for kind in kinds}
    return sums | {"totalFen": sum(sums.values())}


def accounts(books: Books) -> dict[str, int]:
    """Each account of the ledger that is not 0: debit positive, credit negative."""
    sums: dict[str, int] = defaultdict(int)
    for entry in books.entries:
        sums["expense"] += entry.fen
        sums[f"payable:{entry.code}"] -= entry.fen
    for payout in books.payouts:
        if payout.is_on_the_way or payout.status == "PAID":
            sums[f"payable:{payout.code}"] += payout.gross_fen
            sums["tax"] -= payout.tax_fen
            sums["clearing"] -= payout.gross_fen - payout.tax_fen
    return {account: fen for account, fen in sums.items() if fen}


def expected(books: Books, months: Iterable[str]) -> Json:
    """What `Service.observed` must answer."""
    return {
        "promoters": {
            code: {
                "status": promoter.status,
                "rank": RANKS[len(promoter.promoted_at)],
                "balance": balance(books, code),
                "earnings": {month: earnings(books, code, month) for month in months},
            }
            for code, promoter in books.promoters.items()
        },
        "payouts": [
            {
                "status": payout.status,
                "grossFen": payout.gross_fen,
                "taxFen": payout.tax_fen,
                "netFen": payout.gross_fen - payout.tax_fen,
                "code": payout.code,
            }
            for payout in books.payouts
        ],
        "accounts": accounts(books),
        "zero": [0, 0, 0, 0, 0],
    }

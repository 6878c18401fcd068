"""What the books come to, in the shape in which the service answers."""

from __future__ import annotations

from collections import defaultdict

from tests.blackbox.api import Json
from tests.money.oracle import Books

RANKS = ("PROMOTER", "SENIOR", "ELITE")


def balance(books: Books, code: str) -> dict[str, int]:
    """Signed: what stands below 0 is debt."""
    own = [entry for entry in books.entries if entry.code == code]
    payouts = [payout for payout in books.payouts if payout.code == code]
    sums = {
        "observing": sum(entry.fen for entry in own if entry.state == "OBSERVING"),
        "held": sum(entry.fen for entry in own if entry.state == "HELD"),
        "released": sum(e.fen for e in own if e.state == "RELEASED" and not _is_approved(books, e.payout)),
    }
    return sums | {
        "owed": -sum(min(fen, 0) for fen in sums.values()),
        "on the way": sum(payout.gross_fen for payout in payouts if payout.is_on_the_way),
        "paid": sum(payout.gross_fen for payout in payouts if payout.status == "PAID"),
        "withheld": sum(payout.tax_fen for payout in payouts if payout.status == "PAID"),
    }


def _is_approved(books: Books, number: int | None) -> bool:
    return number is not None and books.payouts[number].status != "CREATED"


def earned(books: Books) -> dict[str, int]:
    """By promoter, month and kind; what a review has struck out stands apart."""
    sums: dict[str, int] = defaultdict(int)
    for entry in books.entries:
        kind = "void" if entry.state == "VOIDED" else entry.kind
        sums[f"{entry.code} {entry.month} {kind}"] += entry.fen
    return {name: fen for name, fen in sums.items() if fen}


def accounts(books: Books) -> dict[str, int]:
    """Each account of the ledger that is not 0: debit positive, credit negative."""
    sums: dict[str, int] = defaultdict(int)
    for entry in books.entries:
        if entry.state != "VOIDED":
            sums["expense"] += entry.fen
            sums[f"payable:{entry.code}"] -= entry.fen
    for payout in books.payouts:
        if payout.is_on_the_way or payout.status == "PAID":
            sums[f"payable:{payout.code}"] += payout.gross_fen
            sums["tax"] -= payout.tax_fen
            sums["clearing"] -= payout.gross_fen - payout.tax_fen
    return {account: fen for account, fen in sums.items() if fen}


def expected(books: Books) -> Json:
    """What `Service.observed` must answer."""
    return {
        "promoters": {
            code: {"status": promoter.status, "rank": RANKS[len(promoter.promoted_at)]}
            for code, promoter in books.promoters.items()
        },
        "balances": {code: balance(books, code) for code in books.promoters},
        "earned": earned(books),
        "payouts": [
            {
                "code": payout.code,
                "status": payout.status,
                "gross": payout.gross_fen,
                "tax": payout.tax_fen,
                "net": payout.gross_fen - payout.tax_fen,
            }
            for payout in books.payouts
        ],
        "accounts": accounts(books),
        "zero": [0] * 5,
    }

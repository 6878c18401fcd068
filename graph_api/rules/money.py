"""Shares and refunds in fen: integers only, the remainder stays with the company."""

from __future__ import annotations

from collections.abc import Sequence

FEN_MAX = 2**63 - 1
BP_WHOLE = 10_000


def share_fen(fen: int, bp: int) -> int:
    """The part of `fen` that `bp` basis points are, rounded down.

    >>> share_fen(100_000, 2000), share_fen(99_999, 300), share_fen(1, 3000)
    (20000, 2999, 0)
    """
    return fen * bp // BP_WHOLE


def share_of_bp(part_fen: int, whole_fen: int) -> int:
    """How many basis points `part_fen` is of `whole_fen`, rounded down; 0 of nothing.

    >>> share_of_bp(1, 3), share_of_bp(5, 5), share_of_bp(0, 0)
    (3333, 10000, 0)
    """
    return part_fen * BP_WHOLE // whole_fen if whole_fen > 0 else 0


def half_up(part: int, whole: int) -> int:
    """`part / whole` (part ≥ 0) rounded half up.

    >>> half_up(4_999, 10_000), half_up(5_000, 10_000), half_up(14_999, 10_000)
    (0, 1, 1)
    """
    return (2 * part + whole) // (2 * whole)


def refund_spread_fen(remaining_fen: Sequence[int], refund_fen: int) -> list[int]:
    """How a refund that names no line falls on the lines: by remaining net, largest remainder first, then line order.

    `remaining_fen` is what each line still has; the refund must not exceed its sum. A line never gets more than it has.

    >>> refund_spread_fen([100, 100, 1], 100)
    [50, 50, 0]
    >>> refund_spread_fen([1, 1, 1], 2)
    [1, 1, 0]
    """
    whole = sum(remaining_fen)
    if not 0 <= refund_fen <= whole:
        raise ValueError(f"a refund of {refund_fen} does not fit into {whole}")
    if whole == 0:
        return [0 for _ in remaining_fen]
    parts = [refund_fen * fen // whole for fen in remaining_fen]
    remainders = [refund_fen * fen % whole for fen in remaining_fen]
    order = sorted(range(len(parts)), key=lambda line: (-remainders[line], line))
    for line in order[: refund_fen - sum(parts)]:
        parts[line] += 1
    return parts


def yuan(fen: int) -> str:
    """Fen as yuan, for sentences.

    >>> yuan(123456789), yuan(123456), yuan(-5)
    ('1,234,567.89', '1,234.56', '-0.05')
    """
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"

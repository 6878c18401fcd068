"""What the oracle says, in the shape in which the service answers."""

from __future__ import annotations

from tests.blackbox.api import Json
from tests.oracle.oracle import Level, Network, Sales, month_end

SALES = "{ orders buyers volumeFen refundedFen }"
LEVELS = "byLevel { level size orders volumeFen }"
OF_ALL_TIME = (
    f"code rank referrer {{ code }} sales {SALES}"
    f" team {{ size directCount validDirectCount maxDepth orders volumeFen {LEVELS} }}"
)
SALES_OF_A_MONTH = (
    f"sales(month: $month) {SALES}"
    " earnings(month: $month) { baseFen tierFen overrideFen clawbackFen adjustmentFen totalFen"
    " overrides { level rateBp salesFen amountFen } }"
)
TEAM_OF_A_MONTH = f"team(month: $month) {{ size orders volumeFen {LEVELS} }}"


def same(found: dict[str, Json], expected: dict[str, Json]) -> None:
    wrong = [(code, found[code], expected[code]) for code in expected if found[code] != expected[code]]
    assert not wrong, (len(wrong), wrong[:3])


def of_all_time(oracle: Network) -> dict[str, Json]:
    ranks = {code: promoter.rank for code, promoter in oracle.promoters.items()}
    for step in oracle.promotions():
        ranks[step.code] = step.to_rank
    at = month_end(oracle.months[-1])
    teams = oracle.teams()
    return {
        code: {
            "code": code,
            "rank": ranks[code],
            "referrer": {"code": promoter.referrer} if promoter.referrer else None,
            "sales": _sales(oracle.sales(code)),
            "team": _team(teams[code])
            | {
                "directCount": len(oracle.children[code]),
                "validDirectCount": oracle.valid_downlines(code, at),
                "maxDepth": len(teams[code]),
            },
        }
        for code, promoter in oracle.promoters.items()
    }


def of_months(oracle: Network) -> dict[str, dict[str, Json]]:
    earned, tiers, lines = oracle.earnings(), oracle.tiers(), oracle.override_lines()
    expected: dict[str, dict[str, Json]] = {}
    for month in oracle.months:
        teams = oracle.teams(month)
        expected[month] = {
            code: {
                "sales": _sales(oracle.sales(code, month)),
                "team": _team(teams[code]),
                "earnings": _earnings(
                    {kind: earned.get((code, month, kind), 0) for kind in ("BASE", "OVERRIDE", "CLAWBACK")},
                    tiers.get((code, month), 0),
                    lines.get((code, month), {}),
                ),
            }
            for code in oracle.promoters
        }
    return expected


def _earnings(by_kind: dict[str, int], tier: int, lines: dict[tuple[int, int], tuple[int, int]]) -> Json:
    return {
        "baseFen": by_kind["BASE"],
        "tierFen": tier,
        "overrideFen": by_kind["OVERRIDE"],
        "clawbackFen": by_kind["CLAWBACK"],
        "adjustmentFen": 0,
        "totalFen": sum(by_kind.values()) + tier,
        "overrides": [
            {"level": level, "rateBp": rate_bp, "salesFen": sales_fen, "amountFen": amount_fen}
            for (level, rate_bp), (sales_fen, amount_fen) in sorted(lines.items())
            if sales_fen
        ],
    }


def _sales(sales: Sales) -> Json:
    return {
        "orders": sales.orders,
        "buyers": sales.buyers,
        "volumeFen": sales.volume_fen,
        "refundedFen": sales.refunded_fen,
    }


def _team(levels: list[Level]) -> Json:
    return {
        "size": sum(level.size for level in levels),
        "orders": sum(level.orders for level in levels),
        "volumeFen": sum(level.volume_fen for level in levels),
        "byLevel": [
            {
                "level": index + 1,
                "size": level.size,
                "orders": level.orders,
                "volumeFen": level.volume_fen,
            }
            for index, level in enumerate(levels)
        ],
    }

"""Counts from the stored facts with plain queries and plain Python, past every cache of the product."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cypher.statements import Statement
from tests.blackbox.api import Json
from tests.oracle.oracle import month_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def rows(store: Any, query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """The rows of a query that only reads."""
    found: list[dict[str, Any]] = await store.run(Statement("tests", "recount", "many", query), parameters or {})
    return found


ORDERS = """
MATCH (:Person)-[:PLACED]->(o:Order)<-[:SOLD]-(p:Promoter)
WHERE p.code <> o.buyer_code
CALL (o) {
  MATCH (o)-[line:CONTAINS]->(:Product)
  RETURN sum(line.paid_fen) AS paid, sum(line.refunded_fen) AS refunded
}
RETURN p.code AS seller, o.buyer_code AS buyer, o.paid_at AS paid_at, paid, refunded
"""
REFERRALS = """
MATCH (p:Promoter)
OPTIONAL MATCH (above:Promoter)-[:REFERRED]->(p)
RETURN p.code AS code, above.code AS above
"""
MONTH = "2026-01"
"""The one month that is asked for beside all time."""
_SALES = "{ orders buyers volumeFen refundedFen }"
_TEAM = "{ size directCount maxDepth orders volumeFen byLevel { level size orders volumeFen } }"
FIELDS = (
    f"referrer {{ code }} sales {_SALES} team {_TEAM}"
    f' salesOfMonth: sales(month: "{MONTH}") {_SALES} teamOfMonth: team(month: "{MONTH}") {_TEAM}'
)


async def numbers(store: Any) -> dict[str, Json]:
    """What `FIELDS` answers for every promoter, from orders and referrals alone."""
    above = {row["code"]: row["above"] for row in await rows(store, REFERRALS)}
    orders = await rows(store, ORDERS)
    of_month = [row for row in orders if month_of(EPOCH + timedelta(microseconds=row["paid_at"])) == MONTH]
    sales, sales_of_month = _sales(above, orders), _sales(above, of_month)
    teams, teams_of_month = _teams(above, sales), _teams(above, sales_of_month)
    return {
        code: {
            "referrer": {"code": above[code]} if above[code] else None,
            "sales": sales[code],
            "team": teams[code],
            "salesOfMonth": sales_of_month[code],
            "teamOfMonth": teams_of_month[code],
        }
        for code in above
    }


def _sales(codes: Iterable[str], orders: list[dict[str, Any]]) -> dict[str, Json]:
    sold: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in orders:
        sold[row["seller"]].append(row)
    return {
        code: {
            "orders": len(sold[code]),
            "buyers": len({row["buyer"] for row in sold[code]}),
            "volumeFen": sum(row["paid"] - row["refunded"] for row in sold[code]),
            "refundedFen": sum(row["refunded"] for row in sold[code]),
        }
        for code in codes
    }


def _teams(above: Mapping[str, str | None], sales: Mapping[str, Json]) -> dict[str, Json]:
    levels: dict[str, list[Json]] = {code: [] for code in above}
    for code in above:
        index, at = 0, above[code]
        while at is not None:
            if len(levels[at]) <= index:
                levels[at] += [_level(each) for each in range(len(levels[at]), index + 1)]
            level = levels[at][index]
            level["size"] += 1
            level["orders"] += sales[code]["orders"]
            level["volumeFen"] += sales[code]["volumeFen"]
            index, at = index + 1, above[at]
    return {
        code: {
            "size": sum(level["size"] for level in of_code),
            "directCount": of_code[0]["size"] if of_code else 0,
            "maxDepth": len(of_code),
            "orders": sum(level["orders"] for level in of_code),
            "volumeFen": sum(level["volumeFen"] for level in of_code),
            "byLevel": of_code,
        }
        for code, of_code in levels.items()
    }


def _level(index: int) -> Json:
    return {"level": index + 1, "size": 0, "orders": 0, "volumeFen": 0}


async def earned(store: Any) -> dict[tuple[str, int, str], int]:
    """(code, month, kind) → Σ of the entries that are not 0."""
    found = await rows(
        store,
        "MATCH (p:Promoter)-[:EARNED]->(c:Commission)"
        " RETURN p.code AS code, c.month AS month, c.kind AS kind, sum(c.amount_fen) AS fen",
    )
    return {(row["code"], row["month"], row["kind"]): row["fen"] for row in found if row["fen"]}

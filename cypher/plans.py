"""Plan versions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from cypher.statements import Run, bind
from graph_api.rules.plan import Attribution, ComplianceMode, PayoutProvider, Plan, SettleFrom, TaxMethod

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class PlanRow:
    plan: dict[str, Any]


@statement
async def versions(run: Run) -> list[PlanRow]: ...


@statement
async def create(run: Run, *, plan: dict[str, Any]) -> None: ...


@statement
async def create_default(run: Run, *, version: str, plan: dict[str, Any]) -> None: ...


def properties_of(plan: Plan) -> dict[str, Any]:
    """A plan as node properties; the graph has no list of lists, so each override level is a list of its own."""
    properties = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(plan).items()
        if name != "override_bp"
    }
    for level, rates in enumerate(plan.override_bp, start=1):
        properties[f"override_{level}_bp"] = list(rates)
    return properties


def plan_of(properties: dict[str, Any]) -> Plan:
    """The plan of a node's properties; a field that is younger than the node has its default."""
    given = dict(properties)
    if "payout_provider" in given:
        given["payout_provider"] = PayoutProvider(given["payout_provider"])
    overrides = [given.pop(f"override_{level}_bp", None) for level in (1, 2)]
    return Plan(
        override_bp=tuple(tuple(rates) for rates in overrides if rates is not None),
        settle_from=SettleFrom(given.pop("settle_from")),
        tax_method=TaxMethod(given.pop("tax_method")),
        attribution=Attribution(given.pop("attribution")),
        compliance_mode=ComplianceMode(given.pop("compliance_mode")),
        valid_downlines=tuple(given.pop("valid_downlines")),
        sales_month_fen=tuple(given.pop("sales_month_fen")),
        **given,
    )

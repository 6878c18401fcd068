"""The plan."""

from __future__ import annotations

from typing import Any

import strawberry

from graph_api.rules import plan as rules
from graph_api.schema.enums import Attribution, ComplianceMode, PayoutProvider, SettleFrom, TaxMethod
from graph_api.schema.problems import UserError
from graph_api.schema.scalars import Fen, Instant


@strawberry.type(
    description="One version of every number of the rules; orders use the version in force at their payment."
)
class Plan:
    version: str = strawberry.field(description="Its name.")
    starts_at: Instant = strawberry.field(description="From when it is in force.")
    override_levels: int = strawberry.field(description="Upline levels that are paid: 0, 1 or 2.")
    override_bp: list[list[int]] = strawberry.field(description="Basis points: overrideBp[level - 1][rank].")
    tier_threshold_fen: Fen = strawberry.field(description="Own sales of a month above this earn the tier.")
    tier_bp: int = strawberry.field(description="The tier, on the whole month.")
    cap_bp: int = strawberry.field(description="Most that base, tier and overrides may pay of a product together.")
    observation_days: int = strawberry.field(description="Days from delivery until an order is safe.")
    settlement_days: int = strawberry.field(description="Working days from then until the payout is due.")
    settle_from: SettleFrom = strawberry.field(description="What the settlement days are counted from.")
    payout_min_fen: Fen = strawberry.field(description="A smaller payout waits.")
    tax_method: TaxMethod = strawberry.field(description="How tax is withheld.")
    attribution: Attribution = strawberry.field(description="Which touch binds a buyer.")
    attribution_days: int = strawberry.field(description="Days that a touch binds.")
    compliance_mode: ComplianceMode = strawberry.field(description="What nearing the legal limits does.")
    valid_downlines: list[int] = strawberry.field(description="Valid downlines for SENIOR, then ELITE.")
    sales_month_fen: list[Fen] = strawberry.field(description="Own sales of each month for SENIOR, then ELITE.")
    sales_months: int = strawberry.field(description="Consecutive months that must reach it.")
    payout_provider: PayoutProvider = strawberry.field(description="How payouts reach promoters.")
    split_cap_bp: int = strawberry.field(description="Most of a payment that profit sharing may take.")

    @classmethod
    def of(cls, plan: rules.Plan) -> Plan:
        same = {name: getattr(plan, name) for name in _SAME}
        return cls(
            **same,
            override_bp=[list(rates) for rates in plan.override_bp],
            valid_downlines=list(plan.valid_downlines),
            sales_month_fen=list(plan.sales_month_fen),
        )


_SAME = [
    "version",
    "starts_at",
    "override_levels",
    "tier_threshold_fen",
    "tier_bp",
    "cap_bp",
    "observation_days",
    "settlement_days",
    "settle_from",
    "payout_min_fen",
    "tax_method",
    "attribution",
    "attribution_days",
    "compliance_mode",
    "sales_months",
    "payout_provider",
    "split_cap_bp",
]


@strawberry.input(
    description="A new version; a field not given is that of the version in force at its start."
    " overrideBp[level - 1][rank]; one list per paid level, at most two."
)
class PlanInput:
    version: str = strawberry.field(description="Its name, the idempotency key.")
    starts_at: Instant = strawberry.field(description="From when it is in force.")
    override_bp: list[list[int]] | None = strawberry.field(
        description="Basis points by level, then rank.", default=strawberry.UNSET
    )
    tier_threshold_fen: Fen | None = strawberry.field(
        description="Own sales of a month above this earn the tier.", default=strawberry.UNSET
    )
    tier_bp: int | None = strawberry.field(description="The tier.", default=strawberry.UNSET)
    cap_bp: int | None = strawberry.field(description="Most that a product may pay in all.", default=strawberry.UNSET)
    observation_days: int | None = strawberry.field(
        description="Days from delivery until safe.", default=strawberry.UNSET
    )
    settlement_days: int | None = strawberry.field(
        description="Working days until the payout.", default=strawberry.UNSET
    )
    settle_from: SettleFrom | None = strawberry.field(
        description="What the settlement days are counted from.", default=strawberry.UNSET
    )
    payout_min_fen: Fen | None = strawberry.field(description="A smaller payout waits.", default=strawberry.UNSET)
    tax_method: TaxMethod | None = strawberry.field(description="How tax is withheld.", default=strawberry.UNSET)
    attribution: Attribution | None = strawberry.field(
        description="Which touch binds a buyer.", default=strawberry.UNSET
    )
    attribution_days: int | None = strawberry.field(description="Days that a touch binds.", default=strawberry.UNSET)
    compliance_mode: ComplianceMode | None = strawberry.field(
        description="What nearing the legal limits does.", default=strawberry.UNSET
    )
    valid_downlines: list[int] | None = strawberry.field(
        description="For SENIOR, then ELITE.", default=strawberry.UNSET
    )
    sales_month_fen: list[Fen] | None = strawberry.field(
        description="For SENIOR, then ELITE.", default=strawberry.UNSET
    )
    sales_months: int | None = strawberry.field(
        description="Consecutive months that must reach it.", default=strawberry.UNSET
    )
    payout_provider: PayoutProvider | None = strawberry.field(
        description="How payouts reach promoters.", default=strawberry.UNSET
    )
    split_cap_bp: int | None = strawberry.field(
        description="Most of a payment that profit sharing may take.", default=strawberry.UNSET
    )

    def given(self) -> dict[str, Any]:
        """The fields that were given, as the rules' plan holds them; null is the same as not given."""
        named = {
            name: value for name, value in vars(self).items() if value is not None and value is not strawberry.UNSET
        }
        return {name: _frozen(value) for name, value in named.items()}


@strawberry.type(description="The version that is published, or why none is.")
class PlanPayload:
    plan: Plan | None = strawberry.field(description="The published version.")
    errors: list[UserError] = strawberry.field(description="Empty if it was published.")


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value

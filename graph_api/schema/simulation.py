"""What a plan would have paid on past orders."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import strawberry

from graph_api.batched.simulation import Simulated
from graph_api.context import Context
from graph_api.rules import plan as rules
from graph_api.rules.simulation import Compared, Sums
from graph_api.schema.nodes import Counted, PageInfo, resolver
from graph_api.schema.orders import Info
from graph_api.schema.plans import Plan
from graph_api.schema.problems import UserError
from graph_api.schema.promoters import Promoter, visible
from graph_api.schema.scalars import Fen, Month


@strawberry.type(description="Commission on the orders of a window, and what of their net is left to the company.")
class SimulationSums:
    base_fen: Fen = strawberry.field(description="Of the sellers.")
    override_1_fen: Fen = strawberry.field(description="Of those one level above the seller.")
    override_2_fen: Fen = strawberry.field(description="Of those two levels above the seller.")
    tier_fen: Fen = strawberry.field(description="Tiers of tierMonths.")
    total_fen: Fen = strawberry.field(description="The sum of these.")
    company_fen: Fen = strawberry.field(description="Net minus total: the company's part.")

    @classmethod
    def of(cls, sums: Sums, *, net_fen: int) -> SimulationSums:
        base_fen, override_1_fen, override_2_fen, tier_fen = sums.fen
        return cls(
            base_fen=base_fen,
            override_1_fen=override_1_fen,
            override_2_fen=override_2_fen,
            tier_fen=tier_fen,
            total_fen=sums.total_fen,
            company_fen=net_fen - sums.total_fen,
        )


@strawberry.type(description="A promoter's commission under the plan and as it was posted.")
class SimulatedPromoter:
    code: strawberry.Private[str]
    simulated_fen: Fen = strawberry.field(description="What the plan would have paid.")
    actual_fen: Fen = strawberry.field(description="What was posted, corrections included.")
    difference_fen: Fen = strawberry.field(description="Simulated minus actual.")

    @resolver(description="Who.")
    async def promoter(self, info: Info) -> Promoter:
        promoter = await visible(info.context, self.code)
        assert promoter is not None, "staff see everybody, and promoters are never deleted"
        return promoter

    @classmethod
    def of(cls, row: Compared) -> SimulatedPromoter:
        return cls(**row._asdict(), difference_fen=row.difference_fen)


@strawberry.type(description="A promoter on a page.")
class SimulatedPromoterEdge:
    cursor: str = strawberry.field(description="Give it as `after` to go on from here.")
    node: SimulatedPromoter = strawberry.field(description="The promoter's sums.")


@strawberry.type(description="Promoters who earn in either, greatest difference first, then by code.")
class SimulatedPromoterConnection(Counted):
    edges: list[SimulatedPromoterEdge] = strawberry.field(description="The page.")

    @classmethod
    async def of(
        cls, context: Context, simulated: Simulated, *, first: int, after: str | None
    ) -> SimulatedPromoterConnection:
        page = await context.simulations.page(simulated, first=first, after=after)

        async def count() -> int:
            return await context.simulations.promoters(simulated)

        return cls(
            edges=[
                SimulatedPromoterEdge(cursor=cursor, node=SimulatedPromoter.of(row))
                for row, cursor in zip(page.rows, page.cursors, strict=True)
            ],
            page_info=PageInfo.of(list(page.cursors), has_next=page.has_next, after=after),
            count=count,
        )


@strawberry.type(
    description="A plan on the orders of a window, beside what was posted for them, held and voided entries included."
    " Everything but the plan stays as it was: the seller (also of orders without a code), the chain, ranks and closed"
    " promoters known at the sale, the products' base rates, refunds so far. The plan that was in force differs by 0."
)
class PlanSimulation:
    plan: Plan | None = strawberry.field(description="The version, with what it inherits; null if it has errors.")
    orders: int | None = strawberry.field(description="Orders paid in the window, whoever sold them.")
    net_fen: Fen | None = strawberry.field(description="Their net: paid minus refunded so far.")
    simulated: SimulationSums | None = strawberry.field(description="What the plan would have paid.")
    actual: SimulationSums | None = strawberry.field(description="What was posted.")
    difference: SimulationSums | None = strawberry.field(description="Simulated minus actual.")
    tier_months: list[Month] | None = strawberry.field(
        description="Months whose tiers are counted in both: closed, and with all their sales in the window."
    )
    open_months: list[Month] | None = strawberry.field(description="Not closed: they have no tier yet, in neither.")
    cut_months: list[Month] | None = strawberry.field(
        description="Closed, but with sales outside the window too: their tier is counted in neither."
    )
    promoters: SimulatedPromoterConnection | None = strawberry.field(description="By promoter.")
    errors: list[UserError] = strawberry.field(description="Why nothing was simulated; empty if it was.")

    @classmethod
    async def of(
        cls, context: Context, plan: rules.Plan, simulated: Simulated, *, first: int, after: str | None
    ) -> PlanSimulation:
        run = simulated.simulation
        return cls(
            plan=Plan.of(plan),
            orders=run.orders,
            net_fen=run.net_fen,
            simulated=SimulationSums.of(run.simulated, net_fen=run.net_fen),
            actual=SimulationSums.of(run.actual, net_fen=run.net_fen),
            difference=SimulationSums.of(run.difference, net_fen=0),
            tier_months=list(simulated.tier_months),
            open_months=list(simulated.open_months),
            cut_months=list(simulated.cut_months),
            promoters=await SimulatedPromoterConnection.of(context, simulated, first=first, after=after),
            errors=[],
        )

    @classmethod
    def refused(cls, errors: list[UserError]) -> PlanSimulation:
        nothing: dict[str, Any] = dict.fromkeys(field.name for field in fields(cls))
        return cls(**nothing | {"errors": errors})

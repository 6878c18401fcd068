"""The queries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

import strawberry
from strawberry.scalars import JSON

from cypher.network import DEPTH_MAX
from graph_api.actions import plans
from graph_api.actions.workbench import ask, ask_saved
from graph_api.batched.asks import PromoterOrder
from graph_api.batched.columns import PEOPLE_MAX, columns
from graph_api.batched.findings import Sifted
from graph_api.batched.orders import Sought
from graph_api.batched.simulation import Window
from graph_api.batched.structures import KINDS
from graph_api.context import Context
from graph_api.jobs import scan
from graph_api.rules.plan import ComplianceMode
from graph_api.schema import workbench
from graph_api.schema.audit import AuditQueries
from graph_api.schema.columns import NetworkColumns
from graph_api.schema.commissions import Commission
from graph_api.schema.counterfactual import Counterfactual
from graph_api.schema.detectors import Detector, DetectorParameterInput, DetectorTrial, detectors, pairs
from graph_api.schema.enums import PromoterSort, RelationKind
from graph_api.schema.findings import FindingConnection, FindingFilter, FindingSort, finding
from graph_api.schema.graph_queries import GraphQueries
from graph_api.schema.impact import BlastRadius
from graph_api.schema.kept import KeptAnswer, answer_number
from graph_api.schema.loss import LossImpact
from graph_api.schema.nodes import Node, kind_and_key, resolver
from graph_api.schema.orders import Info, Order, OrderConnection, OrderFilter
from graph_api.schema.payouts import Contract, LedgerCheck, Payout, PayoutConnection, PayoutFilter
from graph_api.schema.plans import Plan, PlanInput
from graph_api.schema.problems import attempted
from graph_api.schema.products import Product, ProductConnection
from graph_api.schema.promoters import Promoter, PromoterConnection, PromoterFilter, prefetch, visible
from graph_api.schema.scalars import Instant, Month
from graph_api.schema.series import SeriesQueries
from graph_api.schema.simulation import PlanSimulation
from graph_api.schema.structures import MovePreview, RelationPath, Subgraph
from graph_api.schema.workbench import Exploration, Question


@strawberry.type(description="What can be asked. Whatever the viewer may not see answers as if it did not exist.")
class Query(GraphQueries, AuditQueries, SeriesQueries):
    @resolver(description="Any node by its id.")
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        named = kind_and_key(id)
        fetch = _NODES.get(named[0]) if named else None
        return await fetch(info.context, named[1]) if fetch and named else None

    @resolver(description="The promoter that the token stands for.")
    async def me(self, info: Info) -> Promoter | None:
        code = info.context.viewer.promoter_code
        return await _promoter(info, code) if code is not None else None

    @resolver(description="A promoter by its code.")
    async def promoter(self, info: Info, code: str) -> Promoter | None:
        return await _promoter(info, code)

    @resolver(description="All promoters; for staff.")
    async def promoters(
        self,
        info: Info,
        filter: PromoterFilter | None = None,
        order_by: PromoterSort | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> PromoterConnection | None:
        which = filter.which if filter else {}
        order: PromoterOrder = (order_by or PromoterSort.JOINED_AT_DESC).value
        reads = info.context.promoters
        page = await reads.promoters(**which, order=order, first=first, after=after)
        info.context.note_found((row.card for row in page.rows), by=filter.search if filter else None)
        return PromoterConnection.of(page, after=after, count=lambda: reads.promoters_count(**which))

    @resolver(description="A product by its code.")
    async def product(self, info: Info, sku: str) -> Product | None:
        return await _product(info.context, sku)

    @resolver(description="All products.")
    async def products(self, info: Info, first: int = 20, after: str | None = None) -> ProductConnection:
        page = await info.context.products.page(first=first, after=after)
        return ProductConnection.of(info.context, page, after=after)

    @resolver(description="An order by its number; a promoter sees its own sales.")
    async def order(self, info: Info, number: str) -> Order | None:
        return await _order(info.context, number)

    @resolver(description="All orders, latest payment first; for staff.")
    async def orders(
        self, info: Info, filter: OrderFilter | None = None, first: int = 20, after: str | None = None
    ) -> OrderConnection | None:
        sought = filter.sought if filter else Sought()
        seller_code = filter.promoter_code if filter else None
        return await OrderConnection.sought(info.context, sought, seller_code=seller_code, first=first, after=after)

    @resolver(description="All payouts, newest first; a promoter's are under its own fields.")
    async def payouts(
        self, info: Info, filter: PayoutFilter | None = None, first: int = 20, after: str | None = None
    ) -> PayoutConnection | None:
        which = filter or PayoutFilter()
        return await PayoutConnection.received(
            info.context, code=which.promoter_code, status=which.status, first=first, after=after
        )

    @resolver(description="An e-contract by its version, the one in force without one.")
    async def contract(self, info: Info, version: str | None = None) -> Contract | None:
        row = await info.context.payouts.contract(version)
        return Contract.of(row) if row is not None else None

    @resolver(description="Structures that are there now, the gravest first unless told; for RISK, OPERATOR and ADMIN.")
    async def findings(
        self,
        info: Info,
        filter: FindingFilter | None = None,
        order_by: FindingSort | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> FindingConnection | None:
        sifted = filter.sifted if filter else Sifted()
        return await FindingConnection.found(info.context, sifted, order_by=order_by, first=first, after=after)

    @resolver(description="What is looked for; for RISK, OPERATOR and ADMIN.")
    async def detectors(self, info: Info) -> list[Detector] | None:
        return await detectors(info.context)

    @resolver(
        description="What a detector would find with these parameters in place of those in force; nothing is written. For"
        " RISK and ADMIN; one a request."
    )
    async def try_detector(
        self, info: Info, key: str, parameters: list[DetectorParameterInput] | None = None, first: int = 50
    ) -> DetectorTrial | None:
        context = info.context
        trial = scan.try_out(context.store, key, pairs(parameters), now=context.now)
        return DetectorTrial.of(context, *await attempted(trial), first=first)

    @resolver(description="Σ over the whole ledger; both must be 0.")
    async def ledger_check(self, info: Info) -> LedgerCheck | None:
        check = await info.context.payouts.ledger_check()
        return LedgerCheck(entries=check.entries, sum_fen=check.sum_fen, unbalanced_postings=check.unbalanced_postings)

    @resolver(
        description="Flat nodes and edges below a promoter, breadth first, cut at maxDepth and limit, as of now or of any"
        " instant before."
    )
    async def network(
        self, info: Info, root_code: str, max_depth: int = 3, limit: int = 500, at: Instant | None = None
    ) -> Subgraph | None:
        instant = info.context.now if at is None else at
        below = await info.context.structures.below(root_code, depth=max_depth, limit=limit, at=instant)
        return Subgraph.of(below) if below is not None else None

    @resolver(
        description="The tree below a promoter as parallel lists, of up to 100,000 people: what `network` tells as nodes and"
        " edges of up to 5,000."
    )
    async def network_columns(
        self,
        info: Info,
        root_code: str,
        max_depth: int = DEPTH_MAX,
        limit: int = PEOPLE_MAX,
        at: Instant | None = None,
    ) -> NetworkColumns | None:
        found = await columns(info.context.store, root_code, depth=max_depth, limit=limit, at=at)
        return NetworkColumns.of(found) if found is not None else None

    @resolver(description="Shortest typed path between two promoters, over every kind of relation unless told.")
    async def relation(
        self,
        info: Info,
        from_code: str,
        to_code: str,
        via: list[RelationKind] | None = None,
        max_hops: int = 6,
    ) -> RelationPath | None:
        kinds = KINDS if via is None else [kind.value for kind in via]
        path = await info.context.structures.relation(from_code, to_code, kinds=kinds, hops_max=max_hops)
        return await RelationPath.of(info.context, path) if path is not None else None

    @resolver(description="What moving a branch would do. Without a referrer: to the root.")
    async def preview_move(
        self, info: Info, promoter_code: str, referrer_code: str | None = None
    ) -> MovePreview | None:
        plan = await info.context.plans.in_force(info.context.now)
        refuses = plan.compliance_mode is ComplianceMode.REFUSE
        preview = await info.context.structures.preview_move(promoter_code, referrer_code, refuses=refuses)
        return await MovePreview.of(info.context, preview)

    @resolver(description="What a lock of these promoters would do now, to the fen; nothing is written.")
    async def blast_radius(self, info: Info, codes: list[str]) -> BlastRadius | None:
        return await BlastRadius.of_codes(info.context, codes)

    @resolver(
        description="What is lost if a promoter leaves, by the sales of some months up to `until`, the present one"
        " without it; nothing is written."
    )
    async def loss_impact(
        self, info: Info, code: str, months: int = 3, until: Month | None = None
    ) -> LossImpact | None:
        return await LossImpact.asked(info.context, code, months=months, until=until)

    @resolver(
        description="A promoter's promotion without linked accounts and without those named, beside the actual one;"
        " nothing is written."
    )
    async def counterfactual(
        self, info: Info, code: str, without: list[str] | None = None, linked_accounts: bool = True
    ) -> Counterfactual | None:
        return await Counterfactual.asked(info.context, code, without or [], linked_accounts=linked_accounts)

    @resolver(
        description="A question of one's own in Cypher, answered if it only reads, within limits of time and rows; each is"
        " recorded. Refusals are errors of the answer."
    )
    async def explore(
        self, info: Info, cypher: str, parameters: JSON | None = None, rows: int = 200
    ) -> Exploration | None:
        context = info.context
        given = workbench.object_of(parameters)
        return await Exploration.of(
            ask(context.stores.workbench, cypher, given, rows_max=rows, **workbench.asked(context))
        )

    @resolver(description="The saved questions.")
    async def questions(self, info: Info) -> list[Question] | None:
        return workbench.all_questions()

    @resolver(description="A saved question, with its parameters as an object.")
    async def ask_question(
        self, info: Info, name: str, parameters: JSON | None = None, rows: int = 200
    ) -> Exploration | None:
        context = info.context
        given = workbench.object_of(parameters)
        return await Exploration.of(
            ask_saved(context.stores.workbench, name, given, rows_max=rows, **workbench.asked(context))
        )

    @resolver(description="The plan in force at an instant, now without one.")
    async def plan(self, info: Info, at: Instant | None = None) -> Plan:
        return Plan.of(await info.context.plans.in_force(info.context.now if at is None else at))

    @resolver(
        description="What a plan would have paid on past orders, from one instant to before another, beside what was"
        " posted. Errors are those that publishing it would give, or of the window. One a request."
    )
    async def simulate_plan(
        self,
        info: Info,
        input: PlanInput,
        paid_from: Instant | None = None,
        paid_to: Instant | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> PlanSimulation | None:
        context = info.context
        plan, errors = await attempted(plans.judged(context.store, input.given()))
        if plan is None:
            return PlanSimulation.refused(errors)
        simulated, errors = await attempted(context.simulations.run(plan, Window.of(paid_from, paid_to)))
        if simulated is None:
            return PlanSimulation.refused(errors)
        return await PlanSimulation.of(context, plan, simulated, first=first, after=after)


async def _promoter(info: Info, code: str) -> Promoter | None:
    """A promoter, with the answer about it if that is kept."""
    number = answer_number(info, code)
    if number is not None:
        kept = await info.context.kept_answer(code, number)
        if kept is not None:
            return cast("Promoter", KeptAnswer(kept))
        info.context.keeping[str(info.path.key)] = (code, number)
    prefetch(info, code)
    return await visible(info.context, code)


async def _product(context: Context, sku: str) -> Product | None:
    card = await context.products.card(sku)
    return Product.of(card) if card is not None else None


async def _order(context: Context, number: str) -> Order | None:
    card = await context.orders.card(number)
    return Order.of(card) if card is not None else None


async def _commission(context: Context, id: str) -> Commission | None:
    entry = await context.commissions.card(id)
    return Commission.of(entry) if entry is not None else None


async def _payout(context: Context, id: str) -> Payout | None:
    card = await context.payouts.card(id)
    return Payout.of(card) if card is not None else None


_NODES: dict[str, Callable[[Context, str], Awaitable[Node | None]]] = {
    "Promoter": visible,
    "Product": _product,
    "Order": _order,
    "Commission": _commission,
    "Payout": _payout,
    "Finding": finding,
}

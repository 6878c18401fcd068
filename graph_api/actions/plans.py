"""Plan versions: published, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cypher import plans, products
from cypher.statements import Run
from cypher.store import Store, Transaction
from graph_api.errors import Conflict, ManyErrors
from graph_api.rules.plan import Plan, plan_errors, plan_in_force


async def all_versions(run: Run) -> list[Plan]:
    """Every version, by start."""
    return [plans.plan_of(row.plan) for row in await plans.versions(run)]


async def in_force(run: Run, at: int) -> Plan:
    """The version that orders paid at `at` use."""
    return plan_in_force(await all_versions(run), at)


async def publish(store: Store, given: Mapping[str, Any], *, actor: str, now: int) -> Plan:
    """Publish a version; a field not given is that of the version in force at its start.

    The version's name is the idempotency key. Orders that are recorded already keep what they froze.
    """

    async def work(transaction: Transaction) -> Plan:
        versions = await all_versions(transaction)
        there = next((plan for plan in versions if plan.version == given["version"]), None)
        before = [plan for plan in versions if plan is not there]
        plan = replace(plan_in_force(before or versions, given["starts_at"]), **given)
        if there is not None:
            if replace(there, **given) == there:
                return there
            raise Conflict(f"plan {plan.version} is published with other content", field=["version"])
        if any(other.starts_at == plan.starts_at for other in versions):
            raise Conflict("another version starts at this instant", field=["startsAt"])
        rates = await products.rates(transaction)
        errors = plan_errors(plan, commission_bps=rates.commission_bps)
        if errors:
            raise ManyErrors(errors)
        await plans.create(transaction, plan=plans.properties_of(plan))
        transaction.journal("plan_published", at=plan.starts_at, actor=actor, version=plan.version)
        return plan

    return await store.write(work, now=now)

"""Plan versions: published, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cypher import plans, products
from cypher.statements import Run
from cypher.store import Store, Transaction
from graph_api.rules.calendar import month_of, month_start
from graph_api.rules.plan import Plan, judged_version, plan_in_force


async def all_versions(run: Run) -> list[Plan]:
    """Every version, by start."""
    return [plans.plan_of(row.plan) for row in await plans.versions(run)]


async def in_force(run: Run, at: int) -> Plan:
    """The version that orders paid at `at` use."""
    return plan_in_force(await all_versions(run), at)


async def judged(run: Run, given: Mapping[str, Any]) -> Plan:
    """The version that `given` would publish; Conflict or ManyErrors if it would be refused."""
    versions = await all_versions(run)
    starts_at = given["starts_at"]
    rates = await products.rates(run, since_at=starts_at)
    of_month = await products.rates(run, since_at=month_start(month_of(starts_at)))
    return judged_version(
        versions, given, commission_bps=rates.commission_bps, month_commission_bps=of_month.commission_bps
    )


async def publish(store: Store, given: Mapping[str, Any], *, actor: str, now: int) -> Plan:
    """Publish a version; a field not given is that of the version in force at its start.

    The version's name is the idempotency key. Orders that are recorded already keep what they froze.
    """

    async def work(transaction: Transaction) -> Plan:
        plan = await judged(transaction, given)
        if plan not in await all_versions(transaction):
            await plans.create(transaction, plan=plans.properties_of(plan))
            transaction.journal("plan_published", at=plan.starts_at, actor=actor, version=plan.version)
        return plan

    return await store.write(work, now=now)

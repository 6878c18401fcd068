"""Mutations of the risk team: scan and review."""

from __future__ import annotations

import strawberry

from graph_api.actions import findings
from graph_api.actions.findings import Recorded
from graph_api.jobs.scan import find
from graph_api.schema.findings import FindingPayload, ScanRiskPayload, Verdict, finding
from graph_api.schema.nodes import kind_and_key, resolver
from graph_api.schema.orders import Info
from graph_api.schema.problems import attempted


@strawberry.type
class RiskMutations:
    @resolver(description="Looks for structures, all kinds or those named, and records what is found.")
    async def scan_risk(self, info: Info, detectors: list[str] | None = None) -> ScanRiskPayload:
        context = info.context
        scanned, errors = await attempted(
            find(context.store, detectors=detectors, actor=context.viewer.actor, now=context.now)
        )
        done = scanned.recorded if scanned is not None else Recorded()
        return ScanRiskPayload(
            keys=done.keys,
            raised=len(done.raised),
            changed=done.changed,
            closed=done.closed,
            locked=done.locked,
            errors=errors,
        )

    @resolver(description="Says what a person has decided about a finding.")
    async def review_finding(
        self, info: Info, id: strawberry.ID, verdict: Verdict, note: str | None = None
    ) -> FindingPayload:
        context = info.context
        named = kind_and_key(id)
        key = named[1] if named and named[0] == "Finding" else f"?{id}"
        work = findings.review(context.store, key, verdict.value, note, actor=context.viewer.actor, now=context.now)
        _, errors = await attempted(work)
        return FindingPayload(finding=None if errors else await finding(context, key), errors=errors)

"""Mutations of the risk team: scan and review."""

from __future__ import annotations

import strawberry

from graph_api.actions import detectors as parameters_of
from graph_api.actions import findings
from graph_api.actions.findings import Recorded
from graph_api.jobs.scan import find
from graph_api.schema.detectors import DetectorParameterInput, DetectorPayload, detector, pairs
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

    @resolver(
        description="Sets parameters of a detector, for every scan from now on; those not given stay, or with `reset` are the"
        " defaults again. It locks and releases nobody by itself: the next scan does, and tryDetector says whom. basedOn:"
        " refused if another parameter set is in force by now."
    )
    async def set_detector_parameters(
        self,
        info: Info,
        key: str,
        parameters: list[DetectorParameterInput],
        reason: str,
        reset: bool = False,
        based_on: int | None = None,
    ) -> DetectorPayload:
        context = info.context
        given, who = pairs(parameters), context.viewer.actor
        work = parameters_of.choose(
            context.store, key, given, reset=reset, based_on=based_on, reason=reason, actor=who, now=context.now
        )
        _, errors = await attempted(work)
        return DetectorPayload(detector=None if errors else await detector(context, key), errors=errors)

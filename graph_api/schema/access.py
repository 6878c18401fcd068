"""Who may do what: one table of every field and every mutation by role, and the one place where it is enforced.

A field that is missing from the table, or a line of it without a field, stops the schema from being built.
What a role may not read is null with FORBIDDEN beside it, so such fields are nullable; that is checked too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, is_non_null_type

from graph_api.viewer import Role, Viewer

COLUMNS = (Role.PROMOTER, Role.OPERATOR, Role.RISK, Role.FINANCE, Role.SERVICE, Role.ADMIN)
ANSWERS = {
    "y": "yes",
    "v": "visible",
    "s": "itself",
    "-": "no",
}
"""y: may. v: may, and what the viewer does not see answers as if it did not exist. s: of the promoter that the token
stands for, of others FORBIDDEN. -: FORBIDDEN."""

# The letters stand for PROMOTER, OPERATOR, RISK, FINANCE, SERVICE, ADMIN.
TABLE: Mapping[str, Mapping[str, str]] = {
    "Query": {
        "node": "vyyyyy",
        "me": "yyyyyy",
        "promoter": "vyyyyy",
        "promoters": "-yyy-y",
        "product products plan": "yyyyyy",
        "order": "vyyyyy",
        "orders": "-yyyyy",
        "network networkColumns relation": "-yyy-y",
        "previewMove": "-yy--y",
        "networkDiff cycles chains ring identifierHubs quarantinedClaims": "-yy--y",
        "blastRadius lossImpact": "-yyy-y",
        "counterfactual": "-yy--y",
        "explore questions askQuestion": "--y--y",
        "payouts": "-yyy-y",
        "ledgerCheck": "-yyy-y",
        "contract": "yyyyyy",
        "simulatePlan salesSeries salesGroups": "-y-y-y",
        "findings detectors": "-yy--y",
        "auditLog": "--y--y",
        "findPromoters": "-yyy-y",
        "tryDetector": "--y--y",
    },
    "Mutation": {
        "enrolPromoter bindReferrer recordTouch recordOrders advanceOrder refundOrder recordPayment": "-y--yy",
        "linkIdentifiers upsertProduct": "-y--yy",
        "moveBranch closePromoter publishPlan": "-y---y",
        "resolveClaim": "-y---y",
        "closeMonth": "-y-y-y",
        "settle approvePayouts confirmPayouts failPayouts": "---y-y",
        "acceptContract": "vy--yy",
        "publishContract": "-y---y",
        "lockPromoter unlockPromoter": "-yy--y",
        "voidHeldCommissions": "--y--y",
        "scanRisk reviewFinding setDetectorParameters": "--y--y",
    },
    "Subscription": {
        "teamChanged": "vyyyyy",
        "findingRaised": "-yy--y",
    },
    "Promoter": {
        "id code name status rank joinedAt": "yyyyyy",
        "referrer upline": "vyyyyy",
        "downline sales team promotion": "yyyyyy",
        "phone": "syyyyy",
        "earnings orders commissions balance payouts acceptedContract": "syyy-y",
        "compliance": "-yy--y",
        "statement taxRecord lock": "syyy-y",
        "findings": "-yy--y",
    },
    "Order": {
        "id number status buyerCode lines paidFen refundedFen netFen paidAt deliveredAt observedUntil": "yyyyyy",
        "promoter commissions": "vyyyyy",
    },
    "Commission": {
        "id kind state promoter level rateBp amountFen planVersion releaseAt dueOn dueProvisional explanation": "yyyyyy",
        "order": "vyyyyy",
    },
    "Payout": {
        "id promoter status grossFen taxFen netFen createdAt dueOn dueProvisional finishedAt reason commissions": "yyyyyy",
        "provider sentAt providerReference confirmation": "yyyyyy",
        "note contradiction": "-yyy-y",
    },
}

EXPORTS: Mapping[str, str] = {"payouts": "---y-y", "commissions": "---y-y", "statement": "s--y-y", "tax": "---y-y"}
"""Files at /exports/NAME.csv and .xlsx, by the same letters."""
EVIDENCE = "--y--y"
"""The pack of evidence at /exports/evidence.jsonl: it tells of findings."""

# What can be reached only through a field above: reading it needs no further right.
OPEN: Mapping[str, str] = {
    "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
    "PromoterConnection": "edges pageInfo totalCount",
    "PromoterEdge": "cursor node",
    "SalesGroup": "key orders volumeFen",
    "SalesGroups": "groups hasMore truncated",
    "SalesSeries": "points orderValues truncated",
    "SalesPoint": "from to orders volumeFen refundedFen commissionFen activePromoters payouts payoutGrossFen payoutNetFen"
    " newPromoters referredPromoters fissionBp",
    "OrderValues": "fromFen belowFen orders",
    "AuditConnection": "edges pageInfo",
    "AuditEntryEdge": "cursor node",
    "AuditEntry": "seq kind actor at recordedAt codes codeCount facts",
    "DownlineConnection": "edges pageInfo totalCount",
    "DownlineEdge": "cursor node level",
    "ProductConnection": "edges pageInfo totalCount",
    "ProductEdge": "cursor node",
    "OrderConnection": "edges pageInfo totalCount",
    "OrderEdge": "cursor node",
    "CommissionConnection": "edges pageInfo totalCount",
    "CommissionEdge": "cursor node",
    "PayoutConnection": "edges pageInfo totalCount",
    "PayoutEdge": "cursor node",
    "Balance": "observingFen heldFen releasedFen onTheWayFen paidFen owedFen withheldTaxFen",
    "Lock": "since reason",
    "FindingConnection": "edges pageInfo totalCount",
    "FindingEdge": "cursor node",
    "Finding": "id detector detectorVersion parameterSet score status memberCount namedCount members"
    " structure evidence atStakeFen sentence firstSeen lastSeen closedAt reviewedAt note blastRadius",
    "BlastRadius": "promoterCount locks frozenFen entries endedPayouts stoppedPayouts stoppedFen sentFen teamSize"
    " uplineCount overrideAboveFen overrideAboveReceivers effects uplines",
    "LockEffect": "promoter locks frozenFen observingFen releasedFen createdFen debtFen heldFen entries endedPayouts"
    " stoppedPayouts stoppedFen sentPayouts sentFen",
    "UplineEffect": "promoter downlines validDownlines validDownlinesAfter required eligible eligibleAfter restsOnThem",
    "Counterfactual": "promoter rank nextRank actual without rankHolds steps leftOutCount leftOut truncated",
    "LossImpact": "promoter teamSize directCount levels months ownFen teamFen overrideLevels rootShareBp uplines"
    " overrideEarnedFen customers",
    "LossMonth": "month ownFen teamFen",
    "LossLevel": "level ownFen branchFen",
    "UplineLoss": "promoter level teamFen ownShareBp branchShareBp overrideOwnFen overrideBranchFen",
    "BoundCustomers": "count truncated",
    "PromotionOutlook": "eligible routes",
    "LeftOut": "code named direct identifiers",
    "SharedIdentifier": "kind hash",
    "StepWithout": "rank at holds downlines downlinesWithout downlinesRequired months",
    "Evidence": "key value threshold",
    "Detector": "key version title description mayLock parameters settings parameterSet parameterSets open reviewed"
    " confirmed dismissed reviews lastScan",
    "DetectorParameter": "key meaning unit value default least most notBelow",
    "ParameterValue": "key value",
    "ParameterSet": "number at actor reason chosen",
    "DetectorReviews": "detectorVersion parameterSet confirmed dismissed precisionPct",
    "DetectorScan": "at actor tookMs found parameterSet",
    "DetectorPayload": "detector errors",
    "DetectorTrial": "parameters promoters orders found raised changed closed locked atStakeFen tookMs findings errors",
    "TrialFinding": "score outcome memberCount members structure evidence atStakeFen sentence",
    "ScanRiskPayload": "raised changed closed locked findings errors",
    "FindingPayload": "finding errors",
    "Contract": "version title body publishedAt",
    "LedgerCheck": "entries sumFen unbalancedPostings",
    "SetAside": "subject key reason",
    "SettlePayload": "released payoutCount promotions payouts setAside errors",
    "PayoutsPayload": "payouts errors",
    "ContractPayload": "version errors",
    "VoidHeldPayload": "voidedFen errors",
    "Statement": "month openingFen baseFen tierFen overrideFen clawbackFen adjustmentFen voidedFen paidOutFen returnedFen"
    " closingFen entries payouts debts debtFen",
    "StatementPayout": "at amountFen payout",
    "TaxRecord": "year months grossFen dueFen withheldFen",
    "TaxMonth": "month taxMethod payouts grossFen taxableFen dueFen withheldFen cumulatedGrossFen cumulatedWithheldFen",
    "SalesAggregate": "orders buyers volumeFen refundedFen",
    "TeamAggregate": "promoterCode size directCount validDirectCount maxDepth orders volumeFen byLevel computedAt source",
    "TeamLevel": "level size orders volumeFen",
    "PromotionProgress": "eligible rank nextRank routes nearlyValid",
    "ValidDownlinesRoute": "satisfied detail current required",
    "SalesMonthsRoute": "satisfied detail months requiredMonths requiredFen",
    "SalesMonth": "month salesFen reached",
    "Earnings": "month baseFen tierFen overrideFen clawbackFen adjustmentFen totalFen overrides",
    "OverrideLine": "level rateBp salesFen amountFen",
    "Product": "id sku title priceFen commissionBp active",
    "OrderLine": "product quantity paidFen refundedFen",
    "Plan": "version startsAt overrideLevels overrideBp tierThresholdFen tierBp capBp observationDays settlementDays"
    " settleFrom payoutMinFen taxMethod attribution attributionDays complianceMode validDownlines salesMonthFen salesMonths"
    " payoutProvider splitCapBp",
    "PlanSimulation": "plan orders netFen simulated actual difference tierMonths openMonths cutMonths promoters errors",
    "SimulationSums": "baseFen override1Fen override2Fen tierFen totalFen companyFen",
    "SimulatedPromoterConnection": "edges pageInfo totalCount",
    "SimulatedPromoterEdge": "cursor node",
    "SimulatedPromoter": "promoter simulatedFen actualFen differenceFen",
    "Exploration": "columns rows truncated tookMs errors",
    "Question": "name title cypher parameters",
    "QuestionParameter": "name kind default meaning",
    "GraphNode": "id kind label promoter level",
    "GraphEdge": "source target kind weight netFen",
    "Subgraph": "nodes edges truncated",
    "RelationPath": "hops nodes edges truncated",
    "NetworkColumns": "codes parents ranks rankNames statuses statusNames joinedSeconds volumesFen truncated",
    "NetworkDiff": "nodes edges moves added removed moved unchanged truncated",
    "DiffNode": "node state levelBefore levelAfter",
    "DiffEdge": "edge state",
    "BranchMove": "promoter fromReferrer toReferrer at reason",
    "Cycles": "cycles truncated",
    "Cycle": "length codes structure",
    "Chains": "chains truncated",
    "Chain": "levels codes structure",
    "Ring": "structure people hubs truncated",
    "IdentifierHub": "kind label people",
    "IdentifierHubEdge": "cursor node",
    "IdentifierHubConnection": "edges pageInfo",
    "QuarantinedClaimConnection": "edges pageInfo totalCount",
    "QuarantinedClaimEdge": "cursor node",
    "QuarantinedClaim": "promoter claimedReferrer cycle cycleTruncated quarantinedAt decision decidedAt decidedBy reason",
    "ClaimPayload": "claim changed errors",
    "ComplianceMeter": "levels people levelsLimit peopleLimit state",
    "UplineDelta": "promoter sizeDelta volumeDeltaFen",
    "MovePreview": "wouldCycle cyclePath movedCount uplineDeltas complianceAfter errors",
    "WouldCycle": "code message field path",
    "AlreadyBound": "code message field referrerCode protectedUntil",
    "NotFound": "code message field",
    "Conflict": "code message field",
    "Invalid": "code message field",
    "Refused": "code message field",
    "OrderProblem": "index number code message",
    "ProductPayload": "product errors",
    "PromoterPayload": "promoter errors",
    "RecordOrdersPayload": "recorded duplicates parked problems",
    "OrderPayload": "order parked errors",
    "TouchPayload": "boundTo errors",
    "LinkIdentifiersPayload": "linked errors",
    "PlanPayload": "plan errors",
    "CloseMonthPayload": "month tierEntries promotions errors",
}


class Forbidden(Exception):
    """The role may not read or do this."""


def check_export(name: str, viewer: Viewer, promoter_code: str | None) -> None:
    """Forbidden if the viewer may not have the file, of this promoter where it is of one."""
    letter = dict(zip(COLUMNS, EXPORTS[name], strict=True))[viewer.role]
    if letter == "-" or (letter == "s" and promoter_code != viewer.promoter_code):
        raise Forbidden(f"{viewer.role} may not export {name}" + (" of others" if letter == "s" else ""))


def check_evidence(viewer: Viewer) -> None:
    """Forbidden if the viewer may have no pack of evidence."""
    if dict(zip(COLUMNS, EVIDENCE, strict=True))[viewer.role] != "y":
        raise Forbidden(f"{viewer.role} may not export evidence")


class AccessIncomplete(TypeError):
    """The table and the schema disagree; raised when the schema is built."""


def permissions() -> dict[tuple[str, str], str]:
    """(type, field) to its letters by role."""
    listed = [(type_, fields, letters) for type_, rows in TABLE.items() for fields, letters in rows.items()]
    listed += [(type_, fields, "y" * len(COLUMNS)) for type_, fields in OPEN.items()]
    return {(type_, field): letters for type_, fields, letters in listed for field in fields.split()}


def guard(schema: GraphQLSchema) -> None:
    """Put every field under the table; fields that everybody may read keep their resolver, and their speed."""
    letters_by_field = permissions()
    fields = {
        (type_.name, name): field
        for type_ in schema.type_map.values()
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__")
        for name, field in type_.fields.items()
    }
    if fields.keys() != letters_by_field.keys():
        differing = sorted(".".join(pair) for pair in fields.keys() ^ letters_by_field.keys())
        raise AccessIncomplete(f"not both in the schema and in the access table: {', '.join(differing)}")
    for (type_name, name), field in fields.items():
        _guard_field(type_name, name, field, letters_by_field[type_name, name])


def _guard_field(type_name: str, name: str, field: GraphQLField, letters: str) -> None:
    if not set(letters) & {"-", "s"}:
        return
    if type_name not in ("Mutation", "Subscription") and is_non_null_type(field.type):
        raise AccessIncomplete(f"{type_name}.{name} is denied to some role, so it must be nullable")
    if "s" in letters and type_name != "Promoter":
        raise AccessIncomplete(f"{type_name}.{name}: only a promoter's fields can be its own")
    where, letter_by_role = f"{type_name}.{name}", dict(zip(COLUMNS, letters, strict=True))
    assert field.resolve is not None, f"{where} has no resolver"
    field.resolve = _guarded(field.resolve, where, letter_by_role)
    if field.subscribe is not None:  # a subscription is under the table when it begins and at each event
        field.subscribe = _guarded(field.subscribe, where, letter_by_role)


def _guarded(inner: Callable[..., Any], where: str, letter_by_role: Mapping[Role, str]) -> Callable[..., Any]:
    def resolve(source: Any, info: Any, **arguments: Any) -> Any:
        viewer: Viewer = info.context.viewer
        letter = letter_by_role[viewer.role]
        if letter == "-" or (letter == "s" and source.code != viewer.promoter_code):
            raise Forbidden(f"{viewer.role} may not use {where}" + (" of others" if letter == "s" else ""))
        return inner(source, info, **arguments)

    resolve.is_plain = getattr(inner, "is_plain", False)  # type: ignore[attr-defined]
    return resolve


def as_markdown() -> str:
    """The table as docs/access.md holds it."""
    lines = [
        "# Who may do what",
        "",
        "Made from `graph_api/schema/access.py`, which is also what is enforced; a test compares the two.",
        "",
        "- **yes**: may.",
        "- **visible**: may; what the viewer does not see answers as if it did not exist. A PROMOTER sees itself and"
        " its team, the orders it sold and the commission entries it received.",
        "- **itself**: of the promoter that the token stands for; of others null with `FORBIDDEN` beside it.",
        "- **no**: null with `FORBIDDEN` beside it.",
        "",
        "Names and phones are raw for the promoter itself and for FINANCE, each of whose looks is recorded in the"
        " journal; masked for everybody else. In an export they are masked unless `names=raw` asks for them.",
        "",
        f"| | {' | '.join(COLUMNS)} |",
        f"|---|{'---|' * len(COLUMNS)}",
    ]
    for type_, rows in TABLE.items():
        for fields, letters in rows.items():
            named = ", ".join(f"`{type_}.{field}`" for field in fields.split())
            lines.append(f"| {named} | {' | '.join(ANSWERS[letter] for letter in letters)} |")
    for name, letters in EXPORTS.items():
        named = f"`/exports/{name}.csv`, `/exports/{name}.xlsx`"
        lines.append(f"| {named} | {' | '.join(ANSWERS[letter] for letter in letters)} |")
    answers = " | ".join(ANSWERS[letter] for letter in EVIDENCE)
    lines.append(f"| `/exports/evidence.jsonl` | {answers} |")
    open_types = ", ".join(f"`{type_}`" for type_ in OPEN)
    lines += ["", f"Whoever reads a field of one of these types may read all of it: {open_types}.", ""]
    return "\n".join(lines)

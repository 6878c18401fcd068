"""Detectors as the risk team manages them: definitions, parameters, how right they have been, and trials."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Any

import strawberry

from cypher.detectors import Standing
from graph_api.context import Context
from graph_api.jobs import scan
from graph_api.risk import detector as risk
from graph_api.risk.registry import DETECTORS
from graph_api.schema.findings import Evidence
from graph_api.schema.nodes import resolver
from graph_api.schema.orders import Info
from graph_api.schema.problems import UserError
from graph_api.schema.promoters import Promoter, visible
from graph_api.schema.scalars import Fen, Instant, Whole
from graph_api.schema.structures import GraphEdge, GraphNode, Subgraph


@strawberry.enum(description="What a parameter counts. TIMES: how many times a measure.")
class ParameterUnit(Enum):
    FEN = "FEN"
    DAYS = "DAYS"
    HOURS = "HOURS"
    PERCENT = "PERCENT"
    PEOPLE = "PEOPLE"
    ORDERS = "ORDERS"
    LEVELS = "LEVELS"
    TIMES = "TIMES"


@strawberry.enum(description="What recording a structure would do.")
class TrialOutcome(Enum):
    RAISED = strawberry.enum_value("RAISED", description="A finding that is new, or open again.")
    CHANGED = strawberry.enum_value("CHANGED", description="A known finding with other numbers or members.")
    UNCHANGED = strawberry.enum_value("UNCHANGED", description="A known finding as it is.")


@strawberry.type(description="A number of a detector's definition.")
class DetectorParameter:
    key: str = strawberry.field(description="Its name.")
    meaning: str = strawberry.field(description="What it is, for people.")
    unit: ParameterUnit = strawberry.field(description="What it counts.")
    value: Whole = strawberry.field(description="What it is now.")
    default: Whole = strawberry.field(description="What it is unless somebody sets it.")
    least: Whole = strawberry.field(description="The lowest it may be.")
    most: Whole = strawberry.field(description="The highest it may be.")
    not_below: str | None = strawberry.field(
        description="The parameter that it must not be below: what locks is never below what alerts."
    )

    @classmethod
    def all_of(cls, context: Context, detector: risk.Detector, limits: risk.Limits) -> list[DetectorParameter]:
        return [
            cls(
                key=each.key,
                meaning=getattr(each.meaning, context.language),
                unit=ParameterUnit(each.unit),
                value=limits[each.key],
                default=each.default,
                least=each.least,
                most=each.most,
                not_below=each.not_below,
            )
            for each in detector.parameters
        ]


@strawberry.type(description="A parameter and its value.")
class ParameterValue:
    key: str = strawberry.field(description="Its name.")
    value: Whole = strawberry.field(description="What it is.")


@strawberry.type(
    description="Parameters that somebody chose for a detector; the latest set is in force for every scan."
)
class ParameterSet:
    number: int = strawberry.field(description="Counted by detector; 0: the defaults, before anybody chose.")
    at: Instant | None = strawberry.field(description="Since when.")
    actor: str | None = strawberry.field(description="Who chose them.")
    reason: str | None = strawberry.field(description="Why.")
    chosen: list[ParameterValue] = strawberry.field(description="Those that are not the default.")

    @classmethod
    def of(cls, row: list[Any] | None) -> ParameterSet:
        number, at, actor, reason, names, values = row or [0, None, None, None, [], []]
        chosen = [ParameterValue(key=key, value=value) for key, value in zip(names, values, strict=True)]
        return cls(number=number, at=at, actor=actor, reason=reason, chosen=chosen)


@strawberry.type(description="What people said of the findings of one version and parameter set of a detector.")
class DetectorReviews:
    detector_version: int = strawberry.field(description="The version whose findings were reviewed.")
    parameter_set: int = strawberry.field(description="Number of the parameters that they were seen with.")
    confirmed: int = strawberry.field(description="How many were confirmed.")
    dismissed: int = strawberry.field(description="How many were dismissed.")
    precision_pct: int = strawberry.field(description="Confirmed of reviewed, per cent, rounded down.")


@strawberry.type(description="The latest scan that a detector took part in.")
class DetectorScan:
    at: Instant = strawberry.field(description="When it was.")
    actor: str = strawberry.field(description="Whose it was; the scheduler's, most days.")
    took_ms: int = strawberry.field(description="Milliseconds that this detector looked, the network being read.")
    found: int = strawberry.field(description="Structures that it found.")
    parameter_set: int = strawberry.field(description="Number of the parameters that it looked with.")


@strawberry.type(description="A definition of what is looked for.")
class Detector:
    definition: strawberry.Private[risk.Detector]
    standing: strawberry.Private[Standing]
    key: str = strawberry.field(description="Its name.")
    version: int = strawberry.field(description="Rises when the same network would give other findings.")
    may_lock: bool = strawberry.field(description="Whether a score of 90 locks whom the finding names.")

    @resolver(description="Its name for people.")
    def title(self, info: Info) -> str:
        title: str = getattr(self.definition.title, info.context.language)
        return title

    @resolver(description="What it finds.")
    def description(self, info: Info) -> str:
        description: str = getattr(self.definition.description, info.context.language)
        return description

    @resolver(description="Its numbers in short: what they are now, and between what they may be.")
    def parameters(self) -> list[Evidence]:
        limits = self.limits()
        return [
            Evidence(key=each.key, value=str(limits[each.key]), threshold=f"{each.least}–{each.most}")
            for each in self.definition.parameters
        ]

    @resolver(description="Its numbers, each with its meaning, unit, default and bounds.")
    def settings(self, info: Info) -> list[DetectorParameter]:
        return DetectorParameter.all_of(info.context, self.definition, self.limits())

    @resolver(description="The parameters in force.")
    def parameter_set(self) -> ParameterSet:
        return ParameterSet.of(self.standing.sets[0] if self.standing.sets else None)

    @resolver(description="The sets that people have chosen, the latest first.")
    async def parameter_sets(self, info: Info, first: int = 10) -> list[ParameterSet]:
        rows = await info.context.findings.parameter_sets(self.key, first=first)
        return [ParameterSet.of(row) for row in rows]

    @resolver(description="Its findings that are there and that nobody has reviewed.")
    def open(self) -> int:
        return self.standing.open

    @resolver(description="How many of its findings people have reviewed.")
    def reviewed(self) -> int:
        return self.confirmed() + self.dismissed()

    @resolver(description="How many of those were confirmed.")
    def confirmed(self) -> int:
        return sum(confirmed for _, _, confirmed, _ in self.standing.reviews)

    @resolver(description="How many of those were dismissed.")
    def dismissed(self) -> int:
        return sum(dismissed for *_, dismissed in self.standing.reviews)

    @resolver(description="Its precision, by the version and the parameters that were reviewed.")
    def reviews(self) -> list[DetectorReviews]:
        return [
            DetectorReviews(
                detector_version=version,
                parameter_set=number,
                confirmed=confirmed,
                dismissed=dismissed,
                precision_pct=confirmed * 100 // (confirmed + dismissed),
            )
            for version, number, confirmed, dismissed in self.standing.reviews
        ]

    @resolver(description="Its latest scan.")
    def last_scan(self) -> DetectorScan | None:
        if not self.standing.scans:
            return None
        at, took_ms, found, parameter_set, actor = self.standing.scans[0]
        return DetectorScan(at=at, actor=actor, took_ms=took_ms, found=found, parameter_set=parameter_set)

    def limits(self) -> risk.Limits:
        """What its parameters are now."""
        chosen: dict[str, int] = {}
        for *_, names, values in self.standing.sets:
            chosen = dict(zip(names, values, strict=True))
        return self.definition.limits(self.definition.still_valid(chosen))

    @classmethod
    def of(cls, definition: risk.Detector, standing: Standing) -> Detector:
        return cls(
            definition=definition,
            standing=standing,
            key=definition.key,
            version=definition.version,
            may_lock=definition.may_lock,
        )


@strawberry.input(description="A parameter to be set.")
class DetectorParameterInput:
    key: str = strawberry.field(description="Its name.")
    value: Whole = strawberry.field(description="What it is to be, within its bounds.")


@strawberry.type(description="The detector as it is now, or an error for each parameter at fault.")
class DetectorPayload:
    detector: Detector | None = strawberry.field(description="The detector.")
    errors: list[UserError] = strawberry.field(description="Empty if its parameters are as asked for.")


@strawberry.type(description="A structure that a trial has found.")
class TrialFinding:
    found: strawberry.Private[risk.Found]
    score: int = strawberry.field(description="60 where the threshold is just met, 90 where it is grave, at most 100.")
    outcome: TrialOutcome = strawberry.field(description="What recording it would do.")
    member_count: int = strawberry.field(description="Promoters it is made of.")
    at_stake_fen: Fen = strawberry.field(description="Commission on its members' orders that is not paid out yet.")

    @resolver(description="Those it names; of a very large one not all.")
    async def members(self, info: Info, first: int = 20) -> list[Promoter]:
        shown = await asyncio.gather(*(visible(info.context, code) for code in self.found.members[:first]))
        return [promoter for promoter in shown if promoter is not None]

    @resolver(description="How its members hang together.")
    def structure(self) -> Subgraph:
        names = dict.fromkeys(f"PROMOTER:{code}" for code in self.found.members)
        names |= dict.fromkeys(name for edge in self.found.edges for name in (edge.source, edge.target))
        return Subgraph(
            nodes=[GraphNode.of(name) for name in names],
            edges=[GraphEdge.of(*edge) for edge in self.found.edges],
            truncated=self.found.truncated,
        )

    @resolver(description="Its numbers beside the thresholds that were tried.")
    def evidence(self) -> list[Evidence]:
        return [Evidence(**each._asdict()) for each in self.found.evidence]

    @resolver(description="What it is, for people.")
    def sentence(self, info: Info) -> str:
        sentence: str = getattr(self.found.sentence, info.context.language)
        return sentence


@strawberry.type(
    description="What a detector would find with other parameters, beside what is recorded. Nothing is written. One at a"
    " time: while a scan or another trial runs, it is refused and may be asked again."
)
class DetectorTrial:
    parameters: list[DetectorParameter] = strawberry.field(description="What was tried: `value`.")
    promoters: int = strawberry.field(description="Promoters that were looked at.")
    orders: int = strawberry.field(description="Orders that were looked at.")
    found: int = strawberry.field(description="Structures that it would find.")
    raised: int = strawberry.field(description="Of these, findings that would be new, or open again.")
    changed: int = strawberry.field(description="Known findings that would get other numbers or members.")
    closed: int = strawberry.field(description="Known findings that would close, as they are found no more.")
    locked: int = strawberry.field(description="Promoters that would be locked by it who are not locked now.")
    at_stake_fen: Fen = strawberry.field(
        description="Commission of everybody named that is not paid out yet, each counted once."
    )
    took_ms: int = strawberry.field(description="Milliseconds it took, with reading the network.")
    findings: list[TrialFinding] = strawberry.field(description="The gravest of them.")
    errors: list[UserError] = strawberry.field(description="Why nothing was tried; empty if it was.")

    @classmethod
    def of(cls, context: Context, tried: scan.Trial | None, errors: list[UserError], *, first: int) -> DetectorTrial:
        if tried is None:
            nothing = dict.fromkeys(
                ("promoters", "orders", "found", "raised", "changed", "closed", "locked", "at_stake_fen", "took_ms"), 0
            )
            return cls(parameters=[], findings=[], errors=errors, **nothing)
        outcomes = tried.foreseen.outcomes
        return cls(
            parameters=DetectorParameter.all_of(context, tried.detector, tried.limits),
            promoters=tried.promoters,
            orders=tried.orders,
            found=len(tried.found),
            raised=sum(outcome == "RAISED" for outcome in outcomes.values()),
            changed=sum(outcome == "CHANGED" for outcome in outcomes.values()),
            closed=tried.foreseen.closed,
            locked=len(tried.foreseen.locked),
            at_stake_fen=tried.at_stake_fen,
            took_ms=round(tried.seconds * 1000),
            findings=[
                TrialFinding(
                    found=found,
                    score=found.score,
                    outcome=TrialOutcome(outcomes[found.key]),
                    member_count=found.member_count,
                    at_stake_fen=found.at_stake_fen,
                )
                for found in tried.found[:first]
            ],
            errors=[],
        )


def pairs(given: list[DetectorParameterInput] | None) -> list[tuple[str, int]]:
    """Parameters as the actions take them."""
    return [(each.key, each.value) for each in given or []]


async def detectors(context: Context) -> list[Detector]:
    """All of them, each with what is recorded of it."""
    standings = await context.findings.standings(list(DETECTORS))
    return [Detector.of(each, standings[each.key]) for each in DETECTORS.values()]


async def detector(context: Context, key: str) -> Detector:
    """One of them."""
    return Detector.of(DETECTORS[key], (await context.findings.standings([key]))[key])

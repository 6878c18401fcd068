"""The plan: every number of the rules, versioned, with its bounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any

from graph_api.errors import Conflict, DomainError, Invalid, ManyErrors, OutOfBounds, TooManyLevels
from graph_api.rules.calendar import INSTANT_MIN, month_end, month_of, month_start
from graph_api.rules.money import FEN_MAX

BASE_BP = (1500, 3000)
OVERRIDE_BP = (300, 500)
CAP_BP_MAX = 5000
OVERRIDE_LEVELS_MAX = 2
DAYS_MAX = 366
SPLIT_CAP_BP_MAX = 3000
"""What WeChat lets a merchant share of a payment by default; a merchant's own setting may be lower."""


class Rank(StrEnum):
    """The ladder, which is also the community circles 新手营 → 进阶群 → 精英会."""

    PROMOTER = "PROMOTER"
    SENIOR = "SENIOR"
    ELITE = "ELITE"


RANKS = tuple(Rank)


class Attribution(StrEnum):
    FIRST_TOUCH = "FIRST_TOUCH"
    LAST_TOUCH = "LAST_TOUCH"


class SettleFrom(StrEnum):
    OBSERVATION_END = "OBSERVATION_END"
    PAYMENT = "PAYMENT"


class TaxMethod(StrEnum):
    PER_MONTH = "PER_MONTH"
    CUMULATIVE = "CUMULATIVE"


class ComplianceMode(StrEnum):
    OBSERVE = "OBSERVE"
    WARN = "WARN"
    REFUSE = "REFUSE"


class PayoutProvider(StrEnum):
    """How payouts reach promoters; WECHAT_SPLIT takes them out of the buyers' payments (profit sharing, 分账)."""

    BANK_FILE = "BANK_FILE"
    WECHAT_TRANSFER = "WECHAT_TRANSFER"
    WECHAT_SPLIT = "WECHAT_SPLIT"


@dataclass(frozen=True, slots=True)
class Plan:
    """One version. `override_bp[level - 1][rank]`; `valid_downlines` and `sales_month_fen` are for SENIOR, then ELITE."""

    version: str = "default"
    starts_at: int = INSTANT_MIN
    override_bp: tuple[tuple[int, ...], ...] = ((300, 400, 500), (300, 300, 300))
    tier_threshold_fen: int = 5_000_000
    tier_bp: int = 500
    cap_bp: int = 4500
    observation_days: int = 7
    settlement_days: int = 3
    settle_from: SettleFrom = SettleFrom.OBSERVATION_END
    payout_min_fen: int = 100
    tax_method: TaxMethod = TaxMethod.PER_MONTH
    attribution: Attribution = Attribution.FIRST_TOUCH
    attribution_days: int = 30
    compliance_mode: ComplianceMode = ComplianceMode.WARN
    valid_downlines: tuple[int, ...] = (20, 60)
    sales_month_fen: tuple[int, ...] = (1_000_000, 3_000_000)
    sales_months: int = 3
    payout_provider: PayoutProvider = PayoutProvider.BANK_FILE
    split_cap_bp: int = SPLIT_CAP_BP_MAX

    @property
    def override_levels(self) -> int:
        return len(self.override_bp)

    def override_rate_bp(self, *, level: int, rank: Rank) -> int:
        """Basis points that a receiver of `rank` earns at `level` (1 is the seller's referrer); 0 beyond the plan's levels."""
        if level > self.override_levels:
            return 0
        return self.override_bp[level - 1][RANKS.index(rank)]


DEFAULT_PLAN = Plan()


def plan_in_force(plans: Sequence[Plan], at: int) -> Plan:
    """The version with the latest start that is not after `at`."""
    return max((plan for plan in plans if plan.starts_at <= at), key=lambda plan: plan.starts_at)


def crossings(plans: Sequence[Plan]) -> list[Plan]:
    """Versions that end within a month, each as its last orders are paid: the month's TIER is that of the version at its end.

    What both allow together is the lower of their caps.

    >>> (crossed,) = crossings([DEFAULT_PLAN, replace(DEFAULT_PLAN, version="mid", starts_at=month_end(202602) - 1, tier_bp=900)])
    >>> crossed.override_bp == DEFAULT_PLAN.override_bp, crossed.tier_bp, crossed.version
    (True, 900, 'default with the tier of mid')
    """
    ordered = sorted(plans, key=lambda plan: plan.starts_at)
    crossed = []
    for plan, following in pairwise(ordered):
        month = month_of(following.starts_at)
        if following.starts_at == month_start(month):
            continue
        last = plan_in_force(ordered, month_end(month) - 1)
        crossed.append(
            replace(
                plan,
                version=f"{plan.version} with the tier of {last.version}",
                tier_bp=last.tier_bp,
                cap_bp=min(plan.cap_bp, last.cap_bp),
                split_cap_bp=min(plan.split_cap_bp, last.split_cap_bp),
            )
        )
    return crossed


def judged_version(
    versions: Sequence[Plan],
    given: Mapping[str, Any],
    *,
    commission_bps: Iterable[int],
    month_commission_bps: Iterable[int] = (),
) -> Plan:
    """The version that `given` describes: a field not given is that of the version in force at its start.

    A version that is there is itself if `given` says nothing else. Conflict if the name or the start is taken;
    ManyErrors tells what is wrong, an error per field. `commission_bps`: rates of the products it would apply to;
    `month_commission_bps`: those of the whole month of its start.
    """
    there = next((plan for plan in versions if plan.version == given["version"]), None)
    if there is not None:
        if replace(there, **given) != there:
            raise Conflict(f"plan {there.version} is published with other content", field=["version"])
        return there
    plan = replace(plan_in_force(versions, given["starts_at"]), **given)
    if any(other.starts_at == plan.starts_at for other in versions):
        raise Conflict("another version starts at this instant", field=["startsAt"])
    errors = plan_errors(plan, commission_bps=commission_bps) or _crossing_errors(
        versions, plan, max(month_commission_bps, default=0)
    )
    if errors:
        raise ManyErrors(errors)
    return plan


def _crossing_errors(versions: Sequence[Plan], plan: Plan, commission_bp: int) -> list[DomainError]:
    """What months could pay in which `plan` and another version are both in force."""
    before = crossings(versions)
    errors: list[DomainError] = []
    for crossed in crossings([*versions, plan]):
        worst_bp = worst_case_bp(crossed, commission_bp)
        if crossed not in before and worst_bp > crossed.cap_bp:
            message = (
                f"could pay {worst_bp} bp of a product under plan {crossed.version}, above the cap of {crossed.cap_bp}:"
                " begin with a month, or change less"
            )
            errors.append(OutOfBounds(message, field=["startsAt"]))
    return errors


def worst_case_bp(plan: Plan, commission_bp: int) -> int:
    """Base, tier and the dearest overrides of one product together.

    >>> worst_case_bp(DEFAULT_PLAN, 3000)
    4300
    """
    return commission_bp + plan.tier_bp + sum(max(level) for level in plan.override_bp)


def plan_errors(plan: Plan, *, commission_bps: Iterable[int] = ()) -> list[DomainError]:
    """What is wrong with a plan, an error per field; `commission_bps`: rates of the products it would apply to."""
    errors = [*_override_errors(plan), *_bound_errors(plan)]
    if errors:
        return errors
    worst_bp = max((worst_case_bp(plan, bp) for bp in commission_bps), default=0)
    if worst_bp > plan.cap_bp:
        errors.append(
            OutOfBounds(f"could pay {worst_bp} bp of a product, above the cap of {plan.cap_bp}", field=["capBp"])
        )
    return errors + split_cap_errors(plan, worst_bp)


def split_cap_errors(plan: Plan, worst_bp: int) -> list[DomainError]:
    """Profit sharing cannot give away more of a payment than its cap, whatever the plan promises.

    >>> split_cap_errors(Plan(payout_provider=PayoutProvider.WECHAT_SPLIT), 3001)[0].field
    ['splitCapBp']
    >>> split_cap_errors(Plan(payout_provider=PayoutProvider.WECHAT_TRANSFER), 3001)
    []
    """
    if plan.payout_provider is not PayoutProvider.WECHAT_SPLIT or worst_bp <= plan.split_cap_bp:
        return []
    message = f"could pay {worst_bp} bp of a payment, above the {plan.split_cap_bp} that profit sharing may take"
    return [OutOfBounds(message, field=["splitCapBp"])]


def _override_errors(plan: Plan) -> list[DomainError]:
    if plan.override_levels > OVERRIDE_LEVELS_MAX:
        return [
            TooManyLevels("at most two override levels: a third is refused by law and by rule", field=["overrideBp"])
        ]
    errors: list[DomainError] = []
    low, high = OVERRIDE_BP
    for index, rates in enumerate(plan.override_bp):
        where = ["overrideBp", str(index)]
        if len(rates) != len(RANKS):
            errors.append(Invalid(f"level {index + 1} needs a rate for each of {len(RANKS)} ranks", field=where))
        elif not all(low <= bp <= high for bp in rates):
            errors.append(OutOfBounds(f"override rates are {low}-{high} bp", field=where))
    return errors


def _bound_errors(plan: Plan) -> list[DomainError]:
    bounds: list[tuple[str, int, int, int]] = [
        ("tierThresholdFen", plan.tier_threshold_fen, 0, FEN_MAX),
        ("tierBp", plan.tier_bp, 0, CAP_BP_MAX),
        ("capBp", plan.cap_bp, 0, CAP_BP_MAX),
        ("observationDays", plan.observation_days, 0, DAYS_MAX),
        ("settlementDays", plan.settlement_days, 0, DAYS_MAX),
        ("payoutMinFen", plan.payout_min_fen, 0, FEN_MAX),
        ("attributionDays", plan.attribution_days, 0, DAYS_MAX),
        ("salesMonths", plan.sales_months, 1, 12),
        ("splitCapBp", plan.split_cap_bp, 0, SPLIT_CAP_BP_MAX),
    ]
    errors: list[DomainError] = [
        OutOfBounds(f"{field} must lie in {low}-{high}", field=[field])
        for field, value, low, high in bounds
        if not low <= value <= high
    ]
    ladder = [("validDownlines", plan.valid_downlines), ("salesMonthFen", plan.sales_month_fen)]
    for field, steps in ladder:
        if len(steps) != len(RANKS) - 1:
            errors.append(Invalid(f"{field} needs a number for each of {len(RANKS) - 1} steps", field=[field]))
        elif not (1 <= steps[0] <= steps[1] <= FEN_MAX):
            errors.append(OutOfBounds(f"{field} must be positive and not fall", field=[field]))
    if not plan.version.strip() or len(plan.version) > 64:
        errors.append(Invalid("version must be 1-64 characters", field=["version"]))
    return errors


def product_rate_errors(commission_bp: int, plans: Iterable[Plan]) -> list[DomainError]:
    """What is wrong with a product's base rate under the plans that are or will be in force."""
    low, high = BASE_BP
    if not low <= commission_bp <= high:
        return [OutOfBounds(f"commissionBp must lie in {low}-{high}", field=["commissionBp"])]
    errors: list[DomainError] = []
    for plan in plans:
        worst_bp = worst_case_bp(plan, commission_bp)
        under = f"could pay {worst_bp} bp under plan {plan.version}, above"
        if worst_bp > plan.cap_bp:
            errors.append(OutOfBounds(f"{under} its cap of {plan.cap_bp}", field=["commissionBp"]))
        elif split_cap_errors(plan, worst_bp):
            message = f"{under} the {plan.split_cap_bp} that profit sharing may take"
            errors.append(OutOfBounds(message, field=["commissionBp"]))
    return errors

"""Enumerations of the API; those of the rules are the rules' own."""

from __future__ import annotations

from enum import Enum

import strawberry

from graph_api.rules.commission import CommissionKind
from graph_api.rules.plan import Attribution, ComplianceMode, PayoutProvider, Rank, SettleFrom, TaxMethod

strawberry.enum(
    Rank, description="The ladder of promoters, which is also the community circles 新手营 → 进阶群 → 精英会."
)
strawberry.enum(CommissionKind, description="What an entry is: a first share, or a later correction down or up.")
strawberry.enum(Attribution, description="Whether a live binding of a buyer stays, or each touch replaces it.")
strawberry.enum(SettleFrom, description="From when the settlement days are counted.")
strawberry.enum(TaxMethod, description="How tax on labour income is withheld.")
strawberry.enum(ComplianceMode, description="What happens when a tree nears the legal limits of levels and people.")
strawberry.enum(
    PayoutProvider,
    description="How payouts reach promoters: a file for the bank, WeChat's merchant transfer, or WeChat's profit sharing.",
)

__all__ = [
    "AggregateSource",
    "Attribution",
    "CommissionKind",
    "CommissionState",
    "ComplianceMode",
    "DownlineSort",
    "ErrorCode",
    "IdentifierKind",
    "OrderStatus",
    "PayoutProvider",
    "PayoutStatus",
    "PromoterSort",
    "PromoterStatus",
    "Rank",
    "SettleFrom",
    "TaxMethod",
]


@strawberry.enum(description="Whether a promoter takes part: LOCKED is under review, CLOSED has ended.")
class PromoterStatus(Enum):
    ACTIVE = "ACTIVE"
    LOCKED = "LOCKED"
    CLOSED = "CLOSED"


@strawberry.enum(description="Where an order stands. COMPLETED: the observation is over.")
class OrderStatus(Enum):
    PAID = "PAID"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    COMPLETED = "COMPLETED"
    REFUNDED = "REFUNDED"
    CANCELLED = "CANCELLED"


@strawberry.enum(description="Where an entry stands between the sale and the payout.")
class CommissionState(Enum):
    OBSERVING = "OBSERVING"
    HELD = "HELD"
    RELEASED = "RELEASED"
    PAID = "PAID"
    VOIDED = "VOIDED"


@strawberry.enum(description="Where a payout stands; the last three are final.")
class PayoutStatus(Enum):
    CREATED = "CREATED"
    APPROVED = "APPROVED"
    SENT = "SENT"
    AWAITING_RECEIPT = "AWAITING_RECEIPT"
    PAID = "PAID"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


@strawberry.enum(description="Why a mutation refused its input.")
class ErrorCode(Enum):
    NOT_FOUND = "NOT_FOUND"
    INVALID = "INVALID"
    CONFLICT = "CONFLICT"
    WOULD_CYCLE = "WOULD_CYCLE"
    ALREADY_BOUND = "ALREADY_BOUND"
    SELF_REFERRAL = "SELF_REFERRAL"
    NOT_ACTIVE = "NOT_ACTIVE"
    TOO_MANY_LEVELS = "TOO_MANY_LEVELS"
    OUT_OF_BOUNDS = "OUT_OF_BOUNDS"
    COMPLIANCE_LIMIT = "COMPLIANCE_LIMIT"
    OVER_REFUND = "OVER_REFUND"
    WRONG_STATE = "WRONG_STATE"


@strawberry.enum(description="What an identifier is.")
class IdentifierKind(Enum):
    DEVICE = "DEVICE"
    PAYOUT_ACCOUNT = "PAYOUT_ACCOUNT"
    ID_NUMBER = "ID_NUMBER"
    PHONE = "PHONE"
    ADDRESS = "ADDRESS"


@strawberry.enum(description="Where an aggregate was read: Redis, or counted in the graph just now.")
class AggregateSource(Enum):
    CACHE = "CACHE"
    GRAPH = "GRAPH"


@strawberry.enum(description="Order of a list of promoters; ties by code.")
class PromoterSort(Enum):
    JOINED_AT_DESC = "JOINED_AT_DESC"
    CODE = "CODE"
    TEAM_SIZE_DESC = "TEAM_SIZE_DESC"
    TEAM_VOLUME_DESC = "TEAM_VOLUME_DESC"
    SALES_DESC = "SALES_DESC"


@strawberry.enum(description="Order of a downline page; ties by code.")
class DownlineSort(Enum):
    LEVEL = "LEVEL"
    JOINED_AT_DESC = "JOINED_AT_DESC"
    SALES_DESC = "SALES_DESC"
    TEAM_VOLUME_DESC = "TEAM_VOLUME_DESC"


@strawberry.enum(description="What relates two nodes. CLAIMED_REFERRAL: quarantined, not in effect.")
class RelationKind(Enum):
    REFERRED = "REFERRED"
    CLAIMED_REFERRAL = "CLAIMED_REFERRAL"
    PURCHASED_THROUGH = "PURCHASED_THROUGH"
    DEVICE = "DEVICE"
    PAYOUT_ACCOUNT = "PAYOUT_ACCOUNT"
    ID_NUMBER = "ID_NUMBER"
    PHONE = "PHONE"
    ADDRESS = "ADDRESS"


@strawberry.enum(description="What a node is.")
class NodeKind(Enum):
    PROMOTER = "PROMOTER"
    BUYER = "BUYER"
    DEVICE = "DEVICE"
    PAYOUT_ACCOUNT = "PAYOUT_ACCOUNT"
    ID_NUMBER = "ID_NUMBER"
    PHONE = "PHONE"
    ADDRESS = "ADDRESS"


@strawberry.enum(description="How near a tree is to the prosecution line.")
class ComplianceState(Enum):
    CLEAR = "CLEAR"
    NEAR = "NEAR"
    OVER = "OVER"

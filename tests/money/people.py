"""Who is there, who referred whom from when on, and who may be paid."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from tests.money import events
from tests.money.events import Event
from tests.money.trade import Refused


@dataclass
class Referral:
    referrer: str
    since: datetime | None
    until: datetime | None = None

    def holds_at(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclass
class Promoter:
    code: str
    joined_at: datetime
    closed_at: datetime | None = None
    locked: bool = False
    accepted: str | None = None
    referrals: list[Referral] = field(default_factory=list)
    promoted_at: list[datetime] = field(default_factory=list)

    @property
    def status(self) -> str:
        if self.locked:
            return "LOCKED"
        return "ACTIVE" if self.closed_at is None else "CLOSED"

    @property
    def referrer(self) -> str | None:
        return next((referral.referrer for referral in self.referrals if referral.until is None), None)

    def referrer_at(self, at: datetime) -> str | None:
        return next((referral.referrer for referral in self.referrals if referral.holds_at(at)), None)

    def rank_at(self, at: datetime) -> int:
        """0, 1 or 2: how many steps up it had taken."""
        return max((step for step, since in enumerate(self.promoted_at, 1) if since <= at), default=0)


class People:
    """Promoters and their contracts, one event after the other."""

    def __init__(self) -> None:
        self.promoters: dict[str, Promoter] = {}
        self.known: dict[str, Event] = {}
        self.with_account: set[str] = set()
        self.contracts: list[str] = []

    def _enrol(self, event: events.Enrol) -> None:
        there = self.known.get(f"enrol {event.code}")
        if there is not None:
            if there != event:
                raise Refused("CONFLICT")
            return
        promoter = Promoter(event.code, event.joined_at)
        if event.referrer is not None:
            if self._promoter(event.referrer).status != "ACTIVE":
                raise Refused("NOT_ACTIVE")
            promoter.referrals.append(Referral(event.referrer, None))
        self.promoters[event.code] = promoter
        self.known[f"enrol {event.code}"] = event

    def _bind(self, event: events.Bind) -> None:
        promoter = self._promoter(event.code)
        if promoter.referrer == event.referrer:
            return
        if event.code == event.referrer:
            raise Refused("SELF_REFERRAL")
        if promoter.closed_at is not None:
            raise Refused("NOT_ACTIVE")
        if promoter.referrer is not None:
            raise Refused("ALREADY_BOUND")
        self._refer(promoter, event.referrer, event.at)

    def _move(self, event: events.Move) -> None:
        known = self.known.get(f"move {event.key}")
        if known is not None:
            if known != event:
                raise Refused("CONFLICT")
            return
        promoter = self._promoter(event.code)
        if event.code == event.referrer:
            raise Refused("SELF_REFERRAL")
        if promoter.referrer != event.referrer:
            self._refer(promoter, event.referrer, event.at)
        self.known[f"move {event.key}"] = event

    def _refer(self, promoter: Promoter, referrer: str | None, at: datetime) -> None:
        """From `at` on; nobody has two referrers at one instant."""
        if any(at < (each.until or each.since or at) for each in promoter.referrals):
            raise Refused("INVALID")
        if referrer is not None:
            above: str | None = referrer
            while above is not None:
                if above == promoter.code:
                    raise Refused("WOULD_CYCLE")
                above = self._promoter(above).referrer
            if self._promoter(referrer).status != "ACTIVE":
                raise Refused("NOT_ACTIVE")
        for each in promoter.referrals:
            each.until = each.until or at
        if referrer is not None:
            promoter.referrals.append(Referral(referrer, at))

    def _close(self, event: events.Close) -> None:
        promoter = self._promoter(event.code)
        promoter.closed_at = promoter.closed_at or event.at

    def _link_account(self, event: events.LinkAccount) -> None:
        self.with_account.add(event.code)

    def _publish_contract(self, event: events.PublishContract) -> None:
        if event.version not in self.contracts:
            self.contracts.append(event.version)

    def _accept(self, event: events.Accept) -> None:
        promoter = self._promoter(event.code)
        version = self.contracts[-1] if event.version == "current" else event.version
        if version not in self.contracts:
            raise Refused("NOT_FOUND")
        if version not in (promoter.accepted, self.contracts[-1]):
            raise Refused("WRONG_STATE")
        promoter.accepted = version

    def _promoter(self, code: str) -> Promoter:
        if code not in self.promoters:
            raise Refused("NOT_FOUND")
        return self.promoters[code]

    def may_be_paid(self, code: str) -> bool:
        promoter = self.promoters[code]
        signed = bool(self.contracts) and promoter.accepted == self.contracts[-1]
        return signed and code in self.with_account and not promoter.locked

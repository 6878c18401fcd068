"""The upline and ranks as they stood at an instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from graph_api.rules.commission import UplineAt
from graph_api.rules.plan import Rank

PAID_CHAIN_LENGTH = 3
"""The seller and the two levels that may earn override."""


class Referral(NamedTuple):
    """`since_at` None: since enrolment, which holds from the beginning. `until_at` None: still."""

    referrer_code: str
    since_at: int | None
    until_at: int | None


@dataclass(frozen=True, slots=True)
class PersonHistory:
    """What is needed to know a promoter's referrer, rank and standing at any past instant."""

    code: str
    status: str
    closed_at: int | None
    senior_at: int | None
    elite_at: int | None
    referrals: Sequence[Referral]

    def rank_at(self, at: int) -> Rank:
        if self.elite_at is not None and self.elite_at <= at:
            return Rank.ELITE
        return Rank.SENIOR if self.senior_at is not None and self.senior_at <= at else Rank.PROMOTER

    def referrer_at(self, at: int) -> str | None:
        for referral in self.referrals:
            began = referral.since_at is None or referral.since_at <= at
            if began and (referral.until_at is None or at < referral.until_at):
                return referral.referrer_code
        return None


def chain_at(people: Mapping[str, PersonHistory], seller_code: str, at: int) -> list[UplineAt]:
    """The seller and up to two levels above, as they stood at `at`; nobody stands in it twice.

    Moves that were dated back may have put two people above each other at one past instant: the chain ends there.
    """
    chain: list[UplineAt] = []
    code: str | None = seller_code
    while code is not None and len(chain) < PAID_CHAIN_LENGTH and all(person.code != code for person in chain):
        history = people[code]
        closed = history.closed_at is not None and history.closed_at <= at
        chain.append(UplineAt(code, history.rank_at(at), closed))
        code = history.referrer_at(at)
    return chain

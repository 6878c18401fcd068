"""Promotion without linked accounts: who is left out, and what both routes come to without them.

A ring is made of people who share a device, payout account, phone or ID number, directly or through others. Left out of a
promoter's promotion are its own ring, and every ring that holds two or more of its direct downlines: several codes of what
may be one person. Identifiers of a crowd link nobody; whoever reads them leaves those out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from graph_api.rules.plan import Plan, Rank
from graph_api.rules.promotion import Progress, SalesOfMonth, progress


class Share(NamedTuple):
    """Somebody has an identifier, named `KIND:hash`."""

    person: str
    identifier: str


class LeftOut(NamedTuple):
    """`identifiers`: what joins the person to its ring; `named`: asked for by code."""

    code: str
    named: bool
    identifiers: tuple[str, ...]


class Downline(NamedTuple):
    """A direct downline with a sale that counts: since when, and since when without sales to those left out."""

    code: str
    active: bool
    since: int
    since_without: int | None


class Step(NamedTuple):
    """A promotion as it was recorded, with its evidence."""

    to_rank: Rank
    effective_at: int
    route: str
    downlines: int
    downlines_required: int
    months: tuple[SalesOfMonth, ...]
    month_required_fen: int


class StepWithout(NamedTuple):
    """The same step without those left out; `holds`: one of its routes would have been enough."""

    step: Step
    downlines: int
    months: tuple[SalesOfMonth, ...]

    @property
    def holds(self) -> bool:
        by_months = all(month.sales_fen >= self.step.month_required_fen for month in self.months)
        return self.downlines >= self.step.downlines_required or (bool(self.months) and by_months)


class Recounted(NamedTuple):
    actual: Progress
    without: Progress
    steps: tuple[StepWithout, ...]


def rings(shares: Iterable[Share]) -> list[dict[str, tuple[str, ...]]]:
    """People joined by identifiers that two or more of them have, each with those identifiers.

    >>> rings([Share("a", "PHONE:1"), Share("b", "PHONE:1"), Share("b", "DEVICE:2"), Share("c", "DEVICE:3")])
    [{'a': ('PHONE:1',), 'b': ('PHONE:1',)}]
    """
    people_by_identifier: dict[str, set[str]] = {}
    for share in shares:
        people_by_identifier.setdefault(share.identifier, set()).add(share.person)
    shared = {identifier: people for identifier, people in people_by_identifier.items() if len(people) > 1}
    identifiers_by_person: dict[str, set[str]] = {}
    for identifier, people in shared.items():
        for person in people:
            identifiers_by_person.setdefault(person, set()).add(identifier)
    found: list[dict[str, tuple[str, ...]]] = []
    met: set[str] = set()
    for start in sorted(identifiers_by_person):
        if start in met:
            continue
        ring, pending = {start}, [start]
        while pending:
            around = {other for identifier in identifiers_by_person[pending.pop()] for other in shared[identifier]}
            pending += around - ring
            ring |= around
        met |= ring
        found.append({person: tuple(sorted(identifiers_by_person[person])) for person in sorted(ring)})
    return found


def left_out(
    code: str, downlines: Collection[str], shares: Iterable[Share], named: Collection[str]
) -> dict[str, LeftOut]:
    """Whom a promoter's promotion is judged without, by code; never the promoter itself."""
    out = {person: LeftOut(person, True, ()) for person in sorted(named)}
    direct = set(downlines)
    for ring in rings(shares):
        if code in ring or len(direct & ring.keys()) > 1:
            for person, identifiers in ring.items():
                out[person] = LeftOut(person, person in named, identifiers)
    out.pop(code, None)
    return out


def recounted(
    plan: Plan,
    *,
    rank: Rank,
    months: Sequence[SalesOfMonth],
    downlines: Sequence[Downline],
    out: Collection[str],
    sales_fen: Mapping[int, int],
    steps: Iterable[Step],
) -> Recounted:
    """Both routes of the next step, and each step so far, with everybody and without `out`.

    `sales_fen`: own sales to those left out, by month. Of the downlines that a past step counted, those are taken off
    that count only by a sale to somebody left out, or are left out themselves.
    """

    def since_without(downline: Downline) -> int | None:
        return None if downline.code in out else downline.since_without

    def less(counted: Sequence[SalesOfMonth]) -> tuple[SalesOfMonth, ...]:
        return tuple(SalesOfMonth(each.month, each.sales_fen - sales_fen.get(each.month, 0)) for each in counted)

    def lost(at: int) -> int:
        with_all = sum(downline.since <= at for downline in downlines)
        return with_all - sum((since_without(downline) or at + 1) <= at for downline in downlines)

    active = [downline for downline in downlines if downline.active]
    valid_without = sum(since_without(downline) is not None for downline in active)
    return Recounted(
        progress(plan, rank=rank, valid_downlines=len(active), months=months),
        progress(plan, rank=rank, valid_downlines=valid_without, months=less(months)),
        tuple(StepWithout(step, max(step.downlines - lost(step.effective_at), 0), less(step.months)) for step in steps),
    )

"""Under a plan that refuses, no enrolment, bind or move takes a tree over the prosecution line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cypher import structures
from cypher.store import Transaction
from graph_api.actions.plans import in_force
from graph_api.errors import ComplianceLimit
from graph_api.rules.compliance import ComplianceState, Meter, over_the_line
from graph_api.rules.plan import ComplianceMode


@dataclass(slots=True)
class Trees:
    """The trees that some promoters stand in, as they grow row by row."""

    _root_of: dict[str, str] = field(default_factory=dict)
    _level_of: dict[str, int] = field(default_factory=dict)
    _meter_of: dict[str, Meter] = field(default_factory=dict)

    @classmethod
    async def of(cls, transaction: Transaction, codes: Iterable[str]) -> Trees:
        found = cls()
        for tree in await structures.trees(transaction, codes=sorted(set(codes))):
            found._root_of[tree.code] = tree.root_code
            found._level_of[tree.code] = tree.level
            found._meter_of[tree.root_code] = Meter(tree.levels, tree.people)
        return found

    def add(self, code: str, referrer_code: str | None) -> ComplianceLimit | None:
        """Let somebody new join below its referrer; the reason why not, and then nothing has changed."""
        if referrer_code is None:
            self._root_of[code], self._level_of[code], self._meter_of[code] = code, 0, Meter(1, 1)
            return None
        root, level = self._root_of[referrer_code], self._level_of[referrer_code] + 1
        before = self._meter_of[root]
        after = Meter(max(before.levels, level + 1), before.people + 1)
        if after.state is ComplianceState.OVER:
            return over_the_line(root, after)
        self._root_of[code], self._level_of[code], self._meter_of[root] = root, level, after
        return None


async def refuses(transaction: Transaction, at: int) -> bool:
    """Whether the plan in force refuses what would go over the line."""
    return (await in_force(transaction, at)).compliance_mode is ComplianceMode.REFUSE


async def check_tree(transaction: Transaction, code: str, *, at: int) -> None:
    """Raise if the tree that a promoter stands in now, within this transaction, is over the line and the plan refuses."""
    if not await refuses(transaction, at):
        return
    for tree in await structures.trees(transaction, codes=[code]):
        meter = Meter(tree.levels, tree.people)
        if meter.state is ComplianceState.OVER:
            raise over_the_line(tree.root_code, meter)

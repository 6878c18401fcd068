"""A network with everything the real one lacks: refunds, orders without a code, ranks, closed promoters, identifiers."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox import network_files
from tests.blackbox.api import Api, quoted
from tests.blackbox.command import Command
from tests.blackbox.recount import earned
from tests.oracle.expected import OF_ALL_TIME, TEAM_OF_A_MONTH, of_all_time, of_months, same
from tests.oracle.oracle import Network


@pytest.mark.long
async def test_every_number_is_the_oracles(promograph: Command, api: Api, store: Any, tmp_path: Path) -> None:
    source = network_files.write(tmp_path / "source", promoters=500, orders=2_500, seed=11)
    ended = await promograph("import", source)
    assert ended.status == 0, ended
    oracle = Network.read(source)
    closed = {month: await api.close_month(month) for month in oracle.months}
    tiers, promotions = oracle.tiers(), oracle.promotions()
    assert len(tiers) > 5
    assert len(promotions) > 5
    assert {month: (answer["tierEntries"], answer["promotions"]) for month, answer in closed.items()} == {
        month: (sum(of == month for _, of in tiers), sum(step.month == month for step in promotions))
        for month in oracle.months
    }
    same(await api.promoters(oracle.promoters, OF_ALL_TIME), of_all_time(oracle))
    totals: dict[tuple[str, int], int] = defaultdict(int)
    for month, expected in of_months(oracle).items():
        fields = f"sales(month: {quoted(month)}) {{ orders buyers volumeFen refundedFen }} {TEAM_OF_A_MONTH}"
        found = await api.promoters(oracle.promoters, fields.replace("$month", quoted(month)))
        same(found, {code: {name: of[name] for name in ("sales", "team")} for code, of in expected.items()})
        for code, of in expected.items():
            totals[code, int(month.replace("-", ""))] += of["earnings"]["totalFen"]
    paid: dict[tuple[str, int], int] = defaultdict(int)
    for (code, in_month, _kind), fen in (await earned(store)).items():
        paid[code, in_month] += fen
    assert {key: fen for key, fen in paid.items() if fen} == {key: fen for key, fen in totals.items() if fen}

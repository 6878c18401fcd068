"""The records of a pack of evidence about one tree, read page by page: memory of a page, however large the tree.

Neo4j has no snapshots that last: what is written meanwhile may be in a later page and not in an earlier one. So a pack ends
with every journal entry up to its end that touches the tree, and says from which position on they came while it was made.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, NamedTuple

from cypher import evidence
from cypher.evidence import Tree
from cypher.statements import Run
from graph_api.rules.calendar import instant_text, month_text
from graph_api.rules.compliance import LEVELS_LIMIT, PEOPLE_LIMIT, meter

PEOPLE_PER_PAGE = 200
ROWS_PER_PAGE = 1_000
ENTRIES_AT_FIRST = 10
CODES_PER_PAGE = 20_000
ShownName = Callable[[str, str | None], str | None]
"""What is shown of a promoter's sealed name: code and seal to text."""


class Record(NamedTuple):
    """What stands in one line of a pack."""

    kind: str
    body: Mapping[str, Any]


async def records(run: Run, code: str, found: Tree, shown: ShownName) -> AsyncIterator[Record]:
    """Everything but header, journal and closing: the meter, people with what is theirs, findings."""
    sizes = dict(found.levels)
    own = meter({level: people for level, people in sizes.items() if level > 0})
    limits = {"levels_limit": LEVELS_LIMIT, "people_limit": PEOPLE_LIMIT}
    yield Record("compliance", {"levels": own.levels, "people": own.people, "state": str(own.state), **limits})
    after = ""
    while page := (await evidence.people(run, code=code, after=after, first=PEOPLE_PER_PAGE)).rows:
        for row in page:
            for record in _person(row, shown):
                yield record
        after = page[-1]["person"]["code"]
    after = ""
    while page := (await evidence.findings(run, code=code, after=after, first=ROWS_PER_PAGE)).rows:
        for row in page:
            if row["finding"] is not None:
                yield Record("finding", _finding(row["finding"], row["members"]))
        after = page[-1]["id"]


async def journal(run: Run, code: str, *, upto: int) -> AsyncIterator[Record]:
    """Journal entries that touch the tree as it is now, oldest first."""
    after, first = 0, min(ENTRIES_AT_FIRST, ROWS_PER_PAGE)
    while page := (await evidence.journal(run, code=code, after=after, upto=upto, first=first)).rows:
        for row in page:
            if row["entry"] is not None:
                yield Record("journal", _told(row["entry"], "facts"))
        after = page[-1]["seq"]
        # An entry of an import names thousands of people, each of whom is climbed from.
        codes = sum(row["codes"] for row in page)
        first = max(first // 2, 1) if codes > CODES_PER_PAGE else min(2 * first, ROWS_PER_PAGE)


def _person(row: Mapping[str, Any], shown: ShownName) -> list[Record]:
    person = dict(row["person"])
    code = person["code"]
    name = shown(code, person.pop("name_sealed"))
    body = _told(person) | {"name": name, "orders": row["orders"], "entries": row["entries"]}
    of_person = {"promoter_code": code}
    return [
        Record("person", body),
        *(Record("referral", of_person | _told(each)) for each in row["referrals"]),
        *(Record("identifier", of_person | _told(each)) for each in row["identifiers"]),
        *(Record("promotion", of_person | _told(each, "evidence")) for each in row["promotions"]),
        *(Record("payout", of_person | _told(each)) for each in row["payouts"]),
    ]


def _finding(finding: Mapping[str, Any], members: list[str]) -> dict[str, Any]:
    told = _told(finding, "evidence", "edges")
    seen = {name: instant_text(finding[name]) for name in ("first_seen", "last_seen")}
    return told | seen | {"members": members}


def _told(properties: Mapping[str, Any], *as_json: str) -> dict[str, Any]:
    """Properties as a pack tells them: instants and months as text, nothing for what is not there."""
    told: dict[str, Any] = {}
    for name, value in properties.items():
        if value is None:
            continue
        if name in as_json:
            told[name] = json.loads(value)
        elif name.endswith("_at") or name == "at":
            told[name] = instant_text(value)
        else:
            told[name] = month_text(value) if name == "month" else value
    return told

"""Answers from the graph: whatever is asked in one go, in as few statements as its kinds allow.

Answers are plain lists, maps and numbers, the same from the graph as from the cache.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from cypher import promoters, team
from cypher.store import Store
from graph_api.batched.asks import ALL_TIME, Anybody, Ask, Members

Answers = dict[Ask, Any]
_FACETS = ("card", "sales", "buyers", "total", "team", "valid", "promotion", "balance")


async def answers(store: Store, asks: Sequence[Ask]) -> Answers:
    """An answer for each ask, None for a promoter that is not there. Pages bring along their promoters' cards."""
    pages = _grouped(ask for ask in asks if ask.kind == "page")
    paged = {ask.code for group in pages.values() for ask in group}
    facets = [ask for ask in asks if ask.kind in _FACETS and not (ask.kind == "card" and ask.code in paged)]
    work = [_page(store, group) for group in pages.values()]
    work += [_count(store, group) for group in _grouped(ask for ask in asks if ask.kind == "count").values()]
    work += [_nearly(store, group) for group in _grouped(ask for ask in asks if ask.kind == "nearly").values()]
    work += [_list(store, ask) for ask in asks if ask.kind == "list"]
    work += [_list_count(store, ask) for ask in asks if ask.kind == "list_count"]
    if facets:
        work.append(_facts(store, facets))
    found: Answers = dict.fromkeys(asks)
    for part in await asyncio.gather(*work):
        found |= part
    return found


def _grouped(asks: Iterable[Ask]) -> dict[tuple[Any, ...], list[Ask]]:
    """Asks that differ in their code only."""
    groups: dict[tuple[Any, ...], list[Ask]] = {}
    for ask in asks:
        groups.setdefault((ask.number, ask.which, ask.window), []).append(ask)
    return groups


async def _facts(store: Store, asks: Sequence[Ask]) -> Answers:
    """Whoever is no promoter has no card, no promotion and no balance; of sales and teams it has none."""
    codes, monthly = _by_kind(asks)
    found = await promoters.facts(
        promoters.Narrow(store),
        cards=codes["card"],
        sales=codes["sales"],
        month_sales=monthly["sales"],
        buyers=[*(_month_of(code, ALL_TIME) for code in codes["buyers"]), *monthly["buyers"]],
        totals=codes["total"],
        month_totals=monthly["total"],
        teams=codes["team"],
        month_teams=monthly["team"],
        valids=codes["valid"],
        promotions=codes["promotion"],
        balances=codes["balance"],
    )
    now = time.time_ns() // 1000
    result: Answers = {ask: {"total": [0, 0, 0], "at": now} for ask in asks if ask.kind == "total"}
    result |= {ask: {"levels": [], "at": now} for ask in asks if ask.kind == "team"}
    result |= {Ask("card", row["code"]): _card(row) for row in found.cards}
    result |= {
        Ask("sales", row["code"], row.get("month", ALL_TIME)): [row["orders"], row["volume_fen"], row["refunded_fen"]]
        for row in [*found.sales, *found.month_sales]
    }
    result |= {Ask("buyers", row["code"], row["month"]): row["buyers"] for row in found.buyers}
    result |= {
        Ask("total", row["code"], row.get("month", ALL_TIME)): {
            "total": [row["size"], row["orders"], row["volume_fen"]],
            "at": now,
        }
        for row in [*found.totals, *found.month_totals]
    }
    result |= {
        Ask("team", row["code"], row.get("month", ALL_TIME)): {"levels": row["levels"], "at": now}
        for row in [*found.teams, *found.month_teams]
    }
    result |= {Ask("valid", row["code"]): row["valid"] for row in found.valids}
    result |= {Ask("promotion", row["code"]): _without_code(row) for row in found.promotions}
    result |= {Ask("balance", row["code"]): _without_code(row) for row in found.balances}
    return result


def _by_kind(asks: Sequence[Ask]) -> tuple[dict[str, list[str]], dict[str, list[dict[str, Any]]]]:
    """Codes of asks of all time, and codes with months of the others."""
    codes: dict[str, list[str]] = {kind: [] for kind in _FACETS}
    monthly: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _FACETS}
    for ask in asks:
        if ask.number == ALL_TIME:
            codes[ask.kind].append(ask.code)
        else:
            monthly[ask.kind].append(_month_of(ask.code, ask.number))
    return codes, monthly


def total_of(levels: Sequence[Sequence[int]]) -> list[int]:
    """People, orders and fen of a team, of its levels: each a level, people, orders and fen."""
    return [sum(level[column] for level in levels) for column in (1, 2, 3)]


def _month_of(code: str, month: int) -> dict[str, Any]:
    return {"code": code, "month": month}


async def _page(store: Store, asks: Sequence[Ask]) -> Answers:
    which, window = asks[0].which, asks[0].window
    assert isinstance(which, Members)
    assert window is not None
    after_1, after_2, after_code = window.after or (None, None, None)
    found = await team.pages(
        team.Shallow(store, which.depth),
        codes=[ask.code for ask in asks],
        **asdict(which),
        order=window.order,
        after_1=after_1,
        after_2=after_2,
        after_code=after_code,
        first=window.first + 1,
        totals=window.totals,
    )
    result: Answers = {}
    now = time.time_ns() // 1000
    for page in found.pages:
        root, members = page["root"], page["members"]
        has_next = len(members) > window.first
        if has_next:
            members.pop()
        result[Ask("card", root[0])] = root
        result[Ask("page", root[0], 0, which, window)] = {"rows": members, "has_next": has_next, "at": now}
    return result


async def _count(store: Store, asks: Sequence[Ask]) -> Answers:
    which = asks[0].which
    assert isinstance(which, Members)
    codes = [ask.code for ask in asks]
    found = await team.counts(team.Shallow(store, which.depth), codes=codes, **asdict(which))
    return {Ask("count", row["code"], 0, which): row["count"] for row in found.counts}


async def _nearly(store: Store, asks: Sequence[Ask]) -> Answers:
    first = asks[0].number
    found = await promoters.nearly_valid(store, codes=[ask.code for ask in asks], first=first)
    return {Ask("nearly", row["code"], first): [_card(member) for member in row["members"]] for row in found.lists}


async def _list(store: Store, ask: Ask) -> Answers:
    which, window = ask.which, ask.window
    assert isinstance(which, Anybody)
    assert window is not None
    key, _, after_code = window.after or (None, None, None)
    fields, first = asdict(which), window.first + 1
    if window.order == "JOINED_AT_DESC" and not which.code_start:
        del fields["code_start"], fields["name_hash"]
        after_at = which.joined_to if key is None else -key
        found = await promoters.newest(store, **fields, after_at=after_at, after_code=after_code or "", first=first)
    else:
        found = await promoters.listed(
            store, **fields, order=window.order, after_key=key, after_code=after_code, first=first
        )
    rows = [[*_card(row), row["key"]] for row in found.rows[: window.first]]
    return {ask: {"rows": rows, "has_next": len(found.rows) > window.first}}


async def _list_count(store: Store, ask: Ask) -> Answers:
    assert isinstance(ask.which, Anybody)
    return {ask: (await promoters.counted(store, **asdict(ask.which))).count}


def _card(row: Mapping[str, Any]) -> list[Any]:
    return [
        row["code"],
        row["status"],
        row["rank"],
        row["joined_at"],
        row.get("name_sealed"),
        row.get("phone_sealed"),
        row.get("path", []),
    ]


def _without_code(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "code"}

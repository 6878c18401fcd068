"""The demonstration network: one seed is one network, and every planted structure is what rules.md says it is.

The definitions are written here again, from rules.md and over the files alone.
"""

from __future__ import annotations

import csv
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from cypher.store import Store
from graph_api.actions import ledger
from graph_api.actions.recompute import recompute
from graph_api.batched import accounts
from graph_api.pii import Pii
from loaders import demo
from tests.conftest import Query
from tests.loaders.directories import NOW, contents

KEYS = {
    "REFERRAL_CYCLE",
    "DEEP_CHAIN",
    "COMPLIANCE_LINE",
    "IDENTITY_RING",
    "SHARED_PAYOUT_ACCOUNT",
    "MUTUAL_PURCHASE",
    "SELF_PURCHASE",
    "REFUND_RING",
    "STAR_BURST",
    "DORMANT_INTERMEDIARY",
    "THRESHOLD_STUFFING",
    "COMMISSION_SPIKE",
}
SHANGHAI = timezone(timedelta(hours=8))
END = datetime(2026, 11, 1, tzinfo=SHANGHAI)
Row = dict[str, str]


@dataclass
class Net:
    """The files, as a reader of rules.md would look at them."""

    manifest: demo.Manifest
    people: dict[str, Row]
    orders: list[list[Row]]
    held: dict[str, set[tuple[str, str]]]
    rates: dict[str, int]

    def __post_init__(self) -> None:
        self.children: dict[str, list[str]] = defaultdict(list)
        for code, row in self.people.items():
            self.children[row["referrer_code"]].append(code)

    def tree(self, root: str) -> list[list[str]]:
        """People by level, the root first."""
        levels = [[root]]
        while below := [child for code in levels[-1] for child in self.children[code]]:
            levels.append(below)
        return levels

    def root(self, code: str) -> str:
        while above := self.people[code]["referrer_code"]:
            code = above
        return code

    def sold(self, code: str) -> list[list[Row]]:
        return [order for order in self.orders if order[0]["promoter_code"] == code]

    def planted(self, key: str) -> list[str]:
        return self.manifest.planted[key]

    def decoys(self, key: str) -> list[str]:
        return self.manifest.decoys[key]


def rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def paid_at(order: list[Row]) -> datetime:
    return at(order[0]["paid_at"])


def paid_fen(orders: Iterable[list[Row]]) -> int:
    return sum(int(line["paid_fen"]) for order in orders for line in order)


def is_refunded(order: list[Row]) -> bool:
    return any(line["refunded_fen"] for line in order)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Net:
    directory = tmp_path_factory.mktemp("demo")
    manifest = demo.write(directory, promoters=600)
    people = {row["code"]: row for row in rows(directory / "promoters.csv")}
    orders: dict[str, list[Row]] = defaultdict(list)
    for row in rows(directory / "orders.csv"):
        orders[row["order_number"]].append(row)
    held: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in rows(directory / "identifiers.csv"):
        held[row["code"]].add((row["kind"], row["value"]))
    for code, row in people.items():
        held[code].add(("PHONE", row["phone"]))
    rates = {row["sku"]: int(row["commission_bp"]) for row in rows(directory / "products.csv")}
    return Net(manifest, people, list(orders.values()), held, rates)


def test_one_seed_is_one_network(tmp_path: Path) -> None:
    one, two, other = (tmp_path / name for name in ("one", "two", "other"))
    assert demo.write(one, promoters=300) == demo.write(two, promoters=300)
    demo.write(other, seed=7, promoters=300)
    assert contents(one) == contents(two)
    assert contents(one)["orders.csv"] != contents(other)["orders.csv"]
    assert b'"REFERRAL_CYCLE"' in contents(one)["planted.json"]


def test_the_full_size_is_as_promised(tmp_path: Path) -> None:
    manifest = demo.write(tmp_path)
    people = {row["code"]: row["referrer_code"] for row in rows(tmp_path / "promoters.csv")}
    assert 5_000 <= len(people) <= 5_500
    assert 200 <= sum(not referrer for referrer in people.values()) <= 500
    assert 28_000 <= len({row["order_number"] for row in rows(tmp_path / "orders.csv")}) <= 40_000
    assert manifest.leader_code == "p-88888"
    assert manifest.planted.keys() == KEYS
    assert manifest.decoys.keys() == KEYS


def test_nobody_is_planted_and_a_decoy(net: Net) -> None:
    planted = {code for codes in net.manifest.planted.values() for code in codes}
    decoys = {code for codes in net.manifest.decoys.values() for code in codes}
    assert not planted & decoys
    assert planted | decoys <= net.people.keys()


def on_cycle(net: Net, code: str) -> bool:
    seen, above = {code}, net.people[code]["referrer_code"]
    while above and above not in seen:
        seen.add(above)
        above = net.people[above]["referrer_code"]
    return above == code


def test_referral_cycles(net: Net) -> None:
    assert {code for code in net.people if on_cycle(net, code)} == set(net.planted("REFERRAL_CYCLE"))


def run_length(net: Net, code: str) -> int:
    """Referral levels of the longest run down from here whose intermediates have one direct downline each."""
    length = 0
    for child in net.children[code]:
        down, levels = child, 1
        while len(net.children[down]) == 1:
            down, levels = net.children[down][0], levels + 1
        length = max(length, levels)
    return length


def test_deep_chains(net: Net) -> None:
    assert run_length(net, net.planted("DEEP_CHAIN")[0]) >= 6
    assert all(run_length(net, code) < 6 for code in net.decoys("DEEP_CHAIN"))


def test_compliance_lines(net: Net) -> None:
    def over(code: str) -> bool:
        levels = net.tree(code)
        return len(levels) >= 3 and sum(map(len, levels)) >= 30

    assert all(not net.people[code]["referrer_code"] and over(code) for code in net.planted("COMPLIANCE_LINE"))
    assert not any(over(code) for code in net.decoys("COMPLIANCE_LINE"))


def rings(net: Net, codes: Iterable[str]) -> list[set[str]]:
    """Groups of one tree joined by identifiers of at most twenty people."""
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    for code in net.people:
        for identifier in net.held[code]:
            owners[identifier].add(code)
    groups = []
    for code in codes:
        group, new = {code}, {code}
        while new:
            near = {o for c in new for i in net.held[c] if len(owners[i]) <= 20 for o in owners[i]}
            new = {o for o in near if net.root(o) == net.root(code)} - group
            group |= new
        groups.append(group)
    return groups


def test_identity_rings(net: Net) -> None:
    planted = net.planted("IDENTITY_RING")
    assert rings(net, planted[:1]) == [set(planted)]
    assert len(planted) >= 5
    assert all(len(group) < 3 for group in rings(net, net.decoys("IDENTITY_RING")))


def test_shared_payout_accounts(net: Net) -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for code in net.people:
        for kind, value in net.held[code]:
            if kind == "PAYOUT_ACCOUNT":
                owners[value].add(code)
    shared = set().union(*(codes for codes in owners.values() if len(codes) > 1))
    assert shared == set(net.planted("SHARED_PAYOUT_ACCOUNT"))


def mutual(net: Net, codes: list[str]) -> set[str]:
    """Who stands on a cycle of two to four with two orders on each edge within thirty days."""
    times: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for order in net.orders:
        buyer, seller = order[0]["buyer_code"], order[0]["promoter_code"]
        if buyer in codes and seller in codes:
            times[buyer, seller].append(paid_at(order))
    found: set[str] = set()

    def walk(path: list[str]) -> None:
        for buyer, seller in times:
            if buyer != path[-1] or (seller in path and seller != path[0]):
                continue
            if seller == path[0]:
                edges = list(zip(path, [*path[1:], path[0]], strict=True))
                moments = sorted(moment for edge in edges for moment in times[edge])
                enough = any(
                    all(sum(begin <= t <= begin + timedelta(days=30) for t in times[edge]) >= 2 for edge in edges)
                    for begin in moments
                )
                if enough and len(path) > 1:
                    found.update(path)
            elif len(path) < 4:
                walk([*path, seller])

    for code in codes:
        walk([code])
    return found


def test_mutual_purchases(net: Net) -> None:
    assert mutual(net, net.planted("MUTUAL_PURCHASE")) == set(net.planted("MUTUAL_PURCHASE"))
    assert mutual(net, net.decoys("MUTUAL_PURCHASE")) == set()


def test_self_purchases(net: Net) -> None:
    strong = {"DEVICE", "PAYOUT_ACCOUNT", "ID_NUMBER", "PHONE"}

    def own(order: list[Row]) -> bool:
        buyer, seller = order[0]["buyer_code"], order[0]["promoter_code"]
        shared = {kind for kind, _ in net.held[buyer] & net.held[seller]} if seller else set()
        return buyer == seller or bool(shared & strong)

    sellers = {order[0]["promoter_code"] for order in net.orders if own(order)}
    assert sellers == set(net.planted("SELF_PURCHASE"))


def worst_refunds(net: Net, codes: list[str]) -> float:
    """The highest share of refunded orders in any thirty days with at least five."""
    orders = sorted((order for code in codes for order in net.sold(code)), key=paid_at)
    shares = [0.0]
    for first in orders:
        window = [o for o in orders if paid_at(first) <= paid_at(o) <= paid_at(first) + timedelta(days=30)]
        if len(window) >= 5:
            shares.append(sum(map(is_refunded, window)) / len(window))
    return max(shares)


def test_refund_rings(net: Net) -> None:
    assert worst_refunds(net, net.planted("REFUND_RING")) >= 0.4
    decoys = net.decoys("REFUND_RING")
    for tree in {net.root(code) for code in decoys}:
        group = [code for code in decoys if net.root(code) == tree]
        whole = sum(map(is_refunded, (o for c in group for o in net.sold(c)))) / sum(len(net.sold(c)) for c in group)
        assert whole < 0.4 or sum(len(net.sold(c)) for c in group) < 5


def burst(net: Net, hub: str) -> bool:
    new = sorted(net.children[hub], key=lambda code: net.people[code]["joined_at"])
    for code in new:
        began = at(net.people[code]["joined_at"])
        wave = [c for c in new if began <= at(net.people[c]["joined_at"]) <= began + timedelta(hours=24)]
        sold = [
            c
            for c in wave
            if any(paid_at(o) <= at(net.people[c]["joined_at"]) + timedelta(days=7) for o in net.sold(c))
        ]
        if len(wave) >= 30 and len(sold) < 0.1 * len(wave):
            return True
    return False


def test_star_bursts(net: Net) -> None:
    assert all(burst(net, code) for code in net.planted("STAR_BURST"))
    assert not any(burst(net, code) for code in net.decoys("STAR_BURST"))
    assert all(len(net.children[code]) >= 27 for code in net.decoys("STAR_BURST"))


def test_dormant_intermediaries(net: Net) -> None:
    since = END - timedelta(days=60)

    def dormant(code: str) -> bool:
        below = [order for child in net.children[code] for order in net.sold(child)]
        return all(paid_at(o) < since for o in net.sold(code)) and any(paid_at(o) >= since for o in below)

    assert all(dormant(code) for code in net.planted("DORMANT_INTERMEDIARY"))
    assert not any(
        dormant(code)
        for code in net.people
        if code not in net.planted("DORMANT_INTERMEDIARY")
        and not net.people[code]["status"]
        and not on_cycle(net, code)
    )


def stuffed(net: Net, code: str) -> bool:
    months: dict[tuple[int, int], list[list[Row]]] = defaultdict(list)
    for order in net.sold(code):
        local = paid_at(order).astimezone(SHANGHAI)
        months[local.year, local.month].append(order)
    for (year, month), orders in months.items():
        end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=SHANGHAI)
        late = [order for order in orders if paid_at(order) >= end - timedelta(hours=48)]
        back = sum(int(line["refunded_fen"] or 0) for order in late for line in order)
        if late and paid_fen(late) >= 0.2 * paid_fen(orders) and back >= 0.5 * paid_fen(late):
            return True
    return False


def test_threshold_stuffing(net: Net) -> None:
    assert {code for code in net.people if stuffed(net, code)} == set(net.planted("THRESHOLD_STUFFING"))
    june = [o for o in net.sold(net.planted("THRESHOLD_STUFFING")[0]) if paid_at(o).astimezone(SHANGHAI).month == 6]
    assert paid_fen(june) > 5_000_000


def spikes(net: Net, code: str) -> bool:
    """From base commission alone: a day above median + 6 × MAD of the 28 days before, and ≥ 100 000 fen."""
    days: dict[int, int] = defaultdict(int)
    first = datetime(2025, 10, 1, tzinfo=UTC)
    for order in net.sold(code):
        day = (paid_at(order) - first).days
        days[day] += sum(int(line["paid_fen"]) * net.rates[line["sku"]] // 10_000 for line in order)
    for day, fen in days.items():
        before = [days.get(day - back, 0) for back in range(1, 29)]
        median = statistics.median(before)
        mad = statistics.median(abs(value - median) for value in before)
        if fen > median + 6 * mad and fen >= 100_000:
            return True
    return False


def test_commission_spikes(net: Net) -> None:
    assert all(spikes(net, code) for code in net.planted("COMMISSION_SPIKE"))
    assert not any(spikes(net, code) for code in net.decoys("COMMISSION_SPIKE"))


async def test_the_loader_takes_it_and_the_months_close(store: Store, pii: Pii) -> None:
    manifest, report = await demo.load(store, pii, now=NOW, promoters=100)
    assert sum(counts.rejected for counts in report.counts.values()) == 0
    assert report.counts["promoters"].quarantined == len(manifest.planted["REFERRAL_CYCLE"])
    head = (await store.observe_head()).seq
    again, report = await demo.load(store, pii, now=NOW, promoters=100)
    assert (again, report.counts["orders"].loaded) == (manifest, 0)
    assert (await store.observe_head()).seq == head


@pytest.mark.long
async def test_a_year_is_paid_out_by_the_way_that_finance_takes(store: Store, pii: Pii, query: Query) -> None:
    manifest, _ = await demo.load(store, pii, now=NOW, promoters=100)
    await demo.pay_out(store, pii, manifest.signers, now=NOW)
    rows = await query(
        "MATCH (p:Promoter)-[:RECEIVES]->(x:Payout) RETURN p.code AS code, x.month AS month, x.status AS status"
    )
    statuses: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        statuses[row["month"]].add(row["status"])
    assert set().union(*(statuses[month] for month in statuses if month < 202611)) == {"PAID", "FAILED"}
    assert statuses[202611] == {"CREATED", "APPROVED", "SENT", "PAID", "FAILED"}
    leader = {row["month"]: row["status"] for row in rows if row["code"] == manifest.leader_code}
    assert leader == {202512: "PAID"} | {202600 + month: "PAID" for month in range(1, 11)} | {202611: "CREATED"}
    assert {row["code"] for row in rows} <= manifest.signers.keys()
    # Nobody was paid before it was owed.
    closings = [(await accounts.month_statement(store, manifest.leader_code, month)).closing_fen for month in leader]
    assert [fen for fen in closings if fen < 0] == []
    assert await ledger.problems(store) == []
    assert (await recompute(store, actor="test", now=NOW, repair=False)).drift == []
    head = (await store.observe_head()).seq
    await demo.pay_out(store, pii, manifest.signers, now=NOW)
    assert (await store.observe_head()).seq == head


@pytest.mark.long
async def test_no_payout_run_is_made_before_its_time(store: Store, pii: Pii, query: Query) -> None:
    manifest, _ = await demo.load(store, pii, now=NOW, promoters=100)
    at = datetime(2026, 10, 26, tzinfo=SHANGHAI)
    await demo.pay_out(store, pii, manifest.signers, now=int(at.timestamp()) * 1_000_000)
    assert await query("MATCH (x:Payout) RETURN max(x.month) AS month") == [{"month": 202609}]

"""What a provider paid against payouts and ledger: no difference where there is none, each planted one by its kind."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from cypher.store import Store
from graph_api.batched import reconciliation
from graph_api.batched.reconciliation import Reconciled, reconcile
from graph_api.pii import Pii
from graph_api.reconciling import lines_of_files, written
from graph_api.rules.calendar import DAY_US, day_start, local_text
from graph_api.rules.reconciliation import Line, Ours, by_key, differences, missing
from graph_api.servers import Servers
from tests.blackbox.command import environment
from tests.conftest import SECRET, Query, empty
from tests.inside import inside
from tests.schema.books import Books

FIRST, LAST = date(2026, 2, 1), date(2026, 7, 31)
Bank = list[dict[str, Any]]


@pytest_asyncio.fixture(scope="module")
async def lived(connected: Store, pii: Pii) -> Store:
    await empty(connected)
    await Books(connected, pii).live()
    return connected


@pytest_asyncio.fixture
async def bank(lived: Store, query: Query) -> Bank:
    """What an honest bank reports: a line for each payout that was decided."""
    rows = await query(
        "MATCH (x:Payout) WHERE x.status IN ['PAID', 'FAILED'] RETURN x.key AS key, x.status AS result, x.net_fen AS net_fen,"
        " x.finished_at AS at ORDER BY x.finished_at, x.id"
    )
    return [row | {"at": local_text(row["at"]), "reference": f"R{index}"} for index, row in enumerate(rows)]


def as_file(tmp_path: Path, rows: Bank, name: str = "result.csv") -> Path:
    path = tmp_path / name
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["key", "result", "net_fen", "at", "reference"])
        writer.writeheader()
        writer.writerows(rows)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))


async def held(store: Store, path: Path, first: date = FIRST, last: date = LAST) -> Reconciled:
    lines = lines_of_files("bank_file", [path], first=first, last=last)
    return await reconcile(
        store, lines, provider="BANK_FILE", from_at=day_start(first), until_at=day_start(last) + DAY_US
    )


def kinds(done: Reconciled) -> list[tuple[str, str | None]]:
    return [(str(row.kind), row.key) for row in done.found]


async def test_an_honest_bank_differs_by_nothing(lived: Store, bank: Bank, tmp_path: Path) -> None:
    done = await held(lived, as_file(tmp_path, bank))
    paid = [row["net_fen"] for row in bank if row["result"] == "PAID"]
    assert len(paid) > 10
    assert (done.found, done.paid_there, done.paid_here) == ([], len(paid), len(paid))
    assert done.paid_there_fen == done.paid_here_fen == sum(paid)


PLANTED: list[tuple[str, Callable[[Bank, dict[str, Any]], None]]] = [
    ("PAID_HERE_NOT_THERE", lambda bank, one: bank.remove(one)),
    ("PAID_HERE_NOT_THERE", lambda bank, one: one.update(result="FAILED")),
    ("OTHER_AMOUNT", lambda bank, one: one.update(net_fen=one["net_fen"] + 1)),
    ("TWICE_THERE", lambda bank, one: bank.append(one | {"reference": "again"})),
    ("TWICE_THERE", lambda bank, one: bank.append(dict(one))),
    ("CONTRADICTED_THERE", lambda bank, one: bank.append(one | {"result": "FAILED"})),
]


@pytest.mark.parametrize(("kind", "plant"), PLANTED, ids=[f"{index}-{kind}" for index, (kind, _) in enumerate(PLANTED)])
async def test_each_planted_difference_is_found_and_nothing_else(
    lived: Store, bank: Bank, tmp_path: Path, kind: str, plant: Callable[[Bank, dict[str, Any]], None]
) -> None:
    one = [row for row in bank if row["result"] == "PAID"][3]
    key = one["key"]
    plant(bank, one)
    assert kinds(await held(lived, as_file(tmp_path, bank))) == [(kind, key)]


async def test_a_payout_that_is_all_tax_is_missed_at_no_bank(
    lived: Store, bank: Bank, tmp_path: Path, query: Query
) -> None:
    one = next(row for row in bank if row["result"] == "PAID")
    bank.remove(one)
    net_fen = "MATCH (x:Payout {key: $key}) SET x.net_fen = $fen"
    await query(net_fen, key=one["key"], fen=0)
    try:
        done = await held(lived, as_file(tmp_path, bank))
    finally:
        await query(net_fen, key=one["key"], fen=one["net_fen"])
    assert ("PAID_HERE_NOT_THERE", one["key"]) not in kinds(done)


async def test_what_was_paid_there_alone_is_found(lived: Store, bank: Bank, tmp_path: Path, query: Query) -> None:
    failed = next(row for row in bank if row["result"] == "FAILED")
    failed["result"] = "PAID"
    (sent,) = await query("MATCH (x:Payout {status: 'APPROVED'}) RETURN x.key AS key, x.net_fen AS net_fen LIMIT 1")
    at = bank[0]["at"]
    bank += [sent | {"result": "PAID", "at": at}, {"key": "unknown", "result": "PAID", "net_fen": 5, "at": at}]
    done = await held(lived, as_file(tmp_path, bank))
    assert sorted(kinds(done)) == sorted(
        [("PAID_THERE_NOT_HERE", failed["key"]), ("PAID_THERE_NOT_HERE", sent["key"]), ("UNKNOWN_KEY", "unknown")]
    )
    assert {row.detail for row in done.found if row.kind == "PAID_THERE_NOT_HERE"} == {
        "the payout is FAILED here",
        "the payout is APPROVED here",
    }


async def test_only_the_period_is_compared_but_every_line_names_its_payout(
    lived: Store, bank: Bank, tmp_path: Path
) -> None:
    paid = [row for row in bank if row["result"] == "PAID"]
    day = date.fromisoformat(paid[0]["at"][:10])
    of_day = [row for row in paid if row["at"][:10] == day.isoformat()]
    done = await held(lived, as_file(tmp_path, bank), day, day)
    assert (done.found, done.paid_here, done.paid_there) == ([], len(of_day), len(of_day))
    late = [row | {"at": "2026-12-31T00:00:00+08:00"} if row is of_day[0] else row for row in bank]
    done = await held(lived, as_file(tmp_path, late), day, day)
    assert (done.found, done.paid_there) == ([], len(of_day) - 1)


async def test_a_clearing_account_that_is_not_its_payouts_is_found(
    lived: Store, bank: Bank, tmp_path: Path, query: Query
) -> None:
    path = as_file(tmp_path, bank)
    (payout,) = await query(
        "MATCH (x:Payout {status: 'PAID'}) RETURN x.id AS id, x.net_fen AS fen ORDER BY x.id LIMIT 1"
    )
    change = (
        "MATCH (p:Posting {reference: 'payout:' + $id, kind: 'PAYOUT'}) WITH p, p.amounts_fen AS fen"
        " SET p.amounts_fen = [i IN range(0, size(fen) - 1) | fen[i] + CASE p.accounts[i] WHEN 'clearing' THEN $by ELSE 0 END]"
    )
    await query(change, id=payout["id"], by=-7)
    try:
        found = (await held(lived, path)).found
        assert [(row.kind, row.payout_id) for row in found] == [("LEDGER", payout["id"]), ("LEDGER", None)]
        assert (found[0].there_fen, found[0].here_fen) == (payout["fen"] + 7, payout["fen"])
    finally:
        await query(change, id=payout["id"], by=7)
    await query("CREATE (:Posting {id: 'zz', kind: 'PAYOUT', accounts: ['clearing', 'tax'], amounts_fen: [-3, 3]})")
    try:
        found = (await held(lived, path)).found
        assert [(row.kind, row.payout_id) for row in found] == [("LEDGER", None)]
    finally:
        await query("MATCH (p:Posting {id: 'zz'}) DELETE p")
    assert (await held(lived, path)).found == []


@pytest.mark.parametrize("length", [1, 2, 7])
async def test_pages_of_any_length_find_the_same(
    lived: Store, bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    path = as_file(tmp_path, bank[5:])
    whole = await held(lived, path)
    for name in ("KEYS_PER_PAGE", "PAYOUTS_PER_PAGE", "POSTINGS_PER_PAGE"):
        monkeypatch.setattr(reconciliation, name, length * (50 if name == "POSTINGS_PER_PAGE" else 1))
    again = await held(lived, path)
    assert whole.found
    assert (again.found, again.paid_here_fen) == (whole.found, whole.paid_here_fen)


PAYOUT = Ours("1-0", "k", "A", "WECHAT_TRANSFER", "PAID", 100, 5)


@pytest.mark.parametrize(
    ("amounts", "found"),
    [
        ([100], []),
        ([100, -100, 100], []),
        ([100, 100], ["TWICE_THERE"]),
        ([100, -100], ["PAID_HERE_NOT_THERE"]),
        ([99], ["OTHER_AMOUNT"]),
        ([None], []),
    ],
)
def test_what_came_back_is_not_paid(amounts: list[int | None], found: list[str]) -> None:
    there = by_key(Line("k", "W", True, fen, 1, "f:1") for fen in amounts)["k"]
    assert [row.kind for row in differences(there, PAYOUT, provider="WECHAT_TRANSFER")] == found


def test_what_was_paid_through_another_provider_is_a_difference() -> None:
    there = by_key([Line("k", "W", True, 100, 1, "f:1")])["k"]
    found = [row.kind for row in differences(there, PAYOUT._replace(provider=None), provider="WECHAT_TRANSFER")]
    assert found == ["OTHER_PROVIDER"]


async def test_wechat_is_matched_by_its_own_number_where_the_voucher_is_not_our_key(lived: Store, query: Query) -> None:
    (paid,) = await query(
        "MATCH (x:Payout {status: 'PAID'}) WITH x ORDER BY x.id LIMIT 1"
        " SET x.provider = 'WECHAT_TRANSFER', x.provider_reference = 'W77' RETURN x.finished_at AS at, x.net_fen AS fen"
    )
    try:
        line = Line("V1", "W77", True, paid["fen"], paid["at"], "f:1")
        given = {"provider": "WECHAT_TRANSFER", "from_at": paid["at"], "until_at": paid["at"] + 1}
        assert (await reconcile(lived, [line], **given)).found == []
        other = await reconcile(lived, [line._replace(reference="W78")], **given)
        assert [row.kind for row in other.found] == ["UNKNOWN_KEY", "PAID_HERE_NOT_THERE"]
    finally:
        await query(
            "MATCH (x:Payout {provider_reference: 'W77'}) SET x.provider = 'BANK_FILE', x.provider_reference = null"
        )


def test_differences_are_written_without_formulas(tmp_path: Path) -> None:
    out = tmp_path / "differences.csv"
    written([missing(PAYOUT._replace(promoter_code="=1+1"))], out)
    (row,) = rows_of(out)
    assert (row["kind"], row["promoter_code"], row["here_fen"]) == ("PAID_HERE_NOT_THERE", "'=1+1", "100")
    assert list(tmp_path.iterdir()) == [out]


async def test_the_command_ends_with_0_1_or_2(
    lived: Store, bank: Bank, servers: Servers, redis_url: str, tmp_path: Path
) -> None:
    env = environment(servers, secret=SECRET, data_dir=tmp_path / "data", redis_url=redis_url)
    days = ("--from", FIRST.isoformat(), "--to", LAST.isoformat())
    files = {"good": as_file(tmp_path, bank, "good.csv"), "short": as_file(tmp_path, bank[3:], "short.csv")}
    good = inside("reconcile", files["good"], "--provider", "bank_file", *days, env=env)
    assert (good.returncode, json.loads(good.stdout)["differences"]) == (0, 0), good.stderr
    out = tmp_path / "out.csv"
    short = inside("reconcile", files["short"], "--provider", "bank_file", *days, "--out", out, env=env)
    told = json.loads(short.stdout.splitlines()[-1])
    assert short.returncode == 1
    assert told["differences"] == told["by_kind"]["PAID_HERE_NOT_THERE"] == len(rows_of(out)) > 0
    for arguments in (
        (files["good"], "--provider", "wechat", *days),
        (files["good"], "--provider", "alipay", *days),
        (files["good"], files["good"], "--provider", "bank_file", *days),
        (files["good"], "--provider", "bank_file", "--from", "2026-02-02", "--to", "2026-02-01"),
        (files["good"], "--provider", "bank_file", "--from", "2026-02-30", "--to", "2026-03-01"),
        (tmp_path / "absent.csv", "--provider", "bank_file", *days),
    ):
        bad = inside("reconcile", *arguments, env=env)
        assert (bad.returncode, bad.stdout) == (2, ""), arguments
        assert "Traceback" not in bad.stderr

"""Finance's commands: the bank file and its results, jobs by hand."""

from __future__ import annotations

import csv
from pathlib import Path

from graph_api.providers.bank_file import COLUMNS
from tests.actions.shop import Shop
from tests.blackbox.command import Command


async def approved(shop: Shop) -> dict[str, str]:
    """Payouts of D, C and B, approved: code to key."""
    await shop.sell("o", 100_000)
    await shop.deliver("o")
    settled = await shop.settle()
    assert (await shop.approve(*settled.payout_ids)).errors == []
    return {code: (await shop.of(code))[0]["key"] for code in "BCD"}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


async def test_payouts_go_into_one_bank_file_and_the_results_end_them(
    shop: Shop, promograph: Command, tmp_path: Path
) -> None:
    keys = await approved(shop)
    path = tmp_path / "2026-03-16.csv"
    written = await promograph("bank-file", path)
    assert (written.status, "3 payouts, 260.00 yuan" in written.stdout) == (0, True), written
    rows = read(path)
    assert tuple(rows[0]) == COLUMNS
    assert {row["key"]: (row["account"], row["net_fen"]) for row in rows} == {
        keys["B"]: ("bank-B", "3000"),
        keys["C"]: ("bank-C", "3000"),
        keys["D"]: ("bank-D", "20000"),
    }
    assert path.stat().st_mode & 0o077 == 0
    content = path.read_bytes()
    assert (await promograph("bank-file", tmp_path / "next.csv")).status == 1
    path.unlink()
    assert (await promograph("bank-file", path)).status == 1, "a name is used once"
    assert (await promograph("bank-file", path, "--again")).status == 0
    assert path.read_bytes() == content

    results = tmp_path / "results.csv"
    results.write_text(f"key,result,reason,net_fen\n{keys['B']},PAID,,3000\n{keys['C']},FAILED,户名不符,3000\n")
    ended = await promograph("bank-results", results)
    assert (ended.status, ended.stdout.strip()) == (0, "2 payouts moved, 0 were known")
    results.write_text(
        f"key,result,net_fen\n{keys['B']},FAILED,3000\n{keys['D']},PAID,19999\nnobody,PAID,1\n{keys['C']},LOST,1\n"
    )
    refused = await promograph("bank-results", results)
    assert (refused.status, refused.stdout.strip()) == (3, "0 payouts moved, 1 were known")
    for said in ("contradicts its recorded end", "19999 fen instead of 20000", "no payout was sent under it", "line 5"):
        assert said in refused.stderr
    statuses = {code: (await shop.of(code))[0]["status"] for code in "BCD"}
    assert statuses == {"B": "PAID", "C": "FAILED", "D": "SENT"}
    await shop.check()


async def test_doctor_tells_of_payouts_and_jobs_that_wait_for_people(
    shop: Shop, promograph: Command, tmp_path: Path
) -> None:
    await approved(shop)
    healthy = await promograph("doctor")
    assert (healthy.status, "payouts: none waits for people" in healthy.stdout) == (0, True), healthy
    await shop.query(
        "MATCH (x:Payout) WITH collect(x) AS all SET (all[0]).contradiction = 'odd',"
        " (all[1]).status = 'SENT', (all[1]).asked_at = 1, (all[2]).provider = 'WECHAT_TRANSFER'"
    )
    await shop.query("CREATE (:Job {name: 'settle', began_at: 1, took_ms: 1, failure: 'RuntimeError: broken'})")
    told = await promograph("doctor")
    assert told.status == 1
    for words in (
        "1 contradicted by their provider",
        "1 without an end after 3 days",
        "1 approved for WeChat, which is not set up",
        "jobs failed: settle: RuntimeError: broken",
    ):
        assert words in told.stdout


async def test_jobs_run_by_hand_and_are_listed(shop: Shop, promograph: Command) -> None:
    await shop.sell("o", 100_000)
    await shop.deliver("o")
    assert "No job has run yet" in (await promograph("jobs")).stdout
    ran = await promograph("job", "settle", "--as-of", "2026-03-16T00:00:00+08:00")
    assert (ran.status, "payouts: 3" in ran.stdout) == (0, True), ran
    listed = await promograph("jobs")
    assert "settle: done until 2026-03-15T16:00:00Z" in listed.stdout
    # What is asked for of a time to come is not done up to then: the schedule would leave the job out until it is there.
    assert (await promograph("job", "close-months", "--as-of", "2199-01-01T00:00:00+08:00")).status == 0
    assert "close-months: done until 2199" not in (await promograph("jobs")).stdout
    wrong = await promograph("job", "scan-the-moon")
    assert (wrong.status, "there are close-months, settle" in wrong.stderr) == (1, True)
    assert (await promograph("job", "settle", "--as-of", "yesterday")).status == 1

"""Commands of finance: jobs by hand, the file for the bank and its results, reconciliation."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cypher import jobs
from graph_api import reconciling
from graph_api.actions import sending
from graph_api.actions.sending import Heard, Outgoing, Told
from graph_api.jobs.schedule import Job, jobs_of, run_job
from graph_api.opening import Opened
from graph_api.opening import sending as open_providers
from graph_api.providers import Report, bank_file, compared
from graph_api.rules.calendar import instant, instant_text
from graph_api.rules.plan import PayoutProvider
from graph_api.terminal import DataDir, err, fail, now, settings_of, with_store

FILE_PAGE = 1_000
RESULTS_BYTES_MAX = 64 * 1024 * 1024

app = typer.Typer()


@app.command("jobs")
def list_jobs(data_dir: DataDir = None) -> None:
    """How the last run of each job ended, and up to when its work is done."""

    async def work(running: Opened) -> list[jobs.Ran]:
        return await jobs.runs(running.store)

    rows = with_store(settings_of(data_dir), work)
    for row in rows:
        until = instant_text(row.done_until) if row.done_until is not None else "never"
        print(f"{row.name}: done until {until}; last began {instant_text(row.began_at)}, took {row.took_ms} ms")
        print(f"  {row.failure or row.outcome}")
    if not rows:
        print("No job has run yet: `promograph serve` runs them, `promograph job NAME` one.")


@app.command("job")
def run_one(
    name: Annotated[str, typer.Argument(help="close-months, settle, transfers or scan.")],
    as_of: Annotated[str | None, typer.Option(help="Up to which instant (RFC 3339); now without it.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Run a job now, beside a running service or without one; doing it again changes nothing."""
    settings = settings_of(data_dir)
    until = now() if as_of is None else instant(as_of)

    async def work(running: Opened) -> Any:
        async with open_providers(settings) as providers:
            known = jobs_of(running.store, running.stores.pii, providers, every_seconds=settings.jobs_every_seconds)
            return await run_job(running.store, _named(known, name), until)

    for key, value in with_store(settings, work).items():
        print(f"{key}: {value}")


def _named(known: Sequence[Job], name: str) -> Job:
    found = next((job for job in known if job.name == name), None)
    if found is None:
        fail(f"no job {name!r} here; there are {', '.join(job.name for job in known)}")
    return found


@app.command("bank-file")
def write_bank_file(
    path: Annotated[Path, typer.Argument(help="The CSV to write; its name is how the file is known later.")],
    again: Annotated[bool, typer.Option("--again", help="Write a lost file once more, exactly as it was.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Put every approved payout that goes by bank into a file for the bank's upload page; each goes into one file only."""
    settings = settings_of(data_dir)
    if not again and path.exists():
        fail(f"{path} is there already; --again writes the payouts of that file once more")

    async def work(running: Opened) -> list[Outgoing]:
        store, pii = running.store, running.stores.pii
        if not again:
            if await sending.in_file(store, pii, path.name):
                fail(f"a file named {path.name} was written before; take another name, or --again")
            while await sending.claim(store, pii, PayoutProvider.BANK_FILE, first=FILE_PAGE, now=now(), file=path.name):
                pass
        return await sending.in_file(store, pii, path.name)

    rows = with_store(settings, work)
    if not rows:
        fail(f"no payout went into a file named {path.name}" if again else "no approved payout goes by bank")
    _write(path, bank_file.rendered(row.transfer for row in rows))
    total_fen = sum(row.transfer.net_fen for row in rows)
    print(f"{path}: {len(rows):,} payouts, {bank_file.yuan(total_fen)} yuan")


def _write(path: Path, lines: Iterable[bytes]) -> None:
    """The whole file or none; names and accounts are for its owner's eyes."""
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as written:
            written.writelines(lines)
            written.flush()
            os.fsync(written.fileno())
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


@app.command("bank-results")
def read_bank_results(
    path: Annotated[Path, typer.Argument(help="The bank's result: CSV with key and result (PAID or FAILED).")],
    data_dir: DataDir = None,
) -> None:
    """Move payouts as the bank's result tells. Exit status 0: all believed; 3: some lines were not, the rest stands."""
    settings = settings_of(data_dir)
    if path.stat().st_size > RESULTS_BYTES_MAX:
        fail(f"{path} is larger than {RESULTS_BYTES_MAX // 2**20} MiB")
    reports, errors = bank_file.results(path.read_bytes(), now=now())

    async def work(running: Opened) -> tuple[Told, list[str]]:
        return await _applied(running, reports)

    told, unknown = with_store(settings, work) if reports else (Told([], []), [])
    for error in errors:
        err.print(f"line {error.line}: {error.message}", markup=False)
    for line in unknown:
        err.print(line, markup=False)
    for id in told.contradicted:
        err.print(f"payout {id}: the result contradicts its recorded end; nothing was changed", markup=False)
    print(f"{len(told.moved):,} payouts moved, {len(reports) - len(told.moved) - len(unknown):,} were known")
    raise typer.Exit(3 if errors or unknown or told.contradicted else 0)


async def _applied(running: Opened, reports: Sequence[Report]) -> tuple[Told, list[str]]:
    """Page by page, each a transaction: run again after a stop, what was applied changes nothing."""
    moved: list[str] = []
    contradicted: list[str] = []
    unknown: list[str] = []
    for start in range(0, len(reports), FILE_PAGE):
        heard: list[Heard] = []
        page = reports[start : start + FILE_PAGE]
        sent = {
            each.transfer.key: each
            for each in await sending.by_keys(running.store, running.stores.pii, [report.key for report in page])
        }
        for report in page:
            payout = sent.get(report.key)
            if payout is None:
                unknown.append(f"key {report.key}: no payout was sent under it")
                continue
            said = compared(report, payout.transfer)
            if said.receipt is not report.receipt:
                unknown.append(f"key {report.key}: {said.reason}")
                continue
            heard.append(Heard(payout.id, said))
        told = await sending.told(running.store, heard, provider=PayoutProvider.BANK_FILE, now=now())
        moved += told.moved
        contradicted += told.contradicted
    return Told(moved, contradicted), unknown


@app.command()
def reconcile(
    files: Annotated[
        list[Path], typer.Argument(help="The provider's files of the period.", exists=True, dir_okay=False)
    ],
    provider: Annotated[str, typer.Option(help="bank_file (result files) or wechat (fund flow bills, 资金账单).")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, in Shanghai.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")],
    out: Annotated[Path | None, typer.Option(help="Where the differences go as CSV.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Hold what a provider paid against payouts and ledger. Exit status 0: no difference; 1: differences; 2: bad input."""
    days = {"first": first.date(), "last": last.date()}
    try:
        lines = reconciling.lines_of_files(provider, files, **days)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    done = with_store(settings_of(data_dir), lambda running: reconciling.reconciled(running, lines, provider, **days))
    if out is not None:
        reconciling.written(done.found, out)
    for row in done.found:
        err.print(reconciling.sentence(row), markup=False, soft_wrap=True)
    print(reconciling.summary(done))
    raise typer.Exit(1 if done.found else 0)

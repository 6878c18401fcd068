"""Commands of the risk team."""

from __future__ import annotations

from typing import Annotated

import typer

from graph_api.app import Opened
from graph_api.jobs.scan import Scanned, find, look
from graph_api.terminal import DataDir, err, now, settings_of, with_store

SHOWN_MAX = 20
"""Findings of one detector that are printed without --all."""

app = typer.Typer()


@app.command()
def scan(
    detector: Annotated[
        list[str] | None, typer.Option(help="A detector's key, again for more; all without it.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Find, and write nothing.")] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Print every finding, not the gravest of each detector.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Look for structures, print them by detector, and record them: what is grave locks where its detector may."""

    async def work(running: Opened) -> Scanned:
        if dry_run:
            return await look(running.store, detectors=detector, now=now())
        return await find(running.store, detectors=detector, actor="scan", now=now())

    scanned = with_store(settings_of(data_dir), work)
    for done in scanned.passes:
        print(f"{done.detector.key}: {len(done.found):,} in {done.seconds} s")
        gravest = sorted(done.found, key=lambda found: (-found.score, found.anchor))
        for found in gravest if every else gravest[:SHOWN_MAX]:
            print(f"  {found.score:>3}  {found.sentence.en}")
        if not every and len(gravest) > SHOWN_MAX:
            print(f"  … and {len(gravest) - SHOWN_MAX:,} more; --all prints them")
    for id, people in scanned.hubs[: None if every else SHOWN_MAX]:
        err.print(f"ignored {id}: {people:,} people have it", markup=False)
    recorded = scanned.recorded
    print(
        f"{scanned.promoters:,} promoters, {scanned.orders:,} orders read in {scanned.read_seconds} s, "
        + (
            "nothing written"
            if dry_run
            else f"{len(recorded.raised):,} raised, {recorded.changed:,} changed, {recorded.closed:,} closed,"
            f" {recorded.unchanged:,} unchanged, {recorded.locked:,} promoters locked"
        )
    )

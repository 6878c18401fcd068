"""Commands of the risk team."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from graph_api import evidence as packs
from graph_api.jobs.scan import Scanned, find, look
from graph_api.opening import Opened
from graph_api.rules.evidence import Signature, Verified, verified
from graph_api.settings import Settings
from graph_api.terminal import DataDir, err, now, secret_of, settings_of, with_store

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


@app.command()
def evidence(
    code: Annotated[str, typer.Argument(help="Whose tree: the promoter and everybody below.")],
    path: Annotated[Path, typer.Argument(help="The file to write, JSON Lines; it must not be there yet.")],
    data_dir: DataDir = None,
) -> None:
    """Write a tree with everything that is known of it, in a file that shows whatever is done to it afterwards."""
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")

    async def work(running: Opened) -> Verified:
        key = packs.signing_key(running.secret)
        stores = running.stores
        found = await packs.tree(stores.store, code)
        unfinished.touch(mode=0o600, exist_ok=False)
        with unfinished.open("wb") as file:
            async for chunk in packs.pack(stores.store, stores.pii, code, found, key=key, actor="evidence", now=now()):
                file.write(chunk)
        with unfinished.open("rb") as file:
            return verified(file, key)

    try:
        done = with_store(settings_of(data_dir), work)
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)
    _print_pack(done, sure=True, faulty=bool(done.faults))


@app.command("verify-evidence")
def verify_evidence(
    path: Annotated[Path, typer.Argument(help="The file.", exists=True, dir_okay=False)],
    final_hash: Annotated[
        str | None, typer.Option("--hash", help="The final hash that the journal has of it; needs no secret.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Check a pack of evidence. Exit status 0: nothing was found; 1: something was done to it, told with its line."""
    with path.open("rb") as file:
        done = verified(file, _key(settings_of(data_dir)))
    for fault in done.faults:
        print(f"line {fault.line:,}: {fault.what}: {fault.message}")
    other = final_hash is not None and final_hash != done.hash
    if other:
        print(f"its final hash is not {final_hash}: it was written anew, or is another pack")
    _print_pack(done, sure=final_hash is not None, faulty=other or bool(done.faults))
    if other or done.faults:
        raise typer.Exit(1)


def _key(settings: Settings) -> bytes | None:
    """The key of this deployment, if there is one: none is made for the sake of checking."""
    kept = settings.data_dir.expanduser().absolute() / "secret_key"
    if settings.secret_key is None and (settings.neo4j_uri is not None or not kept.exists()):
        return None
    return packs.signing_key(secret_of(settings))


def _print_pack(done: Verified, *, sure: bool, faulty: bool) -> None:
    if done.header is not None:
        about = {name: done.header.get(name) for name in ("tree", "people", "as_of", "actor", "journal_position")}
        print(", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in about.items()))
    print(f"{done.lines:,} lines, hash {done.hash}")
    signed = {
        Signature.GOOD: "signed by this service",
        Signature.WRONG: "NOT signed by this service",
        Signature.UNCHECKED: "signature not checked: that takes this service's secret",
    }
    as_written = "as it was written" if sure or done.signature is Signature.GOOD else "its lines hang together"
    print(f"{'NOT as it was written' if faulty else as_written}; {signed[done.signature]}")

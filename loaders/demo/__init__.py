"""The demonstration network: a generated year with structures of every kind planted in it, written as import files.

One seed is one network, byte for byte. It is loaded like any other directory, and then its months are closed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

from cypher.store import Store
from graph_api.actions import months
from graph_api.pii import Pii
from graph_api.rules.calendar import month_shifted
from loaders.demo import background, paying
from loaders.demo import world as world_of
from loaders.demo.dealings import DEALINGS
from loaders.demo.paying import pay_out
from loaders.demo.shapes import SHAPES
from loaders.demo.world import FIRST_MONTH, LAST_MONTH, Manifest, World, day_start
from loaders.load import load as load_directory
from loaders.progress import Progress, silent
from loaders.report import Report

__all__ = ["PROMOTERS", "SEED", "Manifest", "load", "pay_out", "write"]

SEED = 20251101
PROMOTERS = 5_000


def write(directory: Path, *, seed: int = SEED, promoters: int = PROMOTERS) -> Manifest:
    """Write the files and planted.json; the planted structures come on top of `promoters` ordinary people."""
    world = World(Random(seed))  # noqa: S311
    background.grow(world, promoters=promoters)
    background.identify(world)
    background.trade(world)
    background.excel(world)
    background.keep_selling(world)
    background.refund(world)
    for plant in (*SHAPES, *DEALINGS):
        plant(world)
    manifest = Manifest(background.LEADER_CODE, dict(world.planted), dict(world.decoys), paying.signers(world))
    world_of.write(world, directory, manifest)
    return manifest


async def load(
    store: Store,
    pii: Pii,
    *,
    now: int,
    seed: int = SEED,
    promoters: int = PROMOTERS,
    actor: str = "demo",
    progress: Progress = silent,
) -> tuple[Manifest, Report]:
    """Generate, load and close the months in order; running it again after a stop goes on where it stopped."""
    with tempfile.TemporaryDirectory(prefix="promograph-demo-") as directory:
        progress("generating the network", 0, 0)
        manifest = write(Path(directory), seed=seed, promoters=promoters)
        report = await load_directory(store, pii, Path(directory), now=now, actor=actor, progress=progress)
    month, closed = FIRST_MONTH, 0
    while month <= LAST_MONTH:
        following = month_shifted(month, by=1)
        # On the day after, as the scheduler would have: what a close posts stands in the statements of its own time.
        await months.close(store, month, actor=actor, now=min(now, day_start(following, 2)))
        closed += 1
        progress("closing months", closed, 12)
        month = following
    return manifest, report

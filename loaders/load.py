"""Loading a directory: products, promoters, touches, identifiers, orders, each row standing or falling alone.

Everything is keyed (code, sku, number, key), so a load that was killed is simply run again.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from cypher.store import Store
from graph_api.actions import identifiers, products, touches
from graph_api.actions.outcome import Outcome
from graph_api.pii import Pii
from loaders import orders, promoters
from loaders.loading import BATCH_ROWS, Loading
from loaders.progress import Progress, silent
from loaders.report import Rejects, Report
from loaders.sources import Source, SourceError, sources
from loaders.spool import batches

REJECTED = Path("rejected.csv")
"""In the current directory, unless another place is given."""
Submit = Callable[[Sequence[Any]], Awaitable[list[Outcome]]]


async def load(
    store: Store,
    pii: Pii,
    directory: Path,
    *,
    rejected: Path | None = None,
    now: int,
    actor: str = "import",
    progress: Progress = silent,
) -> Report:
    """Load the files of a directory; `rejected` comes to be if a row is rejected. SourceError if a file cannot be read."""
    began = time.monotonic()
    found = sources(directory)
    rejected = rejected or REJECTED
    if not rejected.parent.is_dir():
        raise SourceError(f"{rejected.parent}: no such directory for the rejected rows")
    with Rejects(rejected) as rejects:
        loading = Loading(store, pii, rejects, actor, now, progress)
        for source in found.values():
            await _load_file(loading, source)
        if rejects.count:
            loading.report.rejected_path = rejected
            progress(f"rejected rows, kept in {rejected}", rejects.count, rejects.count)
    loading.report.seconds = time.monotonic() - began
    return loading.report


async def _load_file(loading: Loading, source: Source) -> None:
    store, actor, now = loading.store, loading.actor, loading.now
    match source.subject:
        case "products":
            await _load_rows(loading, source, lambda rows: products.load(store, rows, actor=actor, now=now))
        case "promoters":
            await promoters.load(loading, source)
        case "touches":
            await _load_rows(
                loading,
                source,
                lambda rows: touches.record(store, rows, actor=actor, now=now, historical=True),
            )
        case "identifiers":
            await _load_rows(
                loading, source, lambda rows: identifiers.link(store, loading.pii, rows, actor=actor, now=now)
            )
        case "orders":
            await orders.load(loading, source)


async def _load_rows(loading: Loading, source: Source, submit: Submit) -> None:
    """A file whose rows need no other row of it."""
    loading.report.of(source.subject)
    done = 0
    for batch in batches(loading.parsed(source), BATCH_ROWS):
        outcomes = await submit([value for _, value in batch])
        for (row, _), outcome in zip(batch, outcomes, strict=True):
            loading.settle(source, row, outcome)
        done += len(batch)
        loading.progress(f"loading {source.subject}", done, done if len(batch) < BATCH_ROWS else 0)

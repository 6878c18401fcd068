"""How far a long piece of work is, on stderr: a bar for a person, a few lines for a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much; 0 where that is not known."""

LINE_SECONDS = 5.0


def silent(what: str, done: int, total: int) -> None:
    """Nobody is told."""


@contextmanager
def shown() -> Iterator[Progress]:
    """Progress on stderr, as suits whoever reads it."""
    if sys.stderr.isatty():
        with _bars() as progress:
            yield progress
    else:
        yield lines()


def lines() -> Progress:
    """A line when a piece of work begins and ends, and every few seconds between."""
    last: dict[str, float] = {}

    def tell(what: str, done: int, total: int) -> None:
        ended = 0 < total <= done
        now = time.monotonic()
        if what in last and not ended and now - last[what] < LINE_SECONDS:
            return
        last[what] = now
        of = f" of {total:,}" if total else ""
        print(f"{what}: {done:,}{of}" if done or total else what, file=sys.stderr, flush=True)

    return tell


@contextmanager
def _bars() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=False) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=None)
            bars.update(tasks[what], completed=done, total=total or None)

        yield tell

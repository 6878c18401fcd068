"""One load in progress: where it writes, what it counts, and how a row's fate is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cypher.store import Store
from graph_api.actions.outcome import Outcome
from graph_api.errors import DomainError, Invalid
from graph_api.pii import Pii
from loaders.progress import Progress, silent
from loaders.report import Rejects, Report
from loaders.rows import PARSERS
from loaders.sources import Source
from loaders.table import Row, rows

BATCH_ROWS = 2_000
"""Rows, or orders, of one transaction: more are hardly faster, and hold the journal lock for longer."""


@dataclass(slots=True)
class Loading:
    """Passed along while the files of one directory are loaded."""

    store: Store
    pii: Pii
    rejects: Rejects
    actor: str
    now: int
    progress: Progress = silent
    report: Report = field(default_factory=Report)

    def reject(self, source: Source, *, line: int, raw: bytes, error: DomainError) -> None:
        self.report.of(source.subject).rejected += 1
        self.rejects.add(source, line=line, error=error, raw=raw)

    def parsed(self, source: Source) -> Iterator[tuple[Row, object]]:
        """Every good row with its value; the others are rejected on the way."""
        parse = PARSERS[source.subject]
        for row in rows(source):
            try:
                if row.problem is not None:
                    raise Invalid(row.problem)
                value = parse(row.values)
            except DomainError as error:
                self.reject(source, line=row.line, raw=row.raw, error=error)
                continue
            yield row, value

    def settle(self, source: Source, row: Row, outcome: Outcome, *, quarantined: bool = False) -> None:
        """Count how one row ended."""
        counts = self.report.of(source.subject)
        if outcome.error is not None:
            self.reject(source, line=row.line, raw=row.raw, error=outcome.error)
        elif quarantined:
            counts.quarantined += 1
        elif outcome.state == "unchanged":
            counts.unchanged += 1
        else:
            counts.loaded += 1

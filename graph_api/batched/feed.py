"""What the journal tells, handed to whoever in this process waits for it: no queue, so nobody slow holds anything.

A team's watcher is woken and reads the team anew, so what came meanwhile is one. A watcher of findings remembers
how far it has read the journal, and goes on from there.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cypher import journal
from cypher.store import Store, StoreTimeout

PAGE = 2_000
"""Entries at a time: in the follower's loop ten pages a second, several times what can be written."""
FAR = 20_000
"""Entries behind; beyond it reading every watched team anew is cheaper than finding out which ones changed."""
TIMEOUTS_MAX = 6
"""In a row; after each the page is half as long, and after so many everybody is woken instead of finding out whom."""
PAUSE_SECONDS = 0.025
"""Between two looks of a watcher: at most forty values a second, however many orders there are."""


@dataclass(eq=False)
class Watch:
    """One waiting for news. `position`: entries up to it are not news to it."""

    position: int
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        self._news.set()

    async def news(self) -> None:
        """Waits for news, at least a moment: what comes in a burst comes once."""
        await asyncio.sleep(PAUSE_SECONDS)
        await self._news.wait()
        self._news.clear()


@dataclass(frozen=True, slots=True)
class Raised:
    """An open finding of which something was said: its score then, and before if it was open already."""

    id: str
    score: int
    score_before: int | None

    def reaches(self, score_min: int) -> bool:
        """Whether it is at least so grave, and was not, or not there, before."""
        return self.score >= score_min and (self.score_before is None or self.score_before < score_min)


class Feed:
    """One per process, moved on by the follower; it asks for nothing while nobody waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._teams: dict[str, set[Watch]] = {}
        self._findings: set[Watch] = set()
        self._timeouts = 0
        self.position = 0

    @contextmanager
    def team(self, code: str) -> Iterator[Watch]:
        """Woken whenever this promoter's subtree, its own facts or anybody's upline has changed."""
        watch = Watch(self._store.head)
        self._teams.setdefault(code, set()).add(watch)
        try:
            yield watch
        finally:
            self._teams[code].discard(watch)
            if not self._teams[code]:
                del self._teams[code]

    @contextmanager
    def findings(self) -> Iterator[Watch]:
        """Woken whenever a finding was raised or changed."""
        watch = Watch(self._store.head)
        self._findings.add(watch)
        try:
            yield watch
        finally:
            self._findings.discard(watch)

    async def raised(self, watch: Watch) -> list[Raised]:
        """What was said of open findings since the watch read last, a page of the journal at most; empty: nothing is left."""
        while watch.position < self.position:
            after = watch.position
            first = min(PAGE, self.position - after)  # positions have no gaps
            events = await journal.findings(self._store, after=after, first=first)
            if watch.position != after:  # begun again meanwhile: Neo4j was restored
                continue
            watch.position = after + first
            found = [raised for event in events if (raised := _raised(json.loads(event.facts))) is not None]
            if found:
                return found
        return []

    async def advance(self) -> None:
        """Read the next page of the journal and wake whom it concerns; StoreTimeout makes the next one shorter."""
        head = self._store.head
        if head < self.position:
            self._begin_again(head)
        if head == self.position:
            return
        if not self._teams and not self._findings:
            self.position = head
            return
        far = head - self.position > FAR or self._timeouts >= TIMEOUTS_MAX
        watched, first = [] if far else sorted(self._teams), max(PAGE >> self._timeouts, 1)
        try:
            told = await journal.told(self._store, after=self.position, upto=head, first=first, watched=watched)
        except StoreTimeout:
            self._timeouts = min(self._timeouts + 1, TIMEOUTS_MAX)
            raise
        self._timeouts = max(self._timeouts - 1, 0)
        before, self.position = self.position, head if told.seq is None else told.seq
        for code in list(self._teams) if far or told.moved else told.reached:
            for watch in self._teams.get(code, ()):
                watch.wake()
        for watch in self._findings:
            if told.findings:
                watch.wake()
            elif watch.position >= before:
                watch.position = max(watch.position, self.position)

    def _begin_again(self, head: int) -> None:
        """Neo4j stands before what this process has seen: it was restored, and everything may be different."""
        self.position = head
        for watch in {*self._findings, *(watch for watches in self._teams.values() for watch in watches)}:
            watch.position = head
            watch.wake()


def _raised(facts: dict[str, Any]) -> Raised | None:
    before, after = facts["before"], facts["after"]
    if after["status"] != "OPEN":
        return None
    was_open = before is not None and before["status"] == "OPEN" and before["closed_at"] is None
    return Raised(facts["id"], after["score"], before["score"] if was_open else None)

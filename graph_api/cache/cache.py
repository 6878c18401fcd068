"""Cached values that are never stale: each was computed at or after a journal position, and ends when the journal
says that what it depends on has changed."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain
from typing import Any, Literal

import orjson

from cypher import migrations, positions
from cypher.journal import head as journal_head
from cypher.store import Commit, Store, StoreTimeout, StoreUnavailable
from graph_api.cache.door import CALL_SECONDS, Argument, Away, Door
from graph_api.cache.flights import Flights
from graph_api.cache.scripts import APPLY, BEGIN, END, KEEP, READ, TELL, Script

VALUE_TTL_MS = 6 * 3_600_000
INV_TTL_MS = 7 * 24 * 3_600_000
FIELDS_MAX = 256
"""Fields of one promoter; pages and searches must not pile up."""
ENDED_MAX = 200_000
"""Codes in `inv`."""
FOLD_MAX = 20_000
"""Entries behind; beyond it a new epoch is cheaper than a fold."""
END_AT_ONCE = 1_000
ATTEMPTS = 5
LOOK_FIELDS_MAX = 2_000
"""Fields that one call looks up, unless one request asks for more."""


class Lasts(Enum):
    """What ends a value, besides a change of the promoter's own facts or of its subtree."""

    SUBTREE = "nothing else"
    PATH = "a change of somebody's upline"
    CLOSE = "the close of a month"


@dataclass(frozen=True, slots=True)
class Field:
    """One cached value of a promoter. The code "" stands for everybody: its values end with every entry."""

    code: str
    name: str
    lasts: Lasts = field(default=Lasts.SUBTREE, compare=False)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader stands: what it computes from now on may be kept under it."""

    epoch: str
    applied: int


@dataclass(frozen=True, slots=True)
class Reading:
    """`position` is None when nothing can be kept."""

    position: Position | None
    values: Mapping[Field, Any]


@dataclass(frozen=True, slots=True)
class CacheReport:
    """`applied`: entries folded into Redis, as this process last saw it."""

    state: Literal["off", "ready", "away"]
    epoch: str
    applied: int
    hits: int
    misses: int
    kept: int
    folds: int
    epochs: int
    failures: int


@dataclass(frozen=True, slots=True)
class _Meta:
    epoch: str
    applied: int
    mark: int
    """When the entry at `applied` was recorded; -1 if it was not noted."""
    paths_seq: int
    closes_seq: int
    told: Commit
    """By whichever process has committed last."""

    @property
    def reached(self) -> int:
        """How far the journal has come, if Neo4j was not restored to an older state since."""
        return max(self.applied, self.told.seq)


Look = tuple[_Meta | None, dict[Field, Any]]


class Cache:
    """One process's view of the cache; safe to share between tasks of one event loop.

    Every method works without Redis: reads find nothing, writes keep nothing. What then falls through to Neo4j goes
    there by `flights`.
    """

    def __init__(self, door: Door | None) -> None:
        self._door = door
        self._store_id = ""
        self._epoch = ""
        self._applied = 0
        self._seen = 0
        self._folding: asyncio.Task[None] | None = None
        self._preparing = asyncio.Lock()
        self._waiting: deque[tuple[Sequence[Field], asyncio.Future[Look]]] = deque()
        self._looking: asyncio.Task[None] | None = None
        self._keeping: dict[asyncio.Task[None], frozenset[str]] = {}
        self.flights: Flights[Any, Any] = Flights()
        self.hits = self.misses = self.kept = self.folds = self.epochs = 0

    @classmethod
    async def open(cls, redis_url: str | None, *, call_seconds: float = CALL_SECONDS) -> Cache:
        """A cache on Redis; without an address, or while nothing answers there, everything comes from the graph."""
        if redis_url is None:
            return cls(None)
        door = Door(redis_url, call_seconds=call_seconds)
        await door.open()
        return cls(door)

    async def close(self) -> None:
        for task in (self._folding, self._looking, *self._keeping):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if self._door is not None:
            await self._door.close()

    def report(self) -> CacheReport:
        return CacheReport(
            state=self._door.state if self._door else "off",
            epoch=self._epoch,
            applied=self._applied,
            hits=self.hits,
            misses=self.misses,
            kept=self.kept,
            folds=self.folds,
            epochs=self.epochs,
            failures=self._door.failures if self._door else 0,
        )

    @property
    def door(self) -> Door | None:
        """The one connection to Redis of this process, and its breaker."""
        return self._door

    async def read(self, store: Store, fields: Sequence[Field]) -> Reading:
        """What is cached of these, true up to every commit of this store that any process has answered for."""
        if self._keeping:
            await self.until_kept({wanted.code for wanted in fields})
        try:
            await self._prepare(store)
            floor = 0
            for _ in range(ATTEMPTS):
                meta, values = await self._look(fields)
                if meta is not None:
                    await store.learn(meta.told)
                # What is committed after the first look may be missing; a head that went back is no floor.
                floor = min(floor or store.head, store.head)
                if meta is not None and meta.applied >= floor:
                    self.hits += len(values)
                    self.misses += len(fields) - len(values)
                    # Somebody may have folded what nobody told of: what this process reads need not show it yet.
                    return Reading(Position(meta.epoch, min(meta.applied, store.head)), values)
                await self._catch_up(store, meta)
        except Away:
            pass
        self.misses += len(fields)
        return Reading(None, {})

    def keep(self, store: Store, position: Position | None, values: Mapping[Field, Any]) -> None:
        """Store what was computed after `position` was read, unless it has ended meanwhile.

        Nobody waits for it but who looks for values of the same promoters: a view has its answer before it is kept.
        """
        if position is None or not values:
            return
        task = asyncio.create_task(self._keep(store, position, values))
        self._keeping[task] = frozenset(kept_as.code for kept_as in values)
        task.add_done_callback(self._keeping.pop)

    async def _keep(self, store: Store, position: Position, values: Mapping[Field, Any]) -> None:
        by_code: dict[str, list[tuple[str, Any]]] = {}
        for kept_as, value in values.items():
            by_code.setdefault(kept_as.code, []).append((kept_as.name, value))
        arguments: list[Argument] = [position.epoch, position.applied, VALUE_TTL_MS, FIELDS_MAX]
        for code, named in by_code.items():
            arguments += [code, len(named)]
            for name, value in named:
                arguments += [name, f"{position.applied}|{orjson.dumps(value).decode()}"]
        keys = [self._meta_key, self._inv_key(position.epoch), *(self._key(position.epoch, code) for code in by_code)]
        try:
            kept = await self._run(KEEP, keys, arguments)
            if kept < 0:
                await self._begin(store, position.epoch)
            self.kept += max(kept, 0)
        except (Away, StoreUnavailable, StoreTimeout):
            pass  # it is computed again

    async def until_kept(self, codes: Collection[str] | None = None) -> None:
        """Until what is being kept of these promoters is kept, or of all."""
        tasks = [task for task, kept in self._keeping.items() if codes is None or not kept.isdisjoint(codes)]
        if tasks:
            await asyncio.wait(tasks)

    def join(self, store: Store) -> None:
        """From now on other processes know of the commits of this store before whoever wrote is answered, and it of theirs."""
        store.others = _Others(self, store)

    async def tell(self, store: Store, commit: Commit) -> None:
        try:
            await self._prepare(store)
            await self._run(TELL, [self._meta_key], [commit.seq, " ".join(sorted(commit.bookmarks))])
        except (Away, StoreUnavailable, StoreTimeout):
            pass  # they look at the journal, too

    async def told(self) -> Commit | None:
        if not self._store_id:
            return None
        try:
            meta, _ = await self._look(())
        except Away:
            return None
        return meta.told if meta is not None else None

    async def follow_once(self, store: Store) -> None:
        """See what other processes have written, and fold it."""
        try:
            await self._prepare(store)
            meta, _ = await self._look(())
        except Away:
            await self._look_at_journal(store, None)
            return
        await self._look_at_journal(store, meta)
        try:
            if meta is not None and meta.reached > store.head and await positions.settled(store) < meta.reached:
                # Neo4j stands on an older state than the cache was folded to: it was restored.
                await self._begin(store, meta.epoch, back=True)
            elif meta is None or meta.applied < store.head:
                await self._catch_up(store, meta)
        except Away:
            pass

    async def _look_at_journal(self, store: Store, meta: _Meta | None) -> None:
        """Move the head to what is committed, or back if Neo4j was restored."""
        floor = store.head
        seen = await journal_head(store)
        if seen.seq < floor:
            await self._went_back(store, floor, seen.seq)
            return
        if meta is not None and meta.told.seq <= seen.seq:
            await store.learn(meta.told)
        # Whoever has committed tells so within moments. Who has not by the next look is gone, or has no Redis.
        if seen.seq > store.head and (meta is None or self._seen > store.head):
            await positions.settled(store)
        self._seen = seen.seq

    async def drop(self, store: Store) -> None:
        """Forget every value, by a new epoch."""
        await self.until_kept()
        try:
            await self._prepare(store)
            meta, _ = await self._look(())
            await self._begin(store, meta.epoch if meta else "")
        except Away:
            pass

    async def values(self) -> AsyncIterator[tuple[str, str, Any]]:
        """(code, field, value) of everything kept in this epoch, for checks; some may be about to end. Raises Away."""
        if self._door is None:
            return
        if not self._epoch:
            raise Away
        await self.until_kept()
        async for code, fields in self._door.scan(self._key(self._epoch, "")):
            for name, text in fields.items():
                yield code, name, orjson.loads(text.partition("|")[2])

    async def _prepare(self, store: Store) -> None:
        """Once per process: which store this is, and how far it has come."""
        if self._door is None:
            raise Away
        if self._store_id:
            return
        async with self._preparing:
            if self._store_id:
                return
            identity = await migrations.identity(store)
            await positions.settled(store)
            self._store_id = identity.id if identity else "unnamed"
            meta, _ = await self._look(())
            if meta is None:
                return
            at = await positions.fold(store, after=meta.applied, upto=meta.applied)
            if at.mark_after != meta.mark or meta.reached > await positions.settled(store):
                await self._begin(store, meta.epoch, back=True)

    async def _look(self, fields: Sequence[Field]) -> Look:
        """Positions and the values that hold at them; no positions if there is no epoch.

        Whoever asks while a call is under way goes with the next: many requests at once are a few calls.
        """
        future: asyncio.Future[Look] = asyncio.get_running_loop().create_future()
        self._waiting.append((fields, future))
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_for_all())
        return await future

    async def _look_for_all(self) -> None:
        while self._waiting:
            asked = [self._waiting.popleft()]
            count = len(asked[0][0])
            while self._waiting and (count := count + len(self._waiting[0][0])) <= LOOK_FIELDS_MAX:
                asked.append(self._waiting.popleft())
            try:
                meta, values = await self._look_up(list(dict.fromkeys(chain(*(fields for fields, _ in asked)))))
            except Exception as error:
                for _, future in asked:
                    if not future.done():
                        future.set_exception(error)
                continue
            except asyncio.CancelledError:
                for _, future in (*asked, *self._waiting):
                    future.cancel()
                raise
            for fields, future in asked:
                if not future.done():
                    future.set_result((meta, {wanted: values[wanted] for wanted in fields if wanted in values}))

    async def _look_up(self, fields: Sequence[Field]) -> Look:
        by_code: dict[str, list[Field]] = {}
        for wanted in fields:
            by_code.setdefault(wanted.code, []).append(wanted)
        for _ in range(ATTEMPTS):
            epoch = self._epoch
            arguments: list[Argument] = [epoch]
            for asked in by_code.values():
                arguments += [len(asked), *(wanted.name for wanted in asked)]
            found = await self._run(READ, [self._meta_key, *(self._key(epoch, code) for code in by_code)], arguments)
            meta = _meta(found[0])
            if meta is None:
                return None, {}
            self._epoch, self._applied = meta.epoch, meta.applied
            if meta.epoch == epoch:
                return meta, _holding(meta, by_code.values(), found[1:])
        raise Away

    async def _catch_up(self, store: Store, meta: _Meta | None) -> None:
        """Fold, or begin an epoch; whoever comes meanwhile waits for the one that is at it."""
        if self._folding is None or self._folding.done():
            self._folding = asyncio.create_task(self._fold(store, meta))
        await asyncio.shield(self._folding)

    async def _fold(self, store: Store, meta: _Meta | None) -> None:
        upto = store.head
        if meta is None or upto - meta.applied > FOLD_MAX:
            await self._begin(store, meta.epoch if meta else "")
            return
        try:
            changed = await positions.fold(store, after=meta.applied, upto=upto)
        except StoreTimeout:
            await self._begin(store, meta.epoch)  # the next one would be no shorter
            return
        if changed.seq < upto:
            await self._went_back(store, upto, changed.seq)
        # It was restored; by its mark that is seen too if it has been written to beyond `applied` before anybody looked.
        if changed.seq < upto or changed.mark_after != meta.mark:
            await self._begin(store, meta.epoch, back=True)
            return
        if changed.paths_seq > upto:
            # The graph shows a move that is not to be folded yet: who stood above before it is above no more.
            await positions.settled(store)
            return
        codes = sorted({"", *changed.named, *changed.above})
        inv = self._inv_key(meta.epoch)
        for start in range(0, len(codes), END_AT_ONCE):
            some = codes[start : start + END_AT_ONCE]
            keys = [self._meta_key, inv, *(self._key(meta.epoch, code) for code in some)]
            await self._run(END, keys, [meta.epoch, upto, ENDED_MAX, *some])
        closes_seq = max(meta.closes_seq, changed.closes_seq)
        await self._run(
            APPLY,
            [self._meta_key, inv],
            [meta.epoch, meta.applied, upto, changed.mark_upto, changed.paths_seq, closes_seq, INV_TTL_MS],
        )
        self.folds += 1

    async def _begin(self, store: Store, seen_epoch: str, *, back: bool = False) -> None:
        """`back`: Neo4j was restored to an older state."""
        applied = store.head
        at = await positions.fold(store, after=applied, upto=applied)
        epoch = uuid.uuid4().hex
        await self._run(
            BEGIN,
            [self._meta_key, self._inv_key(epoch), self._inv_key(seen_epoch)],
            [seen_epoch, epoch, applied, at.mark_upto, at.paths_seq, at.closes_seq, INV_TTL_MS, int(back)],
        )
        self.epochs += 1

    async def _went_back(self, store: Store, floor: int, seq: int) -> None:
        """Neo4j stands before what this process has seen: it was restored. Believe it, unless we have written since."""
        if store.head == floor:
            store.head = seq

    async def _run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        if self._door is None:
            raise Away
        return await self._door.run(script, keys, arguments)

    @property
    def _meta_key(self) -> str:
        return f"{{pg:{self._store_id}}}:meta"

    def _inv_key(self, epoch: str) -> str:
        return f"{{pg:{self._store_id}}}:{epoch}:inv"

    def _key(self, epoch: str, code: str) -> str:
        return f"{{pg:{self._store_id}}}:{epoch}:p:{code}"


@dataclass(frozen=True, slots=True)
class _Others:
    """Processes that meet in Redis."""

    cache: Cache
    store: Store

    async def tell(self, commit: Commit) -> None:
        await self.cache.tell(self.store, commit)

    async def told(self) -> Commit | None:
        return await self.cache.told()


def _meta(found: Sequence[str | None]) -> _Meta | None:
    epoch, applied, mark, paths_seq, closes_seq, head, bookmarks = found
    if epoch is None or applied is None or paths_seq is None or closes_seq is None:
        return None
    told = Commit(int(head or 0), (bookmarks or "").split())
    return _Meta(epoch, int(applied), int(mark or -1), int(paths_seq), int(closes_seq), told)


def _holding(meta: _Meta, asked: Iterable[Sequence[Field]], found: Sequence[Sequence[str | None]]) -> dict[Field, Any]:
    """The values found whose position is late enough for what they depend on."""
    floors = {Lasts.SUBTREE: 0, Lasts.PATH: meta.paths_seq, Lasts.CLOSE: meta.closes_seq}
    held: list[Field] = []
    values: list[str] = []
    for fields, texts in zip(asked, found, strict=True):
        for wanted, text in zip(fields, texts, strict=True):
            position, _, value = text.partition("|") if text is not None else ("-1", "", "")
            if int(position) >= floors[wanted.lasts]:
                held.append(wanted)
                values.append(value)
    # All at once: parsing forty small texts one by one takes three times as long.
    return dict(zip(held, orjson.loads(f"[{','.join(values)}]"), strict=True))

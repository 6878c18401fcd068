"""Questions of one process on their way to the graph: alike ones that come together go together, through a gate."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from cypher.store import StoreUnavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Fly = Callable[[Sequence[K], bool], Awaitable[Mapping[K, V]]]
"""Asks the graph; told whether it had to wait at the gate, as the answers may be elsewhere by then."""

GRAPH_READS_MAX = 24
"""Flights in the air; who comes meanwhile waits."""
PASSENGERS_MAX = 4
"""In one flight: nobody waits for more walks than so many, its own among them. Of a burst, the first are put together
here while Neo4j walks for the rest."""


class Flights(Generic[K, V]):
    """One per process; safe to share between tasks of one event loop.

    One statement for several roots costs the driver what one for a single root does. Whoever falls with others flies
    again alone, so nobody fails by what somebody else has asked.
    """

    def __init__(self, *, at_once: int = GRAPH_READS_MAX) -> None:
        self.gate = asyncio.Semaphore(at_once)
        self._boarding: dict[Hashable, _Flight[K, V]] = {}
        self._by_question: dict[tuple[Hashable, K], _Flight[K, V]] = {}

    def __len__(self) -> int:
        """Questions that are not answered yet."""
        return len(self._by_question)

    async def answers(self, sight: Hashable, alike: Hashable, keys: Sequence[K], fly: Fly[K, V]) -> Mapping[K, V]:
        """An answer for each key, and whatever else was answered with them.

        A flight shows all that had been written when it began, so only who has the same `sight` takes part in it: by
        a key that is being asked already, or by keys that are `alike`, as `fly` then asks them in one statement.
        """
        taken = {key: self._by_question.get((sight, key)) for key in keys}
        led = [key for key, flight in taken.items() if flight is None]
        flights = {flight for flight in taken.values() if flight is not None}
        if led:
            flights.add(self._board(sight, alike, led, fly))
        for flight in flights:
            flight.passengers += 1
        found: dict[K, V] = {}
        alone = False
        for flight in flights:
            try:
                found |= await asyncio.shield(flight.landing)
            except StoreUnavailable:
                raise  # nobody's question was at fault
            except Exception:
                if flight.passengers == 1:
                    raise
                alone = True
        if alone:
            found |= await self._through_the_gate([key for key in keys if key not in found], fly)
        return found

    def _board(self, sight: Hashable, alike: Hashable, keys: Sequence[K], fly: Fly[K, V]) -> _Flight[K, V]:
        flight = self._boarding.get((sight, alike))
        if flight is None or flight.passengers >= PASSENGERS_MAX:
            flight = self._boarding[sight, alike] = _Flight()
            flight.landing = asyncio.create_task(self._flown(flight, (sight, alike), fly))
            flight.landing.add_done_callback(functools.partial(self._landed, flight, sight))
        flight.keys += keys
        self._by_question.update(dict.fromkeys([(sight, key) for key in keys], flight))
        return flight

    async def _flown(self, flight: _Flight[K, V], place: Hashable, fly: Fly[K, V]) -> Mapping[K, V]:
        waited = self.gate.locked()
        async with self.gate:
            if self._boarding.get(place) is flight:
                del self._boarding[place]
            return await fly(flight.keys, waited)

    async def _through_the_gate(self, keys: Sequence[K], fly: Fly[K, V]) -> Mapping[K, V]:
        async with self.gate:
            return await fly(keys, True)

    def _landed(self, flight: _Flight[K, V], sight: Hashable, landing: asyncio.Task[Mapping[K, V]]) -> None:
        for key in flight.keys:
            del self._by_question[sight, key]
        if not landing.cancelled():
            landing.exception()  # everybody may have left


class _Flight(Generic[K, V]):
    """`passengers` wait for its `keys`."""

    __slots__ = ("keys", "landing", "passengers")
    landing: asyncio.Task[Mapping[K, V]]

    def __init__(self) -> None:
        self.keys: list[K] = []
        self.passengers = 0

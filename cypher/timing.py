"""How long each named statement takes, told to whoever wants to know."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cypher.statements import Statement


@dataclass(frozen=True, slots=True)
class Timed:
    """A statement that has ended. `began_ns`: by the clock of the day; `failed`: it raised."""

    statement: Statement
    parameters: Mapping[str, Any]
    began_ns: int
    seconds: float
    failed: bool


Listener = Callable[[Timed], None]
_listeners: list[Listener] = []
"""Of this process. They run between a statement's answer and whoever waits for it, so they must be quick."""


def listen(listener: Listener) -> None:
    """Hear of every statement from now on."""
    _listeners.append(listener)


def ignore(listener: Listener) -> None:
    """Hear of no further statement."""
    _listeners.remove(listener)


def told(statement: Statement, parameters: Mapping[str, Any], *, began: float, failed: bool) -> None:
    """Tell of a statement that began at this reading of `perf_counter`."""
    if _listeners:
        seconds = time.perf_counter() - began
        timed = Timed(statement, parameters, time.time_ns() - int(seconds * 1e9), seconds, failed)
        for listener in _listeners:
            listener(timed)

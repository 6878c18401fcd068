"""How each row of a batch ended."""

from __future__ import annotations

from typing import Literal, NamedTuple

from graph_api.errors import DomainError

State = Literal["recorded", "unchanged", "parked", "refused"]


class Outcome(NamedTuple):
    """`unchanged`: the same content was there already; `parked`: waits for its order; `refused`: see `error`."""

    state: State
    error: DomainError | None = None


RECORDED = Outcome("recorded")
UNCHANGED = Outcome("unchanged")
PARKED = Outcome("parked")


def refused(error: DomainError) -> Outcome:
    return Outcome("refused", error)

"""What can be asked about a promoter, each ask with its place in the cache."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from graph_api.cache import Field, Lasts

DownlineOrder = Literal["LEVEL", "JOINED_AT_DESC", "SALES_DESC", "TEAM_VOLUME_DESC"]
PromoterOrder = Literal["JOINED_AT_DESC", "CODE", "TEAM_SIZE_DESC", "TEAM_VOLUME_DESC", "SALES_DESC"]
ALL_TIME = 0
EVERYBODY = ""
"""The code under which lists of all promoters are kept: any change ends them."""
INSTANT_FROM, INSTANT_TO = -(2**62), 2**62


@dataclass(frozen=True, slots=True)
class Members:
    """Which of the people below: from one level to another, found by a code's beginning or a hashed name."""

    level_min: int
    depth: int
    code_start: str | None
    name_hash: str | None
    status: str | None
    rank: str | None


@dataclass(frozen=True, slots=True)
class Anybody:
    """Which of all promoters; an empty `code_start` and `name_hash` stand for everybody."""

    code_start: str
    name_hash: str
    status: str | None
    rank: str | None
    joined_from: int
    joined_to: int
    referrer_code: str | None


@dataclass(frozen=True, slots=True)
class Window:
    """A page of an order: `after` is the last row's keys and code. With `totals`, each member's team is counted along."""

    order: str
    first: int
    after: tuple[int, int, str] | None
    totals: bool = False


Kind = Literal[
    "card",
    "sales",
    "buyers",
    "total",
    "team",
    "valid",
    "promotion",
    "balance",
    "nearly",
    "page",
    "count",
    "list",
    "list_count",
]


_ANSWER = "answer"
_LASTS: Mapping[str, Lasts] = {"card": Lasts.PATH, "promotion": Lasts.CLOSE}


class Ask(NamedTuple):
    """One question, a tuple because it is hashed often. `number` is a month (0: all time) or how many; `which` and `window` are of pages and counts."""

    kind: Kind
    code: str
    number: int = 0
    which: Members | Anybody | None = None
    window: Window | None = None

    @property
    def field(self) -> Field:
        return Field(self.code, _name(self.kind, *self[2:]), _LASTS.get(self.kind, Lasts.SUBTREE))


@functools.lru_cache(1024)
def _name(kind: Kind, number: int, which: Members | Anybody | None, window: Window | None) -> str:
    """Of a field in the cache."""
    if which is None:
        return f"{kind}:{number}"
    # The text searched for may be somebody's name, and names are in Redis sealed or hashed only.
    fields = {name: value for name, value in asdict(which).items() if name != "code_start"}
    return f"{kind}:{json.dumps([fields, asdict(window) if window else None], separators=(',', ':'))}"


def kept_answer(code: str, number: int) -> Field:
    """Where a whole answer about a promoter is kept; `number` stands for what was selected of it."""
    return Field(code, f"{_ANSWER}:{number}")


def ask_of(code: str, name: str) -> Ask | None:
    """The ask whose field this is; None if it cannot be told, as of a search, of a whole answer or of an earlier version.

    >>> page = Ask("page", "P1", 0, Members(1, 1, None, None, None, None), Window("LEVEL", 20, None, totals=True))
    >>> ask_of("P1", page.field.name) == page, ask_of("P1", 'page:[{"name_hash":null},{"order":"LEVEL","first":20}]')
    (True, None)
    """
    kind, _, detail = name.partition(":")
    if kind == _ANSWER:
        return None
    if kind not in ("page", "count", "list", "list_count"):
        return Ask(kind, code, int(detail))  # type: ignore[arg-type]
    which, window = json.loads(detail)
    if which["name_hash"] or (window is not None and "totals" not in window):
        return None
    return Ask(kind, code, 0, _which(kind, which), _window(window))  # type: ignore[arg-type]


def _which(kind: str, fields: Mapping[str, Any]) -> Members | Anybody:
    return Members(code_start=None, **fields) if kind in ("page", "count") else Anybody(code_start="", **fields)


def _window(fields: Mapping[str, Any] | None) -> Window | None:
    if fields is None:
        return None
    after = fields["after"]
    return Window(fields["order"], fields["first"], tuple(after) if after is not None else None, fields["totals"])

"""What can be asked about a promoter, each ask with its place in the cache."""

from __future__ import annotations

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
    """A page of an order: `after` is the last row's keys and code."""

    order: str
    first: int
    after: tuple[int, int, str] | None


Kind = Literal[
    "card", "sales", "buyers", "team", "valid", "promotion", "balance", "nearly", "page", "count", "list", "list_count"
]


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
        lasts = _LASTS.get(self.kind, Lasts.SUBTREE)
        if self.which is None:
            return Field(self.code, f"{self.kind}:{self.number}", lasts)
        # The text searched for may be somebody's name, and names are in Redis sealed or hashed only.
        which = {name: value for name, value in asdict(self.which).items() if name != "code_start"}
        window = asdict(self.window) if self.window else None
        return Field(self.code, f"{self.kind}:{json.dumps([which, window], separators=(',', ':'))}", lasts)


def ask_of(code: str, name: str) -> Ask | None:
    """The ask whose field this is; None if it cannot be told, as of a search."""
    kind, _, detail = name.partition(":")
    if kind not in ("page", "count", "list", "list_count"):
        return Ask(kind, code, int(detail))  # type: ignore[arg-type]
    which, window = json.loads(detail)
    if which["name_hash"]:
        return None
    return Ask(kind, code, 0, _which(kind, which), _window(window))  # type: ignore[arg-type]


def _which(kind: str, fields: Mapping[str, Any]) -> Members | Anybody:
    return Members(code_start=None, **fields) if kind in ("page", "count") else Anybody(code_start="", **fields)


def _window(fields: Mapping[str, Any] | None) -> Window | None:
    if fields is None:
        return None
    after = fields["after"]
    return Window(fields["order"], fields["first"], tuple(after) if after is not None else None)

"""The team view beside what a team would otherwise choose, on the same data."""

from typing import NamedTuple


class Unavailable(Exception):
    """What a peer needs cannot be had here; says what and why."""


class Running(NamedTuple):
    """A process, and where it will listen."""

    port: int
    process: int

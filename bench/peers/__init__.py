"""The team view beside what a team would otherwise choose, on the same data."""


class Unavailable(Exception):
    """What a peer needs cannot be had here; says what and why."""

"""Passwords of staff: argon2id, in threads of their own and few at a time, as each takes 64 MiB on purpose."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from graph_api.rules.staff import normal_password

T = TypeVar("T")
AT_ONCE = 2
WAITING_MAX = 32
"""Whoever comes when so many wait is told to come again: guesses by the thousand are nobody's queue."""

PARAMETERS = RFC_9106_LOW_MEMORY

_HASHER = PasswordHasher.from_parameters(PARAMETERS)


@functools.cache
def _nobodys() -> str:
    """A hash that no account has; made once a process, and not by those that look at no password."""
    return _HASHER.hash("the password of no account")


class TooMany(Exception):
    """More passwords wait to be looked at than is good."""


class Passwords:
    """Hashes and checks; one for each process."""

    def __init__(self) -> None:
        _nobodys()  # not when somebody waits, who would learn by it that there is no such account
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        return await self._in_turn(lambda: _HASHER.hash(normal_password(password)))

    async def fits(self, password: str, kept: str | None) -> bool:
        """Whether the password is the one of a hash; None fits nothing, and takes as long to say so."""
        return await self._in_turn(lambda: _fits(password, kept))

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place among those whose password is looked at, TooMany if all are taken: before anything is done for it."""
        if self._waiting >= WAITING_MAX:
            raise TooMany
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def _in_turn(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _fits(password: str, kept: str | None) -> bool:
    try:
        return _HASHER.verify(kept or _nobodys(), normal_password(password)) and kept is not None
    except (VerificationError, InvalidHashError):
        return False

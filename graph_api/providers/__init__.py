"""Who moves the money: one small interface, and each way of paying behind it.

A provider is asked to pay a transfer under a key of ours, and answers with reports. It keeps no state of its own and
decides nothing about payouts; above all it never calls an outcome certain that is not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol, TypeVar, runtime_checkable

import structlog

KEY_LENGTH_MAX = 32
Clock = Callable[[], int]

log = structlog.get_logger()


def system_clock() -> int:
    """Now, in microseconds: an answer has to be recent, whatever else is computed for another instant."""
    return time.time_ns() // 1000


class Receipt(StrEnum):
    """What a provider is known to have done with a key.

    PAID, FAILED and EXPIRED are certain and final: after FAILED and EXPIRED nothing was paid or will be under that key.
    """

    UNKNOWN = "UNKNOWN"  # nothing is decided: ask again under the same key, never under another one
    ACCEPTED = "ACCEPTED"
    AWAITING_RECEIPT = "AWAITING_RECEIPT"  # the receiver has to confirm
    PAID = "PAID"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"  # the receiver did not confirm in time, or we withdrew it
    ABSENT = "ABSENT"  # the provider has not seen the key, or not all of it: to be sent again under it, and no other


@dataclass(frozen=True, slots=True)
class Transfer:
    """What is to be paid: `net_fen` to `account` (an openid, a bank account) under `key` (1-32 letters and digits).

    `asked_at`: when it was first sent under this key, None before that; the caller records it before it sends, so that
    a crash in between looks like a sending. `parts`: what profit sharing takes from which payment of a buyer, as
    (transaction id, fen), adding up to `net_fen`; other providers pay from the merchant's balance and ignore it. A key
    is always asked with the same parts. To query, `account` may be empty if it is not known any more.
    """

    key: str
    net_fen: int
    account: str
    name: str | None
    remark: str
    asked_at: int | None = None
    parts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a key, as far as one answer tells.

    `at` is the provider's instant, or now (microseconds). `net_fen` and `account` are what the provider says it pays, and
    to whom, where it says so: `compared` holds them against what was asked. `confirmation` opens the receiver's page of
    confirmation (WeChat's package_info).
    """

    key: str
    receipt: Receipt
    at: int
    reference: str | None = None
    reason: str | None = None
    net_fen: int | None = None
    account: str | None = None
    confirmation: str | None = None


class NotVerified(Exception):
    """A message that the provider did not sign, or not lately; nothing in it may be believed."""


class Provider(Protocol):
    """A way of paying. Neither method raises for what the provider or the network does: that is Receipt.UNKNOWN."""

    name: str

    async def send(self, transfer: Transfer) -> Report:
        """Ask to pay. A transfer may be sent again under its key whenever nothing final is known; it is paid once."""
        ...

    async def query(self, transfer: Transfer) -> Report:
        """What became of a transfer that was sent."""
        ...

    async def close(self) -> None:
        """Let go of its connections."""
        ...


@runtime_checkable
class Notifier(Protocol):
    """A provider that also calls back."""

    def verified(self, headers: Mapping[str, str], body: bytes) -> Report:
        """The report of a genuine callback; NotVerified otherwise. To be `compared` with the transfer it names."""
        ...


K = TypeVar("K")


def notifiers(providers: Mapping[K, Provider]) -> Iterator[tuple[K, Notifier]]:
    """Those of the providers that call back."""
    for kind, provider in providers.items():
        if isinstance(provider, Notifier):
            yield kind, provider


def compared(report: Report, transfer: Transfer) -> Report:
    """The report, unless it contradicts what was asked: then UNKNOWN with the reason, for people to look at."""
    said = {"key": report.key, "net_fen": report.net_fen, "account": report.account if transfer.account else None}
    asked = {"key": transfer.key, "net_fen": transfer.net_fen, "account": transfer.account}
    other = [name for name, value in said.items() if value is not None and value != asked[name]]
    if not other:
        return report
    log.error("provider_contradicts", key=transfer.key, said_key=report.key, receipt=report.receipt, differs=other)
    reason = f"the answer {report.receipt} contradicts what was asked: {', '.join(other)}"
    if "net_fen" in other:
        reason += f" ({report.net_fen} fen instead of {transfer.net_fen})"
    return replace(report, key=transfer.key, receipt=Receipt.UNKNOWN, reason=reason)

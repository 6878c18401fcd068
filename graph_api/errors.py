"""Refusals of the domain, each with its facts and a stable code of the contract's ErrorCode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class DomainError(Exception):
    """A business refusal: shown to the caller as a UserError, never logged as a failure.

    `field` is the path of the input field at fault, when one is.
    """

    code: ClassVar[str] = "INVALID"

    def __init__(self, message: str, *, field: Sequence[str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = list(field) if field is not None else None


class Invalid(DomainError):
    """The input itself is wrong."""


class NotFound(DomainError):
    """What the input names does not exist."""

    code = "NOT_FOUND"


class Conflict(DomainError):
    """The key is taken by other content."""

    code = "CONFLICT"


class ComplianceLimit(DomainError):
    """The tree would go over the line that the law draws, and the plan refuses that."""

    code = "COMPLIANCE_LIMIT"


class WouldCycle(DomainError):
    """The referral would close a cycle; `path` walks it from the promoter down to the referrer."""

    code = "WOULD_CYCLE"

    def __init__(self, *, path: Sequence[str], field: Sequence[str] | None = None) -> None:
        super().__init__(f"would close the cycle {' → '.join([*path, path[0]])}", field=field)
        self.path = list(path)


class AlreadyBound(DomainError):
    """The promoter has a referrer already."""

    code = "ALREADY_BOUND"

    def __init__(self, *, referrer_code: str, protected_until: int | None = None) -> None:
        super().__init__(f"already referred by {referrer_code}; move the branch instead")
        self.referrer_code = referrer_code
        self.protected_until = protected_until


class SelfReferral(DomainError):
    code = "SELF_REFERRAL"


class NotActive(DomainError):
    code = "NOT_ACTIVE"


class TooManyLevels(DomainError):
    code = "TOO_MANY_LEVELS"


class OutOfBounds(DomainError):
    code = "OUT_OF_BOUNDS"


class OverRefund(DomainError):
    code = "OVER_REFUND"


class WrongState(DomainError):
    code = "WRONG_STATE"


class ManyErrors(Exception):
    """Several refusals of one input, one per field."""

    def __init__(self, errors: Sequence[DomainError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = list(errors)

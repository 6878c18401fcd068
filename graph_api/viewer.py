"""Who is asking: a role, and the promoter that a PROMOTER's token stands for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    PROMOTER = "PROMOTER"
    OPERATOR = "OPERATOR"
    RISK = "RISK"
    FINANCE = "FINANCE"
    SERVICE = "SERVICE"
    ADMIN = "ADMIN"


@dataclass(frozen=True, slots=True)
class Viewer:
    """`promoter_code` is set exactly for PROMOTER, `staff_name` for who has signed in; `actor` names the viewer in the journal."""

    role: Role
    promoter_code: str | None = None
    staff_name: str | None = None

    @property
    def actor(self) -> str:
        name = self.promoter_code or self.staff_name
        return f"{self.role}:{name}" if name else str(self.role)

    def sees(self, code: str, path: tuple[str, ...]) -> bool:
        """Whether a promoter with this upline is visible: staff see everybody, a promoter itself and its team."""
        return self.role is not Role.PROMOTER or code == self.promoter_code or self.promoter_code in path

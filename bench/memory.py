"""What a process of this machine needs."""

from __future__ import annotations

import re
from pathlib import Path


def memory_mib(name: str = "VmRSS", *, process: int | str = "self") -> int:
    """Its memory now, or with `VmHWM` at most so far; 0 once it is gone."""
    status = Path(f"/proc/{process}/status")
    found = re.search(rf"{name}:\s+(\d+) kB", status.read_text("ascii")) if status.exists() else None
    return int(found[1]) // 1024 if found else 0

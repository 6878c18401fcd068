"""What a process of this machine needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import psutil  # type: ignore[import-untyped]


def memory_mib(name: str = "VmRSS", *, process: int | str = "self") -> int:
    """Its memory now, or with `VmHWM` at most so far; 0 once it is gone."""
    status = Path(f"/proc/{process}/status")
    found = re.search(rf"{name}:\s+(\d+) kB", status.read_text("ascii")) if status.exists() else None
    return int(found[1]) // 1024 if found else 0


def processor_seconds(processes: Iterable[int]) -> float:
    """What these and their children, also those that have ended, have used of the processors so far."""
    families = [[each, *each.children(recursive=True)] for each in map(psutil.Process, processes)]
    return sum(_own_and_ended(each) for family in families for each in family)


def _own_and_ended(process: psutil.Process) -> float:
    """None of one that has ended just now: its parent's times have them."""
    try:
        return sum(process.cpu_times()[:4])
    except psutil.NoSuchProcess:
        return 0.0

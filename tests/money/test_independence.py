"""The oracle is of no use if it is the product that it agrees with."""

from __future__ import annotations

import subprocess
import sys

from tests.blackbox.command import ROOT

SHOWN = "import sys, tests.money.sums; print(*sorted({name.partition('.')[0] for name in sys.modules}))"


def test_the_oracle_shares_no_code_with_the_product() -> None:
    shown = subprocess.run([sys.executable, "-c", SHOWN], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(shown.stdout.split())
    assert "tests" in loaded
    assert not loaded & {"graph_api", "cypher", "loaders"}

"""One run of the machine with a seed: the same seed makes the same run."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.money.machine import World, machine


def run(world: World, *, seed: int, runs: int, steps: int, shrink: bool = False) -> None:
    """`runs` examples of `steps` steps each. `shrink`: a failure is told by its shortest example, which takes minutes."""
    given = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(_seed(machine(world), seed), settings=given)


def _seed(factory: type, number: int) -> type:
    return seed(number)(factory)

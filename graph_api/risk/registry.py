"""All detectors, and one pass of them over a snapshot."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graph_api.errors import NotFound
from graph_api.risk import (
    commission_spike,
    compliance_line,
    deep_chain,
    dormant_intermediary,
    identity_ring,
    mutual_purchase,
    referral_cycle,
    refund_ring,
    self_purchase,
    shared_payout_account,
    star_burst,
    threshold_stuffing,
)
from graph_api.risk.detector import ALERT_SCORE, DEFAULTS, Detector, Found, ParameterSet
from graph_api.risk.snapshot import Snapshot

DETECTORS: Mapping[str, Detector] = {
    module.DETECTOR.key: module.DETECTOR
    for module in (
        referral_cycle,
        deep_chain,
        compliance_line,
        identity_ring,
        shared_payout_account,
        mutual_purchase,
        self_purchase,
        refund_ring,
        star_burst,
        dormant_intermediary,
        threshold_stuffing,
        commission_spike,
    )
}
Chosen = Mapping[str, ParameterSet]
"""Parameters by detector; the defaults where there are none."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one detector found with which parameters, in its own order, and how long it took."""

    detector: Detector
    found: tuple[Found, ...]
    seconds: float
    parameters: ParameterSet = DEFAULTS


def named(keys: Iterable[str] | None = None) -> list[Detector]:
    """Detectors by key, all of them without keys; NotFound for a key that none has."""
    wanted = list(DETECTORS) if keys is None else list(dict.fromkeys(keys))
    unknown = [key for key in wanted if key not in DETECTORS]
    if unknown:
        raise NotFound(f"no detector {', '.join(unknown)}; there are {', '.join(DETECTORS)}", field=["detectors"])
    return [DETECTORS[key] for key in wanted]


def scan(snapshot: Snapshot, detectors: Iterable[Detector], chosen: Chosen | None = None) -> list[Pass]:
    """Let detectors look at a snapshot; what scores below the alert line is not told."""
    passes = []
    for detector in detectors:
        began = time.monotonic()
        parameters = (chosen or {}).get(detector.key, DEFAULTS)
        limits = detector.limits(parameters.chosen)
        every = tuple(found for found in detector.detect(snapshot, limits) if found.score >= ALERT_SCORE)
        passes.append(Pass(detector, every, round(time.monotonic() - began, 3), parameters))
    return passes

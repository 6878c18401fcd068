"""COMMISSION_SPIKE: a day's commission far above what the four weeks before it were like."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graph_api.risk.detector import (
    LOCK_SCORE,
    Detector,
    Evidence,
    Found,
    Limits,
    Parameter,
    Text,
    found,
    score,
)
from graph_api.risk.snapshot import Int64s, Snapshot
from graph_api.rules.money import yuan

CHUNK = 100_000
"""Days judged at once: 28 numbers each."""
DAYS_SPAN = 1 << 24


class Spike(NamedTuple):
    """`median_2_fen` is twice the median and `mad_4_fen` four times the deviation: whole numbers, whatever they fall between."""

    row: int
    fen: int
    median_2_fen: int
    mad_4_fen: int
    active_days: int


def detect(snapshot: Snapshot, limits: Limits) -> list[Found]:
    """Every receiver's day above the threshold; days without commission count 0."""
    day_fens = snapshot.own_fens + snapshot.override_fens
    candidates = np.flatnonzero(day_fens >= limits["day_min_fen"])
    findings = []
    for start in range(0, len(candidates), CHUNK):
        rows = candidates[start : start + CHUNK]
        findings += [_explained(snapshot, limits, spike) for spike in _spikes(snapshot, limits, day_fens, rows)]
    return findings


def _spikes(snapshot: Snapshot, limits: Limits, day_fens: Int64s, rows: Int64s) -> list[Spike]:
    """Incomes are sorted by receiver and day, so the days before a row stand right before it."""
    days = limits["days"]
    keys = snapshot.income_receivers.astype(np.int64) * DAYS_SPAN + snapshot.income_days
    firsts = np.searchsorted(keys, keys[rows] - days)
    counts = rows - firsts
    which = np.repeat(np.arange(len(rows)), counts)
    places = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts) + firsts[which]
    before = np.zeros((len(rows), days), dtype=np.int64)
    before[which, snapshot.income_days[places] - snapshot.income_days[rows][which] + days] = day_fens[places]
    active = (before > 0).sum(axis=1)
    median_2 = _twice_median(before)
    mad_4 = _twice_median(np.abs(2 * before - median_2[:, None]))
    above = 4 * day_fens[rows] > 2 * median_2 + limits["mads"] * mad_4
    return [
        Spike(int(rows[i]), int(day_fens[rows[i]]), int(median_2[i]), int(mad_4[i]), int(active[i]))
        for i in np.flatnonzero(above)
    ]


def _twice_median(rows: Int64s) -> Int64s:
    ordered = np.sort(rows, axis=1)
    width = rows.shape[1]
    twice: Int64s = ordered[:, (width - 1) // 2] + ordered[:, width // 2]
    return twice


def _explained(snapshot: Snapshot, limits: Limits, spike: Spike) -> Found:
    receiver = int(snapshot.income_receivers[spike.row])
    day, code = str(np.datetime64(int(snapshot.income_days[spike.row]), "D")), snapshot.code(receiver)
    alert_4 = max(2 * spike.median_2_fen + limits["mads"] * spike.mad_4_fen, 4 * limits["day_min_fen"])
    lock_4 = max(2 * spike.median_2_fen + limits["mads_lock"] * spike.mad_4_fen, 2 * alert_4)
    reached = score(4 * spike.fen, alert=alert_4, lock=lock_4)
    few = spike.active_days < limits["active_days_min"]
    median_fen, threshold_fen = spike.median_2_fen // 2, alert_4 // 4
    return found(
        snapshot,
        DETECTOR,
        anchor=f"{code}@{day}",
        score=min(reached, LOCK_SCORE - 1) if few else reached,
        members=[receiver],
        edges=(),
        evidence=[
            Evidence("day_fen", str(spike.fen), str(threshold_fen)),
            Evidence("median_fen", str(median_fen)),
            Evidence("mad_fen", str(spike.mad_4_fen // 4)),
            Evidence("active_days", str(spike.active_days), str(limits["active_days_min"])),
        ],
        sentence=Text(
            f"{code} 在 {day} 一天的佣金为 {yuan(spike.fen)} 元，此前 {limits['days']} 天的中位数为 {yuan(median_fen)} 元，告警线 {yuan(threshold_fen)} 元。",
            f"{code} earned {yuan(spike.fen)} yuan on {day}; the median of the {limits['days']} days before was"
            f" {yuan(median_fen)} yuan, and the alert line is {yuan(threshold_fen)} yuan.",
        ),
    )


DETECTOR = Detector(
    key="COMMISSION_SPIKE",
    version=1,
    title=Text("佣金突增", "Commission spike"),
    description=Text(
        "一天的佣金（按成交日计，退款已扣）高于此前 28 天的中位数加 6 倍绝对中位差，且达到最低金额；有佣金的日子太少时不自动锁定。",
        "A day's commission (by the day of the sale, refunds taken off) above median + 6 × MAD of the 28 days before, and"
        " above a least sum; with too few days that have any, it locks nobody.",
    ),
    parameters=(
        Parameter(
            "mads", 6, 1, 100, "TIMES", Text("告警线：中位数之上几倍绝对中位差", "How many MADs above the median alert")
        ),
        Parameter(
            "mads_lock",
            12,
            2,
            1000,
            "TIMES",
            Text(
                "锁定线：中位数之上几倍绝对中位差，且至少为告警线的两倍",
                "How many MADs above the median are grave, and twice the alert line at least",
            ),
            not_below="mads",
        ),
        Parameter(
            "day_min_fen",
            100_000,
            1,
            1_000_000_000_000,
            "FEN",
            Text("一天的佣金至少多少才告警", "A day of less commission is no spike"),
        ),
        Parameter(
            "days",
            28,
            7,
            366,
            "DAYS",
            Text("与此前多少天比较", "How many days before are compared with"),
            not_below="active_days_min",
        ),
        Parameter(
            "active_days_min",
            14,
            1,
            366,
            "DAYS",
            Text("其中有佣金的日子至少多少才可锁定", "With fewer of them that have any commission, nobody is locked"),
        ),
    ),
    detect=detect,
    may_lock=True,
)

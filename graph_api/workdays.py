"""The official calendar of the PRC: who works when, make-up days included, as the State Council announced it."""

from __future__ import annotations

from datetime import date

import chinese_calendar

from graph_api.rules.settlement import Working, presumed


def working(day: date) -> Working:
    """Whether `day` is a working day; provisional in a year that the library does not know, usually an unannounced one."""
    try:
        return Working(chinese_calendar.is_workday(day), provisional=False)
    except NotImplementedError:
        return presumed(day)

"""The working days of 2025 and 2026 as announced: 国办发明电〔2024〕12号 and 〔2025〕7号, written out by date."""

from __future__ import annotations

from datetime import date

from graph_api.rules.settlement import Working, presumed

FREE = {
    2025: "01-01 01-28 01-29 01-30 01-31 02-01 02-02 02-03 02-04 04-04 04-05 04-06 05-01 05-02 05-03 05-04 05-05 "
    "05-31 06-01 06-02 10-01 10-02 10-03 10-04 10-05 10-06 10-07 10-08",
    2026: "01-01 01-02 01-03 02-15 02-16 02-17 02-18 02-19 02-20 02-21 02-22 02-23 04-04 04-05 04-06 "
    "05-01 05-02 05-03 05-04 05-05 06-19 06-20 06-21 09-25 09-26 09-27 10-01 10-02 10-03 10-04 10-05 10-06 10-07",
}
MADE_UP = {
    2025: "01-26 02-08 04-27 09-28 10-11",
    2026: "01-04 02-14 02-28 05-09 09-20 10-10",
}


def days(announced: dict[int, str]) -> set[date]:
    return {date.fromisoformat(f"{year}-{day}") for year, listed in announced.items() for day in listed.split()}


FREE_DAYS, MADE_UP_DAYS = days(FREE), days(MADE_UP)


def announced(day: date) -> Working:
    """As the announcements of the two years say; any other year is not announced."""
    if day.year not in FREE:
        return presumed(day)
    weekday = day.isoweekday() <= 5
    return Working(day in MADE_UP_DAYS or (weekday and day not in FREE_DAYS), provisional=False)

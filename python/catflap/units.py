"""Times: ``2 * s``, ``50 * ms``; plain numbers are seconds."""

from __future__ import annotations

from datetime import timedelta
from typing import Union

s = timedelta(seconds=1)
ms = timedelta(milliseconds=1)

Time = Union[timedelta, float]


def seconds(time: Time) -> float:
    return time.total_seconds() if isinstance(time, timedelta) else float(time)


def optional_seconds(time: Time | None) -> float | None:
    return None if time is None else seconds(time)

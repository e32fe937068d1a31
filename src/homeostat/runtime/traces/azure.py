"""Azure's traces of LLM inference: TIMESTAMP, ContextTokens, GeneratedTokens.

Timestamps are written as 2023-11-16 18:17:03.9799600, with up to nine digits of a second, and
optionally +00:00 behind them; they are read as exact ns since 1970. Source:
Azure/AzurePublicDataset, CC-BY-4.0.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from homeostat.models.aging import NANOSECONDS
from homeostat.runtime.traces.files import Place, count_of, field_of, records_of, trace_of
from homeostat.runtime.traces.trace import Trace, TraceRequest

__all__ = ["AZURE_FIELD", "read_azure"]

AZURE_FIELD: Final = "TIMESTAMP"
"""The column by which the format is known."""
_TIMESTAMP: Final = re.compile(
    r"(\d{4}-\d\d-\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:\+00:00)?", re.ASCII
)
_EPOCH: Final = date(1970, 1, 1)
_YEARS: Final = range(1970, 2116)
"""Their ns fit in ``TIME_NS_MAX``."""
_RULE: Final = "a UTC time as in 2023-11-16 18:17:03.9799600, in the years 1970 to 2115"


def read_azure(path: Path) -> Trace:
    """Return the trace in a file of Azure's format.

    Raises:
        InvalidInputError: With file, line, value and rule.
    """
    return trace_of(path, _requests(path))


def _requests(path: Path) -> Iterator[TraceRequest]:
    for place, row in records_of(path):
        yield TraceRequest(
            arrival_ns=_nanoseconds(place, field_of(place, row, AZURE_FIELD)),
            prompt_tokens=count_of(place, row, "ContextTokens"),
            output_tokens=count_of(place, row, "GeneratedTokens"),
        )


def _nanoseconds(place: Place, text: str) -> int:
    """Return ns since 1970."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        place.refuse(AZURE_FIELD, text, _RULE)
    day, hour, minute, second, fraction = found.groups()
    days = _days(day)
    if days is None or int(hour) > 23 or int(minute) > 59 or int(second) > 59:
        place.refuse(AZURE_FIELD, text, _RULE)
    seconds = ((days * 24 + int(hour)) * 60 + int(minute)) * 60 + int(second)
    return seconds * NANOSECONDS + int((fraction or "").ljust(9, "0"))


@lru_cache(maxsize=1024)
def _days(text: str) -> int | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return (day - _EPOCH).days if day.year in _YEARS else None

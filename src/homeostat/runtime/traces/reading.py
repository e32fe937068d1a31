"""One door to all trace formats."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from homeostat.errors import InvalidInputError
from homeostat.runtime.traces.azure import AZURE_FIELD, read_azure
from homeostat.runtime.traces.files import json_object, lines_of
from homeostat.runtime.traces.mooncake import MOONCAKE_FIELD, read_mooncake
from homeostat.runtime.traces.trace import Trace
from homeostat.runtime.traces.vllm import VLLM_FIELD, read_vllm

__all__ = ["FORMATS", "read_trace"]

FORMATS: Final[Mapping[str, Callable[[Path], Trace]]] = {
    AZURE_FIELD: read_azure,
    VLLM_FIELD: read_vllm,
    MOONCAKE_FIELD: read_mooncake,
}
"""Readers by the field that only their format has."""


def read_trace(path: Path) -> Trace:
    """Return the trace in a file, whose first line tells the format.

    Raises:
        InvalidInputError: The file has no format that is known, or breaks the rules of its own.
    """
    for place, text in lines_of(path):
        columns = json_object(place, text) if text.startswith("{") else text.split(",")
        fields = {column.strip() for column in columns}
        for known, read in FORMATS.items():
            if known in fields:
                return read(path)
        place.refuse("text", text, f"of a trace, with one of the fields {', '.join(FORMATS)}")
    raise InvalidInputError(f"{path} must hold a trace, is empty")

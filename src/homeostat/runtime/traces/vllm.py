"""A measured run of vLLM: its requests, the engine's limits, and what it did each second.

Three files beside each other, as LLMServingSim's benchmarks leave them: PREFIXrequests.jsonl with
the times of each request, PREFIXmeta.json, PREFIXtimeseries.csv. Times are read as the exact ns
that their digits say. ``arrival_time`` is the client's clock (epoch), the others are the engine's
(monotonic): their difference means nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from homeostat.errors import InvalidInputError
from homeostat.runtime.traces.files import (
    Place,
    count_of,
    field_of,
    json_object,
    lines_of,
    nanoseconds_of,
    records_of,
)
from homeostat.runtime.traces.trace import MeasuredTimes, Trace, TraceRequest

__all__ = ["VLLM_FIELD", "EngineLimits", "EngineSample", "VllmRun", "read_vllm", "read_vllm_run"]

VLLM_FIELD: Final = "input_toks"
"""The field by which the format is known."""
_REQUESTS: Final = "requests.jsonl"
_SECOND_NS: Final = 10**9
_TIMES: Final = ("queued_ts", "scheduled_ts", "first_token_ts", "last_token_ts")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLimits:
    """The limits that the engine ran under."""

    kv_blocks: int
    block_tokens: int
    sequences_max: int
    tokens_per_step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSample:
    """The engine at one time: ns since its sampling began, and KV memory in use, 0 .. 100 %."""

    time_ns: int
    running: int
    waiting: int
    kv_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmRun:
    """A trace with the engine that served it."""

    trace: Trace
    limits: EngineLimits
    samples: tuple[EngineSample, ...]


def read_vllm(path: Path) -> Trace:
    """Return the trace in a file of a run's requests.

    Raises:
        InvalidInputError: With file, line, value and rule.
    """
    requests = list(_requests(path))
    origin = min((r.measured.queued_ns for r in requests if r.measured), default=0)
    return Trace.of(path.stem, (_since(origin, request) for request in requests))


def read_vllm_run(path: Path) -> VllmRun:
    """Return a whole run, given its file of requests; the two others lie beside it.

    Raises:
        InvalidInputError: With file, line, value and rule.
    """
    if not path.name.endswith(_REQUESTS):
        raise InvalidInputError(f"{path} must have a name that ends in {_REQUESTS}")
    prefix = path.name.removesuffix(_REQUESTS)
    return VllmRun(
        trace=read_vllm(path),
        limits=_limits(path.with_name(f"{prefix}meta.json")),
        samples=tuple(_samples(path.with_name(f"{prefix}timeseries.csv"))),
    )


def _requests(path: Path) -> Iterator[TraceRequest]:
    for place, text in lines_of(path):
        row = json_object(place, text)
        yield TraceRequest(
            arrival_ns=nanoseconds_of(place, row, "arrival_time", unit_ns=_SECOND_NS),
            prompt_tokens=count_of(place, row, VLLM_FIELD),
            output_tokens=count_of(place, row, "output_toks"),
            measured=_times(place, row),
        )


def _times(place: Place, row: Mapping[str, Any]) -> MeasuredTimes:
    times = [nanoseconds_of(place, row, field, unit_ns=_SECOND_NS) for field in _TIMES]
    for (earlier, later), field in zip(pairwise(times), _TIMES[1:], strict=True):
        if later < earlier:
            place.refuse(field, str(row[field]), "no earlier than the time before it")
    queued, scheduled, first, last = times
    return MeasuredTimes(
        queued_ns=queued, scheduled_ns=scheduled, first_token_ns=first, last_token_ns=last
    )


def _since(origin_ns: int, request: TraceRequest) -> TraceRequest:
    times = request.measured
    assert times is not None
    moved = MeasuredTimes(
        queued_ns=times.queued_ns - origin_ns,
        scheduled_ns=times.scheduled_ns - origin_ns,
        first_token_ns=times.first_token_ns - origin_ns,
        last_token_ns=times.last_token_ns - origin_ns,
    )
    return replace(request, measured=moved)


def _limits(path: Path) -> EngineLimits:
    place = Place(path, 1)
    meta = json_object(place, "\n".join(text for _, text in lines_of(path)))
    memory = _part(place, meta, "kv_cache")
    engine = _part(place, meta, "engine_kwargs")
    return EngineLimits(
        kv_blocks=count_of(place, memory, "num_gpu_blocks"),
        block_tokens=count_of(place, memory, "block_size"),
        sequences_max=count_of(place, engine, "max_num_seqs"),
        tokens_per_step=count_of(place, engine, "max_num_batched_tokens"),
    )


def _part(place: Place, record: Mapping[str, Any], field: str) -> dict[str, Any]:
    part = field_of(place, record, field)
    if not isinstance(part, dict):
        place.refuse(field, part, "a JSON object")
    return part


def _samples(path: Path) -> Iterator[EngineSample]:
    before = -1
    for place, row in records_of(path):
        sample = EngineSample(
            time_ns=nanoseconds_of(place, row, "t", unit_ns=_SECOND_NS),
            running=count_of(place, row, "running", low=0),
            waiting=count_of(place, row, "waiting", low=0),
            # A gauge to draw, of which 10^-9 is far below its own two digits.
            kv_percent=nanoseconds_of(place, row, "kv_cache_pct", unit_ns=_SECOND_NS) / _SECOND_NS,
        )
        if not sample.time_ns > before:
            place.refuse("t", row["t"], "later than the row before")
        if not sample.kv_percent <= 100:
            place.refuse("kv_cache_pct", row["kv_cache_pct"], "<= 100")
        before = sample.time_ns
        yield sample

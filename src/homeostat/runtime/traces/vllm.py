"""A measured run of vLLM: its requests, the engine's limits, and what it did each second.

Three files beside each other, as LLMServingSim's benchmarks leave them: PREFIXrequests.jsonl with
the times of each request, PREFIXmeta.json, PREFIXtimeseries.csv. The first alone, under any name,
is a run too, of an engine that is not known. ``arrival_time`` is the client's clock (epoch), the
others are the engine's (monotonic): their difference means nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from homeostat.models.aging import NANOSECONDS
from homeostat.runtime.scheduler.limits import Limits
from homeostat.runtime.traces.files import (
    Place,
    count_of,
    decimal_of,
    field_of,
    json_document,
    json_object,
    kind_of,
    lines_of,
    nanoseconds_of,
    records_of,
    trace_of,
)
from homeostat.runtime.traces.trace import MeasuredTimes, Trace, TraceRequest

__all__ = ["VLLM_FIELD", "Engine", "EngineSample", "VllmRun", "read_vllm", "read_vllm_run"]

VLLM_FIELD: Final = "input_toks"
"""The field by which the format is known."""
_REQUESTS: Final = "requests.jsonl"
_NULL_BLOCKS: Final = 1
"""vLLM keeps one of its blocks to stand for no block."""
_TIMES: Final = ("queued_ts", "scheduled_ts", "first_token_ts", "last_token_ts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What the engine was.

    Attributes:
        limits: Those it ran under; of its KV blocks those that it could use.
        overlap: Whether it planned a step while the one before ran (asynchronous scheduling);
            None where the run does not say.
        reuse: Whether a freed block kept its KV (prefix caching); None where the run does not say.
    """

    limits: Limits
    overlap: bool | None
    reuse: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSample:
    """The engine at one time: ns since its sampling began, and KV memory in use, 0 .. 100 %."""

    time_ns: int
    running: int
    waiting: int
    kv_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmRun:
    """A trace with the engine that served it, where that is known, and its gauges' readings."""

    trace: Trace
    engine: Engine | None
    samples: tuple[EngineSample, ...]


def read_vllm(path: Path) -> Trace:
    """Return the trace in a file of a run's requests.

    Raises:
        InvalidInputError: With file, line, value and rule.
    """
    requests = list(_requests(path))
    origin = min((r.measured.queued_ns for r in requests if r.measured), default=0)
    return trace_of(path, (_since(origin, request) for request in requests))


def read_vllm_run(path: Path) -> VllmRun:
    """Return a whole run, given its file of requests.

    The two others are read where they lie beside it; a name that does not end in requests.jsonl
    has none.

    Raises:
        InvalidInputError: With file, line, value and rule.
    """
    meta, timeseries = _beside(path, "meta.json"), _beside(path, "timeseries.csv")
    return VllmRun(
        trace=read_vllm(path),
        engine=None if meta is None else _engine(meta),
        samples=() if timeseries is None else tuple(_samples(timeseries)),
    )


def _beside(path: Path, ending: str) -> Path | None:
    if not path.name.endswith(_REQUESTS):
        return None
    other = path.with_name(path.name.removesuffix(_REQUESTS) + ending)
    return None if kind_of(other) == "nothing" else other


def _requests(path: Path) -> Iterator[TraceRequest]:
    for place, text in lines_of(path):
        row = json_object(place, text)
        yield TraceRequest(
            arrival_ns=nanoseconds_of(place, row, "arrival_time", unit_ns=NANOSECONDS),
            prompt_tokens=count_of(place, row, VLLM_FIELD),
            output_tokens=count_of(place, row, "output_toks"),
            measured=_times(place, row),
        )


def _times(place: Place, row: Mapping[str, Any]) -> MeasuredTimes:
    times = [nanoseconds_of(place, row, field, unit_ns=NANOSECONDS) for field in _TIMES]
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


def _engine(path: Path) -> Engine:
    place, meta = json_document(path)
    memory = _part(place, meta, "kv_cache")
    arguments = _part(place, meta, "engine_kwargs")
    sequences_max = count_of(place, arguments, "max_num_seqs")
    limits = Limits(
        kv_blocks=count_of(place, memory, "num_gpu_blocks", low=_NULL_BLOCKS + 1) - _NULL_BLOCKS,
        block_tokens=count_of(place, memory, "block_size"),
        sequences_max=sequences_max,
        tokens_per_step=count_of(place, arguments, "max_num_batched_tokens", low=sequences_max),
    )
    # What the engine made of its arguments; runs of some versions lack it.
    resolved = _part(place, meta, "resolved_config", optional=True)
    return Engine(
        limits=limits,
        overlap=_switch(place, resolved, "scheduler_config", "async_scheduling"),
        reuse=_switch(place, resolved, "cache_config", "enable_prefix_caching"),
    )


def _switch(place: Place, record: Mapping[str, Any], part: str, field: str) -> bool | None:
    value = _part(place, record, part, optional=True).get(field)
    if value is not None and not isinstance(value, bool):
        place.refuse(field, value, "true or false")
    return value


def _part(
    place: Place, record: Mapping[str, Any], field: str, *, optional: bool = False
) -> dict[str, Any]:
    part = record.get(field, {}) if optional else field_of(place, record, field)
    if not isinstance(part, dict):
        place.refuse(field, part, "a JSON object")
    return part


def _samples(path: Path) -> Iterator[EngineSample]:
    before = -1
    for place, row in records_of(path):
        sample = EngineSample(
            time_ns=nanoseconds_of(place, row, "t", unit_ns=NANOSECONDS),
            running=count_of(place, row, "running", low=0),
            waiting=count_of(place, row, "waiting", low=0),
            kv_percent=float(decimal_of(place, row, "kv_cache_pct")),
        )
        if not sample.time_ns > before:
            place.refuse("t", row["t"], "later than the row before")
        if not sample.kv_percent <= 100:
            place.refuse("kv_cache_pct", row["kv_cache_pct"], "<= 100")
        before = sample.time_ns
        yield sample

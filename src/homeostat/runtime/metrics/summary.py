"""Latency, waste and fairness of the requests that a run has finished.

Notation, for a request that arrived at t_a, whose first of g output tokens was sampled at t_1 and
whose last one at t_g
    TTFT = t_1 - t_a, time to first token; TPOT = (t_g - t_1)/(g - 1), time per output token after
    the first, of requests with g >= 2; rate = g/(t_g - t_a), output tokens per second as the user
    sees them, which is the share that Jain's index compares.
A request computes prompt + g - 1 tokens once (the last one sampled is never computed); what it
computes beyond that is waste.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from homeostat.errors import InvalidInputError
from homeostat.models.aging import NANOSECONDS
from homeostat.models.entropy import jain_index
from homeostat.runtime.scheduler.requests import Sequence as ServedSequence

__all__ = ["Distribution", "Summary", "distribution", "output_rate", "summarise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Mean and percentiles, interpolated linearly, in the unit of what was measured."""

    count: int
    mean: float
    p50: float
    p90: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run did for the requests that it finished."""

    requests: int
    prompt_tokens: int
    output_tokens: int
    makespan_ns: int
    """From the first arrival to the last token."""
    ttft_ns: Distribution
    tpot_ns: Distribution | None
    """None where no request has a second token."""
    latency_ns: Distribution
    """From arrival to last token."""
    evictions: int
    recomputed_tokens: int
    waste: float
    """Part of all computed tokens that had been computed before, in [0, 1)."""
    jain_index: float
    """Of the output tokens per second that each request saw, in [1/requests, 1]."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON data, distributions as objects."""
        return asdict(self)


def distribution(values: Sequence[float]) -> Distribution:
    """Return mean and percentiles of at least one value.

    Raises:
        InvalidInputError: There are no values.
    """
    if not len(values):
        raise InvalidInputError("a distribution needs at least one value, got none")
    sample = np.asarray(values, dtype=np.float64)
    p50, p90, p99 = np.percentile(sample, (50, 90, 99)).tolist()
    mean, greatest = float(sample.mean()), float(sample.max())
    return Distribution(count=len(values), mean=mean, p50=p50, p90=p90, p99=p99, max=greatest)


def output_rate(sequence: ServedSequence) -> float:
    """Return the output tokens per second that the user of a finished sequence saw.

    A sequence that ends within the nanosecond in which it arrived counts as taking one.
    """
    _, finished_ns = _times(sequence)
    return sequence.generated * NANOSECONDS / max(1, finished_ns - sequence.request.arrival_ns)


def summarise(finished: Iterable[ServedSequence]) -> Summary:
    """Return the summary of finished sequences, of which there must be at least one.

    Raises:
        InvalidInputError: There are none, or one of them has not finished.
    """
    sequences = tuple(finished)
    if not sequences:
        raise InvalidInputError("a summary needs at least one finished sequence, got none")
    arrivals = [s.request.arrival_ns for s in sequences]
    firsts, ends = zip(*map(_times, sequences), strict=True)
    tpots = [
        (end - first) / (s.generated - 1)
        for s, first, end in zip(sequences, firsts, ends, strict=True)
        if s.generated > 1
    ]
    prompts = sum(s.request.prompt_tokens for s in sequences)
    outputs = sum(s.generated for s in sequences)
    recomputed = sum(s.recomputed for s in sequences)
    return Summary(
        requests=len(sequences),
        prompt_tokens=prompts,
        output_tokens=outputs,
        makespan_ns=max(ends) - min(arrivals),
        ttft_ns=distribution([b - a for a, b in zip(arrivals, firsts, strict=True)]),
        tpot_ns=distribution(tpots) if tpots else None,
        latency_ns=distribution([b - a for a, b in zip(arrivals, ends, strict=True)]),
        evictions=sum(s.evictions for s in sequences),
        recomputed_tokens=recomputed,
        waste=recomputed / (prompts + outputs - len(sequences) + recomputed),
        jain_index=float(jain_index([output_rate(s) for s in sequences])),
    )


def _times(sequence: ServedSequence) -> tuple[int, int]:
    """Return when the first and the last token of a finished sequence were sampled, ns."""
    first_ns, finished_ns = sequence.first_token_ns, sequence.finished_ns
    if first_ns is None or finished_ns is None:
        raise InvalidInputError(
            f"sequence {sequence.request.id!r} must have finished: first_token_ns={first_ns!r}, "
            f"finished_ns={finished_ns!r}"
        )
    return first_ns, finished_ns

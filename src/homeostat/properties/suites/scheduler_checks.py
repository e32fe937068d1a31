"""Does a scheduler follow the integer model of two-type batching, step for step?

The workload of note 003 under fcfs+least-decoded+none, on an engine with blocks of one token and
no limit but memory. A request of the model holds V_s = l0 + s + 1 tokens at stage s; a prompt of
l0 + 1 tokens does so while it has sampled s tokens, so stage s is ``generated`` = s. More requests
wait than fit at any time. The scheduler lets the evicted come back (``recompute_step``); where
they shall be gone (``integer_step``), the client cancels them as soon as they are evicted.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, Final

from hypothesis import strategies as st

from homeostat.models.batching import (
    BatchingParameters,
    integer_start,
    integer_step,
    is_long,
    recompute_step,
)
from homeostat.properties.results import Violation
from homeostat.properties.strategies.batching import shares
from homeostat.runtime.scheduler import Limits, Request

__all__ = ["leaves_the_integer_model", "stage_counts", "whole_systems"]

POLICY: Final = "fcfs+least-decoded+none"
STEP_COUNT: Final = 40


def _request(parameters: BatchingParameters, n: int) -> Request:
    steps = parameters.l_b if is_long(parameters.q, n) else parameters.l_a
    return Request(
        id=str(n), arrival_ns=0, prompt_tokens=int(parameters.l0) + 1, output_tokens_max=steps
    )


def stage_counts(
    parameters: BatchingParameters, make: Callable[..., Any], *, cancels: bool
) -> Iterator[tuple[int, ...]]:
    """Run a scheduler on the saturated workload; yields how many run at each stage, each step.

    Args:
        parameters: The system, with an integer l0 and capacity.
        make: Returns a scheduler, given limits and a policy's name.
        cancels: Whether the client cancels what is evicted.
    """
    capacity = int(parameters.capacity)
    limits = Limits(
        kv_blocks=capacity, block_tokens=1, tokens_per_step=capacity, sequences_max=capacity
    )
    scheduler = make(limits, POLICY)
    submitted = 0
    while True:
        while scheduler.waiting_count * (parameters.l0 + 1) <= capacity:
            submitted += 1
            scheduler.submit(_request(parameters, submitted), 0)
        plan = scheduler.plan(0)
        for sequence in plan.evicted if cancels else ():
            scheduler.cancel(sequence.request.id, 0)
        stages = Counter(sequence.generated for sequence in scheduler.running)
        yield tuple(stages[s] for s in range(parameters.l_b))
        scheduler.commit(plan, 0)


@st.composite
def whole_systems(draw: st.DrawFn) -> BatchingParameters:
    """Return systems with an integer l0 and a capacity that holds each request alone."""
    l_b = draw(st.integers(2, 6))
    l_a = draw(st.integers(1, l_b - 1))
    l0 = draw(st.integers(1, 12))
    capacity = l0 + l_b + draw(st.integers(0, 300))
    return BatchingParameters(l0, l_a, l_b, draw(shares()), Fraction(capacity))


def leaves_the_integer_model(
    make: Callable[..., Any],
    parameters: BatchingParameters,
    *,
    cancels: bool,
    step_count: int = STEP_COUNT,
) -> Violation | None:
    """Return the first step at which a scheduler's counts are not the model's."""
    model_step = integer_step if cancels else recompute_step
    state = integer_start(parameters)
    run = stage_counts(parameters, make, cancels=cancels)
    for t, counts in zip(range(step_count + 1), run, strict=False):
        model = state.counts(parameters)
        if counts != model:
            return Violation(t, {"counts": str(counts), "model": str(model)})
        state = model_step(parameters, state)
    return None

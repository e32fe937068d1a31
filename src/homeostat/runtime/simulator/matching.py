"""Measured times of requests, matched with the steps of a simulation.

A simulation gives its first step after which a request's first token is there, and likewise for
its last token and its admission. The measured times of these are measured times of steps' ends;
between two of them lie known steps, so known work, and a known time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.runtime.simulator.simulation import Run
from homeostat.runtime.traces import MeasuredTimes

__all__ = ["Floats", "Matches"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Intervals between matched times: their work, and how long they took.

    Attributes:
        work: Steps, prefill tokens, context tokens and attention pairs; shape (intervals, 4).
        measured_ns: Shape (intervals,); negative where the engine's order was another.
        distances_ns: Simulated less measured admission, first and last token; (requests, 3).
    """

    work: Floats
    measured_ns: Floats
    distances_ns: Floats

    @classmethod
    def of(cls, run: Run, times: Sequence[MeasuredTimes], *, overlap: bool) -> "Matches":
        """Match the requests "0", "1", ... of a run, all of which have finished.

        Args:
            run: A simulation.
            times: What was measured of these requests.
            overlap: Whether an admission was decided one step before it could run.
        """
        measured = np.array([(t.scheduled_ns, t.first_token_ns, t.last_token_ns) for t in times])
        simulated = _simulated(run, len(times))
        ends = np.array([step.end_ns for step in run.steps])
        # How many steps have ended by then.
        steps = np.searchsorted(ends, simulated, side="right")
        if overlap:
            steps[:, 0] -= 1
        total = _work_done(run)
        work, spans = _between(steps, measured, total)
        decodes = total[steps[:, 2]] - total[steps[:, 1]]
        lasting = measured[:, 2] - measured[:, 1]
        some = decodes[:, 0] > 0
        return cls(
            np.concatenate([work, decodes[some]]),
            np.concatenate([spans, lasting[some]]),
            (simulated - measured).astype(np.float64),
        )

    def residuals(self, coefficients: Floats) -> Floats:
        """Return measured over predicted time, less 1, of each interval."""
        predicted: Floats = self.work @ coefficients
        return self.measured_ns / predicted - 1


def _simulated(run: Run, count: int) -> NDArray[np.int64]:
    found = {s.request.id: s for s in run.finished}
    sequences = [found[str(i)] for i in range(count)]
    return np.array([(s.admitted_ns, s.first_token_ns, s.finished_ns) for s in sequences])


def _work_done(run: Run) -> Floats:
    """Return the work of the first k steps together, for each k from 0 on."""
    each = [
        (1, s.work.prefill_tokens, s.work.context_tokens, s.work.attention_pairs) for s in run.steps
    ]
    return np.concatenate([np.zeros((1, 4)), np.cumsum(np.array(each, np.float64), axis=0)])


def _between(
    steps: NDArray[np.int64], measured: NDArray[np.int64], total: Floats
) -> tuple[Floats, Floats]:
    """Return work and time from each step whose end was measured to the next such step.

    Requests that share a step in the simulation need not have shared one in the engine: the
    median of their times stands for it.
    """
    times_of: dict[int, list[int]] = {}
    for step, time in zip(steps.ravel().tolist(), measured.ravel().tolist(), strict=True):
        if step > 0:
            times_of.setdefault(step, []).append(time)
    ends = sorted(times_of)
    middles = np.array([np.median(times_of[step]) for step in ends])
    return total[ends[1:]] - total[ends[:-1]], np.diff(middles)

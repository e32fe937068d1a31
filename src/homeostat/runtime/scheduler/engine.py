"""What the front asks of others: an engine that computes, an observer that is told."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from homeostat.runtime.scheduler.plan import Plan
from homeostat.runtime.scheduler.requests import Sequence

__all__ = ["Engine", "StepObserver", "sampled"]


class Engine(Protocol):
    """What computes the tokens."""

    async def run(self, plan: Plan) -> Mapping[str, tuple[int, bool]]:
        """Compute a step.

        Returns:
            For each request that the plan samples (``sampled``), and for no other: its token,
            and whether that is the end of the sequence.
        """

    def release(self, request_id: str) -> None:
        """Forget a request that has ended, however; called once for each, between steps.

        Also called for requests that ended before any plan held them.
        """


class StepObserver(Protocol):
    """Who is told of each step, such as ``SchedulerMetrics``."""

    def observe_plan(self, plan: Plan) -> None:
        """Take note of a plan with tokens that is about to be computed."""

    def observe_step(self, plan: Plan, finished: list[Sequence], now_ns: int) -> None:
        """Take note of a plan that was committed at a time, and of who finished by it."""


def sampled(plan: Plan) -> Iterator[str]:
    """Yield the requests of which a plan, not committed yet, samples a token."""
    for sequence in plan.decodes:
        yield sequence.request.id
    for sequence, tokens in plan.prefills:
        if sequence.computed + tokens == sequence.tokens:
            yield sequence.request.id

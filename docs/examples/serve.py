"""A server in one file: an engine that counts, a scheduler, its asyncio front, metrics.

python docs/examples/serve.py
"""

import asyncio
import time
from collections.abc import Mapping

from homeostat.runtime.metrics import SchedulerMetrics
from homeostat.runtime.scheduler import EventLog, Limits, Plan, Scheduler, policy_named
from homeostat.runtime.scheduler.engine import sampled
from homeostat.runtime.scheduler.front import SchedulerFront


class CountingEngine:
    """Its n-th token of a request is n; a real one would run its model on the plan here."""

    def __init__(self) -> None:
        """Start with no request known."""
        self.counts: dict[str, int] = {}

    async def run(self, plan: Plan) -> Mapping[str, tuple[int, bool]]:
        """Compute a step: one token for each request that the plan samples."""
        await asyncio.sleep(0.001)
        for request_id in sampled(plan):
            self.counts[request_id] = self.counts.get(request_id, 0) + 1
        return {request_id: (self.counts[request_id], False) for request_id in sampled(plan)}

    def release(self, request_id: str) -> None:
        """Forget a request that has ended."""
        self.counts.pop(request_id, None)


async def client(front: SchedulerFront, name: str, tokens: int) -> str:
    """Submit a request and read its tokens as they come."""
    stream = await front.submit(prompt_tokens=20, output_tokens_max=tokens, request_id=name)
    return f"{name}: {[token async for token in stream]}"


async def main() -> None:
    """Serve three clients at once, then print what was measured."""
    metrics = SchedulerMetrics(clock=time.monotonic_ns)
    scheduler = Scheduler(
        Limits(kv_blocks=100), policy_named("default"), log=EventLog(sink=metrics.record)
    )
    front = SchedulerFront(scheduler, CountingEngine(), clock=time.monotonic_ns, observer=metrics)
    metrics.watch(scheduler, front)
    async with front:
        answers = [client(front, name, n) for name, n in (("ann", 3), ("bob", 5), ("eve", 1))]
        print(*await asyncio.gather(*answers), sep="\n")
    counts = [x for x in metrics.text().splitlines() if x.startswith("homeostat_events_total")]
    print(*counts, sep="\n")


if __name__ == "__main__":
    asyncio.run(main())

"""A clock and an engine that no real time passes for."""

import asyncio
import zlib
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from homeostat.runtime.scheduler import EventLog, Limits, Plan, Scheduler, policy_named
from homeostat.runtime.scheduler.engine import sampled
from homeostat.runtime.scheduler.front import SchedulerFront
from homeostat.runtime.scheduler.streams import TokenStream

T = TypeVar("T")


class VirtualTime:
    """A clock in ns; who sleeps lets everybody else go first, then time jumps."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns

    async def sleep(self, seconds: float) -> None:
        until_ns = self.now_ns + round(seconds * 1e9)
        await turns(20)
        self.now_ns = max(self.now_ns, until_ns)


class EchoEngine:
    """Its k-th token of a request is a function of both, so any mix-up shows."""

    def __init__(self, time: VirtualTime, step_ns: int = 1000) -> None:
        self.time = time
        self.step_ns = step_ns
        self.stops: dict[str, int] = {}  # id: tokens after which the sequence ends
        self.released: list[str] = []
        self.steps = 0
        self.gate = asyncio.Event()  # clear to hold a step open
        self.gate.set()

    @staticmethod
    def token(request_id: str, position: int) -> int:
        return zlib.crc32(f"{request_id}/{position}".encode())

    def tokens(self, request_id: str, count: int) -> tuple[int, ...]:
        return tuple(self.token(request_id, k) for k in range(count))

    async def run(self, plan: Plan) -> Mapping[str, tuple[int, bool]]:
        self.steps += 1
        sequences = [*plan.decodes, *(s for s, _ in plan.prefills)]
        position = {s.request.id: s.generated for s in sequences}
        keys = list(sampled(plan))
        await self.gate.wait()
        await asyncio.sleep(0)
        self.time.now_ns += self.step_ns
        return {k: (self.token(k, p := position[k]), self.stops.get(k) == p + 1) for k in keys}

    def release(self, request_id: str) -> None:
        self.released.append(request_id)


async def turns(count: int) -> None:
    """Let the event loop turn."""
    for _ in range(count):
        await asyncio.sleep(0)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end; nothing may be left running, and no error unseen."""
    unseen: list[object] = []

    async def supervised() -> T:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unseen.append(context))
        async with asyncio.timeout(60):  # a hang is a failure, not a wait for ever
            result = await main
        await turns(5)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left
        return result

    result = asyncio.run(supervised())
    assert not unseen, unseen
    return result


@dataclass
class Bench:
    """A front over a small scheduler, and all its parts."""

    time: VirtualTime
    engine: EchoEngine
    log: EventLog
    scheduler: Scheduler
    front: SchedulerFront

    def check(self) -> None:
        self.front._check()

    def is_empty(self) -> bool:
        self.check()
        s = self.scheduler
        return not (s.blocks_used or s.running or s.waiting_count)

    async def ask(
        self,
        request_id: str,
        tokens: int = 3,
        *,
        deadline_ns: int | None = None,
        wait: bool = True,
    ) -> TokenStream:
        return await self.front.submit(
            prompt_tokens=4,
            output_tokens_max=tokens,
            request_id=request_id,
            deadline_ns=deadline_ns,
            wait=wait,
        )

    async def fill(self) -> tuple[TokenStream, TokenStream]:
        """Hold a step open, with one request in it and one that fills a queue of one."""
        self.engine.gate.clear()
        running = await self.ask("running", 9)
        while not self.engine.steps:
            await asyncio.sleep(0)
        return running, await self.ask("waiting", 9)


def bench(*, waiting_max: int = 100, kv_blocks: int = 64, policy: str = "vllm") -> Bench:
    time = VirtualTime()
    engine = EchoEngine(time)
    log = EventLog()
    limits = Limits(
        kv_blocks=kv_blocks,
        block_tokens=4,
        tokens_per_step=16,
        sequences_max=4,
        waiting_max=waiting_max,
    )
    scheduler = Scheduler(limits, policy_named(policy), log=log)
    front = SchedulerFront(scheduler, engine, clock=time, sleep=time.sleep)
    return Bench(time, engine, log, scheduler, front)


class Serving:
    """What the tests of the front share."""

    bench = staticmethod(bench)

    VirtualTime = VirtualTime
    EchoEngine = EchoEngine
    turns = staticmethod(turns)
    run = staticmethod(run)


@pytest.fixture
def serving() -> type[Serving]:
    return Serving

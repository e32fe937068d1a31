"""Ten thousand clients at once; each ends in exactly one way, and the checker can tell."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from homeostat.errors import (
    DeadlineExceededError,
    HomeostatError,
    QueueFullError,
    RequestCancelledError,
    ServingFailedError,
)
from homeostat.runtime.scheduler import EventLog, Limits, Request, Scheduler, policy_named
from homeostat.runtime.scheduler.endings import Ending
from homeostat.runtime.scheduler.front import SchedulerFront
from homeostat.runtime.scheduler.streams import TokenStream

if TYPE_CHECKING:
    from tests.runtime.conftest import EchoEngine, Serving, VirtualTime

TURNS_MAX = 20_000  # of the event loop, several times what any run here takes; then it hangs

AGREE = {
    ("finished", "finished"),
    ("cancelled", "cancelled"),
    ("expired", "expired"),
    # A client may give up between the end and the moment at which it would hear of it.
    ("finished", "cancelled"),
    ("expired", "cancelled"),
    # Never queued.
    (None, "refused"),
    (None, "cancelled"),
    (None, "expired"),
}
"""How the scheduler's log and a client may say that a request ended."""


@dataclass
class Outcome:
    """What one client saw."""

    wanted: int = 0  # tokens
    stop: int | None = None  # tokens after which the engine ends the sequence
    endings: list[str] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)


@dataclass
class Record:
    """What is left of a run."""

    outcomes: dict[str, Outcome]
    log: EventLog
    blocks_used: int
    waiting: int
    released: list[str]


def violations(record: Record, token: Callable[[str, int], int]) -> list[str]:
    """Return in words whatever a front must not do."""
    found = []
    for key, outcome in record.outcomes.items():
        if len(outcome.endings) != 1:
            found.append(f"{key} ended {len(outcome.endings)} times")
        if outcome.tokens != [token(key, k) for k in range(len(outcome.tokens))]:
            found.append(f"{key} got wrong tokens")
        full = min(outcome.wanted, outcome.stop or outcome.wanted)
        if outcome.endings == ["finished"] and len(outcome.tokens) != full:
            found.append(f"{key} finished with {len(outcome.tokens)} of {full} tokens")
        if len(outcome.tokens) > full:
            found.append(f"{key} got more tokens than it asked for")
    if record.blocks_used or record.waiting:
        found.append(f"{record.blocks_used} blocks and {record.waiting} waiting are left")
    submitted = Counter(e.request_id for e in record.log if e.kind == "submitted")
    ends = [e for e in record.log if e.kind in ("finished", "cancelled", "expired")]
    if submitted != Counter(e.request_id for e in ends) or submitted.total() > len(submitted):
        found.append("what was queued did not end exactly once")
    if submitted != Counter(record.released):
        found.append("what was queued was not released exactly once")
    said = {e.request_id: e.kind for e in ends}
    for key, outcome in record.outcomes.items():
        for ending in outcome.endings:
            if (said.get(key), ending) not in AGREE:
                found.append(f"{key}: {said.get(key)} to the scheduler, {ending} to the client")
    return found


class Clients:
    """Clients of every temper, drawn from a seed."""

    def __init__(
        self, serving: "type[Serving]", make: type[SchedulerFront], seed: int, policy: str
    ) -> None:
        self.serving = serving
        self.random = random.Random(seed)
        self.time: VirtualTime = serving.VirtualTime()
        self.engine: EchoEngine = serving.EchoEngine(self.time)
        self.log = EventLog(events_max=1_000_000)
        limits = Limits(
            kv_blocks=150, block_tokens=4, tokens_per_step=256, sequences_max=64, waiting_max=100
        )
        self.scheduler = Scheduler(limits, policy_named(policy), log=self.log)
        self.front = make(self.scheduler, self.engine, clock=self.time, sleep=self.time.sleep)
        self.outcomes: dict[str, Outcome] = {}

    async def client(self, key: str, chance: random.Random) -> None:
        outcome = self.outcomes[key] = Outcome(chance.randint(1, 30))
        if chance.random() < 0.2:
            outcome.stop = self.engine.stops[key] = chance.randint(1, 30)
        late = chance.random() < 0.3
        try:
            await self.serving.turns(chance.randrange(50))
            stream = await self.front.submit(
                prompt_tokens=chance.randint(1, 40),
                output_tokens_max=outcome.wanted,
                bid=chance.randrange(1000),
                deadline_ns=self.time.now_ns + int(10 ** chance.uniform(3.5, 6.5))
                if late
                else None,
                request_id=key,
                wait=chance.random() < 0.95,
            )
            await self.consume(stream, outcome, chance)
        except QueueFullError:
            outcome.endings.append("refused")
        except DeadlineExceededError:
            outcome.endings.append("expired")
        except (RequestCancelledError, asyncio.CancelledError):
            outcome.endings.append("cancelled")
        except HomeostatError as error:
            outcome.endings.append(repr(error))

    async def consume(self, stream: TokenStream, outcome: Outcome, chance: random.Random) -> None:
        patience = chance.choice([99, 99, 99, 1, 3])
        slowness = chance.choice([0, 0, 0, 1, 30])
        async for token in stream:
            outcome.tokens.append(token)
            await self.serving.turns(slowness)
            if len(outcome.tokens) >= patience:
                stream.cancel()
        completion = await stream.result()
        assert completion.tokens == tuple(outcome.tokens)
        assert completion.ending in Ending
        outcome.endings.append("finished")

    async def crowd(self, count: int) -> Record:
        """Run so many clients, one in ten of which is cancelled from outside, at any moment."""
        with contextlib.suppress(ServingFailedError):  # every client has been told
            async with self.front:
                await self.attend(count)
        return Record(
            self.outcomes,
            self.log,
            self.scheduler.blocks_used,
            self.scheduler.waiting_count,
            self.engine.released,
        )

    async def attend(self, count: int) -> None:
        tasks = {
            key: asyncio.create_task(self.client(key, random.Random(self.random.random())))
            for key in (f"c{n}" for n in range(count))
        }
        victims = self.random.sample(list(tasks.values()), count // 10)
        everyone = asyncio.gather(*tasks.values())
        await self.serving.turns(2)
        for turn in range(TURNS_MAX):
            if everyone.done():
                break
            if turn % 200 == 0 and type(self.front) is SchedulerFront:
                self.front._check()
            if victims:
                victims.pop().cancel()
            await self.serving.turns(1)
        for key, task in tasks.items():
            if not task.done():
                self.outcomes[key].endings.append("hangs")
                task.cancel()
        await everyone


def served(
    serving: "type[Serving]",
    count: int,
    seed: int,
    make: type[SchedulerFront] = SchedulerFront,
    policy: str = "default",
) -> Record:
    return serving.run(Clients(serving, make, seed, policy).crowd(count))


@pytest.mark.slow
def test_ten_thousand_clients_end_in_exactly_one_way_each(serving: "type[Serving]") -> None:
    record = served(serving, 10_000, seed=1)
    assert violations(record, serving.EchoEngine.token) == []
    assert len(record.outcomes) == 10_000
    endings = Counter(outcome.endings[0] for outcome in record.outcomes.values())
    assert min(endings[e] for e in ("finished", "cancelled", "expired", "refused")) > 100, endings
    kinds = Counter(e.kind for e in record.log)
    assert min(kinds["evicted"], kinds["cancelled"]) > 100, kinds
    assert kinds["expired"] > 10, kinds
    assert sum(len(outcome.tokens) for outcome in record.outcomes.values()) > 10_000


@pytest.mark.parametrize("policy", ["shortest+last-in+fixed", "fcfs+reservation+adaptive"])
def test_nothing_is_lost_under_other_policies(serving: "type[Serving]", policy: str) -> None:
    record = served(serving, 200, 5, policy=policy)
    assert violations(record, serving.EchoEngine.token) == []
    assert sum(outcome.endings == ["finished"] for outcome in record.outcomes.values()) > 20


def test_the_same_seed_agrees_and_another_differs(serving: "type[Serving]") -> None:
    first, again, other = (served(serving, 200, seed) for seed in (2, 2, 3))
    assert (first.outcomes, list(first.log)) == (again.outcomes, list(again.log))
    assert first.outcomes != other.outcomes
    assert violations(first, serving.EchoEngine.token) == []


class WakesNoSubmitter(SchedulerFront):
    def _admit(self, now_ns: int) -> None:
        pass


class KeepsDeadlinesToItself(SchedulerFront):
    def _end(self, request_id: str, outcome: Ending | HomeostatError) -> None:
        if not isinstance(outcome, DeadlineExceededError):
            super()._end(request_id, outcome)


class DeliversTwice(SchedulerFront):
    def _accept(self, request: Request, now_ns: int) -> TokenStream:
        stream = super()._accept(request, now_ns)
        deliver = stream.deliver

        def twice(token: int) -> None:
            deliver(token)
            deliver(token)

        stream.deliver = twice  # type: ignore[method-assign]
        return stream


class LosesFirstTokens(SchedulerFront):
    def _accept(self, request: Request, now_ns: int) -> TokenStream:
        stream = super()._accept(request, now_ns)
        deliver = stream.deliver

        def later(token: int) -> None:
            stream.deliver = deliver  # type: ignore[method-assign]

        stream.deliver = later  # type: ignore[method-assign]
        return stream


class KeepsTheBlocksOfTheCancelled(SchedulerFront):
    def _abandon(self, stream: TokenStream) -> None:
        self._forget(stream.id)


class ReleasesNothing(SchedulerFront):
    def _release_ended(self) -> None:
        self._ended.clear()


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (WakesNoSubmitter, "ended 2 times"),
        (KeepsDeadlinesToItself, "ended 2 times"),
        (DeliversTwice, "wrong tokens"),
        (LosesFirstTokens, "wrong tokens"),
        (KeepsTheBlocksOfTheCancelled, "to the client"),
        (ReleasesNothing, "released"),
    ],
)
def test_the_checker_catches_a_broken_front(
    serving: "type[Serving]", broken: type[SchedulerFront], complaint: str
) -> None:
    found = violations(served(serving, 400, 4, broken), serving.EchoEngine.token)
    assert any(complaint in line for line in found), found[:5]
    assert not violations(served(serving, 400, 4), serving.EchoEngine.token)

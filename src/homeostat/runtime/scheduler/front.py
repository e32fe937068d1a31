"""The scheduler as a service: awaitable submissions, streams of tokens, one engine.

One task drives everything: it plans a step, awaits the engine, commits, delivers, and begins
again; with nothing to do it sleeps until a submission, a cancellation or a time wakes it. Nothing
polls. Scheduler, streams and waiting submitters are touched between awaits only, so they need no
locks. After each step the event loop turns once, so that an engine that never really waits cannot
keep consumers from running.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from homeostat.errors import (
    DeadlineExceededError,
    FrontClosedError,
    HomeostatError,
    InvalidInputError,
    ServingFailedError,
)
from homeostat.models.aging import NANOSECONDS
from homeostat.runtime.scheduler.alarm import first_of
from homeostat.runtime.scheduler.endings import Ending
from homeostat.runtime.scheduler.engine import Engine, StepObserver, sampled
from homeostat.runtime.scheduler.plan import Plan
from homeostat.runtime.scheduler.requests import Request
from homeostat.runtime.scheduler.scheduler import Scheduler
from homeostat.runtime.scheduler.streams import TokenStream
from homeostat.runtime.scheduler.submitters import Submitters

__all__ = ["SchedulerFront"]


class SchedulerFront:
    """Serves submissions by one scheduler and one engine; an asynchronous context.

    Entering it starts service. Leaving it drains: what was accepted is served to its end.
    Leaving it by an error or a cancellation cancels what is live instead.

    Time passes between steps only: a request whose deadline falls into a step ends after it, and
    a request that finishes in that step is finished.

    Args:
        scheduler: Used by this front alone.
        engine: Computes the tokens.
        clock: ns since the scheduler's origin, never going back; ``time.monotonic_ns`` does.
        sleep: Waits for so many seconds of that clock.
        observer: Told of each step.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        engine: Engine,
        *,
        clock: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        observer: StepObserver | None = None,
    ) -> None:
        """Start nothing yet."""
        self._scheduler = scheduler
        self._engine = engine
        self._clock = clock
        self._sleep = sleep
        self._observer = observer
        self._streams: dict[str, TokenStream] = {}
        # Ended, but not released yet: an ordered set from which the first is taken in O(1).
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._submitters = Submitters()
        self._numbered = 0
        self._wake = asyncio.Event()
        self._closed = True
        self._driver: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._plan: Plan | None = None  # the one that the engine computes

    @property
    def blocked_count(self) -> int:
        """How many submissions wait for room in the queue."""
        return len(self._submitters)

    async def submit(
        self,
        *,
        prompt_tokens: int,
        output_tokens_max: int,
        bid: int = 0,
        rate_class: int = 0,
        deadline_ns: int | None = None,
        request_id: str | None = None,
        wait: bool = True,
    ) -> TokenStream:
        """Queue a request and return the stream of its tokens.

        Where the queue is full it waits for room, first come, first served, and its deadline
        counts. The request's arrival is the time of this call either way, so the wait counts for
        its priority and its TTFT.

        Args:
            prompt_tokens: Tokens of the prompt; the engine knows which, by ``request_id``.
            output_tokens_max: Tokens to generate at most.
            bid: Micro-bids.
            rate_class: Index into the policy's rates of ageing.
            deadline_ns: On the front's clock; None for never.
            request_id: By which the engine knows it, and which no other live or blocked request
                has; numbered where none is given. One that ended may be used again when the
                engine has released it.
            wait: Whether to wait for room.

        Raises:
            QueueFullError: The queue is full and ``wait`` is false.
            InvalidInputError: A value is out of range, the id taken, or it could never fit;
                at once, also where it would have to wait for room.
            DeadlineExceededError: The deadline passed while it waited for room.
            FrontClosedError: The front drains, or is not entered.
            ServingFailedError: The engine has failed.
        """
        self._demand_open()
        now_ns = self._clock()
        request = Request(
            id=self._unused_id() if request_id is None else request_id,
            arrival_ns=now_ns,
            prompt_tokens=prompt_tokens,
            output_tokens_max=output_tokens_max,
            bid=bid,
            rate_class=rate_class,
            deadline_ns=deadline_ns,
        )
        if request.id in self._ended:
            raise InvalidInputError(f"id={request.id!r} must be one that the engine has released")
        if request.id in self._submitters:
            raise InvalidInputError(f"id={request.id!r} must not be one that waits for room")
        if wait and self._is_full() and self._scheduler.complaint(request, now_ns) is None:
            return await self._admission(request)
        return self._accept(request, now_ns)

    def rebid(self, request_id: str, bid: int) -> bool:
        """Change a request's bid, queued, running or waiting for room; its arrival stays.

        Who waits for room keeps its place among those that do. A running one keeps running.

        Returns:
            Whether there is such a request.

        Raises:
            InvalidInputError: The bid is out of range.
        """
        if self._submitters.rebid(request_id, bid):
            return True
        return self._scheduler.rebid(request_id, bid, self._clock())

    async def drain(self) -> None:
        """Take no more submissions and return when all that was accepted has ended.

        Submitters who still wait for room get ``FrontClosedError``. May be awaited repeatedly.

        Raises:
            FrontClosedError: The front was never entered, or its service was cancelled.
            ServingFailedError: The engine has failed, so not all of them were finished.
        """
        if self._driver is None:
            raise FrontClosedError("the front must be entered before it can drain")
        self._shut()
        await asyncio.wait({self._driver})
        if self._failure is not None:
            raise self._failed()
        if self._driver.cancelled():
            raise FrontClosedError("service was cancelled before all requests were finished")

    async def __aenter__(self) -> Self:
        """Start to serve.

        Raises:
            FrontClosedError: It was entered before.
        """
        if self._driver is not None:
            raise FrontClosedError("a front can be entered once")
        self._closed = False
        self._driver = asyncio.create_task(self._drive())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Drain, or cancel everything where the body raised; then nothing of it runs on."""
        assert self._driver is not None
        try:
            if error is not None:
                self._shut()
                for stream in tuple(self._streams.values()):
                    stream.cancel()
            await self.drain()
        except (FrontClosedError, ServingFailedError):
            if error is None:
                raise
        finally:
            self._driver.cancel()
            await asyncio.wait({self._driver})

    async def _drive(self) -> None:
        assert self._driver is not None
        try:
            while self._serves:
                await self._step()
            self._release_ended()
        except Exception as error:  # engine, clock and sleep are the user's: every stream is told
            self._failure = error
        except asyncio.CancelledError as error:
            if self._driver.cancelling():
                raise
            self._failure = error  # nobody has cancelled the service: the engine raised it
        finally:
            self._close()

    @property
    def _serves(self) -> bool:
        return bool(self._streams) or not self._closed

    async def _step(self) -> None:
        """Serve one step, or sleep where there is nothing to serve."""
        self._wake.clear()
        self._release_ended()
        now_ns = self._clock()
        plan = self._scheduler.plan(now_ns)
        if plan.tokens:
            self._plan = plan
        for sequence in plan.expired:
            self._end(sequence.request.id, _late(sequence.request))
        for submission in self._submitters.pop_expired(now_ns):
            if not submission.stream.cancelled():
                submission.stream.set_exception(_late(submission.request))
        self._admit(now_ns)
        if plan.tokens:
            await self._run(plan)
        elif self._serves:  # the last one may just have expired
            times = (plan.wake_ns, self._submitters.deadline_ns)
            await self._rest(min((t for t in times if t is not None), default=None))

    async def _run(self, plan: Plan) -> None:
        # Bound to the streams of now: an id may be cancelled and used again while the engine runs.
        streams = {key: self._streams[key] for key in sampled(plan)}
        if self._observer is not None:
            self._observer.observe_plan(plan)
        answers = await self._engine.run(plan)
        if answers.keys() != streams.keys():
            raise ServingFailedError(
                f"the engine must answer what the plan samples, {sorted(streams)}; "
                f"it answered {sorted(answers)}"
            )
        now_ns = self._clock()
        stopped = {key for key, (_, stops) in answers.items() if stops}
        finished = self._scheduler.commit(plan, now_ns, stopped)
        self._plan = None
        for key, (token, _) in answers.items():
            if not streams[key].ended:
                streams[key].deliver(token)
        for sequence in finished:
            key = sequence.request.id
            self._end(key, Ending.STOPPED if key in stopped else Ending.LENGTH)
        if self._observer is not None:
            self._observer.observe_step(plan, finished, now_ns)
        await asyncio.sleep(0)

    async def _rest(self, wake_ns: int | None) -> None:
        """Sleep until something happens, or until a time."""
        if wake_ns is None:
            await self._wake.wait()
        else:
            seconds = max(0, wake_ns - self._clock()) / NANOSECONDS
            await first_of(self._wake.wait(), self._sleep(seconds))

    async def _admission(self, request: Request) -> TokenStream:
        """Wait for room; cancelled, the request leaves no trace."""
        submission = self._submitters.add(request)
        self._wake.set()  # its deadline may be the next thing to happen
        stream = submission.stream
        try:
            return await stream
        except asyncio.CancelledError:
            self._submitters.discard(submission)
            # Room may have been given in the very turn in which the submitter was cancelled.
            if not stream.cancelled() and stream.exception() is None:
                stream.result().cancel()
            raise

    def _admit(self, now_ns: int) -> None:
        """Give the room that there is to those who wait for it."""
        while self._submitters and not self._is_full():
            submission = self._submitters.pop()
            if submission.stream.cancelled():
                continue
            try:
                submission.stream.set_result(self._accept(submission.request, now_ns))
            except Exception as error:  # whatever it is, the submitter waits for an answer
                submission.stream.set_exception(error)

    def _accept(self, request: Request, now_ns: int) -> TokenStream:
        self._scheduler.submit(request, now_ns)
        stream = self._streams[request.id] = TokenStream(request, self._abandon)
        self._wake.set()
        return stream

    def _abandon(self, stream: TokenStream) -> None:
        """Free what a request holds whose consumer cancels it."""
        now_ns = self._clock()
        self._scheduler.cancel(stream.id, now_ns)
        self._forget(stream.id)
        self._admit(now_ns)
        self._wake.set()

    def _end(self, request_id: str, outcome: Ending | HomeostatError) -> None:
        self._streams[request_id].end(outcome)
        self._forget(request_id)

    def _forget(self, request_id: str) -> None:
        del self._streams[request_id]
        self._ended[request_id] = None

    def _release_ended(self) -> None:
        while self._ended:
            self._engine.release(self._ended.popitem(last=False)[0])

    def _close(self) -> None:
        """End whatever is live when service ends by an error or a cancellation.

        Consumers come first. The clock is not asked, since it may be what failed, and an error
        in releasing one request keeps no other from being released.
        """
        self._shut()
        live = tuple(self._streams)
        for key in live:
            failed = self._failure is not None
            self._end(key, self._failed() if failed else FrontClosedError("it was cancelled"))
        now_ns = self._scheduler.now_ns
        for key in live:
            self._scheduler.cancel(key, now_ns)
        if self._plan is not None:
            self._scheduler.abandon(self._plan, now_ns)
        while self._ended:
            try:
                self._release_ended()
            except Exception as error:  # the engine's; the others are released all the same
                self._failure = self._failure or error

    def _shut(self) -> None:
        """Take no more submissions, so wait for none; who waits for room is told."""
        self._closed = True
        self._scheduler.close_window()
        self._submitters.refuse(FrontClosedError, "the front takes no more submissions")
        self._wake.set()

    def _failed(self) -> ServingFailedError:
        error = ServingFailedError(f"serving ended by {self._failure!r}")
        error.__cause__ = self._failure
        return error

    def _demand_open(self) -> None:
        if self._failure is not None:
            raise self._failed()
        if self._closed:
            raise FrontClosedError("the front takes submissions from when it is entered to drain()")

    def _unused_id(self) -> str:
        while True:
            request_id = f"request-{self._numbered}"
            self._numbered += 1
            if not any(request_id in p for p in (self._streams, self._ended, self._submitters)):
                return request_id

    def _is_full(self) -> bool:
        return self._scheduler.waiting_count >= self._scheduler.limits.waiting_max

    def _check(self) -> None:
        """Assert all invariants; they hold whenever the front awaits something."""
        self._scheduler._check()
        self._submitters._check()
        live = {s.request.id: s for s in (*self._scheduler.running, *self._scheduler.waiting)}
        assert live.keys() == self._streams.keys(), "a stream without a request, or without end"
        for key, stream in self._streams.items():
            assert not stream.ended, key
            assert len(stream.tokens) == live[key].generated, f"{key}: a token lost or doubled"
        assert not self._submitters or self._is_full(), "someone waits though there is room"
        assert not live.keys() & self._ended.keys(), "released while live"
        for key in (*live, *self._ended):
            assert key not in self._submitters, f"{key}: taken, and waits for room"


def _late(request: Request) -> DeadlineExceededError:
    return DeadlineExceededError(
        f"request {request.id!r} was not finished by deadline_ns={request.deadline_ns}"
    )

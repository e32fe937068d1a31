"""The scheduler as a service: awaitable submissions, streams of tokens, one engine.

One task drives everything: it plans a step, awaits the engine, commits, delivers, and begins
again; with nothing to do it sleeps until a submission, a cancellation or a time wakes it. Nothing
polls. Scheduler, streams and waiting submitters are touched between awaits only, so they need no
locks. After each step the event loop turns once, so that an engine that never really waits cannot
keep consumers from running.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from homeostat.errors import DeadlineExceededError, HomeostatError, InvalidInputError
from homeostat.models.aging import NANOSECONDS
from homeostat.runtime.scheduler.endings import Ending, FrontClosedError, ServingFailedError
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
        self._ended: dict[str, None] = {}  # an ordered set: ended, but not released yet
        self._submitters = Submitters()
        self._submitted = 0
        self._wake = asyncio.Event()
        self._closed = True
        self._driver: asyncio.Task[None] | None = None
        self._failure: Exception | None = None

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
            request_id: By which the engine knows it; numbered where none is given. One that
                ended may be used again when the engine has released it.
            wait: Whether to wait for room.

        Raises:
            QueueFullError: The queue is full and ``wait`` is false.
            InvalidInputError: A value is out of range, the id live, or it could never fit.
            DeadlineExceededError: The deadline passed while it waited for room.
            FrontClosedError: The front drains, or is not entered.
            ServingFailedError: The engine has failed.
        """
        self._demand_open()
        request = Request(
            id=f"request-{self._submitted}" if request_id is None else request_id,
            arrival_ns=self._clock(),
            prompt_tokens=prompt_tokens,
            output_tokens_max=output_tokens_max,
            bid=bid,
            rate_class=rate_class,
            deadline_ns=deadline_ns,
        )
        self._submitted += 1
        if wait and self._is_full():
            return await self._admission(request)
        return self._accept(request)

    async def drain(self) -> None:
        """Take no more submissions and return when all that was accepted has ended.

        Submitters who still wait for room get ``FrontClosedError``. May be awaited repeatedly.

        Raises:
            FrontClosedError: The front was never entered.
            ServingFailedError: The engine has failed, so not all of them were finished.
        """
        if self._driver is None:
            raise FrontClosedError("the front must be entered before it can drain")
        self._shut()
        await asyncio.shield(self._driver)
        if self._failure is not None:
            raise self._failed()

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
        if error is not None:
            self._shut()
            for stream in tuple(self._streams.values()):
                stream.cancel()
        try:
            await self.drain()
        except ServingFailedError:
            if error is None:
                raise
        finally:
            self._driver.cancel()
            await asyncio.wait({self._driver})

    async def _drive(self) -> None:
        try:
            while not self._closed or self._streams:
                await self._step()
            self._release_ended()
        except Exception as error:
            self._failure = error
        finally:
            self._close()

    async def _step(self) -> None:
        """Serve one step, or sleep where there is nothing to serve."""
        self._wake.clear()
        self._release_ended()
        now_ns = self._clock()
        plan = self._scheduler.plan(now_ns)
        for sequence in plan.expired:
            self._end(sequence.request.id, _late(sequence.request))
        for request, ticket in self._submitters.pop_expired(now_ns):
            if not ticket.cancelled():
                ticket.set_exception(_late(request))
        self._admit()
        if plan.tokens:
            await self._run(plan)
        else:
            times = (plan.wake_ns, self._submitters.deadline_ns)
            await self._rest(min((t for t in times if t is not None), default=None))

    async def _run(self, plan: Plan) -> None:
        # Bound to the streams of now: an id may be cancelled and used again while the engine runs.
        streams = {key: self._streams[key] for key in sampled(plan)}
        answers = await self._engine.run(plan)
        if answers.keys() != streams.keys():
            raise ServingFailedError(
                f"the engine must answer what the plan samples, {sorted(streams)}; "
                f"it answered {sorted(answers)}"
            )
        now_ns = self._clock()
        stopped = {key for key, (_, stops) in answers.items() if stops}
        finished = self._scheduler.commit(plan, now_ns, stopped)
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
            return
        alarm = asyncio.create_task(self._ring(wake_ns))
        try:
            await self._wake.wait()
        finally:
            alarm.cancel()

    async def _ring(self, wake_ns: int) -> None:
        await self._sleep(max(0, wake_ns - self._clock()) / NANOSECONDS)
        self._wake.set()

    async def _admission(self, request: Request) -> TokenStream:
        """Wait for room; cancelled, the request leaves no trace."""
        ticket = self._submitters.add(request)
        self._wake.set()  # its deadline may be the next thing to happen
        try:
            return await ticket
        except asyncio.CancelledError:
            self._submitters.discard(ticket)
            # Room may have been given in the very turn in which the submitter was cancelled.
            if not ticket.cancelled() and ticket.exception() is None:
                ticket.result().cancel()
            raise

    def _admit(self) -> None:
        """Give the room that there is to those who wait for it."""
        while self._submitters and not self._is_full():
            request, ticket = self._submitters.pop()
            if ticket.cancelled():
                continue
            try:
                ticket.set_result(self._accept(request))
            except HomeostatError as error:
                ticket.set_exception(error)

    def _accept(self, request: Request) -> TokenStream:
        if request.id in self._ended:
            raise InvalidInputError(f"id={request.id!r} must be one that the engine has released")
        self._scheduler.submit(request, self._clock())
        stream = self._streams[request.id] = TokenStream(request, self._abandon)
        self._wake.set()
        return stream

    def _abandon(self, stream: TokenStream) -> None:
        """Free what a cancelled request holds; its stream has ended already."""
        self._scheduler.cancel(stream.id, self._clock())
        self._forget(stream.id)
        self._admit()
        self._wake.set()

    def _end(self, request_id: str, outcome: Ending | HomeostatError) -> None:
        self._streams[request_id].end(outcome)
        self._forget(request_id)

    def _forget(self, request_id: str) -> None:
        del self._streams[request_id]
        self._ended[request_id] = None

    def _release_ended(self) -> None:
        ended, self._ended = self._ended, {}
        for request_id in ended:
            self._engine.release(request_id)

    def _close(self) -> None:
        """End whatever is live when service ends by an error or a cancellation."""
        self._shut()
        for key in tuple(self._streams):
            failed = self._failure is not None
            self._end(key, self._failed() if failed else FrontClosedError("it was cancelled"))
            self._scheduler.cancel(key, self._clock())

    def _shut(self) -> None:
        """Take no more submissions; who waits for room is told."""
        self._closed = True
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


def _late(request: Request) -> DeadlineExceededError:
    return DeadlineExceededError(
        f"request {request.id!r} was not finished by deadline_ns={request.deadline_ns}"
    )

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from homeostat.errors import (
    DeadlineExceededError,
    FrontClosedError,
    RequestCancelledError,
    ServingFailedError,
)
from homeostat.runtime.scheduler import Plan
from homeostat.runtime.scheduler.endings import Completion
from homeostat.runtime.scheduler.front import SchedulerFront
from homeostat.runtime.scheduler.streams import TokenStream

if TYPE_CHECKING:
    from tests.runtime.conftest import Serving

WINDOW = "fcfs+last-in+fixed"  # holds new arrivals for 10 ms unless they fill the batch


def test_a_deadline_ends_a_running_a_waiting_and_a_submitting_request(
    serving: "type[Serving]",
) -> None:
    async def main() -> None:
        b = serving.bench(waiting_max=1)
        outcomes: dict[str, tuple[tuple[int, ...], str]] = {}

        async def client(name: str, deadline_ns: int) -> None:
            got: list[int] = []
            try:
                async for token in await b.ask(name, 50, deadline_ns=deadline_ns):
                    got.append(token)
            except DeadlineExceededError as error:
                outcomes[name] = (tuple(got), str(error))

        async with b.front:
            await asyncio.gather(*(client(str(n), 5500) for n in range(8)))
            for name, (got, message) in outcomes.items():
                assert "deadline_ns=5500" in message
                assert got == b.engine.tokens(name, len(got))
            lengths = [len(outcomes[str(n)][0]) for n in range(8)]
            assert lengths == [6, 5, 4, 3, 0, 0, 0, 0]  # the queue lets one in a step
        assert b.is_empty()
        assert sum(e.kind == "expired" for e in b.log) == 5  # the others were never queued

    serving.run(main())


def test_a_finish_in_the_step_in_which_the_deadline_falls_counts(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench()
        async with b.front:
            stream = await b.ask("a", 3, deadline_ns=2500)
            assert len((await stream.result()).tokens) == 3
            assert b.time.now_ns == 3000

    serving.run(main())


def test_draining_serves_what_was_accepted_and_refuses_the_rest(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench(waiting_max=1)
        async with b.front:
            running, waiting = await b.fill()
            submitter = asyncio.create_task(b.ask("submitter"))
            await serving.turns(1)
            drains = [asyncio.create_task(b.front.drain()) for _ in range(2)]
            await serving.turns(1)
            with pytest.raises(FrontClosedError):
                await submitter
            with pytest.raises(FrontClosedError, match="drain"):
                await b.ask("late")
            b.engine.gate.set()
            await asyncio.gather(*drains)
            assert running.ended
            assert waiting.ended
            assert (await running.result()).tokens == b.engine.tokens("running", 9)
            assert (await waiting.result()).tokens == b.engine.tokens("waiting", 9)
        assert b.is_empty()

    serving.run(main())


def test_draining_ends_when_the_last_request_expires(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench()
        async with asyncio.timeout(5), b.front:
            stream = await b.ask("a", 50, deadline_ns=2500)
        with pytest.raises(DeadlineExceededError):
            await stream.result()
        assert b.is_empty()
        assert b.engine.released == ["a"]

    serving.run(main())


def test_draining_does_not_wait_for_company_that_cannot_come(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench(policy=WINDOW)
        async with b.front:
            stream = await b.ask("a", 3)
            await serving.turns(3)
            assert b.engine.steps == 0
        assert (await stream.result()).tokens == b.engine.tokens("a", 3)
        assert b.time.now_ns == 3 * b.engine.step_ns

    serving.run(main())


def test_whoever_gives_up_waiting_for_the_drain_stops_nothing(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench()
        async with b.front:
            stream = await b.ask("a", 9)
            drain = asyncio.create_task(b.front.drain())
            await serving.turns(3)
            drain.cancel()
            assert (await stream.result()).tokens == b.engine.tokens("a", 9)

    serving.run(main())


def test_a_front_serves_between_entering_and_leaving_and_once(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench()
        with pytest.raises(FrontClosedError):
            await b.ask("a")
        with pytest.raises(FrontClosedError, match="entered"):
            await b.front.drain()
        async with b.front:
            pass
        with pytest.raises(FrontClosedError):
            await b.ask("a")
        with pytest.raises(FrontClosedError, match="once"):
            await b.front.__aenter__()

    serving.run(main())


def test_leaving_by_an_error_cancels_what_is_live(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench(waiting_max=1)
        streams: list[TokenStream] = []
        submitters: list[asyncio.Task[TokenStream]] = []

        async def fail() -> None:
            async with b.front:
                streams.extend(await b.fill())
                submitters.append(asyncio.create_task(b.ask("submitter")))
                await serving.turns(1)
                b.check()
                asyncio.get_running_loop().call_soon(b.engine.gate.set)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        for stream in streams:
            with pytest.raises(RequestCancelledError):
                await stream.result()
        with pytest.raises(FrontClosedError):
            await submitters[0]
        assert b.is_empty()
        assert b.engine.released == ["running", "waiting"]

    serving.run(main())


def test_cancelling_whoever_leaves_ends_service_even_in_the_midst_of_a_step(
    serving: "type[Serving]",
) -> None:
    async def main() -> None:
        b = serving.bench()
        streams: list[TokenStream] = []

        async def serve() -> None:
            async with b.front:
                streams.append(await b.ask("a", 50))

        server = asyncio.create_task(serve())
        b.engine.gate.clear()
        await serving.turns(5)
        server.cancel()
        with pytest.raises(asyncio.CancelledError):
            await server
        with pytest.raises(FrontClosedError):
            await streams[0].result()
        assert b.is_empty()

    serving.run(main())


@pytest.mark.parametrize("fault", ["raises", "forgets one", "invents one", "fails to release"])
def test_a_failed_engine_fails_every_live_request_and_nothing_hangs(
    serving: "type[Serving]", monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    async def main() -> None:
        b = serving.bench(waiting_max=1)
        answer = b.engine.run

        async def run(plan: Plan) -> Mapping[str, tuple[int, bool]]:
            answers = dict(await answer(plan))
            if fault == "raises" and b.engine.steps == 3:
                raise ZeroDivisionError("out of order")
            if fault == "forgets one" and b.engine.steps == 3:
                answers.popitem()
            if fault == "invents one" and b.engine.steps == 3:
                answers["nobody"] = (1, False)
            return answers

        def release(request_id: str) -> None:
            raise ZeroDivisionError("out of order")

        monkeypatch.setattr(b.engine, "run", run)
        monkeypatch.setattr(b.engine, "release", release)

        async def client(name: str) -> Completion:
            return await (await b.ask(name)).result()

        results: list[BaseException | Completion] = []

        async def serve() -> None:
            async with b.front:
                clients = (client(str(n)) for n in range(30))
                results.extend(await asyncio.gather(*clients, return_exceptions=True))
                with pytest.raises(ServingFailedError):
                    await b.ask("late")

        with pytest.raises(ServingFailedError) as left:
            await serve()
        served = [r for r in results if isinstance(r, Completion)]
        closed = [r for r in results if isinstance(r, FrontClosedError)]
        failed = [r for r in results if isinstance(r, ServingFailedError)]
        assert len(served) + len(closed) + len(failed) == 30
        assert failed or fault == "fails to release"
        assert len({id(error) for error in failed}) == len(failed)
        cause = {"raises": ZeroDivisionError, "fails to release": ZeroDivisionError}
        for error in (*failed, left.value):
            assert isinstance(error.__cause__, cause.get(fault, ServingFailedError))
        assert b.scheduler.blocks_used == b.scheduler.waiting_count == 0

    serving.run(main())


def test_a_front_with_nothing_to_do_before_a_time_sleeps_until_then(
    serving: "type[Serving]", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        b = serving.bench(policy=WINDOW)
        plan, times = b.scheduler.plan, list[int]()

        def counted(now_ns: int) -> Plan:
            times.append(now_ns)
            return plan(now_ns)

        monkeypatch.setattr(b.scheduler, "plan", counted)
        async with b.front:
            await (await b.ask("a", 1)).result()
            assert b.time.now_ns == 10_000_000 + b.engine.step_ns
            assert times.count(0) <= 2
            assert set(times) <= {0, 10_000_000, b.time.now_ns}

    serving.run(main())


def test_a_submission_or_a_cancellation_wakes_a_front_that_sleeps(
    serving: "type[Serving]",
) -> None:
    async def main() -> None:
        b = serving.bench(policy=WINDOW)

        async def sleep(seconds: float) -> None:
            await asyncio.Event().wait()

        async with SchedulerFront(b.scheduler, b.engine, clock=b.time, sleep=sleep) as front:
            first, second = [
                await front.submit(prompt_tokens=1, output_tokens_max=1) for _ in range(2)
            ]
            await serving.turns(3)
            first.cancel()
            await serving.turns(3)
            assert b.engine.released == [first.id]
            assert not second.ended
            b.time.now_ns = 10_000_000
            await front.submit(prompt_tokens=1, output_tokens_max=1)
            await second.result()

    serving.run(main())


def test_a_deadline_wakes_a_front_that_would_sleep_longer(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench(waiting_max=1, policy=WINDOW)
        async with b.front:
            stream = await b.ask("a", 1)
            await serving.turns(3)
            with pytest.raises(DeadlineExceededError, match="deadline_ns=3000"):
                await b.ask("b", 1, deadline_ns=3000)
            assert b.time.now_ns == 3000
            stream.cancel()
            stream = await b.ask("c", 1, deadline_ns=5000)
            with pytest.raises(DeadlineExceededError, match="deadline_ns=5000"):
                await stream.result()
            assert b.time.now_ns == 5000

    serving.run(main())

"""Engines, clocks and sleeps that fail: everybody hears of it, and nothing is left behind."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pytest

from homeostat.errors import FrontClosedError, ServingFailedError
from homeostat.runtime.scheduler import Plan
from homeostat.runtime.scheduler.endings import Completion
from homeostat.runtime.scheduler.streams import TokenStream

if TYPE_CHECKING:
    from tests.runtime.conftest import Bench, Serving

WINDOW = "fcfs+last-in+fixed"


async def outcomes(
    b: "Bench", sabotage: Callable[[], None], names: str = "abc"
) -> list[BaseException | Completion]:
    """Return how those fare who are served while something fails."""
    results: list[BaseException | Completion] = []

    async def serve() -> None:
        async with b.front:
            streams = [await b.ask(name) for name in names]
            sabotage()
            async with asyncio.timeout(5):
                answers = (stream.result() for stream in streams)
                results.extend(await asyncio.gather(*answers, return_exceptions=True))

    with pytest.raises(ServingFailedError) as left:
        await serve()
    assert b.is_empty()
    b.scheduler.plan(b.scheduler.now_ns)  # no plan is left open
    return [*results, left.value]


def failing_after(calls: int, clock: Callable[[], int]) -> Callable[[], int]:
    made = 0

    def read() -> int:
        nonlocal made
        made += 1
        if made > calls:
            raise OSError("no clock")
        return clock()

    return read


@pytest.mark.parametrize("calls", range(4))
def test_a_clock_that_fails_leaves_no_consumer_waiting(
    serving: "type[Serving]", monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    async def main() -> None:
        b = serving.bench()

        def sabotage() -> None:
            monkeypatch.setattr(b.front, "_clock", failing_after(calls, b.time))

        errors = await outcomes(b, sabotage)
        assert len(errors) == 4
        assert all(isinstance(error, ServingFailedError) for error in errors)
        assert all(isinstance(e.__cause__, OSError) for e in errors if isinstance(e, Exception))
        assert b.engine.released == ["a", "b", "c"]

    serving.run(main())


def test_a_clock_that_fails_a_cancellation_changes_nothing(
    serving: "type[Serving]", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        b = serving.bench()
        async with b.front:
            stream = await b.ask("a")
            with monkeypatch.context() as patch:
                patch.setattr(b.front, "_clock", failing_after(0, b.time))
                with pytest.raises(OSError, match="no clock"):
                    stream.cancel()
            b.check()
            assert (await stream.result()).tokens == b.engine.tokens("a", 3)

    serving.run(main())


def test_leaving_by_an_error_with_a_failing_clock_ends_service_all_the_same(
    serving: "type[Serving]", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        b = serving.bench()
        streams: list[TokenStream] = []

        async def serve() -> None:
            async with b.front:
                streams.extend([await b.ask(name) for name in "ab"])
                b.engine.gate.clear()
                await serving.turns(3)
                monkeypatch.setattr(b.front, "_clock", failing_after(0, b.time))
                raise ZeroDivisionError

        with pytest.raises(OSError, match="no clock"):
            await serve()
        for stream in streams:
            with pytest.raises(FrontClosedError):
                await stream.result()
        assert b.is_empty()
        assert b.engine.released == ["a", "b"]

    serving.run(main())


def test_an_engine_that_is_cancelled_from_within_has_failed(
    serving: "type[Serving]", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        b = serving.bench()

        async def run(plan: Plan) -> Mapping[str, tuple[int, bool]]:
            raise asyncio.CancelledError

        errors = await outcomes(b, lambda: monkeypatch.setattr(b.engine, "run", run))
        assert len(errors) == 4
        for error in errors:
            assert isinstance(error, ServingFailedError)
            assert isinstance(error.__cause__, asyncio.CancelledError)
        me = asyncio.current_task()
        assert me is not None
        assert not me.cancelling()

    serving.run(main())


def test_draining_a_front_whose_service_was_cancelled_says_so(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench()
        b.engine.gate.clear()

        async def serve() -> None:
            async with b.front:
                await b.ask("a")

        server = asyncio.create_task(serve())
        await serving.turns(9)
        server.cancel()
        await asyncio.wait({server})
        assert server.cancelled()
        for _ in range(2):
            with pytest.raises(FrontClosedError, match="cancelled"):
                await b.front.drain()
        assert b.engine.released == ["a"]
        b.scheduler.plan(b.scheduler.now_ns)

    serving.run(main())


@pytest.mark.parametrize("where", ["engine", "release"])
def test_every_request_is_released_though_the_engine_fails_or_one_release_does(
    serving: "type[Serving]", monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    async def main() -> None:
        b = serving.bench()
        released: list[str] = []

        async def run(plan: Plan) -> Mapping[str, tuple[int, bool]]:
            raise ZeroDivisionError

        def release(request_id: str) -> None:
            released.append(request_id)
            if request_id == "b":
                raise ZeroDivisionError

        def sabotage() -> None:
            monkeypatch.setattr(b.engine, "release", release)
            if where == "engine":
                monkeypatch.setattr(b.engine, "run", run)

        results = await outcomes(b, sabotage, "abcdef")  # four of them run at once
        assert sum(isinstance(r, Completion) for r in results) == (4 if where == "release" else 0)
        assert sorted(released) == list("abcdef")
        assert not b.front._ended

    serving.run(main())


@pytest.mark.parametrize("error", [OSError("no alarm"), asyncio.CancelledError()])
def test_a_sleep_that_fails_ends_service(
    serving: "type[Serving]", monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    async def main() -> None:
        b = serving.bench(policy=WINDOW)

        async def sleep(seconds: float) -> None:
            raise error

        errors = await outcomes(b, lambda: monkeypatch.setattr(b.front, "_sleep", sleep), "a")
        for told in errors:
            assert isinstance(told, ServingFailedError)
            assert isinstance(told.__cause__, type(error))

    serving.run(main())


def test_a_second_consumer_gets_an_error_of_its_own_with_the_same_cause(
    serving: "type[Serving]", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        b = serving.bench()
        streams: list[TokenStream] = []

        async def run(plan: Plan) -> Mapping[str, tuple[int, bool]]:
            raise ZeroDivisionError

        async def serve() -> None:
            async with b.front:
                monkeypatch.setattr(b.engine, "run", run)
                streams.append(await b.ask("a"))

        with pytest.raises(ServingFailedError):
            await serve()
        errors = await asyncio.gather(
            *(streams[0].result() for _ in range(2)), return_exceptions=True
        )
        assert errors[0] is not errors[1]
        assert str(errors[0]) == str(errors[1])
        for error in errors:
            assert isinstance(error, ServingFailedError)
            assert isinstance(error.__cause__, ZeroDivisionError)

    serving.run(main())


def test_the_check_sees_an_id_that_is_live_and_waits_for_room(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench(waiting_max=1)
        async with b.front:
            _, waiting = await b.fill()
            b.check()
            submission = b.front._submitters.add(waiting.request)
            with pytest.raises(AssertionError, match="waits for room"):
                b.check()
            b.front._submitters.discard(submission)
            b.engine.gate.set()

    serving.run(main())

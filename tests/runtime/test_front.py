import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from homeostat.errors import InvalidInputError, QueueFullError, RequestCancelledError
from homeostat.runtime.scheduler import Plan
from homeostat.runtime.scheduler.endings import Completion, Ending

if TYPE_CHECKING:
    from tests.runtime.conftest import Serving


def test_a_stream_yields_each_token_in_order_and_its_result_has_them_all(
    serving: "type[Serving]",
) -> None:
    async def main() -> None:
        b = serving.bench()
        async with b.front:
            stream = await b.ask("a", 5)
            seen = [token async for token in stream]
            assert tuple(seen) == b.engine.tokens("a", 5)
            assert await stream.result() == Completion(tokens=tuple(seen), ending=Ending.LENGTH)
            assert [token async for token in stream] == seen
        assert b.is_empty()
        assert b.engine.released == ["a"]

    serving.run(main())


def test_the_end_of_the_sequence_ends_the_stream_before_its_limit(
    serving: "type[Serving]",
) -> None:
    async def main() -> None:
        b = serving.bench()
        b.engine.stops = {"a": 2, "b": 3}
        async with b.front:
            first, second = await b.ask("a", 9), await b.ask("b", 3)
            assert await first.result() == Completion(
                tokens=b.engine.tokens("a", 2), ending=Ending.STOPPED
            )
            assert (await second.result()).ending is Ending.STOPPED

    serving.run(main())


def test_requests_get_numbers_and_invalid_ones_an_error(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench()
        async with b.front:
            streams = [await b.front.submit(prompt_tokens=1, output_tokens_max=1) for _ in range(2)]
            assert streams[0].id != streams[1].id
            with pytest.raises(InvalidInputError, match="prompt_tokens=0"):
                await b.front.submit(prompt_tokens=0, output_tokens_max=1)
            with pytest.raises(InvalidInputError, match="KV blocks"):
                await b.front.submit(prompt_tokens=4 * 64 + 1, output_tokens_max=1)
            await b.ask("a")
            with pytest.raises(InvalidInputError, match="live"):
                await b.ask("a")

    serving.run(main())


def test_numbers_pass_by_the_ids_that_are_taken(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench(waiting_max=3)
        async with b.front:
            await b.fill()
            (await b.ask("request-0")).cancel()  # not released before the step ends
            for name in ("request-2", "last"):
                await b.ask(name)
            tasks = [asyncio.create_task(b.ask("request-3"))]
            await serving.turns(1)
            for _ in range(2):
                ask = b.front.submit(prompt_tokens=1, output_tokens_max=1)
                tasks.append(asyncio.create_task(ask))
            await serving.turns(1)
            b.engine.gate.set()
            ids = [stream.id for stream in await asyncio.gather(*tasks)]
            assert ids == ["request-3", "request-1", "request-4"]

    serving.run(main())


def test_an_invalid_request_is_refused_at_once_though_the_queue_is_full(
    serving: "type[Serving]",
) -> None:
    async def main() -> None:
        b = serving.bench(waiting_max=1)
        async with b.front:
            await b.fill()
            blocked = asyncio.create_task(b.ask("blocked"))
            await serving.turns(1)
            asked = [
                asyncio.create_task(ask)
                for ask in (
                    b.ask("huge", 1000),
                    b.front.submit(prompt_tokens=1, output_tokens_max=1, rate_class=1),
                    b.ask("waiting"),
                    b.ask("blocked"),
                )
            ]
            await serving.turns(1)
            complaints = [str(task.exception()) for task in asked if task.done()]
            rules = ["KV blocks", "rate_class=1", "live", "waits for room"]
            assert [rule in text for rule, text in zip(rules, complaints, strict=True)] == [
                True
            ] * 4
            b.check()
            b.engine.gate.set()
            await blocked

    serving.run(main())


def test_an_id_just_cancelled_is_refused_at_once_and_hands_its_room_to_the_next(
    serving: "type[Serving]",
) -> None:
    async def main() -> None:
        b = serving.bench(waiting_max=1)
        async with b.front:
            _, waiting = await b.fill()
            other = asyncio.create_task(b.ask("other"))
            await serving.turns(1)
            waiting.cancel()
            with pytest.raises(InvalidInputError, match="released"):
                await b.ask("waiting")
            await serving.turns(1)
            assert other.done()
            b.engine.gate.set()
            await serving.turns(9)
            assert "waiting" in b.engine.released
            await (await b.ask("waiting")).result()

    serving.run(main())


@pytest.mark.parametrize("waiting_max", [1, 100])
def test_a_new_bid_counts_for_who_waits_and_for_who_waits_for_room(
    serving: "type[Serving]", waiting_max: int
) -> None:
    async def main() -> None:
        b = serving.bench(waiting_max=waiting_max, policy="priority+last-in+none")
        async with b.front:
            b.engine.gate.clear()
            streams = [await b.ask("running", 9)]
            while not b.engine.steps:
                await asyncio.sleep(0)
            tasks = [asyncio.create_task(b.ask(str(n), 9)) for n in range(8)]
            await serving.turns(1)
            assert b.front.blocked_count == (7 if waiting_max == 1 else 0)
            assert b.front.rebid("7", 50)
            assert b.front.rebid("running", 50)
            assert not b.front.rebid("nobody", 50)
            with pytest.raises(InvalidInputError, match="bid=-1"):
                b.front.rebid("7", -1)
            b.check()
            b.engine.gate.set()
            streams += await asyncio.gather(*tasks)
            assert streams[-1].request.bid == (50 if waiting_max == 1 else 0)  # as submitted
            for stream in streams:
                await stream.result()
        admitted = [e.request_id for e in b.log if e.kind == "admitted"]
        place = 8 if waiting_max == 1 else 1  # who waits for room keeps its place there
        assert admitted.index("7") == place

    serving.run(main())


def test_an_id_is_free_again_only_when_the_engine_has_released_it(
    serving: "type[Serving]",
) -> None:
    async def main() -> None:
        b = serving.bench()
        async with b.front:
            first = await b.ask("a")
            first.cancel()
            with pytest.raises(InvalidInputError, match="released"):
                await b.ask("a")
            await serving.turns(3)
            assert b.engine.released == ["a"]
            assert (await (await b.ask("a")).result()).tokens == b.engine.tokens("a", 3)
        assert b.engine.released == ["a", "a"]

    serving.run(main())


def test_a_full_queue_refuses_at_once_or_lets_submitters_wait_in_their_order(
    serving: "type[Serving]",
) -> None:
    async def main() -> None:
        b = serving.bench(waiting_max=1)
        order: list[str] = []

        async def client(name: str) -> None:
            stream = await b.ask(name)
            order.append(name)
            await stream.result()

        async with b.front:
            clients = [asyncio.create_task(client(str(n))) for n in range(20)]
            await serving.turns(1)
            with pytest.raises(QueueFullError, match="waiting_max=1"):
                await b.ask("late", wait=False)
            while not all(c.done() for c in clients):
                b.check()
                await serving.turns(1)
            assert order == [str(n) for n in range(20)]
            await asyncio.gather(*clients)
        admitted = [e.request_id for e in b.log if e.kind == "admitted"]
        assert admitted == order
        refused = [e.request_id for e in b.log if e.kind == "refused"]
        assert refused == ["late"]

    serving.run(main())


def test_the_wait_for_room_counts_as_waiting(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench(waiting_max=1)
        async with b.front:
            streams = await asyncio.gather(*(b.ask(str(n)) for n in range(12)))
            assert {s.request.arrival_ns for s in streams} == {0}
            assert b.time.now_ns > 0

    serving.run(main())


def test_a_submitter_cancelled_while_waiting_for_room_leaves_no_trace(
    serving: "type[Serving]",
) -> None:
    async def main() -> None:
        b = serving.bench(waiting_max=1)
        async with b.front:
            await b.fill()
            gone, stays = (asyncio.create_task(b.ask(name)) for name in ("gone", "stays"))
            await serving.turns(1)
            gone.cancel()
            await serving.turns(1)
            assert len(b.front._submitters) == 1
            b.engine.gate.set()
            assert (await (await stays).result()).tokens == b.engine.tokens("stays", 3)
            with pytest.raises(asyncio.CancelledError):
                await gone
        assert "gone" not in {e.request_id for e in b.log}
        assert b.is_empty()

    serving.run(main())


@pytest.mark.parametrize("first", ["room", "cancellation"])
def test_a_submitter_cancelled_in_the_turn_in_which_it_gets_room_leaves_it_free(
    serving: "type[Serving]", first: str
) -> None:
    async def main() -> None:
        b = serving.bench(waiting_max=1)
        async with b.front:
            running, waiting = await b.fill()
            gone = asyncio.create_task(b.ask("gone"))
            await serving.turns(1)
            if first == "room":
                waiting.cancel()  # hands its room over
            gone.cancel()
            if first == "cancellation":
                waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
            b.check()
            assert b.scheduler.waiting_count == 0
            b.engine.gate.set()
            await running.result()
        queued = ["submitted", "cancelled"] if first == "room" else []
        assert [e.kind for e in b.log if e.request_id == "gone"] == queued

    serving.run(main())


def test_cancelling_a_stream_frees_its_blocks_at_once(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench()
        async with b.front:
            stream = await b.ask("a", 50)
            async for token in stream:
                assert token == b.engine.token("a", 0)
                assert b.scheduler.blocks_used > 0
                assert stream.cancel()
                assert b.scheduler.blocks_used == 0
                assert not stream.cancel()
                break
            with pytest.raises(RequestCancelledError, match="'a'"):
                await stream.result()
        assert b.is_empty()

    serving.run(main())


@pytest.mark.parametrize("way", ["awaits a token", "works on a token", "awaits the result"])
def test_cancelling_the_task_of_a_consumer_frees_its_blocks(
    serving: "type[Serving]", way: str
) -> None:
    async def main() -> None:
        b = serving.bench()

        async def consume() -> None:
            stream = await b.ask("a", 50)
            if way == "awaits the result":
                await stream.result()
            async for _ in stream:
                if way == "works on a token":
                    await asyncio.Event().wait()

        async with b.front:
            task = asyncio.create_task(consume())
            await serving.turns(8)
            assert b.scheduler.blocks_used > 0
            if way != "works on a token":  # or it might be just about to get one
                b.engine.gate.clear()
                await serving.turns(4)
            task.cancel()
            await asyncio.wait({task})
            await serving.turns(2)
            assert b.is_empty()
            b.engine.gate.set()
        assert [e.kind for e in b.log][-1] == "cancelled"

    serving.run(main())


def test_leaving_the_loop_early_cancels_the_request(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench()
        async with b.front:
            async for _ in await b.ask("a", 50):
                break
            await serving.turns(3)
            assert b.is_empty()

    serving.run(main())


def test_a_slow_consumer_delays_nobody_and_loses_nothing(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench()
        seen: list[int] = []

        async def slow() -> None:
            async for token in await b.ask("slow", 20):
                seen.append(token)
                await serving.turns(50)

        async with b.front:
            task = asyncio.create_task(slow())
            await serving.turns(2)
            for n in range(5):
                await (await b.ask(str(n), 3)).result()
            assert len(seen) < 5
            await task
        assert tuple(seen) == b.engine.tokens("slow", 20)

    serving.run(main())


def test_an_engine_that_never_waits_leaves_turns_to_others(
    serving: "type[Serving]", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        b = serving.bench()

        async def run(plan: Plan) -> Mapping[str, tuple[int, bool]]:
            b.engine.steps += 1
            b.time.now_ns += 1
            return {s.request.id: (7, False) for s in (*plan.decodes, *dict(plan.prefills))}

        monkeypatch.setattr(b.engine, "run", run)
        async with b.front:
            stream = await b.ask("a", 50)
            steps = []
            while not stream.ended:
                steps.append(b.engine.steps)
                await serving.turns(1)
            assert len(steps) >= 50
            assert steps == sorted(set(steps)), "a step took more than a turn, or two one"

    serving.run(main())


def test_an_idle_front_does_not_poll(
    serving: "type[Serving]", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        b = serving.bench()
        plans: list[int] = []
        plan = b.scheduler.plan

        def counted(now_ns: int) -> Plan:
            plans.append(now_ns)
            return plan(now_ns)

        monkeypatch.setattr(b.scheduler, "plan", counted)
        async with b.front:
            await (await b.ask("a", 3)).result()
            await serving.turns(5)
            before = len(plans)
            await serving.turns(1000)
            assert len(plans) == before
            await (await b.ask("b", 3)).result()
            assert len(plans) > before

    serving.run(main())


def test_tokens_go_on_where_they_were_after_an_eviction(serving: "type[Serving]") -> None:
    async def main() -> None:
        b = serving.bench(kv_blocks=7)
        async with b.front:
            streams = [await b.ask(str(n), 16) for n in range(5)]
            for n, stream in enumerate(streams):
                assert (await stream.result()).tokens == b.engine.tokens(str(n), 16)
        assert any(e.kind == "evicted" for e in b.log)

    serving.run(main())

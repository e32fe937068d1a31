import asyncio

import pytest

from homeostat.errors import InvalidInputError, QueueFullError
from homeostat.runtime.scheduler import Request
from homeostat.runtime.scheduler.submitters import Submitters


def request(name: str, deadline_ns: int | None = None) -> Request:
    return Request(
        id=name, arrival_ns=0, prompt_tokens=1, output_tokens_max=1, deadline_ns=deadline_ns
    )


def test_first_come_first_served_but_for_those_who_left() -> None:
    async def main() -> None:
        submitters = Submitters()
        submissions = [submitters.add(request(name)) for name in "abcd"]
        submitters.discard(submissions[1])
        submitters.discard(submissions[1])
        submitters._check()
        assert len(submitters) == 3
        assert "a" in submitters
        assert "b" not in submitters
        assert [submitters.pop().request.id for _ in range(3)] == ["a", "c", "d"]
        with pytest.raises(KeyError):
            submitters.pop()

    asyncio.run(main())


def test_deadlines_come_in_order_and_those_of_the_gone_do_not_count() -> None:
    async def main() -> None:
        submitters = Submitters()
        submissions = {
            name: submitters.add(request(name, deadline_ns))
            for name, deadline_ns in (("a", 30), ("b", None), ("c", 10), ("d", 20), ("e", 20))
        }
        assert submitters.deadline_ns == 10
        submitters.discard(submissions["c"])
        assert submitters.deadline_ns == 20
        assert list(submitters.pop_expired(19)) == []
        assert [s.request.id for s in submitters.pop_expired(20)] == ["d", "e"]
        assert (submitters.deadline_ns, len(submitters)) == (30, 2)
        submitters._check()

    asyncio.run(main())


def test_deadlines_of_the_gone_do_not_pile_up_nor_take_others_with_them() -> None:
    async def main() -> None:
        submitters = Submitters()
        stays = [submitters.add(request(f"s{n}", 1000 + n)) for n in range(10)]
        for n in range(1000):
            submitters.discard(submitters.add(request(f"g{n}", n)))
            assert len(submitters._deadlines) <= 2 * len(stays) + 64
            submitters._check()
        assert list(submitters.pop_expired(10_000)) == stays

    asyncio.run(main())


def test_a_new_bid_keeps_the_place_and_an_id_that_left_takes_nobody_along() -> None:
    async def main() -> None:
        submitters = Submitters()
        first = submitters.add(request("a", 10))
        submitters.add(request("b"))
        assert submitters.rebid("a", 7)
        assert not submitters.rebid("c", 7)
        with pytest.raises(InvalidInputError, match="bid=-1"):
            submitters.rebid("b", -1)
        submitters._check()
        assert (submitters.pop() is first, first.request.bid) == (True, 7)
        again = submitters.add(request("a", 20))
        submitters.discard(first)  # it gave up after it had been served
        assert submitters.deadline_ns == 20
        submitters._check()
        assert [submitters.pop().request.id, submitters.pop()] == ["b", again]

    asyncio.run(main())


def test_all_are_turned_away_with_an_error_each_but_those_who_left() -> None:
    async def main() -> None:
        submitters = Submitters()
        streams = [submitters.add(request(name)).stream for name in "abc"]
        streams[1].cancel()
        submitters.refuse(QueueFullError, "no")
        assert not len(submitters)
        errors = [streams[n].exception() for n in (0, 2)]
        assert all(isinstance(error, QueueFullError) for error in errors)
        assert errors[0] is not errors[1]

    asyncio.run(main())


def test_the_check_sees_a_request_served_and_still_waiting() -> None:
    async def main() -> None:
        submitters = Submitters()
        stream = submitters.add(request("a")).stream
        stream.set_exception(error := ValueError())
        with pytest.raises(AssertionError, match="still here"):
            submitters._check()
        assert stream.exception() is error

    asyncio.run(main())

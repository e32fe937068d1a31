import asyncio

import pytest

from homeostat.errors import QueueFullError
from homeostat.runtime.scheduler import Request
from homeostat.runtime.scheduler.submitters import Submitters


def request(name: str, deadline_ns: int | None = None) -> Request:
    return Request(
        id=name, arrival_ns=0, prompt_tokens=1, output_tokens_max=1, deadline_ns=deadline_ns
    )


def test_first_come_first_served_but_for_those_who_left() -> None:
    async def main() -> None:
        submitters = Submitters()
        tickets = [submitters.add(request(name)) for name in "abcd"]
        submitters.discard(tickets[1])
        submitters.discard(tickets[1])
        submitters._check()
        assert len(submitters) == 3
        assert [submitters.pop()[0].id for _ in range(3)] == ["a", "c", "d"]
        with pytest.raises(KeyError):
            submitters.pop()

    asyncio.run(main())


def test_deadlines_come_in_order_and_those_of_the_gone_do_not_count() -> None:
    async def main() -> None:
        submitters = Submitters()
        tickets = {
            name: submitters.add(request(name, deadline_ns))
            for name, deadline_ns in (("a", 30), ("b", None), ("c", 10), ("d", 20), ("e", 20))
        }
        assert submitters.deadline_ns == 10
        submitters.discard(tickets["c"])
        assert submitters.deadline_ns == 20
        assert list(submitters.pop_expired(19)) == []
        assert [r.id for r, _ in submitters.pop_expired(20)] == ["d", "e"]
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
        assert [t for _, t in submitters.pop_expired(10_000)] == stays

    asyncio.run(main())


def test_all_are_turned_away_with_an_error_each_but_those_who_left() -> None:
    async def main() -> None:
        submitters = Submitters()
        tickets = [submitters.add(request(name)) for name in "abc"]
        tickets[1].cancel()
        submitters.refuse(QueueFullError, "no")
        assert not len(submitters)
        errors = [tickets[n].exception() for n in (0, 2)]
        assert all(isinstance(error, QueueFullError) for error in errors)
        assert errors[0] is not errors[1]

    asyncio.run(main())


def test_the_check_sees_a_request_served_and_still_waiting() -> None:
    async def main() -> None:
        submitters = Submitters()
        submitters.add(request("a")).set_exception(ticket := ValueError())
        with pytest.raises(AssertionError, match="still here"):
            submitters._check()
        assert next(iter(submitters._waiting)).exception() is ticket

    asyncio.run(main())

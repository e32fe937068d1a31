"""The simulated lanes: what they let happen, and that what must not happen is seen."""

import pytest

from homeostat.errors import InvalidInputError
from homeostat.properties.machines.simulated_lanes import (
    AHEAD,
    COMPUTE,
    DEMAND,
    GO_ON,
    CopyFailedError,
    LaneMark,
    SimulatedLanes,
    Weights,
    host_weights,
)

DELIBERATE = (COMPUTE, DEMAND, AHEAD)
HASTY = (DEMAND, AHEAD, COMPUTE)


def lanes_and_place(experts: int = 2) -> tuple[SimulatedLanes, tuple[Weights, ...], Weights]:
    host = host_weights(experts)
    lanes = SimulatedLanes(host)
    return lanes, host, lanes.place(host[0])


def test_nothing_runs_before_a_move_or_the_drain() -> None:
    lanes, host, place = lanes_and_place()
    lanes.copy(host[1], place, after=[])
    assert not lanes.holds(1)
    lanes.moves.extend([DEMAND, GO_ON, DEMAND])
    lanes.interleave()
    assert lanes.log[-1] == ("copy begins", 0, 1)
    assert not lanes.holds(1)
    lanes.interleave()
    assert lanes.log[-1] == ("copy done", 0, 1)
    assert lanes.holds(1)
    assert lanes.bytes_up == host[1].nbytes == lanes.bytes_of(host[0])


@pytest.mark.parametrize("order", [DELIBERATE, HASTY])
def test_a_compute_that_waits_for_its_copy_reads_the_weights(order: tuple[int, ...]) -> None:
    lanes, host, place = lanes_and_place()
    lanes.wait(lanes.copy(host[1], place, after=[]))
    lanes.compute(place, 1)
    lanes.drain(order)
    assert lanes.problems == []
    assert lanes.contents == [1]


def test_a_compute_that_does_not_wait_is_seen() -> None:
    lanes, host, place = lanes_and_place()
    lanes.copy(host[1], place, after=[])
    lanes.compute(place, 1)
    lanes.drain(DELIBERATE)
    assert lanes.problems[0] == (
        "a compute must read the weights of expert 1, reads what no copy has completed"
    )
    assert lanes.contents == [-1]


def test_a_copy_that_does_not_wait_for_the_last_read_is_seen() -> None:
    lanes, host, place = lanes_and_place()
    lanes.wait(lanes.copy(host[0], place, after=[]))
    lanes.compute(place, 0)
    lanes.copy(host[1], place, after=[])
    lanes.drain(HASTY)
    assert lanes.problems[0] == (
        "a compute must read the weights of expert 0, reads those of expert 1"
    )


def test_a_copy_of_the_same_weights_into_a_place_that_is_read_is_seen() -> None:
    """What is read is right when the compute begins and ends; between the two it is not."""
    lanes, host, place = lanes_and_place()
    lanes.wait(lanes.copy(host[0], place, after=[]))
    lanes.compute(place, 0)
    lanes.copy(host[0], place, after=[])
    lanes.moves.extend([DEMAND, DEMAND, COMPUTE, COMPUTE, DEMAND, DEMAND, COMPUTE])
    lanes.interleave()
    assert lanes.problems == ["a copy of expert 0 writes a place that is being read"]


def test_a_copy_that_waits_for_the_last_read_is_right_in_every_order() -> None:
    for order in (DELIBERATE, HASTY):
        lanes, host, place = lanes_and_place()
        lanes.wait(lanes.copy(host[0], place, after=[]))
        lanes.compute(place, 0)
        lanes.wait(lanes.copy(host[1], place, after=[lanes.mark()]))
        lanes.compute(place, 1)
        lanes.drain(order)
        assert lanes.problems == []
        assert lanes.contents == [0, 1]


def test_two_copies_at_once_into_one_place_are_seen() -> None:
    lanes, host, place = lanes_and_place()
    lanes.copy(host[0], place, after=[])
    lanes.copy(host[1], place, after=[], ahead=True)
    lanes.moves.extend([DEMAND, AHEAD])
    lanes.interleave()
    assert lanes.problems == ["a copy of expert 1 writes a place that is being written"]


@pytest.mark.parametrize("mark", [LaneMark(COMPUTE, 99), "a mark of other lanes"])
def test_what_waits_for_ever_is_reported(mark: object) -> None:
    lanes, host, place = lanes_and_place()
    lanes.copy(host[0], place, after=[mark])
    lanes.drain()
    assert lanes.problems == ["deadlock: 2 operations wait for what never comes"]
    assert not lanes.holds(0)


def test_the_copy_that_was_told_to_fail_fails_and_leaves_no_trace() -> None:
    lanes, host, place = lanes_and_place()
    lanes.fails_at = 2
    lanes.copy(host[0], place, after=[])
    with pytest.raises(CopyFailedError, match="expert 1"):
        lanes.copy(host[1], place, after=[])
    lanes.copy(host[0], place, after=[])
    assert lanes.failed == 1
    assert lanes.bytes_up == 2 * host[0].nbytes
    assert [line.expert for line in lanes.log] == [0, 0]


def test_host_memory_is_read_only_and_a_write_past_that_is_seen() -> None:
    lanes, host, _ = lanes_and_place()
    with pytest.raises(ValueError, match="read-only"):
        host[0][0] = 1
    assert lanes.host_is_unchanged
    host[0].setflags(write=True)
    assert not lanes.host_is_unchanged
    host[0][0] += 1
    host[0].setflags(write=False)
    assert not lanes.host_is_unchanged


def test_what_the_lanes_do_not_know_is_refused() -> None:
    lanes, host, place = lanes_and_place()
    with pytest.raises(InvalidInputError, match="must be an expert's"):
        lanes.copy(host[0] + 1, place, after=[])
    with pytest.raises(InvalidInputError, match="must be one that these lanes returned"):
        lanes.compute(place.copy(), 0)

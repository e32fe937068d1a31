"""The resident set beyond its events: copies ahead of demand, and copies that failed."""

import pytest

from homeostat.errors import InvalidInputError
from homeostat.models.residency.cache import Load
from homeostat.models.residency.events import Event
from homeostat.runtime.experts.policies.lfu import LfuPolicy
from homeostat.runtime.experts.policies.lru import LruPolicy
from homeostat.runtime.experts.policies.static import StaticPolicy
from homeostat.runtime.experts.residency import ResidentSet


def served(residents: ResidentSet, *events: tuple[int, ...]) -> ResidentSet:
    for experts in events:
        residents.serve(Event(experts))
    return residents


def test_a_capacity_below_one_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="capacity 0 must be 1 or more"):
        ResidentSet(0, LruPolicy(3))


def test_it_says_who_is_resident() -> None:
    residents = served(ResidentSet(2, LruPolicy(5)), (0, 1), (2,))
    assert residents.resident == {1, 2}
    assert len(residents) == 2
    assert 1 in residents
    assert 0 not in residents


def test_a_copy_ahead_takes_a_free_place() -> None:
    residents = served(ResidentSet(2, LruPolicy(5)), (0,))
    assert residents.ahead(3) == Load(3, None)
    assert residents.resident == {0, 3}
    assert residents.ahead(3) is None, "it is there"


def test_a_copy_ahead_takes_the_place_of_what_is_worth_less_and_of_nobody_else() -> None:
    residents = served(ResidentSet(2, LruPolicy(5)), (0,), (1,), (2,))
    assert residents.ahead(0) is None, "0 was used before 1 and 2"
    assert residents.ahead(4) is None, "4 never"
    assert residents.resident == {1, 2}
    residents = served(ResidentSet(2, LfuPolicy(5)), (0,), (0,), (0,), (1,), (2, 3), (2, 4))
    assert residents.resident == {2, 4}
    assert residents.ahead(3) is None, "what left counts nothing"
    residents = ResidentSet(1, LfuPolicy(3))
    served(residents, (0, 1), (0, 1))
    assert residents.resident == {0}
    residents.serve(Event((1, 2)))
    assert residents.ahead(0) is None


def test_a_copy_ahead_that_is_worth_more_moves_the_least_out() -> None:
    residents = ResidentSet(1, LfuPolicy(3))
    # 0 has the only place while both are needed, so 1 is counted and stays out; 2 takes the place.
    served(residents, (0, 1), (0, 1), (2,))
    assert residents.resident == {2}
    assert residents.ahead(1) == Load(1, 2)
    assert residents.resident == {1}


def test_a_copy_ahead_must_be_admitted() -> None:
    residents = ResidentSet(2, StaticPolicy({0, 1}))
    assert residents.ahead(2) is None
    assert residents.ahead(1) == Load(1, None)


def test_an_expert_whose_copy_failed_is_out_and_counts_anew() -> None:
    policy = LfuPolicy(3)
    residents = served(ResidentSet(2, policy), (0,), (0,))
    residents.forget(0)
    assert residents.resident == frozenset()
    assert policy.value(0)[0] == 0
    with pytest.raises(KeyError):
        residents.forget(0)

"""Where events ask for one expert each, a cache simulator of other people counts the same misses.

libCacheSim (Yang et al.) loads what it misses, so its Belady is ours without bypass.
"""

import random
from collections.abc import Sequence

import libcachesim
import pytest

from homeostat.models.residency.events import Event
from homeostat.runtime.experts.policies.lfu import LfuPolicy
from homeostat.runtime.experts.policies.lru import LruPolicy
from homeostat.runtime.experts.replay import FlatEvents, flat_events, optimal, replay
from homeostat.runtime.experts.replay import replay_compiled as compiled
from homeostat.runtime.traces.fetching import MissingDataError, find_data
from homeostat.runtime.traces.routes import read_routes

NEVER = 2**62


def theirs(kind: type[libcachesim.CacheBase], experts: Sequence[int], capacity: int) -> int:
    """Return the misses that libCacheSim counts; its Belady is told when each is used next."""
    later: dict[int, int] = {}
    following = [NEVER] * len(experts)
    for position in range(len(experts) - 1, -1, -1):
        following[position] = later.get(experts[position], NEVER)
        later[experts[position]] = position
    cache = kind(cache_size=capacity, hashpower=10)
    misses = 0
    for expert, next_use in zip(experts, following, strict=True):
        request = libcachesim.Request(
            obj_id=expert,
            obj_size=1,
            op=libcachesim.ReqOp.OP_GET,
            next_access_vtime=next_use,
        )
        misses += not cache.get(request)
    return misses


def flat(experts: Sequence[int]) -> FlatEvents:
    return flat_events([Event((expert,)) for expert in experts], 1 + max(experts))


def demand_equal(experts: Sequence[int], capacity: int) -> None:
    ours = flat(experts)
    lru, lfu = (compiled(ours, capacity, name).misses for name in ("lru", "lfu"))
    assert lru == theirs(libcachesim.LRU, experts, capacity), (experts, capacity)
    assert lfu == theirs(libcachesim.LFU, experts, capacity), (experts, capacity)
    least = optimal(ours, capacity, bypass=False).misses
    assert least == theirs(libcachesim.Belady, experts, capacity), (experts, capacity)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_random_requests_miss_as_often(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(30):
        n_expert = draw.randint(2, 14)
        weights = [1 / (1 + expert) ** draw.choice((0, 1, 2)) for expert in range(n_expert)]
        experts = draw.choices(range(n_expert), weights, k=draw.randint(1, 150))
        demand_equal(experts, draw.randint(1, n_expert))


@pytest.mark.slow
@pytest.mark.parametrize("capacity", [1, 6, 12, 24])
def test_the_real_routes_miss_as_often_in_every_layer(capacity: int) -> None:
    try:
        routes = read_routes(find_data("qwen3-routes"))
    except MissingDataError as error:
        pytest.skip(str(error))
    for layer in range(routes.layers):
        tops = [top for event in routes.events(layer) for top in event.tops]
        demand_equal(tops, capacity)


def test_the_policies_of_the_cache_miss_as_often_too() -> None:
    draw = random.Random(7)
    experts = [draw.choice((0, 1, 2, 2, 3, 4, 5)) for _ in range(120)]
    events = [Event((expert,)) for expert in experts]
    for capacity in (1, 2, 4):
        lru, lfu = LruPolicy(6), LfuPolicy(6)
        assert replay(events, capacity, lru).misses == theirs(libcachesim.LRU, experts, capacity)
        assert replay(events, capacity, lfu).misses == theirs(libcachesim.LFU, experts, capacity)


def test_two_counts_that_should_differ_do() -> None:
    """A loop over one more than fits: LRU misses all, so LFU's count and Belady's are others."""
    experts = [0, 1, 2] * 10
    assert theirs(libcachesim.LRU, experts, 2) == 30
    assert theirs(libcachesim.Belady, experts, 2) < 30
    # With bypass even less: that is our own, and no one else's.
    least = optimal(flat(experts), 2, bypass=True).misses
    assert least <= theirs(libcachesim.Belady, experts, 2)

"""Tool-call slots: never more than there are, and a deadlock that only heat dissolves."""

import random

import pytest

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.slots import SlotRules, ToolSlots, slots_controller

CROSSED = [(0, 1)] * 2 + [(1, 0)] * 2
"""Two tools, each taken first by those who then want the other."""


def crossed(*, hot: bool, seed: int, rules: SlotRules | None = None) -> ToolSlots:
    controller = slots_controller() if hot else None
    return ToolSlots([2, 2], CROSSED, rules=rules, controller=controller, seed=seed)


@pytest.mark.slow
def test_cold_agents_stay_in_their_deadlock_and_the_controller_dissolves_it() -> None:
    cold, hot = crossed(hot=False, seed=1), crossed(hot=True, seed=1)
    for slots in (cold, hot):
        slots.tick()
        assert slots.deadlocked() == [0, 1, 2, 3]
    temperatures = []
    for _ in range(300):
        for slots in (cold, hot):
            slots.tick()
            slots.check()
        temperatures.append(hot.temperature)
    assert cold.deadlocked() == [0, 1, 2, 3]
    assert sum(cold.finished) == 0
    assert cold.let_go == 0
    assert sum(hot.finished) > 10
    assert hot.let_go > 0
    assert hot.controller is not None
    assert max(temperatures) > hot.controller.control.critical


def test_a_cold_controller_that_is_held_down_dissolves_nothing() -> None:
    slots = crossed(hot=True, seed=2)
    assert slots.controller is not None
    for _ in range(100):
        # The false neighbour: the same agents, were the temperature not raised.
        slots.controller.state = type(slots.controller.state)(0.0, 0)
        slots.tick()
    assert sum(slots.finished) == 0
    assert slots.deadlocked() == [0, 1, 2, 3]


def test_plans_in_one_order_are_never_in_deadlock() -> None:
    slots = ToolSlots([2, 2], [(0, 1)] * 5, controller=None, seed=3)
    for _ in range(100):
        slots.tick()
        slots.check()
        assert slots.deadlocked() == []
    assert min(slots.finished) > 0


def plays_out(slots: ToolSlots, agents: list[int]) -> bool:
    """Return whether some order of agents lets each be done, by trying them all."""
    free = [c - u for c, u in zip(slots.capacities, slots.in_use(), strict=True)]

    def all_done(left: frozenset[int]) -> bool:
        if not left:
            return True
        for agent in left:
            given = [free[tool] for tool in range(len(free))]
            for other in set(agents) - left:
                for tool in slots.plans[other][: slots.held[other]]:
                    given[tool] += 1
            needs = slots.plans[agent][slots.held[agent] :]
            if all(given[tool] > 0 for tool in needs) and all_done(left - {agent}):
                return True
        return False

    return all_done(frozenset(agents))


def test_deadlock_is_what_no_order_of_agents_can_finish() -> None:
    random_ = random.Random(4)
    seen = set()
    for seed in range(60):
        tools = random_.randrange(2, 4)
        plans = [
            tuple(random_.sample(range(tools), random_.randrange(1, tools + 1))) for _ in range(5)
        ]
        capacities = [random_.randrange(1, 3) for _ in range(tools)]
        slots = ToolSlots(capacities, plans, controller=None, seed=seed)
        for _ in range(random_.randrange(1, 6)):
            slots.tick()
            slots.check()
        holding = [agent for agent, count in enumerate(slots.held) if count]
        dead = slots.deadlocked()
        assert (not dead) == plays_out(slots, holding)
        seen.add(bool(dead))
    assert seen == {False, True}


def test_higher_bids_get_the_slots_and_every_token_is_accounted_for() -> None:
    slots = ToolSlots([1], [(0,), (0,)], rules=SlotRules(work_ticks=1), controller=None, seed=5)
    before = slots.ledger.supply
    for _ in range(20):
        slots.tick()
        slots.check()
    after = slots.ledger.supply
    assert after.minted == 20 * 2 * slots.rules.mint
    assert after.total + after.evaporated - after.minted == before.total
    assert after.treasury > 0
    assert sum(slots.finished) >= 9


def test_a_slot_given_out_twice_is_caught() -> None:
    slots = ToolSlots([1], [(0,), (0,)], controller=None, seed=6)
    slots.held = [1, 1]
    with pytest.raises(InvalidInputError, match="tool=0 gave out 2 slots"):
        slots.check()


def test_the_same_seed_agrees_and_another_does_not() -> None:
    runs = []
    for seed in (7, 7, 8):
        slots = crossed(hot=True, seed=seed)
        history = []
        for _ in range(120):
            slots.tick()
            history.append(tuple(slots.held))
        runs.append(history)
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


@pytest.mark.parametrize(
    ("capacities", "plans", "said"),
    [
        ([], [(0,)], "0 tools"),
        ([0], [(0,)], "must be >= 1"),
        ([1], [()], r"plans\[0\]"),
        ([1], [(0,), (0, 0)], r"plans\[1\]"),
        ([1], [(1,)], r"plans\[0\]"),
    ],
)
def test_plans_that_cannot_be_are_refused(
    capacities: list[int], plans: list[tuple[int, ...]], said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        ToolSlots(capacities, plans, controller=None, seed=0)


def test_rules_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="work_ticks=0 must be >= 1"):
        SlotRules(work_ticks=0)

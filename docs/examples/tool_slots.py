"""Many agents compete for slots of tool calls, and block each other.

Half of the agents search first and then open a browser, the other half the other way round; each
keeps its first slot while it waits for the second. Soon all slots are held by agents that wait for
one another: a deadlock, and without the controller it stays. With it, what is stuck heats the
agents until some let go; then the rest can work, and it cools again.

Beside both stands the textbook's way: where all agents take their slots in the same order there is
no deadlock at all. It needs plans that allow it; heat does not.

    python docs/examples/tool_slots.py
"""

from homeostat.runtime.governor.controller import Controller
from homeostat.runtime.governor.slots import ToolSlots, slots_controller

AGENTS = 12
SLOTS = (6, 6)
SEARCH, BROWSER = 0, 1
TICKS = 400
SEEDS = range(5)


def run(plans: list[tuple[int, int]], controller: Controller | None, seed: int) -> None:
    """Let all ticks pass, each checked, and say what happened."""
    slots = ToolSlots(SLOTS, plans, controller=controller, seed=seed)
    blocked = 0
    hottest = 0.0
    for _ in range(TICKS):
        slots.tick()
        slots.check()
        blocked += bool(slots.deadlocked())
        hottest = max(hottest, slots.temperature)
    print(
        f"  seed {seed}: {sum(slots.finished)} plans done, in deadlock in {blocked} of {TICKS} "
        f"ticks, let go {slots.let_go} times, temperature up to {hottest:.2f} of the barrier"
    )


def main() -> None:
    """Run cold, governed, and in one order for all."""
    crossed = [(SEARCH, BROWSER) if i % 2 else (BROWSER, SEARCH) for i in range(AGENTS)]
    print("without the controller:")
    for seed in SEEDS:
        run(crossed, None, seed)
    print("with the controller:")
    for seed in SEEDS:
        run(crossed, slots_controller(), seed)
    print("one order for all, without the controller:")
    for seed in SEEDS:
        run([(SEARCH, BROWSER)] * AGENTS, None, seed)


if __name__ == "__main__":
    main()

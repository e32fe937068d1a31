"""Tool-call slots among agents that need several at once: bids, deadlock, and heat against it.

Each tool has a number of slots. An agent goes through its plan: it takes a slot of each tool in
turn, keeps what it has while it waits for the next, works when it has all, gives all back, and
begins again. Free slots go to the highest bids of those who wait, in a ledger's auction.

Agents that hold what others of them want can wait for ever: that is a deadlock, and cold agents
stay in it. Each has a coordinate in Landau's two wells: in the left one it holds on, in the right
one it lets go. While it holds something and waits, the coordinate moves by Langevin steps at the
controller's temperature. When it reaches the bottom of the right well the agent gives back all that
it holds, and begins its plan anew. What is stuck heats the controller, so the temperature rises
where nothing moves, and falls when it does. How long that takes is Kramers' law
(``governor.deadlock_dissolved``); no slot is ever taken away from an agent.

Source: note 000, stage 5, scenario 1, and concept 3.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, final

import numpy as np

from homeostat.errors import InvalidInputError
from homeostat.models.landau import Landau
from homeostat.runtime.governor.agents import Agents, Dynamics, NumpyArrays, well_force
from homeostat.runtime.governor.controller import SLOTS, Controller
from homeostat.runtime.governor.ledger import Ledger

__all__ = ["HOLDING", "LETTING_GO", "SlotRules", "ToolSlots", "slots_controller"]

HOLDING: Final = -1.0
"""Bottom of the left well."""
LETTING_GO: Final = 1.0
"""Bottom of the right one."""
_WELLS: Final = Landau(a=2.0, b=1.0, critical=1.0)
"""At the phase's temperature 0: F = x^4 - 2 x^2, with a barrier of 1."""
_AGENTS_MAX: Final = 4096
_TOOLS_MAX: Final = 4096
_SLOTS_MAX: Final = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRules:
    """How slots are handed out.

    Attributes:
        work_ticks: How long an agent works when it has all its slots, >= 1.
        steps: Langevin steps of an agent in a tick, >= 1.
        tokens: With which each agent begins, >= 0.
        mint: For each agent in a tick, >= 0.
        kappa: Part of every balance that evaporates in a tick, in [0, 1].

    Raises:
        InvalidInputError: A number is out of its range.
    """

    work_ticks: int = 3
    steps: int = 20
    tokens: int = 100
    mint: int = 10
    kappa: Fraction = Fraction(1, 20)

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, least in (("work_ticks", 1), ("steps", 1), ("tokens", 0), ("mint", 0)):
            if not getattr(self, name) >= least:
                raise InvalidInputError(f"{name}={getattr(self, name)!r} must be >= {least}")
        if not 0 <= self.kappa <= 1:
            raise InvalidInputError(f"kappa={self.kappa!r} must be in [0, 1]")


@final
class ToolSlots:
    """Tools, and agents with their plans.

    Attributes:
        capacities: Slots of each tool.
        plans: The tools that each agent needs, in the order in which it takes them.
        rules: How slots are handed out.
        ledger: An account for each agent.
        controller: Of the temperature; None for agents that stay cold.
        held: How many tools of its plan each agent holds, from the first.
        finished: How often each agent was done.
        let_go: How often agents gave back what they held without work.
        ticks: How many there were.

    Args:
        capacities: Slots of each tool, >= 1.
        plans: One or more tools for each agent, each once.
        rules: How slots are handed out.
        controller: Of the temperature; None for agents that stay cold.
        seed: Of the agents' noise and of bids.
    """

    def __init__(
        self,
        capacities: Sequence[int],
        plans: Sequence[Sequence[int]],
        *,
        rules: SlotRules | None = None,
        controller: Controller | None,
        seed: int,
    ) -> None:
        """Begin with every slot free.

        Raises:
            InvalidInputError: A capacity or a plan breaks its rule.
        """
        _check_plans(capacities, plans)
        self.rules = rules or SlotRules()
        self.capacities = tuple(capacities)
        self.plans = tuple(tuple(plan) for plan in plans)
        self.ledger = Ledger([self.rules.tokens] * len(plans))
        self.controller = controller
        self.held = [0] * len(plans)
        self.finished = [0] * len(plans)
        self.let_go = 0
        self.ticks = 0
        self._working = [0] * len(plans)
        self._draws = np.random.default_rng(seed)
        arrays = NumpyArrays(seed)
        self._agents = Agents(
            arrays,
            len(plans),
            well_force(arrays, _WELLS, 0.0),
            dynamics=Dynamics(),
            start=HOLDING,
        )

    @property
    def temperature(self) -> float:
        """Of the agents, in units of the barrier; 0 without a controller."""
        return self.controller.temperature if self.controller is not None else 0.0

    def in_use(self) -> list[int]:
        """Return how many slots of each tool are held."""
        used = [0] * len(self.capacities)
        for agent, count in enumerate(self.held):
            for tool in self.plans[agent][:count]:
                used[tool] += 1
        return used

    def waiting(self) -> list[int]:
        """Return the agents that hold something and wait for more."""
        return [i for i, n in enumerate(self.held) if 0 < n < len(self.plans[i])]

    def deadlocked(self) -> list[int]:
        """Return the agents that can never be done unless someone lets go.

        Whoever could get all that it needs from what is free would give all back; repeat, and who
        is left is in deadlock (Coffman, Elphick and Shoshani, 1971). O(agents^2 tools).
        """
        free = [c - u for c, u in zip(self.capacities, self.in_use(), strict=True)]
        left = [i for i, count in enumerate(self.held) if count]
        while True:
            done = [
                i for i in left if all(free[tool] > 0 for tool in self.plans[i][self.held[i] :])
            ]
            if not done:
                return left
            for i in done:
                for tool in self.plans[i][: self.held[i]]:
                    free[tool] += 1
            left = [i for i in left if i not in done]

    def tick(self) -> None:
        """Let one tick pass: work, letting go, auctions, and the controller."""
        rules = self.rules
        self.ledger.tick(rules.kappa, [rules.mint] * len(self.plans))
        before = list(self.held)
        self._work()
        self._move()
        self._auction()
        self.ticks += 1
        if self.controller is not None:
            still = [i for i in self.waiting() if self.held[i] == before[i]]
            holding = sum(1 for count in self.held if count)
            # Of those that hold something, the part that got no further in this tick.
            stuck = len(still) / holding if holding else 0.0
            used = sum(self.in_use()) / sum(self.capacities)
            self.controller.tick(stuck, used)

    def check(self) -> None:
        """Demand that no tool gave out more slots than it has, and that tokens balance.

        Raises:
            InvalidInputError: One did; we are broken, not the input.
        """
        self.ledger.check()
        if self.controller is not None:
            self.controller.check()
        for tool, (used, there) in enumerate(zip(self.in_use(), self.capacities, strict=True)):
            if used > there:
                raise InvalidInputError(f"tool={tool} gave out {used} slots, must be <= {there}")

    def _work(self) -> None:
        for agent, plan in enumerate(self.plans):
            if self.held[agent] < len(plan):
                continue
            self._working[agent] += 1
            if self._working[agent] >= self.rules.work_ticks:
                self.held[agent] = self._working[agent] = 0
                self.finished[agent] += 1

    def _move(self) -> None:
        """Move the coordinates of those that hold and wait; let go who reached the other well."""
        waits = np.zeros(len(self.plans), np.bool_)
        waits[self.waiting()] = True
        agents = self._agents
        agents.restart(~waits, HOLDING)
        out = np.zeros(len(self.plans), np.bool_)
        for _ in range(self.rules.steps):
            agents.step(self.temperature)
            out |= waits & (agents.position >= LETTING_GO)
        for agent in np.flatnonzero(out).tolist():
            self.held[agent] = 0
            self.let_go += 1
        agents.restart(out, HOLDING)

    def _auction(self) -> None:
        """Give each tool's free slots to the highest bids, tool by tool."""
        rate = self.controller.tax_rate if self.controller is not None else Fraction(0)
        # Bids are drawn once a tick, so that an agent's luck is the same at each tool.
        shares = self._draws.random(len(self.plans))
        next_tool = [
            plan[count] if count < len(plan) else -1
            for plan, count in zip(self.plans, self.held, strict=True)
        ]
        used = self.in_use()
        for tool, there in enumerate(self.capacities):
            bidders = [agent for agent, wanted in enumerate(next_tool) if wanted == tool]
            places = there - used[tool]
            if not bidders or not places:
                continue
            bids = {
                agent: math.floor(shares[agent] * self.ledger.balance(agent)) for agent in bidders
            }
            for winner in self.ledger.auction(bids, places, rate):
                self.held[winner] += 1


def _check_plans(capacities: Sequence[int], plans: Sequence[Sequence[int]]) -> None:
    if not 1 <= len(capacities) <= _TOOLS_MAX or not 1 <= len(plans) <= _AGENTS_MAX:
        raise InvalidInputError(
            f"{len(capacities)} tools and {len(plans)} agents must be 1 .. {_TOOLS_MAX} and "
            f"1 .. {_AGENTS_MAX}"
        )
    if not all(1 <= count <= _SLOTS_MAX for count in capacities):
        raise InvalidInputError(f"capacities={list(capacities)!r:.80} must be >= 1")
    for agent, plan in enumerate(plans):
        if (
            not plan
            or len(set(plan)) != len(plan)
            or not all(0 <= tool < len(capacities) for tool in plan)
        ):
            raise InvalidInputError(
                f"plans[{agent}]={list(plan)!r:.80} must be one or more of "
                f"{len(capacities)} tools, each once"
            )


def slots_controller() -> Controller:
    """Return a controller of the temperatures that agents with slots need."""
    return Controller(SLOTS)

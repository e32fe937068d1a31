"""Cases and checks of the suite ``governor`` for what its claims measure.

``MEASURED`` is what the suite takes from here: what holds, and a false neighbour of each.
"""

import math
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Final

import numpy as np
from hypothesis import strategies as st

from homeostat.models.landau import Landau, slope
from homeostat.models.langevin import baoab_step, kick_variance, velocity_kept
from homeostat.properties.results import Violation
from homeostat.properties.statements import Property, property_of
from homeostat.runtime.governor.cluster import Cluster, Node
from homeostat.runtime.governor.jobs import Job
from homeostat.runtime.governor.placer import Placer, PlacerSettings

__all__ = [
    "MEASURED",
    "Escape",
    "Search",
    "agent_stays",
    "escapes",
    "hot_agent_is_stuck",
    "looks_beyond_its_limit",
    "looks_beyond_its_probes",
    "searches",
]

_STEPS_MAX: Final = 40_000
"""Of dt = 0.05. At T = b the mean is below 25 units, so one agent in e^80 takes longer."""
_COLD_STEPS: Final = 1_000
_DT: Final = 0.05
_WELL: Final = Landau(a=2.0, b=1.0, critical=1.0)
"""At its temperature 0 two wells, at -1 and 1, with a barrier of 1."""


_NODES: Final = (
    Node(cpu_milli=16_000, memory_mib=65_536, gpus=4, model=0),
    Node(cpu_milli=32_000, memory_mib=131_072, gpus=2, model=1),
    Node(cpu_milli=64_000, memory_mib=131_072),
)
_JOBS: Final = (
    Job(cpu_milli=4_000, memory_mib=16_384, gpus=1, gpu_milli=500),
    Job(cpu_milli=8_000, memory_mib=32_768, gpus=2, gpu_milli=1000),
    Job(cpu_milli=4_000, memory_mib=8_192, gpus=4, gpu_milli=1000, models=(0,)),
    Job(cpu_milli=8_000, memory_mib=8_192),
)


@dataclass(frozen=True, slots=True)
class Escape:
    """An agent at the bottom of one of two wells.

    Attributes:
        seed: Of its noise.
        damping: In eighths.
        barrier: Of the well over the temperature, in eighths.
    """

    seed: int
    damping: int
    barrier: int


def escapes() -> st.SearchStrategy[Escape]:
    """Return agents with damping 1 to 4 and a barrier of 1 to 2 temperatures."""
    return st.builds(Escape, st.integers(0, 2**32 - 1), st.integers(8, 32), st.integers(8, 16))


def _steps_to_leave(case: Escape, *, hot: bool, steps_max: int) -> int | None:
    """Return after how many steps the agent is at the bottom of the other well, if it is."""
    random = Random(case.seed)
    temperature = 8 / case.barrier if hot else 0.0
    kept = velocity_kept(case.damping / 8, 1.0, _DT)
    spread = math.sqrt(kick_variance(kept, temperature, 1.0))
    step = partial(baoab_step, force_at=_force, mass=1.0, kept=kept, dt=_DT)
    position, velocity = -1.0, 0.0
    for count in range(1, steps_max + 1):
        position, velocity = step(position, velocity, kick=spread * random.gauss(0, 1))
        if position >= 1.0:
            return count
    return None


def _force(position: float) -> Any:
    return -slope(_WELL, position, 0.0)


def hot_agent_is_stuck(case: Escape) -> Violation | None:
    """With noise of T > 0 the agent leaves in finite time; without noise it never does."""
    cold = _steps_to_leave(case, hot=False, steps_max=_COLD_STEPS)
    hot = _steps_to_leave(case, hot=True, steps_max=_STEPS_MAX)
    if cold is None and hot is not None:
        return None
    return Violation(0, {"steps_without_noise": str(cold), "steps_with_noise": str(hot)})


def agent_stays(case: Escape) -> Violation | None:
    """False neighbour: who starts at the bottom of a well stays there, at any temperature."""
    steps = _steps_to_leave(case, hot=True, steps_max=_STEPS_MAX)
    return None if steps is None else Violation(steps, {"steps_with_noise": str(steps)})


@dataclass(frozen=True, slots=True)
class Search:
    """Tasks that look for room, until there may be none.

    Attributes:
        nodes: Of the cluster.
        tasks: That come; none leaves.
        seed: Of their sizes, and of the placer.
        probes: Nodes that a decision looks at where there is room.
        beyond: How many more it may look at where there is none.
    """

    nodes: int
    tasks: int
    seed: int
    probes: int
    beyond: int


def searches() -> st.SearchStrategy[Search]:
    """Return searches in clusters of up to 300 nodes."""
    return st.builds(
        Search, st.integers(1, 300), st.integers(1, 400), st.integers(0, 2**32 - 1),
        st.integers(1, 12), st.integers(0, 36),
    )  # fmt: skip


def _most_looked_at(case: Search) -> int:
    """Return the most nodes that one of the decisions looked at."""
    random = Random(case.seed)
    nodes = [random.choice(_NODES) for _ in range(case.nodes)]
    jobs = [random.choice(_JOBS) for _ in range(case.tasks)]
    settings = PlacerSettings(probes=case.probes, probes_max=case.probes + case.beyond)
    placer = Placer(Cluster(nodes), jobs, case.seed, settings)
    found = placer.choose_many(np.array([job.wants for job in jobs], np.int64))
    return int(found[:, 2].max())


def looks_beyond_its_limit(case: Search) -> Violation | None:
    """No decision looks at more nodes than its limit, however many there are, full or not."""
    most, limit = _most_looked_at(case), case.probes + case.beyond
    return None if most <= limit else Violation(0, {"looked_at": str(most), "limit": str(limit)})


def looks_beyond_its_probes(case: Search) -> Violation | None:
    """False neighbour: nor at more than d, also where none of d nodes has room."""
    most = _most_looked_at(case)
    if most <= case.probes:
        return None
    return Violation(0, {"looked_at": str(most), "probes": str(case.probes)})


_of_cases: Final = partial(property_of, "governor")


MEASURED: Final[tuple[Property, ...]] = (
    _of_cases(
        "deadlock_dissolved",
        "An agent leaves its well when it is hot, and never without noise.",
        escapes,
        hot_agent_is_stuck,
        claim="deadlock_dissolved",
    ),
    _of_cases(
        "a_well_holds_at_any_temperature",
        "an agent at the bottom of a well stays in it, at any temperature.",
        escapes,
        agent_stays,
        holds=False,
    ),
    _of_cases(
        "constant_decision",
        "A decision of the governor looks at no more nodes than its limit, however many there are.",
        searches,
        looks_beyond_its_limit,
        claim="constant_decision",
    ),
    _of_cases(
        "probes_are_never_more_than_d",
        "a decision looks at no more than d nodes, also where none of them has room.",
        searches,
        looks_beyond_its_probes,
        holds=False,
    ),
)
"""Of the measured claims: the properties, with those that must come back refuted."""

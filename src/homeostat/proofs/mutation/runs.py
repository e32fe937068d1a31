"""Random runs that meet a step's assumptions, by the models' own steps.

The kernel reads a step as a scan over the stages from the top. Here the models' step functions
run, and the values at each stage are told from the states before and after.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple, TypeAlias

from homeostat.models.batching import (
    simulation_step,
    theory_step,
    typed_simulation_step,
    typed_theory_step,
)
from homeostat.proofs.mutation.rows import TRIES, Values, all_fair, changed, fair, mended, value

__all__ = ["induction_fails", "scan_fails"]

Data: TypeAlias = Mapping[str, Any]
Stages: TypeAlias = list[tuple[str, Values]]
"""(sort, what advances into it and its weights), from the top stage down to stage 0."""

_STEPS: Final = 6
_SUFFIX: Final = {"theory": "T", "simulation": "S", "typed_theory": "U", "typed_simulation": "U"}


class _Outcome(NamedTuple):
    """The values at each stage, top first; where each system ended; each one's next state."""

    points: list[Values]
    ends: list[str]
    states: list[Any]


def scan_fails(theorem: Data, example: Data, rng: random.Random) -> tuple[int, str | None]:
    """Return how many runs met a scan theorem's assumptions, and how one of them breaks it."""
    tried = 0
    for fixed, stages in _runs(theorem, example, rng):
        try:
            outcome = _admitted(theorem, fixed, stages)
            failure = None if outcome is None else _broken(theorem, outcome.points, stages)
        except (KeyError, ZeroDivisionError):
            # A row about a value that runs of the models do not have, or a weight of zero.
            continue
        tried += outcome is not None
        if failure is not None:
            return tried, failure
    return tried, None


def induction_fails(theorem: Data, example: Data, rng: random.Random) -> tuple[int, str | None]:
    """Return how many starts met an induction's rows, and how one of them loses them."""
    tried = 0
    for fixed, stages in _runs(theorem["step"], example, rng):
        try:
            meant, lost = _kept(theorem, fixed, stages)
        except (KeyError, ZeroDivisionError):
            continue
        tried += meant
        if lost is not None:
            return tried, lost
    return tried, None


def _runs(theorem: Data, example: Data, rng: random.Random) -> Iterator[tuple[Values, Stages]]:
    """Yield parameters and stages that meet a step's rows one by one, the example first."""
    rows = list(example["stages"])
    for i in range(TRIES):
        if not i:
            yield _read(example["parameters"]), [(sort, _read(values)) for sort, values in rows]
            continue
        fixed = mended(theorem["given"], changed(example["parameters"], rng), {})
        some = list(rows)
        if rng.random() < 0.3 and len(rows) > 1:
            # One stage more: nothing that is said may depend on how many there are.
            j = rng.randrange(len(rows) - 1)
            some.insert(j, rows[j])
        stages: Stages = []
        for k, (sort, values) in enumerate(some):
            assumed = theorem["last"] if k + 1 == len(some) else theorem["each"].get(sort, [])
            local = [text for text in assumed if not _names(text) & set(theorem["carry"])]
            stages.append((sort, mended(local, changed(values, rng), fixed)))
        yield fixed, stages


def _read(values: Data) -> Values:
    return {name: Fraction(text) for name, text in values.items()}


def _names(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z][A-Za-z0-9_]*", text))


def _admitted(theorem: Data, fixed: Values, stages: Stages) -> _Outcome | None:
    """Run one step; return None where the theorem assumes something else."""
    if not all_fair(theorem["given"], fixed) or _impossible(theorem, stages):
        return None
    sorts = [sort for sort, _ in stages]
    # The models have all stages of type B alone above the shared ones.
    if sorts != sorted(sorts, reverse=True) or sorts[-1] != "shared":
        return None
    outcome = _outcome(theorem, fixed, stages)
    carried = {name: value(first, fixed) for name, (first, _) in theorem["carry"].items()}
    for i, point in enumerate(outcome.points):
        point |= carried
        if i + 1 < len(stages):
            carried = {name: value(text, point) for name, (_, text) in theorem["carry"].items()}
    each, points = theorem["each"], outcome.points
    if "/".join(outcome.ends) not in theorem["ends"] or not all_fair(theorem["last"], points[-1]):
        return None
    inner = zip(sorts[:-1], points[:-1], strict=True)
    met = all(sort in each and all_fair(each[sort], point) for sort, point in inner)
    return outcome if met else None


def _impossible(theorem: Data, stages: Stages) -> bool:
    """Tell whether the models do not speak of a run: weights <= 0, or less than nothing.

    The counter has no model of a batch behind it: its numbers may be of any sign.
    """
    if set(theorem["systems"]) == {"counter"}:
        return False
    amounts = {"m_S"} if "simulation" in theorem["systems"] else set()
    amounts |= {"a_U", "b_U"} if "typed_simulation" in theorem["systems"] else set()
    return any(
        (name in ("w", "v") and x <= 0) or (name in amounts and x < 0)
        for _, values in stages
        for name, x in values.items()
    )


def _outcome(theorem: Data, fixed: Values, stages: Stages) -> _Outcome:
    points = [{**fixed, **values} for _, values in stages]
    found = _Outcome(points, [], [])
    for name in theorem["systems"]:
        if name == "counter":
            for i, point in enumerate(points):
                point["e_C"] = Fraction(i)
            found.ends.append(str(min(len(points) - 1, 2)))
            found.states.append(None)
            continue
        after = _next(name, fixed, stages)
        found.states.append(after)
        cut = _told(_SUFFIX[name], after, fixed["B"], stages, points)
        found.ends.append("run" if "theory" in name else "cut" if cut else "open")
    return found


def _next(name: str, fixed: Values, stages: Stages) -> Any:
    """Return a system's next state from what advances into each stage."""
    bottom_up = [values for _, values in reversed(stages)]
    leaves = Fraction(0)
    if name.startswith("typed"):
        shared = sum(sort == "shared" for sort, _ in stages)
        a = (*(values["a_U"] for values in bottom_up[1:shared]), leaves)
        b = (*(values["b_U"] for values in bottom_up[1:]), leaves)
        step = typed_theory_step if name == "typed_theory" else typed_simulation_step
        return step([x["v"] for x in bottom_up], fixed["B"], fixed["q"], (a, b))
    state = (*(values[f"m_{_SUFFIX[name]}"] for values in bottom_up[1:]), leaves)
    weights = [x["w"] for x in bottom_up]
    one_step = theory_step if name == "theory" else simulation_step
    return one_step(weights, fixed["B"], state)


def _told(x: str, after: Any, capacity: Fraction, stages: Stages, points: list[Values]) -> bool:
    """Write what a step kept and admitted into the points; return whether a stage was cut."""
    advanced, cut = Fraction(0), False
    for i, ((sort, _), point) in enumerate(zip(stages, points, strict=True)):
        s = len(points) - 1 - i
        shared = x == "U" and sort == "shared"
        point[f"e_{x}"] = advanced
        if x == "U":
            point |= {"j_U": after[0][s]} if shared else {}
            point["k_U"] = after[1][s]
        if s == 0:
            point[f"n_{x}"] = after[0][0] + after[1][0] if x == "U" else after[0]
            break
        if x == "U":
            tokens = point["v"] * (point["b_U"] + (point["a_U"] if shared else 0))
        else:
            point[f"k_{x}"] = after[s]
            tokens = point["w"] * point[f"m_{x}"]
        cut = cut or tokens > capacity - advanced
        advanced += tokens
    return cut


def _broken(theorem: Data, points: list[Values], stages: Stages) -> str | None:
    inner = [
        (theorem["then_each"].get(sort, []), point)
        for (sort, _), point in zip(stages[:-1], points[:-1], strict=True)
    ]
    for rows, point in [*inner, (theorem["then_last"], points[-1])]:
        for text in rows:
            if not fair(text, point):
                shown = ", ".join(f"{name} = {x}" for name, x in sorted(point.items()))
                return f"{text} fails at {shown}"
    return None


def _kept(theorem: Data, fixed: Values, stages: Stages) -> tuple[bool, str | None]:
    """Return whether a start is meant, and which of its rows is lost later, if any."""
    step, whole = theorem["step"], theorem["whole"]
    if _lost(theorem, fixed, stages) or _admitted(step, fixed, stages) is None:
        return False, None
    for t in range(1, _STEPS):
        states = _outcome(step, fixed, stages).states
        stages = _advanced(step, stages, states)
        for name, state in zip(step["systems"], states, strict=True):
            if whole and name in ("theory", "simulation"):
                fixed = {**fixed, f"{_SUFFIX[name]}0": state[0], f"{_SUFFIX[name]}1": state[1]}
        lost = _lost(theorem, fixed, stages)
        if lost:
            return True, f"{lost} is lost at t = {t}"
    return True, None


def _lost(theorem: Data, fixed: Values, stages: Stages) -> str | None:
    rows = [(text, fixed) for text in theorem["whole"]]
    for sort, values in stages[:-1]:
        rows += [(text, {**fixed, **values}) for text in theorem["stages"].get(sort, [])]
    return next((text for text, point in rows if not fair(text, point)), None)


def _advanced(step: Data, stages: Stages, states: Sequence[Any]) -> Stages:
    """Return the stages of the next step: what is there now advances by one."""
    found: Stages = []
    for i, (sort, values) in enumerate(stages):
        s, here = len(stages) - 1 - i, dict(values)
        for name, state in zip(step["systems"], states, strict=True):
            if s == 0 or state is None:
                continue
            if _SUFFIX[name] == "U":
                here |= {"a_U": state[0][s - 1]} if sort == "shared" else {}
                here["b_U"] = state[1][s - 1]
            else:
                here[f"m_{_SUFFIX[name]}"] = state[s - 1]
        found.append((sort, here))
    return found

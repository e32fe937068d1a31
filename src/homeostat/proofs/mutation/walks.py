"""Random walks through a transition system, by a reader of rows apart from the kernel's."""

import random
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final, TypeAlias

from homeostat.proofs.mutation.rows import (
    TRIES,
    Values,
    all_fair,
    changed,
    fair,
    mended,
    value,
)

__all__ = ["automaton_fails"]

Data: TypeAlias = Mapping[str, Any]

_STEPS_MAX: Final = 12
_CHOICES_MAX: Final = 8


def automaton_fails(theorem: Data, example: Any, rng: random.Random) -> tuple[int, str | None]:
    """Return how many walks began as a theorem assumes, and how one of them breaks it.

    Args:
        theorem: Of kind automaton.
        example: Its runs, from whose numbers others are made.
        rng: For the walks.
    """
    tried, begins = 0, theorem["start"]
    for i in range(TRIES):
        run = example[i % len(example)]
        exact = i < len(example)
        fixed = _near(run["parameters"], theorem["given"], {}, rng, exact=exact)
        first = _near(run["start"], begins["rows"], fixed, rng, exact=exact)
        try:
            if not all_fair(theorem["given"], fixed):
                continue
            if not all_fair(begins["rows"], {**fixed, **first}):
                continue
            for location, here in _walk(theorem, fixed, first, example, rng):
                said = [*theorem["always"].get("*", []), *theorem["always"].get(location, [])]
                broken = next((text for text in said if not fair(text, here)), None)
                if broken is not None:
                    shown = ", ".join(f"{name} = {x}" for name, x in sorted(here.items()))
                    return tried + 1, f"{broken} fails in {location} at {shown}"
        except KeyError:
            # A row about a value that the runs do not give.
            continue
        tried += 1
    return tried, None


def _near(
    values: Data, rows: Any, around: Values, rng: random.Random, *, exact: bool = False
) -> Values:
    """Return numbers as they are given, or changed at random and the assumed equations mended."""
    if exact:
        return {name: Fraction(text) for name, text in values.items()}
    return mended(rows, changed(values, rng), around)


def _walk(
    theorem: Data, fixed: Values, first: Values, example: Any, rng: random.Random
) -> Iterator[tuple[str, Values]]:
    """Yield the locations and values of one random walk, its start among them."""
    given: dict[str, list[Data]] = {}
    for run in example:
        for label, inputs in run["steps"]:
            given.setdefault(label, []).append(inputs)
    location, values = theorem["start"]["location"], first
    yield location, {**fixed, **values}
    for _ in range(_STEPS_MAX):
        here = [one for one in theorem["transitions"] if one["from"] == location]
        for _ in range(_CHOICES_MAX if here else 0):
            chosen, around = rng.choice(here), {**fixed, **values}
            inputs = rng.choice(given.get(chosen["label"], [{}]))
            point = {**around, **_near(inputs, chosen["when"], around, rng)}
            if all_fair(chosen["when"], point):
                after = {name: value(text, point) for name, text in chosen["next"].items()}
                location, values = chosen["to"], {**values, **after}
                yield location, {**fixed, **values}
                break
        else:
            return

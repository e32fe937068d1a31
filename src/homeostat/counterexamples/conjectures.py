"""What is tried to be refuted: a predicate over both trajectories from one start.

A built-in conjecture is data: assumptions, and comparisons between observables that all
hold where it is violated. So a witness can be checked by a reader that runs no code of
this package. A user's own conjecture is a Python function of the trajectories; see
``docs/conjectures.md``.
"""

import importlib.util
import operator
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, TypeAlias, overload

from homeostat.errors import HomeostatError, InvalidInputError
from homeostat.models.batching import (
    OBSERVABLES,
    BatchingParameters,
    Pair,
    State,
    TypedState,
    canonical_start,
    is_schur_stable,
    rational,
    split,
)

__all__ = [
    "ASSUMPTIONS",
    "OPERATORS",
    "Comparison",
    "Conjecture",
    "Margin",
    "conjecture",
    "load_conjecture",
]

Comparison: TypeAlias = tuple[str, str, str]
"""(observable, operator, observable or rational), as ``("l0", ">=", "1000")``."""

Margin: TypeAlias = Callable[[Pair, int], Fraction | int | bool]
"""A user's predicate at step t: violated where it is negative, or False."""

OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


def _is_split(parameters: BatchingParameters, start: State, typed_start: TypedState | None) -> bool:
    return typed_start in (None, split(parameters.q, parameters.l_a, start))


ASSUMPTIONS: Final[Mapping[str, Callable[[BatchingParameters, State, TypedState | None], bool]]] = {
    "canonical": lambda parameters, start, _: start == canonical_start(parameters),
    "coprime": lambda parameters, _, __: parameters.coprime,
    "stable": lambda parameters, _, __: is_schur_stable(parameters.weights),
    "split": _is_split,
}
"""What a conjecture may assume, by word.

``canonical``: the batch starts filled with fresh requests; ``coprime``: gcd(l_a, l_b) = 1;
``stable``: Theory converges; ``split``: the types are divided p:q at the start.
"""


def _check_comparison(comparison: Comparison) -> None:
    if len(comparison) != 3 or not all(isinstance(part, str) for part in comparison):
        raise InvalidInputError(
            f"comparison {comparison!r} must be (observable, operator, observable or rational)"
        )
    left, sign, right = comparison
    if left not in OBSERVABLES:
        raise InvalidInputError(f"observable {left!r} must be one of {sorted(OBSERVABLES)}")
    if sign not in OPERATORS:
        raise InvalidInputError(f"operator {sign!r} must be one of {list(OPERATORS)}")
    if right not in OBSERVABLES:
        rational(right, f"right side of {left!r} {sign}")


def _holds(comparison: Comparison, pair: Pair, t: int) -> bool:
    left, sign, right = comparison
    value = pair.observe(right, t) if right in OBSERVABLES else rational(right, "right side")
    return bool(OPERATORS[sign](pair.observe(left, t), value))


@dataclass(frozen=True, kw_only=True)
class Conjecture:
    """A claim of the form "at every step t, ..." about Theory and Simulation.

    Args:
        name: Identifier; for a built-in, its key in ``CONJECTURES``.
        statement: One sentence that says what is claimed.
        assumes: Words of ``ASSUMPTIONS``, and comparisons that hold at step 0.
        violated_when: Built-in: the claim is violated at t when ALL of these hold.
        margin: User's own: violated at t where it is negative or False.
        canary: Whether this is a deliberately false neighbour, kept to test searches.
        origin: ``file.py:name`` where it was loaded from, else None.

    Raises:
        InvalidInputError: An assumption or comparison is not known, or there is not
            exactly one of ``violated_when`` and ``margin``.
    """

    name: str
    statement: str
    assumes: tuple[str | Comparison, ...] = ()
    violated_when: tuple[Comparison, ...] | None = None
    margin: Margin | None = None
    canary: bool = False
    origin: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no search could decide."""
        if (self.violated_when is None) == (self.margin is None) or self.violated_when == ():
            raise InvalidInputError(
                f"conjecture {self.name!r} must have either comparisons or a margin"
            )
        for assumption in self.assumes:
            if isinstance(assumption, str):
                if assumption not in ASSUMPTIONS:
                    raise InvalidInputError(
                        f"assumption {assumption!r} must be one of {sorted(ASSUMPTIONS)}"
                    )
            else:
                _check_comparison(assumption)
        for comparison in self.violated_when or ():
            _check_comparison(comparison)

    @property
    def observables(self) -> tuple[str, ...]:
        """Names of the observables that it speaks of, in order, without repetition."""
        comparisons = [a for a in self.assumes if not isinstance(a, str)]
        comparisons += self.violated_when or ()
        sides = [side for left, _, right in comparisons for side in (left, right)]
        return tuple(dict.fromkeys(side for side in sides if side in OBSERVABLES))

    @property
    def reads_types(self) -> bool:
        """Whether the division of the start into types matters to it."""
        return "merge_gap" in self.observables and "split" not in self.assumes

    def admits(
        self,
        parameters: BatchingParameters,
        start: State,
        typed_start: TypedState | None = None,
    ) -> bool:
        """Return whether the assumptions hold for a system and its start, exactly."""
        comparisons = []
        for assumption in self.assumes:
            if not isinstance(assumption, str):
                comparisons.append(assumption)
            elif not ASSUMPTIONS[assumption](parameters, start, typed_start):
                return False
        if not comparisons:
            return True
        pair = Pair.run(parameters, start, step_count=0)
        return all(_holds(comparison, pair, 0) for comparison in comparisons)

    def violated(self, pair: Pair, t: int) -> bool:
        """Return whether the claim is violated at step t, exactly.

        Raises:
            InvalidInputError: The margin is neither exact nor a truth value.
        """
        if self.violated_when is not None:
            return all(_holds(comparison, pair, t) for comparison in self.violated_when)
        value = self.margin_at(pair, t)
        return not value if isinstance(value, bool) else value < 0

    def margin_at(self, pair: Pair, t: int) -> Fraction | bool:
        """Return a user's margin at step t; a float is refused, since it decides nothing."""
        assert self.margin is not None
        try:
            value = self.margin(pair, t)
        except HomeostatError:
            raise
        except (Exception, SystemExit) as error:
            # Somebody's own code: its mistake is theirs to see, and no error of ours.
            raise InvalidInputError(
                f"conjecture {self.name!r} raised {type(error).__name__} at t={t}: {error}"
            ) from error
        if isinstance(value, bool | Fraction):
            return value
        if isinstance(value, int):
            return Fraction(value)
        raise InvalidInputError(
            f"conjecture {self.name!r} returned {value!r} at t={t}; "
            "must be a bool, an int or a Fraction, so that the answer is exact"
        )

    def first_violation(self, pair: Pair) -> int | None:
        """Return the smallest t at which it is violated, None if there is none."""
        return next((t for t in range(pair.step_count + 1) if self.violated(pair, t)), None)


@overload
def conjecture(function: Margin, /) -> Conjecture: ...
@overload
def conjecture(
    *, assumes: tuple[str | Comparison, ...] = ...
) -> Callable[[Margin], Conjecture]: ...
def conjecture(
    function: Margin | None = None, /, *, assumes: tuple[str | Comparison, ...] = ()
) -> Conjecture | Callable[[Margin], Conjecture]:
    """Turn a function ``(pair, t) -> bool or Fraction`` into a conjecture.

    The function's name and docstring become the conjecture's. Use it bare or with
    assumptions::

        @conjecture(assumes=("canonical", "stable"))
        def peak_is_small(pair: Pair, t: int) -> bool:
            "The highest stage of Simulation never exceeds the start's."
            return max(pair.simulation[t]) <= max(pair.simulation[0])

    Raises:
        InvalidInputError: An assumption is not known.
    """

    def build(margin: Margin) -> Conjecture:
        name = getattr(margin, "__name__", "conjecture")
        statement = " ".join((margin.__doc__ or name).split())
        return Conjecture(name=name, statement=statement, assumes=assumes, margin=margin)

    return build if function is None else build(function)


def load_conjecture(target: str) -> Conjecture:
    """Load a user's conjecture from ``path/to/file.py:name``; this runs the file.

    Raises:
        InvalidInputError: The target has another form, the file is missing or fails,
            or the name is not a ``Conjecture`` in it.
    """
    path_text, _, name = target.rpartition(":")
    path = Path(path_text)
    if not path_text or not name.isidentifier() or path.suffix != ".py":
        raise InvalidInputError(f"conjecture {target!r} must be path/to/file.py:name")
    if not path.is_file():
        raise InvalidInputError(f"conjecture {target!r}: {path} must be a file")
    specification = importlib.util.spec_from_file_location(f"_conjecture_{path.stem}", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    # Dataclasses and the like look their module up by name while it is being run.
    sys.modules[specification.name] = module
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise InvalidInputError(
            f"{path} failed with {type(error).__name__}: {error}; it must run without error"
        ) from error
    finally:
        del sys.modules[specification.name]
    found = getattr(module, name, None)
    if not isinstance(found, Conjecture):
        raise InvalidInputError(
            f"{name!r} in {path} is {type(found).__name__}, must be made by @conjecture"
        )
    return replace(found, origin=f"{path.resolve()}:{name}")

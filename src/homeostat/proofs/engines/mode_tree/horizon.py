"""Finds the first step at which some start violates comparisons, and proves it is the first.

All starts at once: the tree of modes (``homeostat.proofs.trees``) is grown level by level. On
the region of a node both states are linear in the start, and the violation is a union of
convex cells. Each is excluded with multipliers or meets the region; in the latter case a
short start is looked for in the common part, and only an exact run says that it violates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from homeostat.counterexamples import Comparison, Conjecture
from homeostat.counterexamples.conjectures import ASSUMPTIONS
from homeostat.errors import InvalidInputError, VacuousClaimError
from homeostat.models.batching import OBSERVABLES, BatchingParameters, State, rational
from homeostat.proofs.certificates import Certificate
from homeostat.proofs.engines.mode_tree.levels import Progress, Tree
from homeostat.proofs.engines.mode_tree.starts import short_start
from homeostat.proofs.polynomials import RejectedError
from homeostat.proofs.store import current_store
from homeostat.proofs.trees import DEPTH_MAX, System, cells

__all__ = ["NODE_COUNT_MAX", "Horizon", "comparisons_of", "first_violation", "require_cells"]

NODE_COUNT_MAX: Final = 20_000
STAGES_MAX: Final = 16
"""Spreads compare pairs of stages with pairs of stages at every node: (n (n-1))^2 forms."""
_SIDES: Final = frozenset(
    [
        *(f"{which}_{of}" for which in ("max", "min", "spread") for of in ("theory", "simulation")),
        *("delta_at_peak", "delta_at_trough", "l0"),
    ]
)
_ABOUT_PARAMETERS: Final = frozenset(["coprime", "stable"])
_TIES: Final = (
    "the kernel's cells ask one of the stages where Simulation is largest or smallest, "
    "and a violation asks all of them"
)
_RELATIONS: Final = frozenset(["<", "<=", ">", ">="])


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """What is known of all starts of one system, up to some step.

    Attributes:
        certificate: Theorem that no start violates at a step 0 .. ``theorem["steps"]``; None
            if a start violates at step 0.
        step: The first step at which a start violates; None if none was found.
        start: Such a start, with few digits where there is one.
        node_count: Nodes of the tree of the certificate.
        open: Why the steps asked for were not reached; None if they were, or with a start.
    """

    certificate: Certificate | None
    step: int | None
    start: State | None
    node_count: int
    open: str | None


def comparisons_of(
    conjecture: Conjecture, parameters: BatchingParameters
) -> tuple[Comparison, ...]:
    """Return what makes a conjecture fail, if all starts of a system can be decided at once.

    Raises:
        InvalidInputError: It is a Python function, speaks of what is not supported, or
            assumes something of the start.
        VacuousClaimError: The system is not what it assumes.
    """
    if conjecture.violated_when is None:
        raise InvalidInputError(
            f"conjecture {conjecture.name!r} is a Python function, and must be made of comparisons "
            "(violated_when=...) to be decided for every start: see docs/conjectures.md"
        )
    for assumption in conjecture.assumes:
        if not isinstance(assumption, str) or assumption not in _ABOUT_PARAMETERS:
            raise InvalidInputError(
                f"assumption {assumption!r} of {conjecture.name!r} must be one of "
                f"{sorted(_ABOUT_PARAMETERS)}: a horizon is about every start; "
                "`homeostat search` and `homeostat trajectory` take one start at a time"
            )
        if not ASSUMPTIONS[assumption](parameters, (), None):
            raise VacuousClaimError(
                f"{parameters} must be {assumption}, as {conjecture.name!r} assumes"
            )
    require_cells(conjecture.violated_when)
    return conjecture.violated_when


def require_cells(comparisons: Sequence[Comparison]) -> None:
    """Refuse comparisons that are not piecewise linear in the states of one step.

    Raises:
        InvalidInputError: There is none, or an observable or relation is not supported.
    """
    if not comparisons:
        raise InvalidInputError("comparisons=() must have at least one comparison")
    for left, relation, right in comparisons:
        if relation not in _RELATIONS:
            raise InvalidInputError(f"operator {relation!r} must be one of {sorted(_RELATIONS)}")
        for side in (left, right):
            if side not in _SIDES and (side == left or side in OBSERVABLES):
                raise InvalidInputError(
                    f"observable {side!r} must be one of {sorted(_SIDES)}: a horizon needs what is "
                    "piecewise linear in the states of one step"
                )
        if right not in _SIDES:
            rational(right, f"right side of {left!r} {relation}")


def first_violation(
    parameters: BatchingParameters,
    comparisons: Sequence[Comparison],
    steps: int,
    *,
    node_count_max: int = NODE_COUNT_MAX,
    progress: Progress | None = None,
) -> Horizon:
    """Find the first step 0 .. ``steps`` at which all comparisons hold from some start.

    Inside ``joblib.parallel_config(n_jobs=...)`` the nodes of a level are shared among so many
    processes; without it, this one does all. With ``store.use_store`` the proofs of a run that
    was interrupted, or left the first violation open, are kept: one that looks further uses
    them again, and what comes out is the same. Once the first violation is found nothing is kept.

    Args:
        parameters: The system.
        comparisons: What a violation is: all of them hold at one step.
        steps: The last step to look at.
        node_count_max: Stop after the first level that has more nodes in all.
        progress: Told about every node.

    Raises:
        InvalidInputError: ``steps`` is out of range or comparisons are not supported.
    """
    if not 0 <= steps <= DEPTH_MAX:
        raise InvalidInputError(f"steps={steps} must lie in 0 .. {DEPTH_MAX}")
    if not parameters.stage_count <= STAGES_MAX:
        raise InvalidInputError(f"l_b={parameters.stage_count} must be <= {STAGES_MAX}")
    require_cells(comparisons)
    theorem = {
        "parameters": parameters.to_json(),
        "says": "never",
        "never": [_written(comparison) for comparison in comparisons],
    }
    _require_few_cells(theorem)
    store = current_store()
    kept = store.parts("case_tree", theorem) if store else None

    def search() -> Horizon:
        tree = Tree(theorem, kept)
        return _search(parameters, comparisons, tree, steps, node_count_max, progress)

    try:
        found = search()
    except RejectedError:
        if kept is None:
            raise
        # Something that was kept is not what this program would have found.
        kept.forget()
        found = search()
    if kept is not None and found.step is not None:
        kept.forget()
    return found


def _written(comparison: Comparison) -> list[str]:
    """Return a comparison as the kernel reads it: rationals as p/q."""
    left, relation, right = comparison
    return [left, relation, right if right in _SIDES else str(rational(right, "right side"))]


def _require_few_cells(theorem: Mapping[str, Any]) -> None:
    system = System(theorem["parameters"])
    try:
        cells(system, system.start(0) * 2, theorem["never"])
    except RejectedError as error:
        raise InvalidInputError(f"{theorem['never']} at l_b={system.n}: {error}") from error


def _search(
    parameters: BatchingParameters,
    comparisons: Sequence[Comparison],
    tree: Tree,
    steps: int,
    node_count_max: int,
    progress: Progress | None,
) -> Horizon:
    while tree.depth < steps:
        if tree.node_count > node_count_max:
            return _found(tree, open=f"the budget of {node_count_max} nodes is spent")
        met = tree.grow(progress)
        if met:
            step = tree.depth + 1
            tried = Conjecture(name="violation", statement="-", violated_when=tuple(comparisons))
            start = short_start(parameters, tried, met, step)
            if start is not None:
                return _found(tree, step=step, start=start)
            return _found(tree, open=f"whether one does at step {step} hangs on ties: {_TIES}")
    return _found(tree)


def _found(
    tree: Tree, *, step: int | None = None, start: State | None = None, open: str | None = None
) -> Horizon:
    return Horizon(
        certificate=tree.certificate(),
        step=step,
        start=start,
        node_count=tree.node_count,
        open=open,
    )

"""Two-type continuous batching, Theory against Simulation (note 003)."""

from homeostat.models.batching.integers import (
    IntegerState,
    integer_start,
    integer_step,
    is_long,
    merged_counts,
    recompute_step,
)
from homeostat.models.batching.linear import (
    equilibrium,
    is_schur_stable,
    theory_matrix,
)
from homeostat.models.batching.parameters import (
    DATA_SETS,
    BatchingParameters,
    DataSet,
    State,
    canonical_start,
    rational,
    single_type_weights,
    stage_weights,
    validated_start,
)
from homeostat.models.batching.steps import (
    TypedState,
    evictions,
    merge,
    simulation_step,
    split,
    theory_step,
    typed_simulation_step,
    typed_theory_step,
)
from homeostat.models.batching.trajectory import OBSERVABLES, Pair, spread

__all__ = [
    "DATA_SETS",
    "OBSERVABLES",
    "BatchingParameters",
    "DataSet",
    "IntegerState",
    "Pair",
    "State",
    "TypedState",
    "canonical_start",
    "equilibrium",
    "evictions",
    "integer_start",
    "integer_step",
    "is_long",
    "is_schur_stable",
    "merge",
    "merged_counts",
    "rational",
    "recompute_step",
    "simulation_step",
    "single_type_weights",
    "split",
    "spread",
    "stage_weights",
    "theory_matrix",
    "theory_step",
    "typed_simulation_step",
    "typed_theory_step",
    "validated_start",
]

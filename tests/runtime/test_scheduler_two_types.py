"""The runtime's scheduler is the integer model of note 003's workload, step for step."""

from itertools import islice

import pytest

from homeostat.models.batching import DATA_SETS, BatchingParameters, DataSet
from homeostat.proofs.theory.batching.runtime import SYSTEMS, System
from homeostat.properties.machines.scheduler import our_scheduler
from homeostat.properties.suites.scheduler_canaries import MostDecodedScheduler
from homeostat.properties.suites.scheduler_checks import leaves_the_integer_model, stage_counts

STEP_COUNT = 60
either = pytest.mark.parametrize("cancels", [True, False], ids=["fresh", "recompute"])


@either
@pytest.mark.parametrize("data", DATA_SETS, ids=lambda data: data.name)
def test_on_the_note_s_data_sets_every_step_is_the_model_s(data: DataSet, *, cancels: bool) -> None:
    assert not leaves_the_integer_model(
        our_scheduler, data.parameters, cancels=cancels, step_count=data.step_count
    )


@either
@pytest.mark.parametrize(
    ("system", "capacity"),
    [
        pytest.param(system, capacity, marks=pytest.mark.slow if capacity > 500 * system[0] else ())
        for system in SYSTEMS
        for capacity in (1_000, 5_000)
    ],
)
def test_every_step_of_the_measured_systems_is_the_model_s(
    system: System, capacity: int, *, cancels: bool
) -> None:
    parameters = BatchingParameters(*system, capacity)
    assert not leaves_the_integer_model(
        our_scheduler, parameters, cancels=cancels, step_count=STEP_COUNT
    )


def test_the_two_systems_part_on_data_set_1_once_one_was_evicted() -> None:
    parameters = BatchingParameters(*SYSTEMS[0], 1_000)
    gone, back = (
        list(islice(stage_counts(parameters, our_scheduler, cancels=cancels), 20))
        for cancels in (True, False)
    )
    first = next(t for t in range(20) if gone[t] != back[t])
    evicted = next(t for t in range(20) if gone[t][0] == 0)
    assert first == evicted + 1


@either
def test_a_scheduler_that_evicts_others_leaves_the_model(*, cancels: bool) -> None:
    (first, _) = DATA_SETS
    violation = leaves_the_integer_model(MostDecodedScheduler, first.parameters, cancels=cancels)
    assert violation is not None
    assert violation.step > 0

"""The runtime's scheduler is the integer model of note 003's workload, step for step."""

import pytest

from homeostat.models.batching import DATA_SETS, DataSet, integer_start, integer_step
from homeostat.properties.machines.scheduler import our_scheduler
from homeostat.properties.suites.scheduler_canaries import MostDecodedScheduler
from homeostat.properties.suites.scheduler_checks import leaves_the_integer_model, stage_counts


@pytest.mark.parametrize("data", DATA_SETS, ids=lambda data: data.name)
def test_on_the_note_s_data_sets_every_step_is_the_model_s(data: DataSet) -> None:
    state = integer_start(data.parameters)
    run = stage_counts(data.parameters, our_scheduler)
    for t in range(data.step_count + 1):
        assert next(run) == state.counts, t
        state = integer_step(data.parameters, state)
    assert state.admitted > data.step_count


def test_a_scheduler_that_evicts_others_leaves_the_model() -> None:
    (first, _) = DATA_SETS
    violation = leaves_the_integer_model(MostDecodedScheduler, first.parameters)
    assert violation is not None
    assert violation.step > 0

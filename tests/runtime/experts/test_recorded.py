from dataclasses import replace

import pytest

from homeostat.errors import InvalidInputError
from homeostat.runtime.experts.recorded import QWEN3_BUDGET_BYTES, replay_recorded
from homeostat.runtime.traces.fetching import MissingDataError, find_data
from homeostat.runtime.traces.routes import LayerPass, Phase, RoutedToken, Routes, read_routes


def token(step: int, experts: tuple[int, ...], resident: tuple[bool, ...]) -> RoutedToken:
    read = tuple(0 if r else 10 for r in resident)
    return RoutedToken(step, experts, (0.5,) * len(experts), resident, read)


def small() -> Routes:
    """Two layers, three pairs of room: what is recorded was worked out by hand."""
    passes = (
        LayerPass(0, Phase.PROMPT, 0, (token(0, (0, 1), (False, False)),)),
        LayerPass(0, Phase.PROMPT, 1, (token(0, (0, 1), (False, False)),)),
        # (0, 0) left after the prompt, (0, 1) is still there; then (1, 0) leaves.
        LayerPass(0, Phase.DECODE, 0, (token(1, (0, 1), (False, True)),)),
        LayerPass(0, Phase.DECODE, 1, (token(1, (0, 1), (False, True)),)),
    )
    return Routes(
        model="m",
        arch="a",
        n_expert=3,
        top_k=2,
        expert_bytes=(10, 10),
        dense_bytes=(0, 0),
        passes=passes,
    )


def test_a_record_worked_out_by_hand_is_met() -> None:
    found = replay_recorded(small(), 30)
    assert (found.rows, found.agreed, found.hits, found.recorded_hits) == (4, 4, 2, 2)
    assert (found.prompt_reads, found.recorded_prompt_reads, found.experts_most) == (4, 4, 3)
    assert found.decode_rate == 1 / 2
    assert found.engine_rate == 2 / 8
    assert replay_recorded(small(), 39).agreed == 4
    assert replay_recorded(small(), 29).agreed < 4
    assert replay_recorded(small(), 40).agreed < 4


def test_what_cannot_be_replayed_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="budget_bytes=0 must be 1 or more"):
        replay_recorded(small(), 0)
    with pytest.raises(InvalidInputError, match="must have passes of decoding"):
        replay_recorded(replace(small(), passes=small().passes[:2]), 30)


@pytest.fixture(scope="module")
def qwen3() -> Routes:
    try:
        return read_routes(find_data("qwen3-routes"))
    except MissingDataError as error:
        pytest.skip(str(error))


def test_the_rule_agrees_with_every_row_of_the_real_record(qwen3: Routes) -> None:
    found = replay_recorded(qwen3, QWEN3_BUDGET_BYTES)
    assert found.rows == found.agreed == 36_864
    assert found.hits == found.recorded_hits == 29_597
    assert found.prompt_reads == found.recorded_prompt_reads == 2_662
    assert round(100 * found.engine_rate, 1) == 74.9, "the rate that the data set reports"
    assert round(100 * found.decode_rate, 1) == 80.3, "the rate that its rows say"


@pytest.mark.parametrize("mib", [3990, 3999, 4001, 4010])
def test_no_other_budget_near_it_agrees_with_every_row(qwen3: Routes, mib: int) -> None:
    found = replay_recorded(qwen3, mib * 2**20)
    assert 0.99 * found.rows < found.agreed < found.rows


def test_without_the_prompt_the_rule_does_not_agree(qwen3: Routes) -> None:
    decoding = tuple(p for p in qwen3.passes if p.phase == Phase.DECODE)
    found = replay_recorded(replace(qwen3, passes=decoding), QWEN3_BUDGET_BYTES)
    assert found.agreed < found.rows

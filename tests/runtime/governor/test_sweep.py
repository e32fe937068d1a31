import math
from collections.abc import Mapping
from random import Random

import pytest

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.comparison import Measure
from homeostat.runtime.governor.sweep import RANGES, Plan, Settings, sweep_document

MEASURES = (
    Measure("additive", "additive", "", higher_is_better=True),
    Measure("constant", "constant", "", higher_is_better=True),
    Measure("noise", "noise", "", higher_is_better=False),
)


def known(settings: Settings, seed: int) -> Mapping[str, float]:
    """Log damping counts double against log temperature; the tax does nothing."""
    x = math.log(settings.damping) / math.log(10)
    y = math.log(settings.temperature) / math.log(10)
    # What a seed does to all settings alike is no chance; what it does to each in its own way is.
    own = Random(f"{seed} {settings}").gauss(0, 1)
    return {"additive": 2 * x + y + 5 * seed, "constant": 0.25, "noise": own}


@pytest.mark.slow
def test_indices_are_those_of_a_function_that_is_known() -> None:
    found = sweep_document(known, MEASURES, Plan(columns=3, slices=2, exponent=8))
    additive, constant, noise = found["measures"]
    # Var(2x + y) = 4/3 + 1/3 with x, y uniform on [-1, 1].
    for order in ("first", "total"):
        for name, share in (("damping", 0.8), ("temperature", 0.2), ("tax", 0.0)):
            own = additive["indices"][order][name]
            assert own["index"] == pytest.approx(share, abs=0.03)
            assert own["low"] - 0.01 <= share <= own["high"] + 0.01
    assert additive["chance"] == pytest.approx(0, abs=1e-12)
    assert constant["indices"] is None
    assert noise["chance"] == pytest.approx(1 / math.sqrt(3), rel=0.05)
    assert noise["deviation"] == pytest.approx(1 / math.sqrt(3), rel=0.05)
    assert [m["is_chance"] for m in found["measures"]] == [False, True, True]


@pytest.mark.slow
def test_maps_lie_as_they_say_and_the_best_point_is_theirs() -> None:
    plan = Plan(columns=3, slices=2, exponent=1)
    found = sweep_document(known, MEASURES, plan)
    assert [one["tax"] for one in found["maps"]] == pytest.approx(list(RANGES["tax"]))
    for one in found["maps"]:
        assert one["damping"] == pytest.approx([0.1, 1.0, 10.0])
        rows = [[2 * x + y + 5 for x in (-1, 0, 1)] for y in (-1, 0, 1)]
        for row, expected in zip(one["values"]["additive"], rows, strict=True):
            assert row == pytest.approx(expected, abs=1e-12)
    best = found["measures"][0]["best"]
    assert (best["value"], best["damping"], best["temperature"]) == pytest.approx((8, 10, 10))
    assert found == sweep_document(known, MEASURES, plan), "the same seed sweeps the same"


@pytest.mark.parametrize(
    "wrong", [{"columns": 1}, {"slices": 0}, {"exponent": 17}, {"seeds": (1,)}, {"seeds": (1, 1)}]
)
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(wrong))):
        Plan(**wrong)  # type: ignore[arg-type]

"""Properties of the suite ``governor`` that speak of barriers and of their filter."""

from functools import partial
from typing import Final

from homeostat.properties.statements import AnyProperty, property_of
from homeostat.properties.suites import governor_barrier_cases as cases

__all__ = ["BARRIER_PROPERTIES"]


_property: Final = partial(property_of, "governor")


BARRIER_PROPERTIES: Final[tuple[AnyProperty, ...]] = (
    _property(
        "hocbf_continuous",
        "A mass with friction and a force, filtered at all times, keeps its limit.",
        cases.plants_inside,
        cases.the_plant_passes_its_limit,
        claim="hocbf_continuous",
    ),
    _property(
        "hocbf_sampled",
        "Filtered Euler steps with h k1 <= 1 and h k2 <= 1 keep both barriers, exactly.",
        cases.short_runs,
        cases.a_barrier_is_left,
        claim="hocbf_sampled",
    ),
    _property(
        "hocbf_bounded_noise",
        "With noise up to the margin they keep both barriers, exactly.",
        cases.runs_with_bounded_noise,
        cases.a_barrier_is_left,
        claim="hocbf_bounded_noise",
    ),
    _property(
        "hocbf_braking",
        "With inputs that are limited, the filter by the braking distance keeps the limit.",
        cases.braking_runs,
        cases.no_room_to_brake,
        claim="hocbf_input_limits.braking",
    ),
    _property(
        "safety_filter_is_the_model",
        "The runtime's closed form is the model's text, rounded down; what it cannot meet it says.",
        cases.runs_of_any_kind,
        cases.the_runtime_decides_otherwise,
        claim=None,
    ),
    _property(
        "hocbf_first_gain",
        "filtered Euler steps keep the limit with h k1 above 1.",
        cases.runs_with_a_large_first_gain,
        cases.the_limit_is_passed,
        claim="hocbf_sampled.first_gain",
        holds=False,
    ),
    _property(
        "hocbf_second_gain",
        "filtered Euler steps keep the limit with h k2 above 1.",
        cases.runs_with_a_large_second_gain,
        cases.the_limit_is_passed,
        claim="hocbf_sampled.second_gain",
        holds=False,
    ),
    _property(
        "hocbf_noise",
        "filtered Euler steps keep the limit under noise without a bound.",
        cases.runs_with_unbounded_noise,
        cases.the_limit_is_passed,
        claim="hocbf_noise",
        holds=False,
    ),
    _property(
        "hocbf_input_limits",
        "with limited inputs the plain filter always lets some input pass.",
        cases.runs_with_limited_inputs,
        cases.the_filter_asks_for_too_much,
        claim="hocbf_input_limits",
        holds=False,
    ),
    _property(
        "hocbf_from_outside",
        "filtered Euler steps keep the limit from psi_1 < 0.",
        cases.runs_from_outside,
        cases.the_limit_is_passed,
        claim=None,
        holds=False,
    ),
    _property(
        "hocbf_continuous_from_outside",
        "a mass that is filtered at all times keeps its limit from psi_1 < 0.",
        cases.plants_outside,
        cases.the_plant_passes_its_limit,
        claim=None,
        holds=False,
    ),
    _property(
        "hocbf_continuous_braking",
        "the braking distance of continuous time is enough for steps.",
        cases.braking_runs,
        cases.continuous_braking_is_too_late,
        claim=None,
        holds=False,
    ),
)
"""What is said of barriers, and what is false on purpose."""

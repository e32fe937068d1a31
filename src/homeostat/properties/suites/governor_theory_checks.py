"""The part of the suite ``governor`` on Landau's energy, Langevin steps, laws and tokens."""

from functools import partial
from typing import Final

from homeostat.properties.statements import property_of
from homeostat.properties.suites import governor_ledger_cases as ledgers
from homeostat.properties.suites import governor_theory_cases as cases

__all__ = ["THEORY"]


_property: Final = partial(property_of, "governor")


_TRUE: Final = (
    _property(
        "landau_minima",
        "The free energy is least at the model's minimiser and at its negative, nowhere else.",
        cases.energies,
        cases.minimum_is_elsewhere,
        claim="landau_minima",
    ),
    _property(
        "landau_continuous",
        "The minimisers of two temperatures differ by sqrt(a |T - T'| / (2 b)) or less.",
        cases.energies,
        cases.minimiser_jumps,
        claim="landau_continuous",
    ),
    _property(
        "critical_slowing",
        "Whatever the signal does, a crossing is inside the band for ceil(2 w / step) ticks or "
        "fewer, and outside it relaxation is as fast as 2 a w.",
        cases.signals,
        cases.controller_lingers,
        claim="critical_slowing",
    ),
    _property(
        "langevin_stationary",
        "The note's update is stable for 4 m > 2 g h + k h^2 alone, and its law is the closed "
        "form.",
        cases.wells,
        cases.note_law_is_another,
        claim="langevin_stationary",
    ),
    _property(
        "baoab_samples_gibbs",
        "BAOAB is stable for k h^2 < 4 m alone, and its position then has the Gibbs law.",
        cases.wells,
        cases.baoab_law_is_another,
        claim="langevin_stationary.baoab",
    ),
    _property(
        "fluctuation_dissipation",
        "With a force of variance 2 g T / h a free particle has m Var v = 2 T m / (2 m - g h).",
        cases.wells,
        cases.force_gives_another_temperature,
        claim="fluctuation_dissipation",
    ),
    _property(
        "entropy_gibbs",
        "0 <= S <= ln n for every law over n states, up to rounding.",
        ledgers.weights,
        ledgers.entropy_leaves_its_range,
        claim="entropy_gibbs",
    ),
    _property(
        "evaporation_bounded",
        "The supply is at most max(S_0, mint / kappa), and payments create and lose no token.",
        ledgers.ledger,
        ledgers.supply_exceeds_its_bound,
        claim="evaporation_bounded",
    ),
    _property(
        "evaporation_bounded_without",
        "Without evaporation the supply grows by what is minted at every tick.",
        ledgers.ledger,
        ledgers.supply_is_not_what_was_minted,
        claim="evaporation_bounded.without",
    ),
)

_FALSE: Final = (
    _property(
        "note_samples_gibbs",
        "where the note's update is stable, its position has the variance T / k.",
        cases.wells,
        cases.note_law_is_not_gibbs,
        claim="langevin_stationary.gibbs",
        holds=False,
    ),
    _property(
        "baoab_velocity_gibbs",
        "BAOAB's velocity has the variance T / m.",
        cases.wells,
        cases.baoab_velocity_is_not_gibbs,
        holds=False,
    ),
    _property(
        "landau_minimiser_lipschitz",
        "the minimisers of two temperatures differ by a |T - T'| / (2 b) or less.",
        cases.energies,
        cases.minimiser_moves_faster,
        holds=False,
    ),
    _property(
        "controller_never_in_band",
        "the controller's temperature is never inside the band.",
        cases.signals,
        cases.band_is_entered,
        holds=False,
    ),
    _property(
        "fluctuation_half",
        "half of that variance gives the same.",
        cases.wells,
        partial(cases.force_gives_another_temperature, share=2),
        holds=False,
    ),
    _property(
        "entropy_half",
        "the entropy is at most half of ln n.",
        ledgers.weights,
        partial(ledgers.entropy_leaves_its_range, share=2),
        holds=False,
    ),
    _property(
        "evaporation_rounded_down",
        "the same bound where what evaporates is rounded down.",
        ledgers.ledger,
        partial(ledgers.supply_exceeds_its_bound, broken=True),
        holds=False,
    ),
)

THEORY: Final = (*_TRUE, *_FALSE)
"""Properties of the models, true ones and false ones."""

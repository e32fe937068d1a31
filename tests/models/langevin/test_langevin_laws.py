"""Langevin steps: their laws in closed form, by symbols, by elimination and by many particles."""

import math
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from homeostat.errors import InvalidModelError
from homeostat.models.langevin import (
    Covariance,
    Map,
    Well,
    baoab_covariance,
    baoab_dt_max,
    baoab_map,
    baoab_step,
    gibbs_covariance,
    is_stable,
    kick_variance,
    noise_variance,
    note_covariance,
    note_dt_max,
    note_map,
    note_step,
    stationary_covariance,
    velocity_kept,
)

m, k, g, h, T, c = sympy.symbols("m k g h T c", positive=True)
SYMBOLS = Well(mass=m, stiffness=k, temperature=T)
UNIT = Well(mass=Fraction(1), stiffness=Fraction(1), temperature=Fraction(1))


def after(step: Map, law: Covariance) -> Covariance:
    """The covariance one step later, by matrices."""
    a = sympy.Matrix([[step.xx, step.xv], [step.vx, step.vv]])
    b = sympy.Matrix([step.nx, step.nv])
    s = sympy.Matrix([[law.position, law.cross], [law.cross, law.velocity]])
    found = a * s * a.T + b * b.T * step.variance
    return Covariance(found[0, 0], found[0, 1], found[1, 1])


def same(one: Any, other: Any) -> bool:
    return bool(sympy.simplify(one - other) == 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "law"),
    [
        (note_map(SYMBOLS, damping=g, dt=h), note_covariance(SYMBOLS, damping=g, dt=h)),
        (baoab_map(SYMBOLS, kept=c, dt=h), baoab_covariance(SYMBOLS, dt=h)),
    ],
    ids=["note", "baoab"],
)
def test_the_closed_form_is_kept_by_a_step_for_all_symbols(step: Map, law: Covariance) -> None:
    found = after(step, law)
    assert same(found.position, law.position)
    assert same(found.cross, law.cross)
    assert same(found.velocity, law.velocity)


def test_trace_and_determinant_are_those_that_the_proofs_assume() -> None:
    note, baoab = note_map(SYMBOLS, damping=g, dt=h), baoab_map(SYMBOLS, kept=c, dt=h)
    assert same(m * note.trace, 2 * m - g * h - k * h**2)
    assert same(m * note.determinant, m - g * h)
    y = k * h**2 / (4 * m)
    assert same(baoab.trace, 1 + c - 2 * y - 2 * c * y)
    assert same(baoab.determinant, c)


@pytest.mark.slow
def test_the_note_s_moments_after_a_step_are_those_of_the_certificates() -> None:
    x, cross, v = sympy.symbols("X C V")
    found = after(note_map(SYMBOLS, damping=g, dt=h), Covariance(x, cross, v))
    velocity = (m - g * h) ** 2 * v - 2 * (m - g * h) * k * h * cross + k**2 * h**2 * x
    assert same(m**2 * found.velocity, velocity + 2 * g * h * T)
    assert same(m * found.cross, (m - g * h) * cross - k * h * x + m * h * found.velocity)
    # E[x'^2] = E[x^2] + 2 h E[x' v'] - h^2 E[v'^2], as x = x' - h v'.
    assert same(found.position, x + 2 * h * found.cross - h**2 * found.velocity)


@pytest.mark.slow
def test_both_laws_go_to_gibbs_as_the_step_goes_to_zero() -> None:
    gibbs = gibbs_covariance(SYMBOLS)
    for law in (note_covariance(SYMBOLS, damping=g, dt=h), baoab_covariance(SYMBOLS, dt=h)):
        for name in ("position", "cross", "velocity"):
            assert same(sympy.limit(getattr(law, name), h, 0), getattr(gibbs, name))


def wells(count: int) -> list[tuple[Well, Fraction, Fraction, Fraction]]:
    draw = random.Random(7)

    def some() -> Fraction:
        return Fraction(draw.randint(1, 12), draw.randint(1, 6))

    return [
        (
            Well(mass=some(), stiffness=some(), temperature=some()),
            some(),
            some(),
            Fraction(draw.randint(0, 9), 10),
        )
        for _ in range(count)
    ]


def test_elimination_finds_the_closed_form_wherever_the_step_is_stable() -> None:
    stable = {"note": 0, "baoab": 0}
    for well, damping, dt, kept in wells(200):
        note, baoab = note_map(well, damping=damping, dt=dt), baoab_map(well, kept=kept, dt=dt)
        if is_stable(note):
            stable["note"] += 1
            assert stationary_covariance(note) == note_covariance(well, damping=damping, dt=dt)
        if is_stable(baoab):
            stable["baoab"] += 1
            assert stationary_covariance(baoab) == baoab_covariance(well, dt=dt)
    assert min(stable.values()) > 40
    assert max(stable.values()) < 200


def test_stable_means_that_no_eigenvalue_is_as_large_as_one() -> None:
    found = set()
    for well, damping, dt, kept in wells(200):
        for step in (note_map(well, damping=damping, dt=dt), baoab_map(well, kept=kept, dt=dt)):
            matrix = np.array([[step.xx, step.xv], [step.vx, step.vv]], dtype=float)
            largest = max(abs(np.linalg.eigvals(matrix)))
            # Where it is as good as 1, floats do not tell.
            if abs(largest - 1) > 1e-9:
                assert bool(is_stable(step)) == (largest < 1)
                found.add(bool(is_stable(step)))
    assert found == {True, False}


def test_the_limits_of_a_step_are_where_stability_ends() -> None:
    for well, damping, _, kept in wells(50):
        for share, stable in ((0.999, True), (1.001, False)):
            note_dt = Fraction(note_dt_max(well, damping=damping) * share)
            baoab_dt = Fraction(baoab_dt_max(well) * share)
            assert bool(is_stable(note_map(well, damping=damping, dt=note_dt))) == stable
            assert bool(is_stable(baoab_map(well, kept=kept, dt=baoab_dt))) == stable
    exact = note_dt_max(SYMBOLS, damping=g, sqrt=sympy.sqrt)
    assert same(4 * m - 2 * g * exact - k * exact**2, 0)


def test_a_step_that_keeps_no_law_is_refused() -> None:
    frozen = baoab_map(UNIT, kept=Fraction(1), dt=Fraction(1))
    with pytest.raises(InvalidModelError, match="single stationary covariance"):
        stationary_covariance(frozen)


def test_a_whole_step_of_the_note_is_as_its_prototype_does_it() -> None:
    # mass 2, damping 3, h = 1/2: a = (4 - 3 * 1 + 5)/2 = 3, v = 1 + 3/2, x = 1 + 5/4.
    found = note_step(1, 1, 4, 5, mass=2, damping=3, dt=Fraction(1, 2))
    assert found == (Fraction(9, 4), Fraction(5, 2))
    assert noise_variance(3, 1, Fraction(1, 2)) == 12


def test_what_friction_leaves_and_what_noise_adds_make_the_temperature() -> None:
    kept = velocity_kept(3.0, 2.0, 0.5)
    assert kept == pytest.approx(math.exp(-0.75))
    third = Fraction(1, 3)
    assert third**2 * Fraction(5, 2) + kick_variance(third, 5, 2) == Fraction(5, 2)


@pytest.mark.slow
@pytest.mark.parametrize("update", ["note", "baoab"])
def test_many_particles_have_the_variance_that_is_told(update: str) -> None:
    """30,000 particles; a variance of n normal numbers scatters by sqrt(2/n) of itself."""
    rng, count, dt = np.random.default_rng(20), 30_000, 0.8
    x, v = np.zeros(count), np.zeros(count)
    kept = velocity_kept(1.0, 1.0, dt)
    for _ in range(60):
        z = rng.standard_normal(count)
        if update == "note":
            noise = z * math.sqrt(noise_variance(1.0, 1.0, dt))
            x, v = note_step(x, v, -x, noise, mass=1.0, damping=1.0, dt=dt)
        else:
            kick = z * math.sqrt(kick_variance(kept, 1.0, 1.0))
            x, v = baoab_step(x, v, lambda y: -y, kick, mass=1.0, kept=kept, dt=dt)
    well = Well(mass=1.0, stiffness=1.0, temperature=1.0)
    law = note_covariance(well, damping=1.0, dt=dt) if update == "note" else baoab_covariance(
        well, dt=dt)  # fmt: skip
    five_sigma = 5 * math.sqrt(2 / count)
    assert np.mean(x * x) == pytest.approx(law.position, rel=five_sigma)
    assert np.mean(v * v) == pytest.approx(law.velocity, rel=five_sigma)
    # The note's variance is told apart from that of Gibbs, BAOAB's is not.
    assert (abs(np.mean(x * x) - 1) > five_sigma) == (update == "note")

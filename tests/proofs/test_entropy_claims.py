"""The proved claims about entropy, window, regime and fairness: against the models' own code."""

from decimal import Context, Decimal
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from homeostat.models.entropy import (
    ENTROPY_HIGH,
    ENTROPY_LOW,
    GAPS_DEFAULT,
    Regime,
    absolute_bins,
    entropy,
    histogram,
    jain_index,
    next_regime,
    relative_bins,
)
from homeostat.proofs.polynomials import holds, row
from homeostat.proofs.theory.entropy import proved, steered
from homeostat.proofs.verdicts import Proved, Unknown

CLAIMS = {claim.id: claim for claim in proved.CLAIMS}
SLOW = {"entropy.bounds", "entropy.control_law"}


def theorems(name: str) -> list[dict[str, Any]]:
    verdict = CLAIMS[name].decide()
    assert isinstance(verdict, Proved)
    return [certificate["theorem"] for certificate in verdict.certificates]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in CLAIMS]
)
def test_a_claim_is_proved_by_certificates(name: str) -> None:
    assert theorems(name)


@pytest.mark.slow
def test_the_shapes_are_counted_up_to_the_note_s_window() -> None:
    assert {"gaps_max": GAPS_DEFAULT} in theorems("entropy.bounds")


EXACT = Context(prec=60)
ROUNDED = Fraction(1, 10**50)
"""More than what is lost in figures below 10^4 with 60 digits."""


def ln(x: Fraction) -> Fraction:
    quotient = EXACT.divide(Decimal(x.numerator), Decimal(x.denominator))
    return Fraction(EXACT.ln(quotient))


def slack(text: str, figures: dict[str, Fraction]) -> Fraction:
    """Return by how much a row with < or > or = holds at a point that gives all its variables."""
    poly, _ = row(text, figures)
    assert set(poly) <= {()}
    return poly.get((), Fraction(0))


@pytest.mark.parametrize(("k", "m"), [(2, 2), (7, 3), (50, 1), (50, 50), (50, 20)])
def test_the_rows_assumed_of_a_bin_hold_of_true_logarithms(k: int, m: int) -> None:
    lower, upper = proved._BIN[2:]
    for c in range(1, k + 1):
        figures = {"k": Fraction(k), "m": Fraction(m), "w": Fraction(c)}
        figures |= {"v": ln(Fraction(k, c)), "M": ln(Fraction(m))}
        assert holds(proved._BIN[:2], figures)
        # ln x = x - 1 at x = 1 alone; there nothing but what is rounded may be left.
        for text, tight in ((lower, c == k), (upper, m * c == k)):
            found = slack(text, figures)
            assert abs(found) < ROUNDED if tight else found > ROUNDED


@pytest.mark.parametrize("h", [0, 1, 5, 30])
def test_the_rows_assumed_of_the_exponential_hold_of_it(h: int) -> None:
    for tau in (1, 5, 40):
        power = Fraction(EXACT.exp(EXACT.divide(Decimal(h), Decimal(tau))))
        found = slack(steered._WINDOW[-1], {"tau": Fraction(tau), "F": power, "H": Fraction(h)})
        assert found == 0 if h == 0 else found > ROUNDED


def random_counts(seed: int) -> tuple[int, ...]:
    random = Random(seed)
    bins = [random.randrange(1 + seed % 12) for _ in range(random.randrange(1, 60))]
    return histogram(bins)


@pytest.mark.parametrize("seed", range(30))
def test_the_sum_over_the_bins_is_the_entropy_of_the_models(seed: int) -> None:
    counts = random_counts(seed)
    k, m, bit = sum(counts), len(counts), ln(Fraction(2))
    bits = entropy(counts, log2=lambda x: ln(x) / bit)
    total = sum((c * ln(Fraction(k, c)) for c in counts), Fraction(0))
    assert bits * k * bit == total
    assert 0 <= bits <= ln(Fraction(m)) / bit + ROUNDED
    assert m <= k


def test_one_bin_has_entropy_zero_without_rounding() -> None:
    period = Fraction(1, 3)
    arrivals = [Fraction(7) + i * period for i in range(GAPS_DEFAULT + 1)]
    gaps = [after - before for before, after in pairwise(arrivals)]
    counts = histogram(absolute_bins(gaps, Fraction(1, 1000)))
    assert counts == (GAPS_DEFAULT,)
    assert entropy(counts) == 0


@pytest.mark.parametrize("seed", range(5))
def test_gaps_in_another_order_give_the_same_float(seed: int) -> None:
    random = Random(seed)
    gaps = [random.randrange(1, 10**6) for _ in range(GAPS_DEFAULT)]
    mixed = random.sample(gaps, len(gaps))
    assert mixed != gaps
    for found, other in (
        (absolute_bins(gaps, 10**5), absolute_bins(mixed, 10**5)),
        (relative_bins(gaps, 4), relative_bins(mixed, 4)),
    ):
        assert entropy(histogram(found)) == entropy(histogram(other)) > 0


def last_gaps(old: list[int], new: list[int]) -> list[int]:
    arrivals = [*old, *new]
    gaps = [after - before for before, after in pairwise(arrivals)]
    return gaps[-GAPS_DEFAULT:]


def test_51_new_arrivals_forget_the_past_and_50_do_not() -> None:
    new = [1_000 + i * i for i in range(GAPS_DEFAULT + 1)]
    assert last_gaps([0, 10], new) == last_gaps([0, 999], new)
    assert last_gaps([0, 10], new[:-1]) != last_gaps([0, 999], new[:-1])


def test_the_machine_of_the_models_is_the_one_of_the_claim() -> None:
    low, high = Fraction(ENTROPY_LOW), Fraction(ENTROPY_HIGH)
    assert (low, high) == (Fraction(3, 2), Fraction(5, 2))
    for regime in Regime:
        for tenths in range(60):
            h = Fraction(tenths, 10)
            found = next_regime(regime, h)
            if h > high:
                assert found is Regime.REACTIVE
            elif h < low:
                assert found is Regime.BATCHING
            else:
                assert found is regime


@pytest.mark.parametrize("seed", range(5))
def test_between_two_changes_of_regime_the_entropy_moves_by_more_than_a_bit(seed: int) -> None:
    random = Random(seed)
    regime, changed_at = Regime.BATCHING, []
    for _ in range(400):
        h = Fraction(random.randrange(400), 100)
        following = next_regime(regime, h)
        changed_at += [h] if following is not regime else []
        regime = following
    assert len(changed_at) > 50
    moves = [abs(b - a) for a, b in pairwise(changed_at)]
    assert min(moves) > Fraction(ENTROPY_HIGH) - Fraction(ENTROPY_LOW)


@pytest.mark.parametrize("seed", range(20))
def test_jain_s_index_of_the_models_keeps_its_bounds_and_reaches_them(seed: int) -> None:
    random = Random(seed)
    shares = [Fraction(random.randrange(9), random.randrange(1, 9)) for _ in range(1 + seed)]
    n = len(shares)
    assert Fraction(1, n) <= jain_index(shares) <= 1
    assert jain_index([Fraction(3, 7)] * n) == 1
    assert jain_index([Fraction(5), *[Fraction(0)] * (n - 1)]) == Fraction(1, n)


@pytest.mark.slow
def test_another_window_in_the_models_is_not_certified(monkeypatch: pytest.MonkeyPatch) -> None:
    def linear(base: Any, h: Any, *, temperature: Any, exp: Any) -> Any:
        return base - h / temperature * exp(0)

    monkeypatch.setattr(steered, "adaptive_window", linear)
    assert isinstance(CLAIMS["entropy.control_law"].decide(), Unknown)

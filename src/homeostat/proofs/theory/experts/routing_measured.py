"""Which gap and threshold give the notes' figures.

Notes 002 and 004 call several numbers the spectral gap, and count strong components at a
threshold that they do not name. The counts of one of their models are public, so every
definition is computed on every layer.

Components are counted in whole numbers. Gaps are floats, and none is so near to the edge of its
three digits that rounding could decide; the one that meets the note is enclosed in ball arithmetic
(Arb) as well.
"""

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

import flint
import numpy as np

from homeostat.errors import HomeostatError
from homeostat.models.routing.chain import Chain, chain_of
from homeostat.models.routing.classes import components
from homeostat.models.routing.counts import Counts
from homeostat.models.routing.gaps import GAPS
from homeostat.models.routing.profile import THRESHOLDS
from homeostat.proofs.claims import Canary, CanaryError, Claim, Source
from homeostat.proofs.verdicts import Measured
from homeostat.runtime.traces.fetching import dataset_named, find_data, missing_files
from homeostat.runtime.traces.transitions import read_transitions

__all__ = ["CLAIMS", "COUNTED", "component_points", "enclosed_gap", "gap_points", "thresholds_with"]

COUNTED: Final = "qwen1.5-transitions"
GAP: Final = "0.497"
SMALL_GAP: Final = 0.003
COMPONENTS: Final = 17
_MARGIN: Final = 1e-9
"""Far above the rounding of an eigenvalue here; nearer to an edge no digit is given."""
_PRECISION_BITS: Final = 128
_DIGITS: Final = 20


def _three_digits(value: float) -> str:
    """Return a gap in three digits that rounding did not decide."""
    thousandths = value * 1000
    if abs(thousandths % 1 - 0.5) < 1000 * _MARGIN:
        raise HomeostatError(f"a gap of {value!r} is too near to the edge of its third digit")
    return f"{value:.3f}"


def gap_points(layers: Sequence[Counts], middle: int) -> list[dict[str, Any]]:
    """Return, for each definition, the gap of a layer, its range, and the layers with ``GAP``."""
    points = []
    for name, gap in GAPS.items():
        values = [gap(counts) for counts in layers]
        points.append(
            {
                "definition": name,
                "middle_layer": round(values[middle], 6),
                "least": round(min(values), 6),
                "most": round(max(values), 6),
                "layers_at_0.497": [i for i, v in enumerate(values) if _three_digits(v) == GAP],
                "distance_to_0.003": round(min(abs(v - SMALL_GAP) for v in values), 6),
            }
        )
    return points


def component_points(layers: Sequence[Counts], middle: int) -> list[dict[str, Any]]:
    """Return, for each threshold, the components of a layer, and the layers with ``COMPONENTS``."""
    chains = [chain_of(counts, exact=True) for counts in layers]
    points = []
    for threshold in THRESHOLDS:
        found = [len(components(chain, threshold=threshold)) for chain in chains]
        points.append(
            {
                "threshold": str(threshold),
                "middle_layer": found[middle],
                "least": min(found),
                "most": max(found),
                "layers_with_17": [i for i, count in enumerate(found) if count == COMPONENTS],
            }
        )
    return points


def thresholds_with(chain: Chain, count: int) -> tuple[Fraction, Fraction] | None:
    """Return all thresholds t, low <= t < high, that give so many components; None if none does.

    The number changes only where a probability is passed, and never falls, as fewer edges remain.

    Args:
        chain: Of fractions.
        count: Components.
    """
    levels = sorted({Fraction(0), *chain.matrix.ravel().tolist()})

    def found(level: Fraction) -> int:
        return len(components(chain, threshold=level))

    low, high = (bisect_left(levels, wanted, key=found) for wanted in (count, count + 1))
    if low == high:
        return None
    return levels[low], levels[high] if high < len(levels) else Fraction(1)


def enclosed_gap(counts: Counts) -> tuple[str, Fraction]:
    """Return 1 - |lambda_2| of P in decimals, and a bound of its error: by Arb.

    Every expert must have been left.

    Raises:
        HomeostatError: Arb cannot enclose the eigenvalues.
    """
    totals = counts.sum(axis=1).tolist()
    before = flint.ctx.prec
    flint.ctx.prec = _PRECISION_BITS
    try:
        rows = [
            [flint.acb(flint.arb(flint.fmpq(count, total))) for count in row]
            for row, total in zip(counts.tolist(), totals, strict=True)
        ]
        values = flint.acb_mat(rows).eig()
        moduli = sorted((abs(value) for value in values), key=lambda ball: float(ball.mid()))
        gap = 1 - moduli[-2]
        # Sorting moves no entry by more than the largest error of one, so overlaps do no harm.
        radius = max(Fraction(ball.rad().str(5, radius=False)) for ball in (*moduli, gap)) * 2
        text = gap.mid().str(_DIGITS, radius=False)
    except ValueError as error:
        raise HomeostatError(f"the eigenvalues could not be enclosed: {error}") from error
    finally:
        flint.ctx.prec = before
    return text, radius + Fraction(1, 10 ** (_DIGITS - 1))


def _decide_definitions() -> Measured:
    layers = read_transitions(find_data(COUNTED))
    middle = len(layers) // 2
    text, error = enclosed_gap(layers[middle])
    interval = thresholds_with(chain_of(layers[middle], exact=True), COMPONENTS)
    gaps = gap_points(layers, middle)
    return Measured(
        estimate={
            "of": "the gap by each definition, and the strong components at each threshold, of "
            f"{len(layers)} layers; the middle one is number {middle}, from 0 on",
            "rows_without_counts": sum(int((c.sum(axis=1) == 0).sum()) for c in layers),
            "definitions_with_0.497_in_the_middle": [
                point["definition"] for point in gaps if middle in point["layers_at_0.497"]
            ],
            "thresholds_with_17_in_the_middle": _interval_words(interval),
            "gap_of_the_middle": f"{text}, to {float(error):.1g}",
            "least_distance_to_0.003": min(point["distance_to_0.003"] for point in gaps),
            "points": gaps,
            "components": component_points(layers, middle),
        }
    )


def _interval_words(interval: tuple[Fraction, Fraction] | None) -> str:
    if interval is None:
        return "none"
    low, high = interval
    return f"{low} = {float(low):.5f} <= t < {high} = {float(high):.5f}"


def _catch_definitions() -> str:
    """Compute on counts whose figures are known, and on which the definitions differ."""
    known = np.array([[3, 1], [1, 3]])
    text, error = enclosed_gap(known)
    if abs(Fraction(text) - Fraction(1, 2)) > error or error > Fraction(1, 10**10):
        raise CanaryError(f"a gap of 1/2 is enclosed as {text} to {float(error)}")
    skew = np.array([[80, 20, 0], [0, 5, 5], [6, 1, 13]])
    found = {point["definition"]: point["middle_layer"] for point in gap_points([skew], 0)}
    if len(set(found.values())) != len(GAPS):
        raise CanaryError(f"two definitions agree on a chain that runs around: {found}")
    exact = chain_of(skew, exact=True)
    for count in (1, 2, 3):
        interval = thresholds_with(exact, count)
        if interval is not None and len(components(exact, threshold=interval[0])) != count:
            raise CanaryError(f"{interval} do not give {count} components")
    return f"on a chain that runs around, {len(GAPS)} definitions give {len(GAPS)} numbers"


def _missing() -> tuple[str, ...]:
    return missing_files(dataset_named(COUNTED))


CLAIMS: Final = (
    Claim(
        id="experts.gap_definitions.note",
        title="Which definition and threshold give 0.497 and 17",
        statement="The spectral gap of every layer of Qwen1.5-MoE-A2.7B by seven definitions, and "
        "its strong components at nine thresholds: which give the note's 0.497 and 17 in the "
        "middle layer, and whether any gives 0.003.",
        scope="public counts of 10,220 transitions of first choices on WikiText, 24 layers of 60 "
        "experts; of the model for which note 004 gives 0.003 there are no counts",
        source=Source(note="002", section="3"),
        decide=_decide_definitions,
        canary=Canary(falsehood="all definitions give one number", catch=_catch_definitions),
        vacuity="every row of every layer has counts",
        remark="For Switch, note 002 gives a gap between 0.497 and 0.583 and note 004 gives 0.003: "
        "one word, two numbers for one model.",
        trusts=("LAPACK's eigenvalues to 1e-9", "Arb, for the gap of the middle layer"),
        missing_data=_missing,
    ),
)

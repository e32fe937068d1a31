"""The page "For which prompts is Theory stable?": the proved thresholds as a table and a map."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from math import gcd
from typing import Any, Final

from homeostat.errors import InvalidInputError
from homeostat.proofs.polynomials import RejectedError, rational
from homeostat.proofs.report.ledger_view import ClaimView, LedgerView
from homeostat.proofs.report.pages import Picture
from homeostat.proofs.report.pictures import Drawing
from homeostat.proofs.report.plots import Layout
from homeostat.proofs.report.plots.threshold_map import Cell, draw_threshold_map
from homeostat.proofs.roots import L_B_MAX, critical

__all__ = ["Threshold", "ThresholdTable", "threshold_picture"]

STABLE: Final = "batching.coprime_stable_threshold"
NEVER: Final = "batching.common_factor_unstable"
_EXACT_DENOMINATOR_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class Threshold:
    """One point of the table.

    Attributes:
        l_a, l_b, q: The system.
        low, high: l0* lies strictly between them; None where the system is never stable.
        integer: The smallest whole number >= 1 above l0*; None where it is never stable.
    """

    l_a: int
    l_b: int
    q: Fraction
    low: Fraction | None = None
    high: Fraction | None = None
    integer: int | None = None

    @property
    def exact(self) -> Fraction | None:
        """l0* where it is a fraction with a small denominator; None where it is not."""
        if self.low is None or self.high is None:
            return None
        guess = ((self.low + self.high) / 2).limit_denominator(_EXACT_DENOMINATOR_MAX)
        if not self.low < guess < self.high:
            return None
        value = Fraction(0)
        for c in reversed(critical(self.l_a, self.l_b, self.q)):
            value = value * guess + c
        return None if value else guess

    @property
    def shown(self) -> str:
        """l0* in as many digits, at most six, as both ends of the interval share."""
        exact = self.exact
        if exact is not None and 10**6 % exact.denominator == 0:
            return decimal(exact)
        ends = (float(self.low or 0), float(self.high or 0))
        texts = ([f"{x:.{digits}g}" for x in ends] for digits in range(6, 0, -1))
        return next((a for a, b in texts if a == b), "")

    @property
    def interval(self) -> str:
        """The two ends, as exact decimals."""
        return f"({decimal(self.low or Fraction(0))}, {decimal(self.high or Fraction(0))})"


def decimal(x: Fraction) -> str:
    """Return a fraction as a decimal if it ends within 20 places, as p/q otherwise."""
    if 10**20 % x.denominator:
        return str(x)
    text = f"{Decimal(x.numerator) / Decimal(x.denominator):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class ThresholdTable:
    """What the two claims prove, for the page.

    Attributes:
        stable, never: The claims.
        points: Those with a threshold, then those without.
        shares: The values of q, ascending.
        rows: (l_A, l_B, common factor, points by share or None where there is none), by l_B.
    """

    stable: ClaimView
    never: ClaimView
    points: tuple[Threshold, ...]
    shares: tuple[Fraction, ...]
    rows: tuple[tuple[int, int, int, tuple[Threshold | None, ...]], ...]

    @classmethod
    def of(cls, ledger: LedgerView) -> "ThresholdTable | None":
        """Read the table from a ledger; None unless both claims are in it, and proved.

        Raises:
            InvalidInputError: A theorem's points are not what the kind ``threshold`` has.
        """
        claims = {claim.id: claim for claim in ledger.claims if claim.verdict.word == "proved"}
        if STABLE not in claims or NEVER not in claims:
            return None
        chosen = (claims[STABLE], claims[NEVER])
        points = [point for claim in chosen for point in _points(claim)]
        points.sort(key=lambda p: (p.integer is None, p.l_b, p.l_a, p.q))
        shares = tuple(sorted({p.q for p in points}))
        pairs = groupby(sorted(points, key=_pair), key=_pair)
        rows = [_row(l_a, l_b, list(group), shares) for (l_b, l_a), group in pairs]
        return cls(*chosen, tuple(points), shares, tuple(rows))

    @property
    def thresholds(self) -> list[Threshold]:
        """The points that have one."""
        return [point for point in self.points if point.integer is not None]

    @property
    def always(self) -> int:
        """How many are stable from l0 = 1 on."""
        return sum(point.integer == 1 for point in self.points)

    @property
    def largest(self) -> Threshold:
        """The point with the largest threshold."""
        return max(self.thresholds, key=lambda point: point.low or Fraction(-1))


def _pair(point: Threshold) -> tuple[int, int]:
    return point.l_b, point.l_a


def _row(
    l_a: int, l_b: int, points: Sequence[Threshold], shares: Sequence[Fraction]
) -> tuple[int, int, int, tuple[Threshold | None, ...]]:
    by_share = {p.q: p for p in points if p.integer is not None}
    return l_a, l_b, gcd(l_a, l_b), tuple(by_share.get(q) for q in shares)


def _points(claim: ClaimView) -> list[Threshold]:
    documents = [e.document for e in claim.evidence if e.document.get("kind") == "threshold"]
    try:
        return [_point(row) for document in documents for row in document["theorem"]["points"]]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(f"{claim.id}: points that no threshold has: {error}") from error


def _point(row: Sequence[Any]) -> Threshold:
    l_a, l_b, q, *rest = row
    low, high, integer = rest or (None, None, None)
    whole = [l_a, l_b, *([integer] if rest else [])]
    if not all(type(x) is int for x in whole) or not 0 < l_a < l_b <= L_B_MAX:
        raise RejectedError(f"{row!r:.80} must begin with whole numbers l_A < l_B")
    if not rest:
        return Threshold(l_a, l_b, rational(q))
    return Threshold(l_a, l_b, rational(q), rational(low), rational(high), integer)


@dataclass(frozen=True, slots=True)
class _MapPlot:
    """A class rather than a closure: it travels to another process."""

    cells: tuple[Cell, ...]

    def __call__(self) -> Callable[[Layout], str]:
        return lambda layout: draw_threshold_map(self.cells, layout)


def threshold_picture(table: ThresholdTable) -> tuple[Drawing, Picture]:
    """Return the map of all points."""
    cells = tuple((p.l_a, p.l_b, p.q, p.integer) for p in table.points)
    worst = table.largest
    picture = Picture(
        "thresholds",
        "From which prompt length on Theory is stable",
        f"{len(table.shares)} small maps, one for each q, over l_A and l_B: the smallest whole "
        f"prompt length above the threshold, from 1 to {worst.integer}; hatched where l_A and l_B "
        "have a common factor and no prompt is long enough. The table has the numbers.",
        "One cell for each pair of service lengths, one panel for each share q of the long type. "
        "The colour says from which whole l0 on Theory is stable; hatched: for none.",
    )
    return Drawing("thresholds", _MapPlot(cells)), picture

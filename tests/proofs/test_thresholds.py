"""The claims on thresholds in l0, and the engine that finds their cuts."""

from copy import deepcopy
from fractions import Fraction
from math import gcd
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.errors import InvalidInputError
from homeostat.models.batching import is_schur_stable, stage_weights
from homeostat.proofs.certificates import sign_on_interval, threshold
from homeostat.proofs.engines.farkas import NoProofError
from homeostat.proofs.engines.thresholds import GRID, never_stable, sign_cuts, stable_above
from homeostat.proofs.kernel import RejectedError
from homeostat.proofs.report.ledger_view import LedgerView
from homeostat.proofs.report.pictures import draw
from homeostat.proofs.report.thresholds import ThresholdTable, decimal, threshold_picture
from homeostat.proofs.theory.batching.thresholds import CLAIMS, family
from homeostat.proofs.verdicts import Proved

HALF = Fraction(1, 2)


def root_max(l_a: int, l_b: int, q: float, l0: float) -> float:
    """Return the largest modulus of the roots, in floating point: no Jury, no determinant."""
    return float(np.abs(np.roots([float(w) for w in stage_weights(l0, l_a, l_b, q)])).max())


def points_of(claim: Any) -> list[Any]:
    verdict = claim.decide()
    assert isinstance(verdict, Proved)
    points: list[Any] = verdict.certificates[0]["theorem"]["points"]
    return points


def test_the_families_are_all_points_with_and_without_a_common_factor() -> None:
    shares = [Fraction(k, 10) for k in range(1, 10)]
    every = {(a, b, q) for b in range(2, 13) for a in range(1, b) for q in shares}
    coprime, rest = (family(coprime=word) for word in (True, False))
    assert {*coprime, *rest} == every
    assert (len(coprime), len(rest)) == (405, 189)
    assert all(gcd(l_a, l_b) == 1 for l_a, l_b, _ in coprime)


@pytest.mark.slow
def test_above_the_threshold_and_only_there_floats_find_no_root_outside() -> None:
    points = points_of(CLAIMS[0])
    assert [(a, b, Fraction(q)) for a, b, q, *_ in points] == family(coprime=True)
    for l_a, l_b, q, *ends, integer in points:
        low, high = map(Fraction, ends)
        system = (l_a, l_b, float(Fraction(q)))
        assert 0 < high - low <= Fraction(1, GRID)
        assert abs(root_max(*system, float(low + high) / 2) - 1) < 1e-5
        span = float(1 + low)
        assert all(root_max(*system, float(high) + span * x) < 1 for x in (0.01, 0.5, 5.0, 1e3))
        assert all(root_max(*system, -1 + span * x) > 1 for x in (0.02, 0.2, 0.5, 0.9, 0.99))
        assert integer >= high
        assert integer == 1 or integer - 1 <= high


@pytest.mark.parametrize("point", family(coprime=True)[::37], ids=str)
def test_the_models_agree_at_the_ends_of_the_interval(point: tuple[int, int, Fraction]) -> None:
    (l_a, l_b, q, low, high, integer), _ = stable_above(*point)
    assert (l_a, l_b, q) == (*point[:2], str(point[2]))

    def stable(l0: Fraction | int) -> bool:
        return is_schur_stable([Fraction(w) for w in stage_weights(l0, *point)])

    assert stable(Fraction(high))
    assert not stable(Fraction(low))
    assert stable(int(integer))
    assert integer == 1 or not stable(int(integer) - 1)


@pytest.mark.slow
def test_with_a_common_factor_floats_find_no_stable_point() -> None:
    points = points_of(CLAIMS[1])
    assert [(a, b, Fraction(q)) for a, b, q in points] == family(coprime=False)
    for l_a, l_b, q in points:
        for l0 in (-0.9, 0.0, 1.0, 3.7, 12.0, 55.5, 240.0, 1e4):
            assert root_max(l_a, l_b, float(Fraction(q)), l0) > 1


@given(
    st.integers(1, 6).flatmap(lambda a: st.tuples(st.just(2 * a), st.integers(a + 1, 9))),
    st.fractions(0, 9, max_denominator=9).filter(lambda q: q > 0),
    st.fractions(-1, 50, max_denominator=9).filter(lambda l0: l0 > -1),
)
def test_even_counts_leave_a_real_root_below_minus_one(
    counts: tuple[int, int], q: Fraction, l0: Fraction
) -> None:
    l_a, l_b = counts[0], 2 * counts[1]
    weights = [Fraction(w) for w in stage_weights(l0, l_a, l_b, q)]
    assert sum((-1) ** s * w for s, w in enumerate(weights)) < 0
    # What the certificate assumes at even stages.
    pairs = zip(weights[::2], weights[1::2], strict=True)
    assert all(lower < upper for lower, upper in pairs)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_false_neighbour_is_rejected(claim: Any) -> None:
    assert claim.canary.catch().startswith("rejected")


def test_an_exact_threshold_lies_inside_its_interval() -> None:
    # At l0 = 1 the system (1, 3, 1/2) has a root on the circle: 1 will not do.
    point, _ = stable_above(1, 3, HALF)
    assert point[5] == 2
    assert Fraction(point[3]) < 1 < Fraction(point[4])
    low, high = (Fraction(x) for x in stable_above(4, 5, Fraction(2, 5))[0][3:5])
    assert low < high


def test_a_common_factor_has_no_threshold() -> None:
    for q in (Fraction(1, 100), HALF, Fraction(99, 100)):
        with pytest.raises(NoProofError, match="not stable for large l0"):
            stable_above(2, 4, q)


@pytest.mark.parametrize("point", [(1, 2, HALF), (3, 7, HALF), (5, 12, Fraction(9, 10))], ids=str)
def test_a_coprime_system_is_not_said_to_be_never_stable(point: tuple[int, int, Fraction]) -> None:
    with pytest.raises(RejectedError):
        threshold("never stable", [never_stable(*point)])


def test_a_family_of_one_false_point_is_rejected() -> None:
    (l_a, l_b, q, low, high, integer), cuts = stable_above(2, 7, HALF)
    other, _ = stable_above(2, 7, Fraction(51, 100))
    true = ([l_a, l_b, q, low, high, integer], cuts)
    threshold("stable above", [true])
    for change in ({2: other[2]}, {0: 3}, {1: 8}, {3: other[3], 4: other[4]}, {5: 1}):
        changed = [change.get(i, x) for i, x in enumerate(true[0])]
        with pytest.raises(RejectedError):
            threshold("stable above", [true, (changed, cuts)])


@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=6),
    st.integers(-3, 3),
    st.one_of(st.none(), st.integers(1, 4)),
)
def test_a_sign_is_proved_or_another_one_is_found(
    polynomial: list[int], start: int, width: int | None
) -> None:
    p = [Fraction(c) for c in polynomial]
    end = None if width is None else Fraction(start + width)
    grid = [Fraction(start) + Fraction(k, 16) for k in range(16 * (width or 20) + 1)]
    values = [sum(c * x**k for k, c in enumerate(p)) for x in grid]
    for sign, right in ((">", all(v > 0 for v in values)), ("<", all(v < 0 for v in values))):
        try:
            sign_on_interval(p, Fraction(start), end, sign)
        except (InvalidInputError, NoProofError):
            continue
        assert right


def test_positive_polynomials_are_proved_positive() -> None:
    # x^4 - 2x^2 + 2 = (x^2 - 1)^2 + 1, and one that comes close to zero: (x - 3)^2 + 10^-8.
    tight = [9 + Fraction(1, 10**8), Fraction(-6), Fraction(1)]
    for p in ([Fraction(c) for c in (2, 0, -2, 0, 1)], tight):
        for end in (None, Fraction(7)):
            sign_on_interval(p, Fraction(-5), end, ">")


@pytest.mark.parametrize(
    ("polynomial", "end", "sign"),
    [
        ([1, 1], 0, ">"),
        ([1, 1], 5, ">="),
        ([-1, 1], 5, ">"),
        ([1, 1], -1, ">"),
        ([4, -4, 1], 8, ">"),
    ],
    ids=str,
)
def test_what_is_not_so_on_the_interval_is_refused(
    polynomial: list[int], end: int, sign: str
) -> None:
    with pytest.raises(InvalidInputError, match=r"must be|is not"):
        sign_cuts([Fraction(c) for c in polynomial], Fraction(0), Fraction(end), sign)


def test_a_zero_at_no_rational_number_is_not_proved_away() -> None:
    with pytest.raises(NoProofError, match="pieces"):
        sign_cuts([Fraction(c) for c in (4, 0, -4, 0, 1)], Fraction(0), Fraction(3), ">")


def a_ledger(stable: list[Any], never: list[Any], verdict: str = "proved") -> dict[str, Any]:
    """Return a ledger with the two claims and these points; nothing in it is checked."""
    entries = []
    told = (("stable above", stable), ("never stable", never))
    for claim, (says, points) in zip(CLAIMS, told, strict=True):
        theorem = {"says": says, "points": points}
        document = {"kind": "threshold", "theorem": theorem, "evidence": {}, "sha256": "0"}
        evidence = {"kind": "certificate", "name": f"{claim.id}.1", "summary": "", "sha256": "0"}
        entries.append(
            {
                "id": claim.id,
                "title": claim.title,
                "statement": claim.statement,
                "scope": claim.scope,
                "source": {"note": "003", "title": "G", "section": "4.3"},
                "verdict": verdict,
                "evidence": [{**evidence, "document": document}],
            }
        )
    return {"schema": "homeostat.ledger/1", "homeostat": "0", "claims": entries}


STABLE = [stable_above(1, 3, HALF)[0], stable_above(1, 4, HALF)[0]]
NEVER = [never_stable(2, 4, HALF)[0], never_stable(3, 6, Fraction(1, 5))[0]]


def test_the_table_shows_what_was_proved() -> None:
    table = ThresholdTable.of(LedgerView.of(a_ledger(STABLE, NEVER)))
    assert table is not None
    assert table.shares == (Fraction(1, 5), HALF)
    assert [row[:3] for row in table.rows] == [(1, 3, 1), (1, 4, 1), (2, 4, 2), (3, 6, 3)]
    first, second = table.thresholds
    assert (first.shown, first.exact, first.integer) == ("1", Fraction(1), 2)
    # (sqrt 21 + 1)/2
    assert (second.shown, second.exact, second.integer) == ("2.79129", None, 3)
    assert second.interval == "(2.79128784, 2.79128785)"
    assert table.rows[1][3] == (None, second)
    assert (table.always, table.largest) == (0, second)


def test_no_table_is_made_of_what_is_not_proved() -> None:
    assert ThresholdTable.of(LedgerView.of(a_ledger(STABLE, NEVER, "unknown"))) is None
    one = a_ledger(STABLE, NEVER)
    assert ThresholdTable.of(LedgerView.of({**one, "claims": one["claims"][:1]})) is None


@pytest.mark.parametrize(
    "points",
    [None, [7], [[1, 3]], [[1, 3, "1/2", "0"]], [["1", 3, "1/2"]], [[3, 1, "1/2"]], [[1, 3, "x"]],
     [[1, 99, "1/2", "0", "1", 1]], [[1, 3, "1/2", "0", "1", "2"]], [[1, 3, "1/2", 0, 1.0, 2]]],
    ids=str,
)  # fmt: skip
def test_a_table_of_malformed_points_is_refused(points: Any) -> None:
    ledger = deepcopy(a_ledger(STABLE, NEVER))
    ledger["claims"][0]["evidence"][0]["document"]["theorem"]["points"] = points
    with pytest.raises(InvalidInputError, match="coprime_stable_threshold"):
        ThresholdTable.of(LedgerView.of(ledger))


def test_the_map_has_a_panel_for_each_share_and_the_same_bytes_each_time() -> None:
    table = ThresholdTable.of(LedgerView.of(a_ledger(STABLE, NEVER)))
    assert table is not None
    drawing, picture = threshold_picture(table)
    files = draw(drawing)
    assert files == draw(drawing)
    assert sorted(files) == ["thresholds.narrow.svg", "thresholds.wide.svg"]
    for svg in files.values():
        assert ElementTree.fromstring(svg).tag.endswith("svg")
        assert "q = 1/5" in svg
        assert "q = 1/2" in svg
    assert "from 1 to 3" in picture.alt


@pytest.mark.parametrize(
    ("number", "text"),
    [("0", "0"), ("-1/2", "-0.5"), ("100", "100"), ("1/3", "1/3"), ("7/200000000", "0.000000035")],
)
def test_a_fraction_is_shown_as_an_exact_decimal_where_there_is_one(number: str, text: str) -> None:
    assert decimal(Fraction(number)) == text

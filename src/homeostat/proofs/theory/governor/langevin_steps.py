"""Which update samples the Gibbs law at a step of finite length: not the note's, but BAOAB.

Names in the certificates
    m, k, h, T > 0, and X, C, V, tau, d as in ``langevin``; c: what friction leaves of a velocity;
    a, b = h/2, h k/(2 m): half a drift and half a kick.
"""

from dataclasses import replace
from fractions import Fraction
from typing import Final

from homeostat.counterexamples import CASE_CONJECTURES
from homeostat.counterexamples.cases.langevin_searching import langevin_case, small_wells
from homeostat.models.langevin import Well, note_covariance
from homeostat.proofs.certificates import Certificate, farkas
from homeostat.proofs.claims import Claim, Source, false_rows, unbroken
from homeostat.proofs.theory.governor.langevin import eigenvalues_inside
from homeostat.proofs.theory.small_cases import by_case
from homeostat.proofs.verdicts import Proved, Verdict

__all__ = ["CLAIMS"]

_GIBBS: Final = CASE_CONJECTURES["samples_gibbs"]
_DTS: Final = ("1", "1/2", "1/10", "1/100")


def _told() -> str:
    well = Well(mass=Fraction(1), stiffness=Fraction(1), temperature=Fraction(1))
    each = [(dt, note_covariance(well, damping=Fraction(1), dt=Fraction(dt))) for dt in _DTS]
    return ", ".join(f"{law.position} at h = {dt}" for dt, law in each)


def _decide_note() -> Verdict:
    return by_case(
        langevin_case(_GIBBS.name),
        detail="The position's variance exceeds T/k in the ratio 1 + k h^2/D, with D = 4 m - "
        f"2 g h - k h^2, for every h > 0. For m = k = g = T = 1 it is {_told()}; Gibbs has 1.",
    )


# Half a kick, half a drift, c v + noise of variance (1 - c^2) T/m, half a drift, half a kick.
_POSITIVE: Final = ("m > 0", "k > 0", "h > 0", "T > 0")
_HALVES: Final = ("2*a = h", "2*m*b = h*k", "k*X = T", "m*W = T")
"""W is T/m, the velocity's variance while friction and noise act."""
_POINT: Final = {
    "m": "1",
    "k": "1",
    "h": "1",
    "T": "1",
    "a": "1/2",
    "b": "1/2",
    "X": "1",
    "W": "1",
    "V": "3/4",
    "c": "1/2",
}


def _kept() -> list[Certificate]:
    """From Var x = X = T/k, Cov = 0, Var v = V = W - b^2 X back to the same."""
    given = [*_POSITIVE, *_HALVES, "V = W - b*b*X"]
    # b X = a W: k h X/(2 m) = h T/(2 m).
    half = ["2*m*b*X = h*k*X", "h*k*X = h*T", "2*m*a*W = h*m*W", "m*b*X = m*a*W", "b*X = a*W"]
    return [
        farkas(given, "b*X = a*W", example=_POINT, hints=half[:-1]),
        *(
            farkas(
                ["b*X = a*W", "V = W - b*b*X", *rows], goal, example={**_POINT, **more}, hints=hints
            )
            for rows, goal, more, hints in _SUBSTEPS
        ),
    ]


# The moments after each part, by the moments before it: kick C' = C - b X, V' = V - 2 b C + b^2 X;
# drift X' = X + 2 a C + a^2 V, C' = C + a V.
_SUBSTEPS: Final[tuple[tuple[list[str], str, dict[str, str], list[str]], ...]] = (
    # Half a kick and half a drift lead from C = 0 to Var v = W and Cov = 0 again.
    (["K = 0 - b*X", "U = V + b*b*X"], "U = W", {"K": "-1/2", "U": "1"}, []),
    (["K = 0 - b*X", "L = K + a*W"], "L = 0", {"K": "-1/2", "L": "0"}, []),
    # Friction and noise keep that.
    (
        ["m*W = T", "m*N = T - c*c*T", "m > 0"],
        "c*c*W + N = W",
        {"N": "3/4"},
        ["m*c*c*W + m*N = m*W"],
    ),
    # Half a drift leads to Cov = a W = b X, and Var x is what it was before the first one.
    (["K = 0 - b*X", "Y = X + 2*a*K + a*a*W", "Z = Y + a*a*W"], "Z = X",
     {"K": "-1/2", "Y": "3/4", "Z": "1"}, ["a*b*X = a*a*W"]),
    # Half a kick from Cov = a W leads to Cov = 0 and Var v = V.
    (["L = a*W - b*X"], "L = 0", {"L": "0"}, []),
    (["U = W - 2*a*b*W + b*b*X"], "U = V", {"U": "3/4"}, ["b*b*X = a*b*W"]),
)  # fmt: skip


def _stable() -> list[Certificate]:
    """Tau = (1 + c)(1 - 2 a b) and d = c, with 4 m a b = k h^2 < 4 m."""
    given = [
        *_POSITIVE,
        *("k*h*h < 4*m", "4*m*y = k*h*h", "c >= 0", "c < 1"),
        *("tau = 1 + c - 2*y - 2*c*y", "d = c"),
    ]
    point = {"m": "1", "k": "1", "h": "1", "T": "1", "c": "1/2", "y": "1/4", "tau": "3/4"}
    here = {**point, "d": "1/2"}
    inside = ["h*h > 0", "k*h*h > 0", "y > 0", "y < 1"]
    return [
        farkas(given, "d < 1", example=here),
        farkas(given, "1 - tau + d > 0", example=here, hints=inside[:3]),
        farkas(given, "1 + tau + d > 0", example=here, hints=["y < 1", "c*y <= c"]),
        *eigenvalues_inside(),
    ]


def _decide_baoab() -> Proved:
    return Proved(certificates=(*_kept(), *_stable()))


CLAIMS: Final = (
    Claim(
        id="governor.langevin_stationary.gibbs",
        title="The note's update samples the Gibbs law at a step of finite length",
        statement="Where the note's update is stable in a well, its stationary law has the "
        "position's variance of Gibbs, T/k.",
        scope="every well, damping and step for which it is stable",
        source=Source(note="000", section="2"),
        decide=_decide_note,
        canary=unbroken(
            "the same search breaks it for BAOAB",
            replace(_GIBBS, assumes=("baoab", "stable")),
            lambda: small_wells("baoab"),
        ),
        vacuity="the case's step is stable, and its law is found by elimination",
        remark="What it samples is wrong by a known part, and right in the limit: "
        "langevin_stationary. The runtime uses BAOAB.",
        refuted_by=(_GIBBS.name,),
        property_twin="note_samples_gibbs",
    ),
    Claim(
        id="governor.langevin_stationary.baoab",
        title="BAOAB samples the Gibbs law of the position in a well, at every step that is stable",
        statement="For U = k x^2/2, every c in [0, 1) and every h with k h^2 < 4 m, BAOAB is "
        "stable and its stationary law has Var x = T/k, Cov(x, v) = 0 and Var v = "
        "T/m - T k h^2/(4 m^2).",
        scope="all m, k, T > 0; a law of the noise with mean 0 and variance (1 - c^2) T/m",
        source=Source(note="000", section="-"),
        decide=_decide_baoab,
        canary=false_rows(
            "the velocity's law is that of Gibbs too",
            [*("m = 1", "k = 1", "h = 1", "T = 1"), *_HALVES, "V = W - b*b*X"],
            "V >= W",
        ),
        vacuity="m = k = T = h = 1 and c = 1/2: Var v is 3/4",
        remark="As a stable step keeps one covariance, that one is the law's. In other wells BAOAB "
        "has an error too, of the order h^2 (Leimkuhler and Matthews, 2013).",
        property_twin="baoab_samples_gibbs",
    ),
)

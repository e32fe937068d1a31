"""The note's Langevin update in a well U = k x^2 / 2: when it is stable, and the law it keeps.

One step is v' = ((m - g h) v - k h x + h n)/m with Var n = N = 2 g T/h, and x' = x + h v'.
Names in the certificates
    m, k, g, h, T > 0: mass, stiffness, damping, length of a step, temperature.
    X, C, V: Var x, Cov(x, v), Var v of a stationary law; D = 4 m - 2 g h - k h^2: the margin.
    tau, d: trace and determinant of a step; r, or p + i q: an eigenvalue of it.
"""

from typing import Final

from homeostat.proofs.certificates import Certificate, farkas
from homeostat.proofs.claims import Claim, Source, false_rows
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS", "eigenvalues_inside"]

_POSITIVE: Final = ("m > 0", "k > 0", "g > 0", "h > 0", "T > 0")
_MARGIN: Final = "D = 4*m - 2*g*h - k*h*h"
_POINT: Final = {"m": "1", "k": "1", "g": "1", "h": "1/2", "T": "1", "D": "11/4"}
_LAW: Final = {"X": "12/11", "C": "4/11", "V": "16/11"}
"""The closed form, without divisions; k D X = T (4 m - 2 g h) follows."""
_CLOSED: Final = ("D*V = 4*T", "2*C = h*V", "2*k*X = 2*m*V - g*h*V")
"""That the law is the same after a step: of v', of x' v', and of x'; times m^2, m and 1."""
_VELOCITY: Final = (
    "m*m*V = m*m*V - 2*m*g*h*V + g*g*h*h*V - 2*m*k*h*C + 2*g*k*h*h*C + k*k*h*h*X + 2*g*h*T"
)
_CROSS: Final = "m*C = m*C - g*h*C - k*h*X + m*h*V"
_POSITION: Final = "X = X + 2*h*C - h*h*V"
_NEXT: Final = (_VELOCITY, _CROSS, _POSITION)


def eigenvalues_inside() -> list[Certificate]:
    """Both zeros of z^2 - tau z + d lie inside the unit circle, from three rows (Jury).

    Real ones are neither >= 1 nor <= -1; of a pair p +- i q the squared modulus is d.
    """
    jury = ["1 - tau + d > 0", "1 + tau + d > 0", "d < 1"]
    point = {"tau": "1", "d": "1/2"}
    zero = "r*r - tau*r + d = 0"
    real = {"tau": "0", "d": "-1/4", "r": "1/2"}
    return [
        farkas(
            [*jury, zero],
            "r < 1",
            example=real,
            hints=["tau < 2"],
        ),
        farkas(
            [*jury, zero],
            "r > 0 - 1",
            example=real,
            hints=["tau > 0 - 2"],
        ),
        farkas(
            [*jury, "p*p - q*q - tau*p + d = 0", "2*p*q - tau*q = 0", "q > 0"],
            "p*p + q*q < 1",
            example={**point, "p": "1/2", "q": "1/2"},
            hints=["2*p = tau", "p*p + q*q = d"],
        ),
    ]


def _stable() -> list[Certificate]:
    """The step's m tau = 2 m - g h - k h^2 and m d = m - g h obey these rows if D > 0."""
    given = [*_POSITIVE, _MARGIN, "D > 0", "m*tau = 2*m - g*h - k*h*h", "m*d = m - g*h"]
    point = {**_POINT, "tau": "5/4", "d": "1/2"}
    return [
        farkas(given, "d < 1", example=point, hints=["g*h > 0", "m*d < m"]),
        farkas(
            given,
            "1 - tau + d > 0",
            example=point,
            hints=["h*h > 0", "k*h*h > 0", "m - m*tau + m*d > 0"],
        ),
        farkas(given, "1 + tau + d > 0", example=point, hints=["m + m*tau + m*d > 0"]),
        *eigenvalues_inside(),
    ]


def _kept() -> list[Certificate]:
    """The closed form is kept by a step; what a step keeps has the closed form, and D > 0."""
    given = [*_POSITIVE, _MARGIN]
    point = {**_POINT, **_LAW}
    # Each row from those before by multiplication; the last ones say what g h D V is.
    terms = [
        *("h*C = 1/2*h*h*V", "m*k*h*C = 1/2*m*k*h*h*V", "g*k*h*h*C = 1/2*g*k*h*h*h*V"),
        *("k*h*h*X = m*h*h*V - 1/2*g*h*h*h*V", "k*k*h*h*X = m*k*h*h*V - 1/2*g*k*h*h*h*V"),
        *("D*V = 4*m*V - 2*g*h*V - k*h*h*V", "g*h*D*V = 4*m*g*h*V - 2*g*g*h*h*V - g*k*h*h*h*V"),
    ]
    by_law = [*terms, "g*h*D*V = 4*g*h*T"]
    found = [
        farkas([*given, *_CLOSED], row, example=point, hints=hints)
        for row, hints in ((_POSITION, ()), (_CROSS, ()), (_VELOCITY, by_law))
    ]
    cross = ["2*h*C = h*h*V", "2*C = h*V"]
    position = [*cross, "2*g*h*C = g*h*h*V", "2*k*h*X = 2*m*h*V - g*h*h*V"]
    velocity = [*position, "2*k*X = 2*m*V - g*h*V", *terms, "g*h > 0", "g*h*D*V = 4*g*h*T"]
    kept = [*given, *_NEXT]
    found += [
        farkas(kept, "2*C = h*V", example=point, hints=cross[:1]),
        farkas(kept, "2*k*X = 2*m*V - g*h*V", example=point, hints=position),
        farkas(kept, "D*V = 4*T", example=point, hints=velocity),
    ]
    return [
        *found,
        farkas([*given, *_CLOSED, "V >= 0"], "D > 0", example=point),
        farkas(
            [*given, *_CLOSED],
            "k*D*X = 4*m*T - 2*g*h*T",
            example=point,
            hints=["2*k*D*X = 2*m*D*V - g*h*D*V"],
        ),
    ]


def _against_gibbs() -> list[Certificate]:
    """K X - T = T k h^2/D and m V - T = T (2 g h + k h^2)/D: above 0, and to 0 with h."""
    given = [*_POSITIVE, _MARGIN, "D > 0", *_CLOSED, "k*D*X = 4*m*T - 2*g*h*T"]
    point = {**_POINT, **_LAW}
    position, velocity = "k*D*X - T*D = T*k*h*h", "m*D*V - T*D = 2*g*h*T + k*h*h*T"
    return [
        farkas(given, position, example=point),
        farkas(given, velocity, example=point),
        farkas(
            given,
            "k*X > T",
            example=point,
            hints=[position, "h*h > 0", "k*h*h > 0", "T*k*h*h > 0", "k*D*X - T*D > 0"],
        ),
        # With 2 g h + k h^2 <= 2 m the margin is at least 2 m, so an excess e = y/D over T is at
        # most y/(2 m), which goes to 0 with h, as y does.
        farkas(
            [*_POSITIVE, _MARGIN, "2*g*h + k*h*h <= 2*m"],
            "D >= 2*m",
            example={**_POINT, "m": "2", "D": "27/4"},
        ),
        farkas(
            ["m > 0", "D >= 2*m", "y >= 0", "D*e = y"],
            "2*m*e <= y",
            example={"m": "1", "D": "3", "y": "1", "e": "1/3"},
            hints=["e >= 0"],
        ),
    ]


def _decide_stationary() -> Proved:
    return Proved(certificates=(*_stable(), *_kept(), *_against_gibbs()))


def _decide_noise() -> Proved:
    """N: the variance of the force; W: that of v in the stationary law of a free particle."""
    # W is the same after a step v' = ((m - g h) v + h n)/m.
    free = ["m > 0", "g > 0", "h > 0", "T > 0", "g*h < 2*m"]
    kept = "m*m*W = m*m*W - 2*m*g*h*W + g*g*h*h*W + h*h*N"
    point = {"m": "1", "g": "1", "h": "1/2", "T": "1"}
    note = {**point, "N": "4", "W": "4/3"}
    scaled = {**point, "b": "1", "N": "2", "W": "2/3"}
    step = [*free, kept]
    law = "2*m*g*W - g*g*h*W = h*N"
    return Proved(
        certificates=(
            farkas(step, law, example=note),
            # N = 2 g T/h: m W - T = T g h/(2 m - g h), which goes to 0 with h.
            farkas(
                [*free, law, "h*N = 2*g*T"],
                "2*m*m*W - g*h*m*W = 2*m*T",
                example=note,
                hints=["2*m*W - g*h*W = 2*T"],
            ),
            # N = b g T/h: m W goes to b T/2, so b = 2 alone is right.
            farkas(
                [*free, law, "h*N = b*g*T"],
                "2*m*m*W - g*h*m*W = b*m*T",
                example=scaled,
                hints=["2*m*W - g*h*W = b*T"],
            ),
            # The exact step v' = c v + n: the variance (1 - c^2) T/m keeps T/m, for every c.
            farkas(
                ["m > 0", "m*W = T", "m*N = T - c*c*T"],
                "c*c*W + N = W",
                example={"m": "1", "T": "1", "W": "1", "c": "1/2", "N": "3/4"},
                hints=["m*c*c*W + m*N = m*W"],
            ),
        )
    )


CLAIMS: Final = (
    Claim(
        id="governor.langevin_stationary",
        title="The law that the note's update keeps in a well, exactly, and how long a step may be",
        statement="For U = k x^2/2 and D = 4 m - 2 g h - k h^2, the note's update is stable if "
        "and only if D > 0. Its one stationary law then has k Var x = T (4 m - 2 g h)/D, "
        "Var v = 4 T/D and Cov(x, v) = 2 h T/D. So k Var x - T = T k h^2/D and m Var v - T = "
        "T (2 g h + k h^2)/D: above Gibbs for every h > 0, and equal in the limit h to 0.",
        scope="all m, k, g, h, T > 0, any law of the noise with mean 0 and variance 2 g T/h; where "
        "D <= 0 no law is kept",
        source=Source(note="000", section="2"),
        decide=_decide_stationary,
        canary=false_rows(
            "the law is that of Gibbs",
            ["m = 1", "k = 1", "g = 1", "T = 1", "h > 0", _MARGIN, "D > 0", *_CLOSED],
            "k*X <= T",
        ),
        vacuity="m = k = g = T = 1 and h = 1/2: D = 11/4, Var x = 12/11, Var v = 16/11",
        remark="The step's matrix and noise are read off models.langevin by the tests, with "
        "symbols. The limit of h is (sqrt(g^2 + 4 k m) - g)/k, where D = 0.",
        property_twin="langevin_stationary",
    ),
    Claim(
        id="governor.fluctuation_dissipation",
        title="The random force of a step must have the variance 2 g T/h to give the temperature T",
        statement="A free particle with a force of variance N per step keeps Var v = h N/(g (2 m - "
        "g h)). With N = b g T/h, m Var v = b T m/(2 m - g h), whose limit h to 0 is b T/2: T for "
        "b = 2 alone. Where friction is solved exactly, v' = c v + n, the variance (1 - c^2) T/m "
        "keeps m Var v = T for every h.",
        scope="all m, g, T > 0 and h < 2 m/g",
        source=Source(note="000", section="2"),
        decide=_decide_noise,
        canary=false_rows(
            "with the variance g T/h a particle gets the temperature T or more",
            ["m = 1", "g = 1", "T = 1", "h > 0", "h < 1/2", "2*W - h*W = 1"],
            "W >= 1",
        ),
        vacuity="m = g = T = 1, h = 1/2: the force has variance 4, Var v is 4/3",
        remark="In a well the same variance is right: langevin_stationary has the limit T/k.",
        property_twin="fluctuation_dissipation",
    ),
)

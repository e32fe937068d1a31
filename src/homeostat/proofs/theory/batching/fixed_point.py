"""Fixed points of both systems, and Theory as a linear map."""

from fractions import Fraction

from homeostat.models.batching import equilibrium
from homeostat.proofs.certificates import run_example, scan, scan_theorem
from homeostat.proofs.claims import Claim, false_scan
from homeostat.proofs.theory.batching.common import POSITIVE, SAMPLE, section
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

_LEVEL = equilibrium(SAMPLE)
_TOTAL = sum(SAMPLE.weights, Fraction(0))


def _exists(system: str) -> dict[str, object]:
    """All stages at g, where g times the sum X of the weights is B, stay at g.

    z is the weight of the stages still to come; it reaches w at stage 0.
    """
    x = system[0].upper()
    return scan_theorem(
        [system],
        given=["B > 0", "g > 0", "X > 0", "X*g = B"],
        carry={"z": ("X", "z - w")},
        each=[*POSITIVE, f"m_{x} = g", "z - w > 0"],
        last=["w = z", *POSITIVE],
        then_each=[f"k_{x} = g"],
        then_last=[f"n_{x} = g"],
    )


def _certify_exists(system: str, location: str) -> dict[str, object]:
    example = run_example(SAMPLE, _LEVEL, [system], g=_LEVEL[0], X=_TOTAL)
    invariants = {location: [f"e_{system[0].upper()} = X*g - z*g", "z > 0"]}
    return scan(_exists(system), invariants, example=example)


def _unique(system: str, level: str = "top") -> dict[str, object]:
    """A state that is its own next state has the squared distances s from its top stage zero.

    What is kept at stage s is what advanced into stage s + 1, the link.
    """
    x = system[0].upper()
    return scan_theorem(
        [system],
        given=["B > 0"],
        carry={
            "link": ("top", f"m_{x}"),
            "s": ("0", f"s + m_{x}*m_{x} - 2*top*m_{x} + top*top"),
        },
        each=[*POSITIVE, f"k_{x} = link"],
        last=[*POSITIVE, f"n_{x} = link"],
        then_last=["s = 0", f"n_{x} = {level}"],
    )


_UNIQUE = {
    "theory": {"run": ["s = 0", "link = top"]},
    "simulation": {"open": ["s = 0", "link = top", "e_S <= B"], "cut": ["link > 0"]},
}


def _decide_equilibrium() -> Proved:
    return Proved(
        certificates=(
            _certify_exists("theory", "run"),
            _certify_exists("simulation", "open"),
            *(
                scan(
                    _unique(name),
                    _UNIQUE[name],
                    example=run_example(SAMPLE, _LEVEL, [name], top=_LEVEL[0]),
                )
                for name in ("theory", "simulation")
            ),
        )
    )


_POWERS = {"link": ("top", "m_T"), "c": ("1", "c*x"), "h": ("0", "h + w*c")}
_HORNER = {"run": ["link = c*top", "e_T = x*h*top"]}


def _eigenvalue_is_root(value: str = "0") -> dict[str, object]:
    """T's linear part (B = 0) maps a state with top stage != 0 to x != 0 times itself."""
    return scan_theorem(
        ["theory"],
        given=["B = 0", "i*x*top = 1"],
        carry=_POWERS,
        each=["m_T = x*link"],
        last=["n_T = x*link"],
        then_last=[f"h + w*c = {value}"],
        field=True,
    )


def _root_is_eigenvalue() -> dict[str, object]:
    """The state with top, x top, x^2 top, ... downwards is mapped to x times itself."""
    return scan_theorem(
        ["theory"],
        given=["B = 0"],
        carry=_POWERS,
        each=["m_T = x*link"],
        last=["h + w*c = 0", "w*r = 1"],
        then_each=["k_T = x*link"],
        then_last=["n_T = x*link"],
        field=True,
    )


def _two_stages(**more: str) -> dict[str, object]:
    """W_1 = 3, W_0 = 2: the root is x = -3/2."""
    return {
        "parameters": {"B": "0", "x": "-3/2", "top": "1", **more},
        "stages": [["shared", {"w": "3", "m_T": "-3/2"}], ["shared", {"w": "2"}]],
    }


def _decide_companion() -> Proved:
    return Proved(
        certificates=(
            scan(
                _eigenvalue_is_root(),
                _HORNER,
                example=_two_stages(i="-2/3"),
                hints={"run last 0": ["x*top*h + x*top*w*c = 0"]},
            ),
            scan(
                _root_is_eigenvalue(),
                _HORNER,
                example=_two_stages(r="1/2"),
                hints={"run last 0": ["w*n_T = w*x*link"]},
            ),
        )
    )


CLAIMS = (
    Claim(
        id="batching.equilibrium",
        title="The level state is the one fixed point of both systems",
        statement="The state with all stages equal and sum W_s M_s = B is a fixed point of "
        "Theory and of Simulation, and neither has another: a fixed point has all stages "
        "equal (and by token_balance holds B tokens).",
        scope="every number of stages, all positive weights, every B > 0, any sign of M",
        source=section("2.6"),
        decide=_decide_equilibrium,
        canary=false_scan(
            "a fixed point's stage 0 is twice its top stage",
            _unique("theory", level="2*top"),
            _UNIQUE["theory"],
            run_example(SAMPLE, _LEVEL, ["theory"], top=_LEVEL[0]),
        ),
        vacuity="the equilibrium of a three-stage system, run exactly",
        property_twin="equilibrium",
    ),
    Claim(
        id="batching.companion_form",
        title="Theory is affine, and its eigenvalues are the roots of the stage polynomial",
        statement="x != 0 is an eigenvalue of Theory's linear part if and only if "
        "sum W_s x^(n-1-s) = 0.",
        scope="every number of stages, all weights with W_0 != 0, any field of characteristic 0, "
        "so complex x too",
        source=section("7.6"),
        decide=_decide_companion,
        canary=false_scan(
            "the polynomial is 1 at an eigenvalue",
            _eigenvalue_is_root(value="1"),
            _HORNER,
            _two_stages(i="-2/3"),
        ),
        vacuity="two stages with weights 2, 3 and the eigenvalue -3/2",
        remark="An eigenvector's top stage is not zero: with it all stages below would vanish "
        "(each is x times the one above). Affine: the step in the kernel is linear in M and B.",
        property_twin="companion_form",
    ),
)

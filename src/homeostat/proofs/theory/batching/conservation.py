"""What both systems keep: tokens, signs, and the weighted difference.

Each theorem is about one step as a scan over the stages, so it holds for every number of
stages and all positive weights, not for a list of small cases.
"""

from homeostat.models.batching import canonical_start
from homeostat.proofs.certificates import induction, run_example, scan, scan_theorem
from homeostat.proofs.claims import Claim, false_scan
from homeostat.proofs.theory.batching.common import ANY_SYSTEM, DATA, POSITIVE, SAMPLE, section
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

_START = canonical_start(SAMPLE)
_EVICTING = DATA["data_set_1"].parameters
_LOCATIONS = {
    "theory": {"run": ["y = e_T"]},
    "simulation": {"open": ["y = e_S"], "cut": ["y = B"]},
}
_BOTH = ("theory", "simulation")


def _balance(system: str, total: str = "B") -> dict[str, object]:
    x = system[0].upper()
    return scan_theorem(
        [system],
        carry={"y": ("0", f"y + w*k_{x}")},
        each=POSITIVE,
        last=POSITIVE,
        then_last=[f"y + w*n_{x} = {total}"],
    )


def _decide_balance() -> Proved:
    example = {name: run_example(SAMPLE, _START, [name]) for name in _BOTH}
    return Proved(
        certificates=tuple(
            scan(_balance(name), _LOCATIONS[name], example=example[name]) for name in _BOTH
        )
    )


def _signs(system: str) -> dict[str, object]:
    x = system[0].upper()
    return scan_theorem(
        [system],
        given=["B > 0"],
        each=[*POSITIVE, f"m_{x} >= 0"],
        last=POSITIVE,
        then_each=[f"k_{x} >= 0"],
        then_last=[f"n_{x} >= 0"],
    )


def nonnegative_certificate() -> dict[str, object]:
    """Return the certificate that Simulation never has a negative stage."""
    return induction(
        _signs("simulation"),
        {"open": ["B - e_S >= 0"], "cut": []},
        example=run_example(SAMPLE, _START, ["simulation"]),
        stages={"shared": ["m_S >= 0"]},
    )


def _decide_nonnegative() -> Proved:
    return Proved(certificates=(nonnegative_certificate(),))


def _difference(total: str) -> dict[str, object]:
    return scan_theorem(
        _BOTH,
        carry={"d": ("0", "d + w*k_T - w*k_S")},
        each=POSITIVE,
        last=POSITIVE,
        then_last=[f"d + w*n_T - w*n_S = {total}"],
    )


_DIFFERENCES = {"run/open": ["d = e_T - e_S"], "run/cut": ["d = e_T - B"]}


def _decide_difference() -> Proved:
    example = run_example(SAMPLE, _START, _BOTH)
    return Proved(certificates=(scan(_difference("0"), _DIFFERENCES, example=example),))


CLAIMS = (
    Claim(
        id="batching.token_balance",
        title="Both systems always fill the capacity exactly",
        statement="After any step of Theory or of Simulation, from any start, sum W_s M_s = B.",
        scope=f"{ANY_SYSTEM}, all t",
        source=section("2.5"),
        decide=_decide_balance,
        canary=false_scan(
            "Simulation keeps half of the tokens",
            _balance("simulation", total="1/2*B"),
            _LOCATIONS["simulation"],
            run_example(SAMPLE, _START, ["simulation"]),
        ),
        vacuity="an exact run of each system through three stages",
        property_twin="token_balance",
    ),
    Claim(
        id="batching.nonnegative",
        title="Simulation never has a negative stage",
        statement="M(0) >= 0 implies M^S(t) >= 0 for all t.",
        scope=f"{ANY_SYSTEM}, every B > 0, all t",
        source=section("3.3"),
        decide=_decide_nonnegative,
        canary=false_scan(
            "Theory never has a negative stage",
            _signs("theory"),
            {"run": []},
            run_example(_EVICTING, canonical_start(_EVICTING), ["theory"]),
        ),
        vacuity="an exact run through three stages from the canonical start",
        property_twin="nonnegative",
    ),
    Claim(
        id="batching.weighted_delta_zero",
        title="The weighted differences of the two systems cancel",
        statement="sum W_s (M^T_s - M^S_s) = 0 after any step, whatever both started from.",
        scope=f"{ANY_SYSTEM}, all t",
        source=section("7.1"),
        decide=_decide_difference,
        canary=false_scan(
            "the weighted differences add up to B",
            _difference("B"),
            _DIFFERENCES,
            run_example(SAMPLE, _START, _BOTH),
        ),
        vacuity="an exact run of both systems through three stages",
        property_twin="weighted_delta_zero",
    ),
)

"""Claims of the table that nobody has tried to decide here yet."""

from homeostat.proofs.claims import Claim, Source
from homeostat.proofs.theory.batching.common import section
from homeostat.proofs.verdicts import Unknown

__all__ = ["CLAIMS"]


def _decide() -> Unknown:
    return Unknown(reason="not attempted yet")


def _open(name: str, title: str, statement: str, scope: str, source: Source) -> Claim:
    return Claim(
        id=f"batching.{name}",
        title=title,
        statement=statement,
        scope=scope,
        source=source,
        decide=_decide,
        canary=None,
        trusts=(),
    )


_POINTS = {"data_set_1": "data set 1", "data_set_2": "data set 2"}

CLAIMS = (
    *(
        _open(
            f"simulation_converges.{key}",
            f"Simulation converges from every start: {words}",
            "From every start, M^S(t) converges to the equilibrium.",
            f"{words}, every start, all t",
            section("4.3"),
        )
        for key, words in {
            **_POINTS,
            "family": "coprime stable points with l_B <= 5, of a family still to be chosen",
        }.items()
    ),
    *(
        _open(
            f"g_dominance_horizon.{key}",
            f"When dominance first fails: {words}",
            "There is a smallest t at which some free start violates G^T >= G^S, and no start "
            "violates it earlier.",
            f"{words}, every start",
            section("-"),
        )
        for key, words in _POINTS.items()
    ),
    _open(
        "coprime_stable_threshold",
        "Long enough prompts make coprime systems stable, from a sharp threshold on",
        "For coprime (l_A, l_B) and q there is a smallest l0* such that Theory is stable for "
        "every real l0 >= l0* and not just below.",
        "l_B <= 12, q = k/10, all real l0",
        section("4.3"),
    ),
    _open(
        "common_factor_unstable",
        "A common factor of the stage counts is never stable",
        "gcd(l_A, l_B) > 1 implies that Theory is not stable, for every l0 >= 1.",
        "a family of (l_A, l_B, q) still to be chosen, all real l0 >= 1",
        section("4.3"),
    ),
    _open(
        "runtime_refines",
        "The integer scheduler follows Simulation",
        "On this workload the runtime's scheduler stays within a stated distance of Simulation, "
        "and the distance per capacity goes to 0 as B grows.",
        "B = 10^2 .. 10^6",
        section("-"),
    ),
)

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


CLAIMS = (
    _open(
        "runtime_refines",
        "The integer scheduler follows Simulation",
        "On this workload the runtime's scheduler stays within a stated distance of Simulation, "
        "and the distance per capacity goes to 0 as B grows.",
        "B = 10^2 .. 10^6",
        section("-"),
    ),
)

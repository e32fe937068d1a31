"""What is known of a claim. A verdict carries its evidence; without it none can be built.

``Proved`` checks its certificates with the kernel, ``Refuted`` replays its witnesses on the
reference steps and on the kernel's own systems, each time one is made; content that the kernel
accepted in this process is not checked a second time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, final

from homeostat.counterexamples import AnyWitness, confirm
from homeostat.errors import VacuousClaimError
from homeostat.proofs.certificates import Certificate, check_seconds, replayed

__all__ = [
    "Measured",
    "Proved",
    "ProvedWithin",
    "Refuted",
    "Survived",
    "Unknown",
    "Verdict",
]


def _checked(certificates: tuple[Certificate, ...]) -> None:
    if not certificates:
        raise VacuousClaimError("a proof needs at least one certificate, got none")
    for certificate in certificates:
        check_seconds(certificate)


@final
@dataclass(frozen=True, kw_only=True)
class Proved:
    """The kernel accepted the certificates.

    That their theorems say what the claim's sentence says is for the claim's code and its
    reader; the ledger's drift compares the theorems, so none is exchanged unnoticed. ``detail``
    says more in words that the run computed.
    """

    word: ClassVar[str] = "proved"
    certificates: tuple[Certificate, ...]
    detail: str | None = None

    def __post_init__(self) -> None:
        """Check every certificate; raises RejectedError or VacuousClaimError."""
        _checked(self.certificates)


@final
@dataclass(frozen=True, kw_only=True)
class ProvedWithin:
    """Proved for a part of what the claim says; the bound names that part."""

    word: ClassVar[str] = "proved-within"
    certificates: tuple[Certificate, ...]
    bound: str
    detail: str | None = None

    def __post_init__(self) -> None:
        """Check every certificate; raises RejectedError or VacuousClaimError."""
        _checked(self.certificates)


@final
@dataclass(frozen=True, kw_only=True)
class Measured:
    """An estimate with its interval; neither proved nor refuted."""

    word: ClassVar[str] = "measured"
    estimate: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Refuse an estimate that measured nothing."""
        if not self.estimate.get("points"):
            raise VacuousClaimError("a measurement needs at least one point, got none")


@final
@dataclass(frozen=True, kw_only=True)
class Survived:
    """No violation in the cases tried; never promoted to proved."""

    word: ClassVar[str] = "survived"
    case_count: int

    def __post_init__(self) -> None:
        """Refuse to have survived nothing."""
        if not self.case_count > 0:
            raise VacuousClaimError(f"case_count={self.case_count} must be > 0")


@final
@dataclass(frozen=True, kw_only=True)
class Unknown:
    """Open: nobody tried, or the tools gave up; the reason says which."""

    word: ClassVar[str] = "unknown"
    reason: str


@final
@dataclass(frozen=True, kw_only=True)
class Refuted:
    """False: witnesses replay exactly, on the reference steps and in the kernel.

    ``certificates`` support them (the system is stable, say); ``detail`` says more in words
    that the run computed.
    """

    word: ClassVar[str] = "refuted"
    witnesses: tuple[AnyWitness, ...]
    certificates: tuple[Certificate, ...] = ()
    detail: str | None = None

    def __post_init__(self) -> None:
        """Replay every witness twice; raises WitnessRejectedError or RejectedError."""
        if not self.witnesses:
            raise VacuousClaimError("a refutation needs at least one witness, got none")
        for witness in self.witnesses:
            confirm(witness)
            replayed(witness)
        for certificate in self.certificates:
            check_seconds(certificate)


Verdict: TypeAlias = Proved | ProvedWithin | Measured | Survived | Unknown | Refuted

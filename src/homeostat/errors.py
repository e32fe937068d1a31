"""Every error that homeostat raises on purpose; each message shows the value and the rule."""

__all__ = [
    "CertificateRejectedError",
    "HomeostatError",
    "InvalidInputError",
    "InvalidModelError",
    "VacuousClaimError",
    "WitnessRejectedError",
]


class HomeostatError(Exception):
    """Base of all errors that homeostat raises on purpose."""


class InvalidInputError(HomeostatError, ValueError):
    """A file, option or name from outside breaks a rule; the command line exits with 2."""


class InvalidModelError(InvalidInputError):
    """Parameters or a state that the model does not admit."""


class CertificateRejectedError(HomeostatError):
    """The kernel did not accept a certificate, or a witness did not replay."""


class VacuousClaimError(HomeostatError):
    """A claim without obligations, or one whose assumptions no state satisfies."""


class WitnessRejectedError(CertificateRejectedError):
    """A witness does not replay exactly as it says."""

"""Every error that homeostat raises on purpose; each message shows the value and the rule."""

__all__ = [
    "CertificateRejectedError",
    "DeadlineExceededError",
    "FrontClosedError",
    "HomeostatError",
    "InvalidInputError",
    "InvalidModelError",
    "MissingExtraError",
    "QueueFullError",
    "RequestCancelledError",
    "ServingFailedError",
    "VacuousClaimError",
    "WitnessRejectedError",
]


class HomeostatError(Exception):
    """Base of all errors that homeostat raises on purpose."""


class InvalidInputError(HomeostatError, ValueError):
    """A file, option or name from outside breaks a rule; the command line exits with 2."""


class InvalidModelError(InvalidInputError):
    """Parameters or a state that the model does not admit."""


class QueueFullError(HomeostatError):
    """The bounded queue takes no more requests now; try again when some have left."""


class DeadlineExceededError(HomeostatError, TimeoutError):
    """A request's deadline passed before it was finished."""


class RequestCancelledError(HomeostatError):
    """The request was cancelled before it was finished."""


class FrontClosedError(HomeostatError):
    """The front serves no longer, or not yet."""


class ServingFailedError(HomeostatError):
    """The engine raised or broke its contract, which ends all service; the cause is chained."""


class MissingExtraError(HomeostatError, ImportError):
    """An optional package is not installed; the message names the extra that brings it."""


class CertificateRejectedError(HomeostatError):
    """The kernel did not accept a certificate, or a witness did not replay."""


class VacuousClaimError(HomeostatError):
    """A claim without obligations, or one whose assumptions no state satisfies."""


class WitnessRejectedError(CertificateRejectedError):
    """A witness does not replay exactly as it says."""

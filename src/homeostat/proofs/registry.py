"""Every claim, by id; the one place that knows them all."""

from collections.abc import Iterable
from typing import Final

from homeostat.errors import InvalidInputError
from homeostat.proofs.claims import Claim
from homeostat.proofs.theory.aging import CLAIMS as AGING
from homeostat.proofs.theory.batching import CLAIMS as BATCHING
from homeostat.proofs.theory.entropy import CLAIMS as ENTROPY
from homeostat.proofs.theory.experts import CLAIMS as EXPERTS
from homeostat.proofs.theory.governor import CLAIMS as GOVERNOR

__all__ = ["ALL_CLAIMS", "claims_named", "claims_of"]

ALL_CLAIMS: Final[tuple[Claim, ...]] = (*BATCHING, *AGING, *ENTROPY, *EXPERTS, *GOVERNOR)


def claims_named(names: Iterable[str]) -> tuple[Claim, ...]:
    """Return the claims that names mean, in the registry's order.

    A name is an id, with or without its domain, or the beginning of one up to a dot:
    ``batching``, ``max_dominance`` and ``batching.max_dominance.free`` all work; dashes
    count as underscores.

    Raises:
        InvalidInputError: A name means no claim.
    """
    chosen: set[str] = set()
    for name in names:
        wanted = name.replace("-", "_")
        found = {claim.id for claim in ALL_CLAIMS if _means(wanted, claim)}
        if not found:
            near = ", ".join(claim.id for claim in ALL_CLAIMS if wanted[:5] in claim.id)
            raise InvalidInputError(f"claim {name!r} is not known; near it: {near or 'nothing'}")
        chosen |= found
    return tuple(claim for claim in ALL_CLAIMS if claim.id in chosen)


def claims_of(ids: Iterable[str]) -> tuple[Claim, ...]:
    """Return the claims of whole ids, in the registry's order; not those whose ids go on.

    Raises:
        InvalidInputError: An id is none.
    """
    wanted = set(ids)
    unknown = sorted(wanted - {claim.id for claim in ALL_CLAIMS})
    if unknown:
        raise InvalidInputError(f"claim id {unknown[0]!r} is not known")
    return tuple(claim for claim in ALL_CLAIMS if claim.id in wanted)


def _means(wanted: str, claim: Claim) -> bool:
    short = claim.id.removeprefix(f"{claim.domain}.")
    return any(text == wanted or text.startswith(f"{wanted}.") for text in (claim.id, short))

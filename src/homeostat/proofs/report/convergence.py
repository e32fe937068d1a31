"""The page "Does Simulation converge?": what the ledger proves of it, and how it looks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import groupby
from math import log
from typing import Any, Final

import numpy as np

from homeostat.errors import InvalidInputError
from homeostat.models.batching import DATA_SETS, BatchingParameters, Pair
from homeostat.proofs.ledger import abridged
from homeostat.proofs.report.ledger_view import ClaimView, EvidenceView, LedgerView
from homeostat.proofs.report.settling_view import SettlingView, count_nodes, settles, system_of

__all__ = ["PREFIX", "Convergence", "Horizon", "Part", "Settled", "facts", "last_eviction"]

PREFIX: Final = "batching.simulation_converges."
HORIZONS: Final = "batching.g_dominance_horizon."
RUNTIME: Final = "batching.runtime_refines."
OLD_ROAD: Final = (
    *("g_dominance", "g_dominance_canonical", "g_dominance_large_l0"),
    *("coprime_stable", "weak_time_average", "weak_limsup"),
)
"""What would lead from Theory to Simulation, by the note; names in the domain batching."""
_HEATS: Final = 5
_RUN_MAX: Final = 200
"""Steps of the longest run that is made to look for the last eviction."""


@dataclass(frozen=True, slots=True)
class Settled:
    """One system of which a certificate says that Simulation settles.

    Attributes:
        parameters: The system.
        steps: K: from every start no step after K evicts.
        evidence: The certificate.
        stable: The certificate that Theory is stable.
    """

    parameters: BatchingParameters
    steps: int
    evidence: EvidenceView
    stable: EvidenceView

    @property
    def key(self) -> tuple[int, int, Fraction]:
        """The system without its prompt length."""
        return self.parameters.l_a, self.parameters.l_b, self.parameters.q

    @property
    def node_count(self) -> int | None:
        """Nodes of the trees; None where they are not at hand, or too many to count in passing."""
        document = self.evidence.document
        if self.evidence.cut_bytes is not None or abridged(dict(document)) != document:
            return None
        return count_nodes(document)


@dataclass(frozen=True, slots=True)
class Part:
    """One claim on convergence.

    Attributes:
        claim: Its entry.
        settled: The systems for which its certificates say both that Simulation settles and that
            Theory is stable, in the ledger's order.
    """

    claim: ClaimView
    settled: tuple[Settled, ...]

    @property
    def proved(self) -> bool:
        """Whether the claim is proved, and by certificates that say so."""
        return self.claim.verdict.word == "proved" and bool(self.settled)


@dataclass(frozen=True, slots=True)
class Horizon:
    """When dominance first fails on a data set.

    Attributes:
        claim: The claim.
        step: The first step at which some start violates; None where none is known.
        never: The last step up to which no start does.
    """

    claim: ClaimView
    step: int | None
    never: int


class Convergence:
    """All that the page shows, from a ledger.

    Args:
        ledger: The validated ledger.

    Raises:
        InvalidInputError: A certificate has not its kind's shape.
    """

    def __init__(self, ledger: LedgerView) -> None:
        """Find the claims; those that are not in the ledger are not shown."""
        claims = {claim.id: claim for claim in ledger.claims}
        systems = {data.name: data.parameters for data in DATA_SETS}
        self.parts = {
            name: _part(claims[PREFIX + name], systems.get(name))
            for name in (*systems, "family")
            if PREFIX + name in claims
        }
        names = (f"batching.{name}" for name in OLD_ROAD)
        self.old_road = [claims[name] for name in names if name in claims]
        horizons = (claims.get(HORIZONS + name) for name in systems)
        self.horizons = [found for claim in horizons if claim and (found := _horizon(claim))]
        self.runtime = [c for name, c in claims.items() if name.startswith(RUNTIME)]
        self.thresholds = claims.get("batching.coprime_stable_threshold")

    @property
    def proved(self) -> list[Part]:
        """The parts that are proved."""
        return [part for part in self.parts.values() if part.proved]

    @cached_property
    def views(self) -> dict[str, SettlingView]:
        """The certificates of the data sets, where they are whole, as figures."""
        return {
            name: SettlingView.of(part.settled[0].evidence.document)
            for name, part in self.parts.items()
            if name != "family" and part.proved and part.settled[0].evidence.cut_bytes is None
        }

    def settled(self, parameters: BatchingParameters) -> Settled | None:
        """Return what is proved of a system, whatever its capacity; None if nothing is."""
        of = (parameters.l0, parameters.l_a, parameters.l_b, parameters.q)
        for part in self.proved:
            for one in part.settled:
                p = one.parameters
                if (p.l0, p.l_a, p.l_b, p.q) == of:
                    return one
        return None

    @cached_property
    def family(self) -> list[dict[str, Any]]:
        """The family's systems, a row for each (l_A, l_B, q), by prompt length."""
        part = self.parts.get("family")
        if part is None or part.claim.verdict.word not in ("proved", "proved-within"):
            return []
        points = sorted(part.settled, key=lambda s: (s.key[1], s.key[0], s.key[2], s.parameters.l0))
        bounds = [s.steps for s in points]
        return [
            {
                "l_a": l_a,
                "l_b": l_b,
                "q": q,
                "cells": [_cell(s, min(bounds), max(bounds)) for s in g],
            }
            for (l_a, l_b, q), g in groupby(points, key=lambda s: s.key)
        ]

    @property
    def systems(self) -> int:
        """How many systems are covered, each counted once."""
        points = [(s.key, s.parameters.l0) for part in self.proved for s in part.settled]
        return len(set(points))


def facts(settled: Settled) -> dict[str, Any]:
    """Return what follows for one system.

    Its equilibrium; the largest modulus of Theory's roots, in floating point; and the last
    eviction from the canonical start, None where K is too large to look for it.
    """
    p = settled.parameters
    return {
        "equilibrium": p.capacity / sum(p.weights, Fraction(0)),
        "rate": float(max(abs(np.roots([float(w) for w in p.weights])))),
        "canonical_last": last_eviction(p, settled.steps) if settled.steps <= _RUN_MAX else None,
    }


def last_eviction(parameters: BatchingParameters, step_count: int) -> int:
    """Return the last step that evicts from the canonical start, 0 if none does."""
    pair = Pair.run(parameters, step_count=step_count)
    return max((t for t in range(1, step_count + 1) if any(pair.evicted[t])), default=0)


def _cell(settled: Settled, low: int, high: int) -> dict[str, Any]:
    span = log(max(high, 1) / max(low, 1)) or 1.0
    heat = round(_HEATS * log(max(settled.steps, 1) / max(low, 1)) / span)
    return {"settled": settled, "heat": heat, "nodes": settled.node_count}


def _part(claim: ClaimView, system: BatchingParameters | None) -> Part:
    """Read a claim on one system, or on those that its certificates name."""
    documents = [e for e in claim.evidence if e.kind == "certificate"]
    stable = {
        system_of(e.document["theorem"]): e
        for e in documents
        if e.document["kind"] == "schur" and e.document["theorem"].get("says") == "stable"
    }
    settled = _settled(documents, stable)
    return Part(claim, tuple(s for s in settled if system in (None, s.parameters)))


def _settled(
    documents: Sequence[EvidenceView], stable: Mapping[BatchingParameters, EvidenceView]
) -> Iterator[Settled]:
    for evidence in documents:
        if settles(evidence.document):
            theorem = evidence.document["theorem"]
            steps, system = theorem.get("steps"), system_of(theorem)
            if type(steps) is not int or steps < 0:
                raise InvalidInputError(f"{evidence.name}: steps={steps!r} must be an integer >= 0")
            if system in stable:
                yield Settled(system, steps, evidence, stable[system])


def _horizon(claim: ClaimView) -> Horizon | None:
    theorems = [
        (e.document["kind"], e.document["theorem"])
        for e in claim.evidence
        if e.kind == "certificate"
    ]
    never = [t.get("steps") for kind, t in theorems if kind == "case_tree"]
    first = [t.get("step") for kind, t in theorems if kind == "replay"]
    if claim.verdict.settled == "false" or not never or type(never[0]) is not int:
        return None
    step = first[0] if first and type(first[0]) is int else None
    return Horizon(claim, step, never[0])

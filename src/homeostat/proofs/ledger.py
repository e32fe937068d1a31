"""The ledger: every claim with its verdict and evidence, as the output of a run.

The committed ``ledger.json`` is such an output, never written by hand. ``drift`` compares two
ledgers by what they say, not by how long it took or which multipliers a solver happened to
find; ``recheck`` checks all evidence of a ledger again, without deciding anything.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from joblib import Parallel, delayed

from homeostat import __version__
from homeostat.counterexamples import Witness, replay
from homeostat.counterexamples.files import read_bounded, write_atomically
from homeostat.errors import CertificateRejectedError, InvalidInputError
from homeostat.proofs import kernel
from homeostat.proofs.certificates import Certificate
from homeostat.proofs.claims import NOTES, Claim
from homeostat.proofs.engines.farkas import NoProofError
from homeostat.proofs.registry import ALL_CLAIMS, claims_named
from homeostat.proofs.verdicts import (
    Measured,
    Proved,
    ProvedWithin,
    Refuted,
    Unknown,
    Verdict,
)

__all__ = [
    "SCHEMA",
    "Ledger",
    "decide_claims",
    "drift",
    "read_ledger",
    "recheck",
    "write_ledger",
]

SCHEMA: Final = "homeostat.ledger/1"
_NEEDED: Final = {
    "proved": "certificate",
    "proved-within": "certificate",
    "refuted": "witness",
    "measured": "measurement",
}
"""The kind of evidence without which an entry of the ledger is a mere word."""
_COMPARED: Final = (
    *("verdict", "title", "statement", "scope", "source", "bound", "reason", "estimate"),
    *("trusts", "vacuity", "proves"),
)
"""What two ledgers must tell alike: all but costs, and what a solver happened to find."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Entries as JSON data, in the registry's order; see the schema in docs/cli.md."""

    claims: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the ledger as JSON data."""
        return {"schema": SCHEMA, "homeostat": __version__, "claims": list(self.claims)}

    @classmethod
    def from_json(cls, data: object) -> "Ledger":
        """Read a ledger; its evidence is checked by ``recheck``, not here.

        Raises:
            InvalidInputError: It has not the ledger's schema.
        """
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise InvalidInputError(f"the ledger's schema must be {SCHEMA!r}")
        claims = data.get("claims")
        if not isinstance(claims, list) or not all(_well_formed(entry) for entry in claims):
            raise InvalidInputError(
                "each claim of a ledger must have an id, a verdict, and evidence with kind, name, "
                "sha256 and document"
            )
        names = [entry["id"] for entry in claims]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InvalidInputError(f"claim {twice[0]!r} stands twice in the ledger")
        return cls(tuple(claims))


def _well_formed(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("evidence"), list):
        return False
    texts = all(isinstance(entry.get(key), str) for key in ("id", "verdict"))
    return texts and all(
        isinstance(evidence, dict)
        and all(isinstance(evidence.get(key), str) for key in ("kind", "name", "sha256"))
        and isinstance(evidence.get("document"), dict)
        for evidence in entry["evidence"]
    )


def read_ledger(path: Path) -> Ledger:
    """Read a ledger from a file.

    Raises:
        InvalidInputError: The file is missing, too large, or no ledger.
    """
    return Ledger.from_json(read_bounded(path))


def write_ledger(ledger: Ledger, path: Path) -> None:
    """Write a ledger atomically: the old file stays whole until the new one is."""
    write_atomically(path, json.dumps(ledger.to_json(), indent=1, ensure_ascii=False) + "\n")


def decide_claims(
    names: Sequence[str] | None = None,
    *,
    jobs: int = 1,
    progress: Callable[[str], None] | None = None,
) -> Ledger:
    """Decide claims and return their ledger.

    Args:
        names: What ``claims_named`` understands; None for all.
        jobs: Processes; -1 for all cores.
        progress: Called with each claim's id as it is done.

    Raises:
        InvalidInputError: A name means no claim.
        CanaryError: A false neighbour was not caught.
        CertificateRejectedError: Evidence did not pass the kernel.
        VacuousClaimError: A claim has nothing to decide.
    """
    claims = ALL_CLAIMS if names is None else claims_named(names)
    work = Parallel(n_jobs=min(jobs, len(claims)) if jobs > 0 else jobs, return_as="generator")
    entries = []
    for entry in work(delayed(_entry)(claim.id) for claim in claims):
        entries.append(entry)
        if progress is not None:
            progress(entry["id"])
    return Ledger(tuple(entries))


def _entry(name: str) -> dict[str, Any]:
    claim = next(claim for claim in ALL_CLAIMS if claim.id == name)
    began = time.perf_counter()
    try:
        verdict = claim.decide()
    except NoProofError as error:
        verdict = Unknown(reason=f"the engine found no proof: {error}")
    except kernel.RejectedError as error:
        raise CertificateRejectedError(f"{claim.id}: {error}") from error
    caught = claim.canary.catch() if claim.canary else None
    return {
        "id": claim.id,
        "title": claim.title,
        "statement": claim.statement,
        "scope": claim.scope,
        "source": {
            "note": claim.source.note,
            "title": NOTES[claim.source.note],
            "section": claim.source.section,
        },
        "verdict": verdict.word,
        "reason": _reason(verdict, claim),
        "bound": verdict.bound if isinstance(verdict, ProvedWithin) else None,
        "estimate": dict(verdict.estimate) if isinstance(verdict, Measured) else None,
        "evidence": list(_evidence(claim.id, verdict)),
        "trusts": list(claim.trusts),
        "vacuity": claim.vacuity,
        "canary": f"{claim.canary.falsehood}: {caught}" if claim.canary else None,
        "cost": {"seconds": round(time.perf_counter() - began, 3)},
    }


def _reason(verdict: Verdict, claim: Claim) -> str | None:
    said = verdict.reason if isinstance(verdict, Unknown) else None
    if isinstance(verdict, Refuted):
        said = verdict.detail
    return " ".join(text for text in (said, claim.remark) if text) or None


def _evidence(name: str, verdict: Verdict) -> Iterator[dict[str, Any]]:
    certificates: tuple[Certificate, ...] = ()
    documents: list[tuple[str, str, dict[str, Any]]] = []
    if isinstance(verdict, Proved | ProvedWithin | Refuted):
        certificates = verdict.certificates
    if isinstance(verdict, Refuted):
        documents = [("witness", _says(w), w.to_json()) for w in verdict.witnesses]
    if isinstance(verdict, Measured):
        summary = f"{len(verdict.estimate['points'])} estimates with intervals"
        documents = [("measurement", summary, dict(verdict.estimate))]
    documents += [("certificate", _proves(c), c) for c in certificates]
    for i, (kind, summary, document) in enumerate(documents, start=1):
        yield {
            "kind": kind,
            "name": f"{name}.{i}",
            "summary": summary,
            "sha256": document.get("sha256") or _hash(document),
            "document": document,
        }


def _hash(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _says(witness: Witness) -> str:
    p = witness.parameters
    start = ", ".join(map(str, witness.start))
    return (
        f"{witness.conjecture} fails at t = {witness.step} for l0 = {p.l0}, l_A = {p.l_a}, "
        f"l_B = {p.l_b}, q = {p.q}, B = {p.capacity} from [{start}]"
    )


def _proves(certificate: Certificate) -> str:
    kind, theorem = str(certificate["kind"]), certificate["theorem"]
    match kind:
        case "farkas":
            return f"{'; '.join(theorem['given'])} imply {theorem['then']}"
        case "scan":
            return _scan_words(theorem)
        case "induction":
            rows = sorted({t for rows in theorem["stages"].values() for t in rows})
            kept = "; ".join([*rows, *theorem["whole"]])
            return f"{' and '.join(theorem['step']['systems'])} keep for ever: {kept}"
        case "schur":
            p = theorem["parameters"]
            point = f"l0 = {p['l0']}, l_A = {p['l_a']}, l_B = {p['l_b']}, q = {p['q']}"
            return f"the stage polynomial of {point} is {theorem['says']}"
        case "enumeration":
            never = " and ".join(" ".join(c) for c in theorem["never"])
            return f"at no step 1 .. {theorem['steps']}: {never}"
        case "replay":
            violated = " and ".join(" ".join(c) for c in theorem["violated_when"])
            return f"the kernel's own replay: {violated} at t = {theorem['step']}"
        case _:
            raise InvalidInputError(f"certificate kind {kind!r} is not known")


def _scan_words(theorem: dict[str, Any]) -> str:
    """Say what a scan proves, with everything that it assumes."""
    systems = [name for name in theorem["systems"] if name != "counter"]
    what = f"one step of {' and '.join(systems)}" if systems else "a sum over the stages"
    each = sorted({t for rows in theorem["each"].values() for t in rows})
    assumed = [
        "; ".join(theorem["given"]),
        f"at each stage {'; '.join(each)}" if each else "",
        f"at stage 0 {'; '.join(theorem['last'])}" if theorem["last"] else "",
        f"ending in {' or '.join(theorem['ends'])}",
    ]
    shown = sorted({t for rows in theorem["then_each"].values() for t in rows})
    then = [
        f"at each stage {'; '.join(shown)}" if shown else "",
        f"at stage 0 {'; '.join(theorem['then_last'])}" if theorem["then_last"] else "",
    ]
    given = ", ".join(text for text in assumed if text)
    return f"{what}, any number of stages: {given} imply {', '.join(t for t in then if t)}"


def drift(new: Ledger, committed: Ledger) -> list[str]:
    """Return one line for each claim that two ledgers tell differently; empty if none does."""
    ours = {entry["id"]: entry for entry in new.claims}
    theirs = {entry["id"]: entry for entry in committed.claims}
    lines = [f"{name}: not in the committed ledger" for name in ours if name not in theirs]
    lines += [f"{name}: no longer a claim" for name in theirs if name not in ours]
    for name in ours.keys() & theirs.keys():
        changed = [
            f"{key} was {_short(b)}, is {_short(a)}"
            for key in _COMPARED
            if (a := _said(ours[name], key)) != (b := _said(theirs[name], key))
        ]
        lines += [f"{name}: {'; '.join(changed)}"] if changed else []
    return sorted(lines)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _said(entry: dict[str, Any], key: str) -> object:
    if key != "proves":
        return entry.get(key)
    documents = [evidence["document"] for evidence in entry["evidence"]]
    return [d.get("theorem") or d.get("observed") or d.get("points") for d in documents]


def recheck(ledger: Ledger) -> list[str]:
    """Check all evidence again, by kernel and replay; return a line for each that fails.

    Also that an entry says what the registry's claim says, and that a witness is against the
    claim's own conjecture. Whether a certificate's theorem is the claim's shows only when the
    claim is decided again: ``drift`` compares the two.
    """
    claims = {claim.id: claim for claim in ALL_CLAIMS}
    lines = []
    for entry in ledger.claims:
        claim = claims.get(entry["id"])
        if claim is None:
            lines.append(f"{entry['id']}: not a claim of the registry")
        else:
            lines += _misfits(entry, claim)
        for evidence in entry["evidence"]:
            try:
                _recheck_one(evidence)
            except (kernel.RejectedError, CertificateRejectedError, InvalidInputError) as error:
                lines.append(f"{evidence['name']}: {error}")
            except (KeyError, TypeError, AttributeError) as error:
                lines.append(f"{entry['id']}: malformed evidence: {type(error).__name__} {error}")
        needed = _NEEDED.get(entry["verdict"])
        if needed and not any(_carries(e, needed) for e in entry["evidence"]):
            lines.append(f"{entry['id']}: {entry['verdict']} without evidence: no {needed}")
        if needed != "witness" and any(e.get("kind") == "witness" for e in entry["evidence"]):
            lines.append(f"{entry['id']}: {entry['verdict']} beside a witness against it")
    return lines


def _misfits(entry: dict[str, Any], claim: Claim) -> Iterator[str]:
    for key in ("title", "statement", "scope"):
        if entry.get(key) != getattr(claim, key):
            yield f"{claim.id}: {key} is not the claim's"
    for evidence in entry["evidence"]:
        document = evidence.get("document")
        against = document.get("conjecture") if isinstance(document, dict) else None
        if evidence.get("kind") == "witness" and against not in claim.conjectures:
            yield f"{claim.id}: a witness against {against!r}, not against {claim.conjectures}"


def _carries(evidence: dict[str, Any], needed: str) -> bool:
    """Return whether evidence is of a kind; the replay of a witness proves no claim."""
    document = evidence.get("document")
    kind = document.get("kind") if isinstance(document, dict) else None
    return evidence.get("kind") == needed and kind != "replay"


def _recheck_one(evidence: dict[str, Any]) -> None:
    document, kind = evidence["document"], evidence["kind"]
    own = _hash(document) if kind == "measurement" else document["sha256"]
    if evidence["sha256"] != own:
        raise InvalidInputError(f"sha256={evidence['sha256']!r} must be that of the document")
    if kind == "certificate":
        kernel.check(document)
    elif kind == "witness":
        replay(Witness.from_json(document))
    elif kind != "measurement":
        raise InvalidInputError(f"evidence kind {kind!r} is not known")

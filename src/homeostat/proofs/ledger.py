"""The ledger: every claim with its verdict and evidence, as the output of a run.

The committed ``ledger.json`` is such an output, never written by hand. ``drift`` compares two
ledgers by what they say, not by how long it took or which multipliers a solver happened to
find; ``recheck`` checks all evidence of a ledger again, without deciding anything.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from homeostat import __version__
from homeostat.counterexamples import confirm, witness_from_json
from homeostat.counterexamples.files import read_bounded, write_atomically
from homeostat.errors import CertificateRejectedError, InvalidInputError
from homeostat.proofs import kernel
from homeostat.proofs.claims import Claim, Theorem
from homeostat.proofs.deciding import document_hash
from homeostat.proofs.registry import ALL_CLAIMS

__all__ = [
    "SCHEMA",
    "Ledger",
    "abridged",
    "certificate_folder",
    "drift",
    "read_ledger",
    "recheck",
    "unchecked",
    "write_ledger",
]

SCHEMA: Final = "homeostat.ledger/1"
EVIDENCE_BYTES_MAX: Final = 64 * 1024
"""Longest evidence of a certificate that the ledger itself holds."""
_NEEDED: Final = {
    "proved": "certificate",
    "proved-within": "certificate",
    "refuted": "witness",
    "measured": "measurement",
}
"""The kind of evidence without which an entry of the ledger is a mere word."""
_REFUTING: Final = ("replay", "case")
"""Kinds of certificates that show one violation."""
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

    def abridged(self) -> "Ledger":
        """Return the ledger with large certificates cut down to theorem and hash."""
        return Ledger(
            tuple(
                {
                    **entry,
                    "evidence": [
                        {**evidence, "document": abridged(evidence["document"])}
                        for evidence in entry["evidence"]
                    ],
                }
                for entry in self.claims
            )
        )

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
    texts = all(isinstance(entry.get(key), str) for key in ("id", "title", "verdict"))
    return texts and all(
        isinstance(evidence, dict)
        and all(isinstance(evidence.get(key), str) for key in ("kind", "name", "sha256"))
        and isinstance(evidence.get("document"), dict)
        and isinstance(evidence["document"].get("evidence", {}), dict)
        for evidence in entry["evidence"]
    )


def read_ledger(path: Path) -> Ledger:
    """Read a ledger from a file.

    Raises:
        InvalidInputError: The file is missing, too large, or no ledger.
    """
    return Ledger.from_json(read_bounded(path))


def write_ledger(ledger: Ledger, path: Path) -> None:
    """Write a ledger atomically: the old file stays whole until the new one is.

    Large certificates go into files of their own, in ``certificate_folder(path)``.
    """
    folder = certificate_folder(path)
    for entry in ledger.claims:
        for evidence in entry["evidence"]:
            document = evidence["document"]
            if abridged(document) is not document:
                folder.mkdir(parents=True, exist_ok=True)
                write_atomically(_file(folder, document["sha256"]), json.dumps(document) + "\n")
    text = json.dumps(ledger.abridged().to_json(), indent=1, ensure_ascii=False)
    write_atomically(path, text + "\n")


def certificate_folder(ledger: Path) -> Path:
    """Return where the large certificates of a ledger are: a build product, not committed."""
    return ledger.parent / "build" / "certificates"


def _file(folder: Path, sha256: str) -> Path:
    return folder / f"{sha256}.json"


def abridged(document: dict[str, Any]) -> dict[str, Any]:
    """Return a certificate without its evidence if that is large, and else as it is.

    The theorem and the hash stay; the evidence is replaced by its size.
    """
    if "evidence" not in document or _is_cut(document):
        return document
    size = len(json.dumps(document["evidence"]))
    return document if size <= EVIDENCE_BYTES_MAX else {**document, "evidence": {"bytes": size}}


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


def recheck(ledger: Ledger, certificates: Path | None = None) -> list[str]:
    """Check all evidence again, by kernel and replay; return a line for each that fails.

    Also that an entry says what the registry's claim says, and that a witness is against the
    claim's own conjecture. Whether a certificate's theorem is the claim's shows only when the
    claim is decided again: ``drift`` compares the two. A slow claim is rarely decided again, so
    it says which theorems it needs.

    Args:
        ledger: What is checked.
        certificates: Folder with the certificates that are too large for the ledger. Those
            that are not in there are not checked; ``unchecked`` names them.
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
                _recheck_one(evidence, certificates)
            except (kernel.RejectedError, CertificateRejectedError, InvalidInputError) as error:
                lines.append(f"{evidence['name']}: {error}")
            except (KeyError, TypeError, AttributeError) as error:
                lines.append(f"{entry['id']}: malformed evidence: {type(error).__name__} {error}")
        if claim is not None and claim.theorems is not None and entry["verdict"] == "proved":
            lines += _other_theorems(entry, claim.theorems())
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


def _other_theorems(entry: dict[str, Any], expected: Sequence[Theorem]) -> Iterator[str]:
    """Say where certificates prove other than what a slow claim needs."""
    documents = [evidence["document"] for evidence in entry["evidence"]]
    found = Counter(_theorem_key(d.get("kind"), d.get("theorem")) for d in documents)
    needed = Counter(_theorem_key(kind, theorem) for kind, theorem in expected)
    if found != needed:
        missing, other = needed - found, found - needed
        yield (
            f"{entry['id']}: its certificates are not those of the claim: {missing.total()} of "
            f"{needed.total()} theorems are missing, {other.total()} are others"
        )


def _theorem_key(kind: object, theorem: object) -> str:
    fields = dict(theorem) if isinstance(theorem, Mapping) else {}
    if fields.get("says") == "settles":
        fields.pop("steps", None)
    return json.dumps([kind, fields], sort_keys=True)


def _carries(evidence: dict[str, Any], needed: str) -> bool:
    """Return whether evidence is of a kind; what breaks a conjecture once proves no claim."""
    document = evidence.get("document")
    kind = document.get("kind") if isinstance(document, dict) else None
    return evidence.get("kind") == needed and kind not in _REFUTING


def unchecked(ledger: Ledger, certificates: Path | None = None) -> list[str]:
    """Return the names of evidence that is neither in the ledger nor in the folder."""
    return [
        evidence["name"]
        for entry in ledger.claims
        for evidence in entry["evidence"]
        if _is_cut(evidence["document"]) and not _is_there(evidence["document"], certificates)
    ]


def _is_cut(document: dict[str, Any]) -> bool:
    return set(document.get("evidence", {})) == {"bytes"}


def _is_there(document: dict[str, Any], folder: Path | None) -> bool:
    name = str(document.get("sha256"))
    sound = re.fullmatch("[0-9a-f]{64}", name) is not None
    return folder is not None and sound and _file(folder, name).is_file()


def _whole(document: dict[str, Any], folder: Path | None) -> dict[str, Any] | None:
    """Return a document with its evidence, from the folder if it was cut; None if not there."""
    if not _is_cut(document):
        return document
    if folder is None or not _is_there(document, folder):
        return None
    path = _file(folder, document["sha256"])
    whole = read_bounded(path)
    if not isinstance(whole, dict) or whole.get("sha256") != document["sha256"]:
        raise InvalidInputError(f"{path} must hold the certificate {document['sha256']}")
    if whole.get("theorem") != document["theorem"]:
        raise InvalidInputError(f"{path} must prove what the ledger says of it")
    return whole


def _recheck_one(evidence: dict[str, Any], certificates: Path | None) -> None:
    kind, document = evidence["kind"], _whole(evidence["document"], certificates)
    if document is None:
        return
    own = document_hash(document) if kind == "measurement" else document["sha256"]
    if evidence["sha256"] != own:
        raise InvalidInputError(f"sha256={evidence['sha256']!r} must be that of the document")
    if kind == "certificate":
        kernel.check(document)
    elif kind == "witness":
        confirm(witness_from_json(document))
    elif kind != "measurement":
        raise InvalidInputError(f"evidence kind {kind!r} is not known")

"""Decides claims, and writes down what came out: the entries of a ledger.

A slow claim is decided only when it is asked for, and a claim about data only where its files
are; otherwise its entry is the last run's, as the committed ledger has it.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from joblib import Parallel, delayed, parallel_config

from homeostat.counterexamples import AnyWitness, Case
from homeostat.errors import CertificateRejectedError, InvalidInputError
from homeostat.proofs import kernel
from homeostat.proofs.certificates import Certificate
from homeostat.proofs.claims import NOTES, Claim
from homeostat.proofs.engines.farkas import NoProofError
from homeostat.proofs.provenance import measured
from homeostat.proofs.registry import ALL_CLAIMS, claims_of
from homeostat.proofs.verdicts import (
    Measured,
    Proved,
    ProvedWithin,
    Refuted,
    Unknown,
    Verdict,
)

__all__ = ["decide_claims", "document_hash", "entry_of_last_run"]


Entry = dict[str, Any]


def decide_claims(
    ids: Sequence[str] | None = None,
    *,
    jobs: int = 1,
    progress: Callable[[str], None] | None = None,
    last_run: Sequence[Entry] | None = None,
    decide_slow: bool = False,
    date: str | None = None,
) -> tuple[Entry, ...]:
    """Decide claims and return their entries.

    Args:
        ids: Of the claims; None for all.
        jobs: Processes; -1 for all cores.
        progress: Called with each claim's id as it is done.
        last_run: Entries to take instead of deciding slow claims, or claims whose data is missing.
        decide_slow: Whether to decide slow claims although there is a last run.
        date: Of this run, to be written beside the slow claims that it decides.

    Raises:
        InvalidInputError: An id is none.
        CanaryError: A false neighbour was not caught.
        CertificateRejectedError: Evidence did not pass the kernel.
        VacuousClaimError: A claim has nothing to decide.
    """
    claims = ALL_CLAIMS if ids is None else claims_of(ids)
    leave_slow = last_run is not None and not decide_slow
    carried = [claim for claim in claims if (claim.slow and leave_slow) or claim.lacks]
    wide = [claim for claim in claims if claim.wide and claim not in carried]
    narrow = [claim for claim in claims if claim not in carried and claim not in wide]
    left = [entry_of_last_run(claim, last_run or ()) for claim in carried]
    found: dict[str, Entry] = {}
    for entry in chain(left, _decided(narrow, wide, jobs)):
        found[entry["id"]] = entry
        if progress is not None:
            progress(entry["id"])
    for claim in claims:
        if claim.slow and claim not in carried:
            found[claim.id]["last_run"] = {"date": date, "jobs": jobs}
    return tuple(found[claim.id] for claim in claims)


def _decided(narrow: Sequence[Claim], wide: Sequence[Claim], jobs: int) -> Iterator[Entry]:
    """Yield the entries of claims, each decided in a process; a wide one uses all of them."""
    few = min(jobs, max(len(narrow), 1)) if jobs > 0 else jobs
    work = Parallel(n_jobs=few, return_as="generator")
    yield from work(delayed(_entry)(claim.id) for claim in narrow)
    for claim in wide:
        with parallel_config(backend="loky", n_jobs=jobs):
            yield _entry(claim.id)


def entry_of_last_run(claim: Claim, entries: Sequence[Entry]) -> Entry:
    """Return a claim's entry in the last run; open if it is not in there."""
    missing = {"missing": list(claim.lacks)} if claim.lacks else {}
    for entry in entries:
        if entry["id"] == claim.id:
            # Whatever the ledger says of itself: this entry was not decided now.
            run = entry.get("last_run") or {}
            told = {"date": run.get("date"), "jobs": run.get("jobs", 1), **missing}
            return {**entry, "last_run": told}
    why = f"needs {', '.join(claim.lacks)}, not found here," if missing else "slow,"
    unknown = Unknown(reason=f"{why} and not in the last run; {_repeat(claim)} decides it.")
    return _written(claim, unknown, caught=None, seconds=0.0)


def _repeat(claim: Claim) -> str:
    return f"`homeostat verify {claim.id}`"


def _entry(name: str) -> Entry:
    claim = next(claim for claim in ALL_CLAIMS if claim.id == name)
    began = time.perf_counter()
    try:
        verdict = claim.decide()
    except NoProofError as error:
        verdict = Unknown(reason=f"the engine found no proof: {error}")
    except kernel.RejectedError as error:
        raise CertificateRejectedError(f"{claim.id}: {error}") from error
    caught = claim.canary.catch() if claim.canary else None
    return _written(claim, verdict, caught=caught, seconds=time.perf_counter() - began)


def _written(claim: Claim, verdict: Verdict, *, caught: str | None, seconds: float) -> Entry:
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
        "canary": f"{claim.canary.falsehood}: {caught}" if claim.canary and caught else None,
        "cost": {"seconds": round(seconds, 3)},
    }


def _reason(verdict: Verdict, claim: Claim) -> str | None:
    said = verdict.reason if isinstance(verdict, Unknown) else None
    if isinstance(verdict, Proved | ProvedWithin | Refuted):
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
        points = verdict.estimate["points"]
        what = "estimates with intervals" if "interval" in points[0] else "points measured"
        summary = f"{len(points)} {what}"
        documents = [("measurement", summary, dict(verdict.estimate))]
    documents += [("certificate", _proves(c), c) for c in certificates]
    for i, (kind, summary, document) in enumerate(documents, start=1):
        yield {
            "kind": kind,
            "name": f"{name}.{i}",
            "summary": summary,
            "sha256": document.get("sha256") or document_hash(document),
            "document": document,
            **(measured(document) if kind == "certificate" else {}),
        }


def document_hash(document: dict[str, Any]) -> str:
    """Return the sha256 of a document that carries none of its own."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _says(witness: AnyWitness) -> str:
    if isinstance(witness, Case):
        figures = ", ".join(f"{name} = {text}" for name, text in witness.observed.items())
        return f"{witness.conjecture} fails in a case of {witness.system}: {figures}"
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
        case "automaton":
            return _automaton_words(theorem)
        case "schur":
            p = theorem["parameters"]
            point = f"l0 = {p['l0']}, l_A = {p['l_a']}, l_B = {p['l_b']}, q = {p['q']}"
            return f"the stage polynomial of {point} is {theorem['says']}"
        case "sign_on_interval":
            return _sign_words(theorem)
        case "threshold":
            return _threshold_words(theorem)
        case "case_tree":
            return _tree_words(theorem)
        case "enumeration":
            never = " and ".join(" ".join(c) for c in theorem["never"])
            return f"at no step 1 .. {theorem['steps']}: {never}"
        case "replay":
            violated = " and ".join(" ".join(c) for c in theorem["violated_when"])
            return f"the kernel's own replay: {violated} at t = {theorem['step']}"
        case "case":
            violated = " and ".join(" ".join(c) for c in theorem["violated_when"])
            return f"the kernel's own run of a case of {theorem['system']}: {violated}"
        case "shapes":
            return f"0 <= H <= log2 m for all counts of k <= {theorem['gaps_max']} gaps in m bins"
        case "optimal":
            return (
                f"a cache of {theorem['capacity']} of {theorem['experts']} experts: whatever is "
                f"resident, no policy misses less than Belady's over any {theorem['events']} "
                f"events or fewer, each of {theorem['size']} experts or fewer"
            )
        case _:
            raise InvalidInputError(f"certificate kind {kind!r} is not known")


def _automaton_words(theorem: dict[str, Any]) -> str:
    given = f"given {'; '.join(theorem['given'])}, " if theorem["given"] else ""
    said = [
        f"{'' if place == '*' else f'in {place}: '}{'; '.join(rows)}"
        for place, rows in theorem["always"].items()
        if rows and rows != ["0 > 0"]
    ]
    never = [place for place, rows in theorem["always"].items() if rows == ["0 > 0"]]
    said += [f"never in {' or '.join(never)}"] if never else []
    count = len(theorem["transitions"])
    return f"{given}in every state that {count} transitions reach: {', and '.join(said)}"


def _sign_words(theorem: dict[str, Any]) -> str:
    coefficients = ", ".join(map(str, theorem["polynomial"]))
    end = "on" if theorem["to"] is None else f"up to {theorem['to']}"
    span = f"every real x from {theorem['from']} {end}"
    return f"the sum of c_k x^k with c = {coefficients} is {theorem['sign']} 0 for {span}"


def _threshold_words(theorem: dict[str, Any]) -> str:
    points = f"for each of {len(theorem['points'])} points (l_A, l_B, q)"
    if theorem["says"] == "never stable":
        return f"{points}, Theory is stable for no real l0 > -1"
    only = "for real l0 > -1 Theory is stable if and only if l0 > l0*"
    return f"{points} there is one real l0* in the interval given, and {only}"


def _tree_words(theorem: dict[str, Any]) -> str:
    p = theorem["parameters"]
    point = f"l0 = {p['l0']}, l_A = {p['l_a']}, l_B = {p['l_b']}, q = {p['q']}, B = {p['capacity']}"
    if theorem["says"] == "settles":
        return f"{point}: from every start, Simulation evicts at no step after {theorem['steps']}"
    never = " and ".join(" ".join(comparison) for comparison in theorem["never"])
    return f"{point}: from every start, at no step 0 .. {theorem['steps']}: {never}"


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

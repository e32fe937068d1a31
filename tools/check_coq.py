"""Have Coq check a chosen set of certificates, and falsified ones that it must reject.

Usage: ``python tools/check_coq.py [--out LOG.json]``. Compiles the library in a temporary
folder, then every certificate of the claims below that has an export. Exit 1 when one is not
accepted, when a theorem rests on an axiom, or when a falsified file is not refuted by
computation. The log says what was checked, how long it took, and what Print Assumptions said.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from homeostat.counterexamples.files import write_atomically
from homeostat.proofs.certificates import sealed
from homeostat.proofs.coq.checking import CoqAnswer, compile_library, coq_version, run_coq
from homeostat.proofs.coq.export import EXPORTS, coq_source, theorem_names
from homeostat.proofs.provenance import theorem_sha256

ROOT: Final = Path(__file__).resolve().parent.parent
CLAIMS: Final = (
    "batching.token_balance",
    "batching.nonnegative",
    "batching.merge_exact",
    "batching.merge_any_split",
    "batching.boundary",
    "batching.homogeneous_unstable",
    "batching.g_dominance",
    "batching.g_dominance_canonical",
    "batching.first_eviction_dominance",
    "batching.weak_time_average",
    "batching.peak_never_evicted",
    "batching.min_dominance.data_set_1",
    "batching.simulation_converges.data_set_1",
    "batching.g_dominance_horizon.data_set_1",
    "batching.max_dominance_horizon.data_set_1",
    "batching.min_dominance_horizon.data_set_1",
    "aging.order_invariant",
    "aging.dequeue_order_present",
    "aging.kinetic_exact",
    "aging.integer_order",
    "aging.no_starvation.shared",
    "aging.no_starvation.rates",
    "entropy.bounds",
    "entropy.order_blind",
    "entropy.response.mended",
    "entropy.window_bounds",
    "entropy.control_law",
    "entropy.regimes",
    "entropy.jain",
)
CLOSED: Final = "Closed under the global context"

Document = dict[str, Any]


def _sign(polynomial: list[str], low: str, high: str | None, cuts: list[str]) -> Document:
    theorem = {"polynomial": polynomial, "from": low, "to": high, "sign": ">"}
    return dict(sealed("sign_on_interval", theorem, {"cuts": cuts}))


# No claim rests on this kind alone.
EXAMPLES: Final = (
    ("example.sign_on_interval", _sign(["1/3", "-1", "1"], "0", "1", ["1/2"])),
    ("example.sign_on_ray", _sign(["1/3", "-1", "1"], "0", None, ["1/2", "1"])),
)


def chosen(ledger: Mapping[str, Any]) -> Iterator[tuple[str, Document]]:
    """Yield (claim, certificate) of the chosen set."""
    by_id = {claim["id"]: claim for claim in ledger["claims"]}
    for name in CLAIMS:
        for evidence in by_id[name]["evidence"]:
            if evidence["kind"] == "certificate":
                yield name, evidence["document"]
    yield from EXAMPLES


def _text(pattern: str, replacement: str) -> Callable[[Document], str]:
    def falsified(certificate: Document) -> str:
        text = coq_source(certificate)
        return re.sub(pattern, replacement, text)

    return falsified


def _theorem(**changes: Callable[[Any], Any]) -> Callable[[Document], str]:
    def falsified(certificate: Document) -> str:
        theorem = {**certificate["theorem"]}
        theorem |= {key: change(theorem[key]) for key, change in changes.items()}
        return coq_source({**certificate, "theorem": theorem})

    return falsified


# (claim, kind, what is falsified, how): in the first such certificate of the claim.
CANARIES: Final = (
    ("batching.simulation_converges.data_set_1", "case_tree", "a bound smaller by one step",
     _theorem(steps=lambda k: k - 1)),
    ("batching.simulation_converges.data_set_1", "case_tree", "multipliers changed",
     _text(r"\(0%nat, (\d+)\)", r"(0%nat, 9\1)")),
    ("batching.simulation_converges.data_set_1", "case_tree", "a form said to shrink faster",
     _text(r"factor := \([^)]*\)", "factor := (1 # 2)")),
    ("batching.max_dominance_horizon.data_set_1", "case_tree", "the comparison turned",
     _text("Below", "Above")),
    ("batching.max_dominance_horizon.data_set_1", "case_tree", "one more step",
     _theorem(steps=lambda k: k + 1)),
    ("batching.homogeneous_unstable", "farkas", "a multiplier changed",
     _text(r"Build_term \(1\)", "Build_term (3)")),
    ("batching.min_dominance.data_set_1", "enumeration", "the comparison turned",
     _text("Below", "Above")),
    ("batching.g_dominance", "replay", "the comparison turned", _text("Below", "Above")),
    ("batching.merge_any_split", "replay", "the comparison negated", _text("Differs", "Equal")),
    ("batching.simulation_converges.data_set_1", "schur", "a form said to shrink faster",
     _text(r"factor := \([^)]*\)", "factor := (1 # 2)")),
    ("batching.boundary", "schur", "a form changed", _text(r"form_U := \[\(", "form_U := [(7 + ")),
    ("batching.token_balance", "scan", "a multiplier changed",
     _text(r"Build_term \(1\)", "Build_term (3)")),
    ("batching.token_balance", "scan", "the conclusion changed",
     _text(r"then_last := \[\(", "then_last := [(1 + ")),
    ("batching.nonnegative", "induction", "what stays is not what the step keeps",
     _text(r'stays := \[\("shared", \[\(0 <=', 'stays := [("shared", [((1 # 2) <=')),
    ("example.sign_on_interval", "sign_on_interval", "a smaller constant",
     _theorem(polynomial=lambda p: ["1/5", *p[1:]])),
)  # fmt: skip


def _compiled(name: str, text: str, folder: Path, library: Path) -> CoqAnswer:
    file = folder / f"{name}.v"
    file.write_text(text)
    return run_coq(file, library)


def _entry(claim: str, certificate: Document, text: str, answer: CoqAnswer) -> dict[str, Any]:
    return {
        "claim": claim,
        "kind": certificate["kind"],
        "theorem_sha256": theorem_sha256(certificate),
        "theorems": theorem_names(text),
        "accepted": answer.accepted,
        "seconds": round(answer.seconds, 1),
        "assumptions": answer.output.strip(),
    }


def main() -> int:
    """Check all, print a line for each, and write the log."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="where to write the log")
    out: Path | None = parser.parse_args().out
    ledger = json.loads((ROOT / "ledger.json").read_text())
    entries, canaries, wrong = [], [], 0
    with tempfile.TemporaryDirectory() as name:
        folder, library = Path(name), Path(name) / "library"
        version = coq_version()
        print(f"Coq {version}; library compiled in {compile_library(library):.1f} s", flush=True)
        found = [(claim, c) for claim, c in chosen(ledger) if c["kind"] in EXPORTS]
        for i, (claim, certificate) in enumerate(found):
            text = coq_source(certificate)
            answer = _compiled(f"certificate_{i}", text, folder, library)
            entry = _entry(claim, certificate, text, answer)
            entries.append(entry)
            said = answer.output.split("\n")
            good = answer.accepted and said.count(CLOSED) == len(entry["theorems"])
            wrong += not good
            print(
                f"{'accepted' if good else 'NOT ACCEPTED'}  {claim}  {certificate['kind']}  "
                f"{entry['seconds']} s  {' / '.join(dict.fromkeys(filter(None, said)))}"
                f"{'' if good else answer.complaint[:500]}",
                flush=True,
            )
        for i, (claim, kind, what, falsify) in enumerate(CANARIES):
            certificate = next(c for known, c in found if (known, c["kind"]) == (claim, kind))
            text = falsify(certificate)
            changed = text != coq_source(certificate)
            answer = _compiled(f"canary_{i}", text, folder, library)
            rejected = changed and answer.refuted
            wrong += not rejected
            canaries.append({"claim": claim, "kind": kind, "falsified": what, "rejected": rejected})
            print(
                f"{'rejected' if rejected else 'NOT REJECTED'}  canary: {claim}  {kind}  {what}"
                f"{'' if rejected else answer.complaint[:500]}",
                flush=True,
            )
    if out is not None:
        log = {"coq": version, "entries": entries, "canaries": canaries}
        write_atomically(out, json.dumps(log, indent=1) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

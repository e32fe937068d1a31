"""``homeostat prove convergence``: does Simulation converge from every start, at one point?"""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from homeostat.cli.documents import emit, write_document
from homeostat.cli.exits import ExitCode
from homeostat.cli.options import Jobs, Json, Store, integer_option
from homeostat.cli.terminal import interrupted, note, search_bar
from homeostat.models.batching import BatchingParameters, is_schur_stable

if TYPE_CHECKING:
    from homeostat.proofs.certificates import Certificate

__all__ = ["SCHEMA", "prove_convergence"]

SCHEMA: Final = "homeostat.prove-convergence/1"
STAGES_MAX: Final = 100
_NOT_STABLE: Final = (
    "Theory is not stable at these parameters, so what Simulation would have to become does not "
    "converge itself; there is nothing to prove this way"
)


def prove_convergence(
    *,
    l0: Annotated[str, typer.Option("--l0", help="Prompt length in tokens, >= 1.")],
    l_a: Annotated[
        int, integer_option("--l-a", maximum=STAGES_MAX, text="Decode steps of the short type.")
    ],
    l_b: Annotated[
        int,
        integer_option("--l-b", maximum=STAGES_MAX, text="Decode steps of the long type, > l_a."),
    ],
    q: Annotated[str, typer.Option("--q", help="Share of the long type, as p/q or decimal.")],
    capacity: Annotated[str, typer.Option("--capacity", help="Tokens that fit at once.")] = "1",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File for the certificate; FILE.stable.json beside it."),
    ] = None,
    store: Store = None,
    jobs: Jobs = 1,
    node_limit: Annotated[
        int | None,
        integer_option("--node-limit", minimum=1, text="Give up after so many nodes of the trees."),
    ] = None,
    json: Json = False,
) -> None:
    """Prove that Simulation converges from every start.

    Exit 0 with two certificates when it is proved (nothing is evicted after a step that is the
    same for all starts; and Theory is stable), 30 with what was covered when it is not.

    For example:

        homeostat prove convergence --l0 10 --l-a 2 --l-b 5 --q 1/2 --capacity 60
        homeostat prove convergence --l0 50 --l-a 4 --l-b 7 --q 1/2 --jobs 2 --store build/store
    """
    from homeostat.counterexamples.files import demand_file_place

    parameters = BatchingParameters(l0, l_a, l_b, q, capacity)
    if out is not None:
        demand_file_place(out)
    try:
        document = _proved(parameters, node_limit, jobs, out, store)
    except KeyboardInterrupt:
        raise interrupted(store) from None
    if json:
        emit(document)
    else:
        _show(document)
    raise typer.Exit(ExitCode.OK if document["verdict"] == "proved" else ExitCode.UNKNOWN)


def _proved(
    parameters: BatchingParameters,
    node_limit: int | None,
    jobs: int,
    out: Path | None,
    store: Path | None,
) -> dict[str, Any]:
    import joblib

    from homeostat.proofs.engines.mode_tree.settling import NODE_COUNT_MAX, settle
    from homeostat.proofs.engines.mode_tree.subtrees import BudgetError
    from homeostat.proofs.store import use_store

    if not is_schur_stable(parameters.weights):
        return _document(parameters, reason=_NOT_STABLE)
    begin = time.perf_counter()
    try:
        with (
            search_bar("proving") as progress,
            use_store(store),
            joblib.parallel_config(n_jobs=jobs),
        ):
            found = settle(
                parameters, node_count_max=node_limit or NODE_COUNT_MAX, progress=progress
            )
    except BudgetError as error:
        return _document(parameters, reason=str(error))
    seconds = time.perf_counter() - begin
    return _document(parameters, reason=None, **_evidence(parameters, found, seconds, out))


def _evidence(
    parameters: BatchingParameters, found: "Certificate", seconds: float, out: Path | None
) -> dict[str, Any]:
    """Check once more, alone, and return all that there is to say of the certificates."""
    from homeostat.proofs import kernel
    from homeostat.proofs.certificates import schur
    from homeostat.proofs.engines.mode_tree.figures import tree_figures

    stable = schur(parameters, "stable", {"jury": True})
    begin = time.perf_counter()
    kernel.check(found)
    checked = time.perf_counter() - begin
    files = []
    if out is not None:
        for path, certificate in ((out, found), (Path(f"{out}.stable.json"), stable)):
            write_document(path, certificate)
            files.append(str(path))
    return {
        "steps": found["theorem"]["steps"],
        "trees": [asdict(figures) for figures in tree_figures(found)],
        "region_row_count": len(found["evidence"]["region"]["rows"]),
        "evidence_bytes": len(found["evidence"]["trees"]),
        "find_s": round(seconds, 3),
        "check_s": round(checked, 3),
        "sha256": [found["sha256"], stable["sha256"]],
        "files": files,
    }


def _document(
    parameters: BatchingParameters, *, reason: str | None, **evidence: Any
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "parameters": parameters.to_json(),
        "statement": "from every start, Simulation converges to the equilibrium",
        "verdict": "proved" if evidence else "unknown",
        "reason": reason,
        "proof": evidence or None,
    }


def _show(document: dict[str, Any]) -> None:
    point = ", ".join(f"{name} = {value}" for name, value in document["parameters"].items())
    proof = document["proof"]
    if proof is None:
        typer.echo(f"unknown: {document['statement']} ({point})\n  {document['reason']}")
        return
    nodes = sum(tree["node_count"] for tree in proof["trees"])
    depth = max(tree["depth_max"] for tree in proof["trees"])
    typer.echo(f"proved: {document['statement']} ({point})")
    typer.echo(f"  no step after step {proof['steps']} evicts, whatever the start")
    typer.echo(f"  {nodes} nodes in {len(proof['trees'])} trees, depth {depth}")
    typer.echo(f"  the region without evictions has {proof['region_row_count']} rows")
    typer.echo(f"  certificate {proof['sha256'][0]}, {proof['evidence_bytes']} bytes of trees")
    typer.echo(f"  found in {proof['find_s']} s, checked again in {proof['check_s']} s")
    for file in proof["files"]:
        note(f"check it: homeostat check {file}")

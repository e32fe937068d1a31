"""``homeostat prove horizon``: from no start a conjecture fails up to a step, or the first one."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from homeostat.cli.documents import emit, write_document
from homeostat.cli.exits import VERDICT_EXITS
from homeostat.cli.options import Jobs, Json, Store, integer_option
from homeostat.cli.terminal import interrupted, note, search_bar
from homeostat.errors import InvalidInputError
from homeostat.models.batching import DATA_SETS, BatchingParameters

if TYPE_CHECKING:
    from homeostat.counterexamples import Conjecture, Witness
    from homeostat.proofs.engines.mode_tree.horizon import Horizon

__all__ = ["SCHEMA", "prove_horizon"]

SCHEMA: Final = "homeostat.prove-horizon/1"
STAGES_MAX: Final = 16
STEPS_MAX: Final = 2_000


@dataclass(frozen=True, slots=True)
class _Seconds:
    find: float
    check: float


def prove_horizon(
    conjecture: Annotated[
        str,
        typer.Argument(metavar="CONJECTURE", help="A name, or path/to/file.py:name for your own."),
    ],
    *,
    data_set: Annotated[
        int | None,
        integer_option("--data-set", minimum=1, maximum=2, text="Parameters of the note's own."),
    ] = None,
    l0: Annotated[str | None, typer.Option("--l0", help="Prompt length in tokens, >= 1.")] = None,
    l_a: Annotated[
        int | None,
        integer_option(
            "--l-a", minimum=1, maximum=STAGES_MAX, text="Decode steps of the short type."
        ),
    ] = None,
    l_b: Annotated[
        int | None,
        integer_option(
            "--l-b", minimum=2, maximum=STAGES_MAX, text="Decode steps of the long type, > l_a."
        ),
    ] = None,
    q: Annotated[
        str | None, typer.Option("--q", help="Share of the long type, as p/q or decimal.")
    ] = None,
    capacity: Annotated[
        str | None, typer.Option("--capacity", help="Tokens that fit at once; 1 if none.")
    ] = None,
    steps: Annotated[
        int, integer_option("--steps", maximum=STEPS_MAX, text="The last step to look at.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File for the certificate.")
    ] = None,
    witness: Annotated[
        Path | None,
        typer.Option("--witness", help="File for the witness; NAME.free.witness.json if none."),
    ] = None,
    store: Store = None,
    jobs: Jobs = 1,
    node_limit: Annotated[
        int | None,
        integer_option("--node-limit", minimum=1, text="Grow no tree of more nodes than this."),
    ] = None,
    json: Json = False,
) -> None:
    """Decide a conjecture for every start of one system, from step 0 to a last step.

    Exit 10 with a certificate when no start violates it up to that step. Exit 20 when one does:
    then the step is the first at which any start does, with a witness, and the certificate is
    about all steps before. Exit 30 with what was proved when that is less than was asked for.

    For example:

        homeostat prove horizon g-dominance --data-set 1 --steps 5 --out five.json
        homeostat prove horizon max-dominance --l0 1 --l-a 1 --l-b 3 --q 2/5 --steps 8
        homeostat prove horizon docs/examples/debt.py:debt_is_small --data-set 1 --steps 4
    """
    from homeostat.counterexamples.files import demand_file_place

    tried = _conjecture(conjecture)
    parameters = _parameters(data_set, l0, l_a, l_b, q, capacity)
    path = witness or Path(f"{tried.name}.free.witness.json")
    for place in (path, *([out] if out else [])):
        demand_file_place(place)
    try:
        found, seconds = _found(tried, parameters, steps, node_limit, jobs, store)
    except KeyboardInterrupt:
        raise interrupted(store) from None
    refuting = _witness(tried, parameters, found)
    if out is not None and found.certificate is not None:
        write_document(out, found.certificate)
    if refuting is not None:
        write_document(path, refuting.to_json())
    document = _document(tried, parameters, steps, found, refuting, seconds)
    document["certificate_file"] = str(out) if out and found.certificate else None
    document["witness_file"] = str(path) if refuting else None
    if json:
        emit(document)
    else:
        _show(document, conjecture)
    raise typer.Exit(VERDICT_EXITS[document["verdict"]])


def _conjecture(name: str) -> "Conjecture":
    from homeostat.counterexamples import find_conjecture, load_conjecture

    if ":" in name or name.endswith(".py"):
        return load_conjecture(name)
    return find_conjecture(name.removeprefix("batching.").replace("-", "_"))


def _parameters(
    data_set: int | None,
    l0: str | None,
    l_a: int | None,
    l_b: int | None,
    q: str | None,
    capacity: str | None,
) -> BatchingParameters:
    given = {"--l0": l0, "--l-a": l_a, "--l-b": l_b, "--q": q, "--capacity": capacity}
    named = [name for name, value in given.items() if value is not None]
    if data_set is not None:
        if named:
            raise InvalidInputError(f"--data-set={data_set} must stand without {named[0]}")
        return DATA_SETS[data_set - 1].parameters
    if l0 is None or l_a is None or l_b is None or q is None:
        missing = [name for name in given if name not in named and name != "--capacity"]
        raise InvalidInputError(f"{missing[0]} must be given, or --data-set")
    return BatchingParameters(l0, l_a, l_b, q, capacity or 1)


def _found(
    tried: "Conjecture",
    parameters: BatchingParameters,
    steps: int,
    node_limit: int | None,
    jobs: int,
    store: Path | None,
) -> "tuple[Horizon, _Seconds]":
    import joblib

    from homeostat.proofs import kernel
    from homeostat.proofs.engines.mode_tree.horizon import (
        NODE_COUNT_MAX,
        comparisons_of,
        first_violation,
    )
    from homeostat.proofs.store import use_store

    comparisons = comparisons_of(tried, parameters)
    begin = time.perf_counter()
    with (
        search_bar("proving") as progress,
        use_store(store),
        joblib.parallel_config(n_jobs=jobs),
    ):
        found = first_violation(
            parameters,
            comparisons,
            steps,
            node_count_max=node_limit or NODE_COUNT_MAX,
            progress=progress,
        )
    middle = time.perf_counter()
    if found.certificate is not None:
        kernel.check(found.certificate)
    return found, _Seconds(middle - begin, time.perf_counter() - middle)


def _witness(
    tried: "Conjecture", parameters: BatchingParameters, found: "Horizon"
) -> "Witness | None":
    from homeostat.counterexamples import Witness
    from homeostat.models.batching import Pair

    if found.step is None:
        return None
    pair = Pair.run(parameters, found.start, step_count=found.step)
    return Witness.of(tried, pair, found.step, {"method": "mode tree"})


def _document(
    tried: "Conjecture",
    parameters: BatchingParameters,
    steps: int,
    found: "Horizon",
    refuting: "Witness | None",
    seconds: _Seconds,
) -> dict[str, Any]:
    verdict = "proved-within" if found.open is None else "unknown"
    proof = None
    if found.certificate is not None:
        proof = {
            "steps": found.certificate["theorem"]["steps"],
            "node_count": found.node_count,
            "evidence_bytes": len(found.certificate["evidence"]["trees"]),
            "sha256": found.certificate["sha256"],
        }
    return {
        "schema": SCHEMA,
        "conjecture": tried.name,
        "statement": tried.statement,
        "parameters": parameters.to_json(),
        "steps": steps,
        "verdict": verdict if refuting is None else "refuted",
        "reason": found.open,
        "proof": proof,
        "witness": None if refuting is None else refuting.to_json(),
        "find_s": round(seconds.find, 3),
        "check_s": round(seconds.check, 3),
    }


def _show(document: dict[str, Any], source: str) -> None:
    point = ", ".join(f"{name} = {value}" for name, value in document["parameters"].items())
    proof, witness = document["proof"], document["witness"]
    headline = document["verdict"]
    if headline == "proved-within":
        headline = f"proved for t = 0 .. {proof['steps']} and no further"
    typer.echo(f"{headline}: {document['statement']} ({point})")
    if proof is not None:
        typer.echo(f"  from no start it fails at a step 0 .. {proof['steps']}")
        typer.echo(
            f"  certificate {proof['sha256']}: {proof['node_count']} nodes, "
            f"{proof['evidence_bytes']} bytes; found in {document['find_s']} s, "
            f"checked again in {document['check_s']} s"
        )
    if witness is not None:
        typer.echo(f"  it fails at t = {witness['step']} from [{', '.join(witness['start'])}]")
        for name, value in witness["observed"].items():
            typer.echo(f"    {name} = {value}")
    if document["reason"]:
        typer.echo(f"  step {document['steps']} was not reached: {document['reason']}")
    if document["certificate_file"]:
        note(f"check it: homeostat check {document['certificate_file']}")
    if document["witness_file"]:
        own = f" --conjecture {source}" if ":" in source else ""
        note(f"check it: homeostat replay {document['witness_file']}{own}")

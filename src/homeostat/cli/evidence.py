"""``homeostat replay`` and ``homeostat check``: evidence, checked again from the file alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from homeostat.cli.documents import demand_schema, emit, read_document
from homeostat.cli.exits import ExitCode
from homeostat.cli.options import Json
from homeostat.errors import WitnessRejectedError

__all__ = ["CHECK_SCHEMA", "REPLAY_SCHEMA", "check_certificate", "replay_witness"]

REPLAY_SCHEMA: Final = "homeostat.replay/1"
CHECK_SCHEMA: Final = "homeostat.check/1"


def replay_witness(
    witness: Annotated[Path, typer.Argument(metavar="WITNESS.json", help="A witness file.")],
    *,
    conjecture: Annotated[
        str | None,
        typer.Option("--conjecture", help="Your own conjecture, as path/to/file.py:name."),
    ] = None,
    json: Json = False,
) -> None:
    """Replay a witness exactly: a run of batching, or a small case of another system.

    Exit 0 when it breaks its conjecture exactly as it says, 40 when it does not.

    For example:

        homeostat replay report/evidence/batching.g_dominance.1.json
        homeostat replay mine.witness.json --conjecture path/to/mine.py:mine
    """
    from homeostat.counterexamples import (
        CASE_SCHEMA,
        Witness,
        confirm,
        load_conjecture,
        replay,
        witness_from_json,
    )

    document = read_document(witness)
    known = ("homeostat.witness/1", *([CASE_SCHEMA] if conjecture is None else ()))
    demand_schema(witness, document, *known)
    own = None if conjecture is None else load_conjecture(conjecture)
    answer: dict[str, Any] = {"schema": REPLAY_SCHEMA, "witness": document}
    try:
        if own is None:
            confirm(witness_from_json(document))
        else:
            replay(Witness.from_json(document), own)
    except WitnessRejectedError as error:
        answer |= {"replays": False, "reason": str(error)}
    else:
        answer |= {"replays": True, "reason": None}
    _finish(answer, _replayed, json=json)


def check_certificate(
    certificate: Annotated[
        Path, typer.Argument(metavar="CERTIFICATE.json", help="A certificate file.")
    ],
    *,
    json: Json = False,
) -> None:
    """Check a certificate with the kernel alone: no solver, no engine, no tolerance.

    Exit 0 when the kernel accepts it, 40 when it does not. The same check without this
    package's dependencies: python -m homeostat.proofs.kernel CERTIFICATE.json

    For example:

        homeostat check report/evidence/batching.token_balance.1.json
    """
    from homeostat.proofs import kernel

    document = read_document(certificate)
    demand_schema(certificate, document, "homeostat.certificate/1")
    answer = {
        "schema": CHECK_SCHEMA,
        "kind": document.get("kind"),
        "sha256": document.get("sha256"),
    }
    try:
        kernel.check(document)
    except kernel.RejectedError as error:
        answer |= {"accepted": False, "reason": str(error)}
    else:
        answer |= {"accepted": True, "reason": None}
    _finish(answer, _accepted, json=json)


def _finish(
    answer: dict[str, Any], good_news: Callable[[dict[str, Any]], str], *, json: bool
) -> None:
    reason = answer["reason"]
    if json:
        emit(answer)
    elif reason is None:
        typer.echo(good_news(answer))
    else:
        typer.echo(f"rejected: {reason}", err=True)
    raise typer.Exit(ExitCode.OK if reason is None else ExitCode.REJECTED)


def _accepted(answer: dict[str, Any]) -> str:
    return f"accepted: {answer['kind']} certificate {answer['sha256']}"


def _replayed(answer: dict[str, Any]) -> str:
    witness = answer["witness"]
    figures = ", ".join(f"{name} = {value}" for name, value in witness["observed"].items())
    where = f"at t = {witness['step']}" if "step" in witness else "in this case"
    return f"replays: {witness['conjecture']} fails {where}: {figures}"

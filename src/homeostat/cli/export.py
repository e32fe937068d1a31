"""``homeostat export``: certificates for checkers that are not ours."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from homeostat.cli.documents import demand_schema, emit, read_document
from homeostat.cli.options import Json
from homeostat.cli.terminal import note
from homeostat.errors import CertificateRejectedError

__all__ = ["EXPORT_SCHEMA", "export_coq"]

EXPORT_SCHEMA: Final = "homeostat.export-coq/1"


def export_coq(
    certificate: Annotated[
        Path, typer.Argument(metavar="CERTIFICATE.json", help="A certificate file.")
    ],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write; standard output if none.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a certificate as a Coq file that states its theorem and proves it by computation.

    The file needs the library in homeostat/proofs/coq; docs/coq.md says how to compile both.
    Exit 0 when it was written, 2 when its kind has no export, 40 when the kernel rejects it.

    For example:

        homeostat export coq report/evidence/batching.boundary.1.json --out boundary.v
    """
    from homeostat.counterexamples.files import write_atomically
    from homeostat.proofs import kernel
    from homeostat.proofs.coq.export import coq_source, theorem_names

    document = read_document(certificate)
    demand_schema(certificate, document, "homeostat.certificate/1")
    try:
        kernel.check(document)
    except kernel.RejectedError as error:
        raise CertificateRejectedError(f"{certificate}: {error}") from error
    text = coq_source(document)
    if out is not None:
        write_atomically(out, text)
    if json:
        answer: dict[str, Any] = {
            "schema": EXPORT_SCHEMA,
            "kind": document["kind"],
            "sha256": document["sha256"],
            "theorems": theorem_names(text),
            "file": None if out is None else str(out),
            "text": text if out is None else None,
        }
        emit(answer)
    elif out is None:
        typer.echo(text, nl=False)
    else:
        note(f"wrote {out}")

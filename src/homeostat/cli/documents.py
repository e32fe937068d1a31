"""JSON in and out of the command line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from homeostat.errors import InvalidInputError

__all__ = ["demand_schema", "emit", "read_document", "write_document"]


def read_document(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file of at most 16 MiB; the file may come from anyone.

    Raises:
        InvalidInputError: The file is missing, too large, or holds no JSON object.
    """
    from homeostat.counterexamples.files import read_bounded

    document = read_bounded(path)
    if not isinstance(document, dict):
        raise InvalidInputError(f"{path} must hold a JSON object, holds {document!r:.40}")
    return document


def demand_schema(path: Path, document: Mapping[str, Any], *schemas: str) -> None:
    """Refuse a document of another kind.

    Raises:
        InvalidInputError: The field ``schema`` is none of those asked for.
    """
    if document.get("schema") not in schemas:
        wanted = " or ".join(map(repr, schemas))
        raise InvalidInputError(f"{path}: schema={document.get('schema')!r:.60} must be {wanted}")


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON object so that the file is either the old or the whole new one."""
    from homeostat.counterexamples.files import write_atomically

    write_atomically(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def emit(document: Mapping[str, Any]) -> None:
    """Print one JSON object to standard output."""
    typer.echo(json.dumps(document, indent=1, ensure_ascii=False))

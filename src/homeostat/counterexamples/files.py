"""Reading and writing of JSON files: bounded when read, whole or not at all when written."""

import json
import os
import tempfile
from pathlib import Path
from typing import Final

from homeostat.errors import InvalidInputError

__all__ = ["BYTES_MAX", "demand_file_place", "read_bounded", "write_atomically"]

BYTES_MAX: Final = 16 * 1024 * 1024


def read_bounded(path: Path) -> object:
    """Return the JSON data of a file.

    Raises:
        InvalidInputError: The file cannot be read, has more than 16 MiB, or is not JSON.
    """
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise InvalidInputError(f"{path} must be a readable file: {error}") from error
    if len(content) > BYTES_MAX:
        raise InvalidInputError(f"{path} must have at most {BYTES_MAX} bytes")
    try:
        data: object = json.loads(content, parse_constant=_refuse, object_pairs_hook=_unique)
        # Half of a surrogate pair is legal in JSON, and in no text that can be written again.
        json.dumps(data, ensure_ascii=False).encode()
        return data
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{path} must be JSON: {error}") from error


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field occurs twice")
    return fields


def demand_file_place(path: Path) -> None:
    """Refuse a path that is there and is no regular file: a folder, a link, a device.

    A write would replace it. Ask before long work whose result goes there.

    Raises:
        InvalidInputError: It is one.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise InvalidInputError(f"{path} must be a regular file, or not exist")


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old content or all of the new.

    Raises:
        InvalidInputError: The path is no place for a file.
    """
    demand_file_place(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise

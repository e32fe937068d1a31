"""A folder of certificates found so far, so that what took long is found once.

A certificate is kept under what it proves, and is given back only if the kernel accepts it:
whoever can write to the folder can make a run longer, and no false claim proved. Parts of trees
that are still growing are kept beside; they are proposals, which the kernel checks in the end.
Engines consult the store that ``use_store`` names; without one nothing is kept.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final

from homeostat.counterexamples.files import BYTES_MAX, read_bounded, write_atomically
from homeostat.errors import InvalidInputError
from homeostat.proofs import kernel
from homeostat.proofs.certificates import Certificate

__all__ = ["Parts", "Store", "current_store", "use_store"]


class Parts:
    """What is known of one theorem that is not proved yet, piece by piece.

    Attributes:
        folder: Where the pieces lie; it exists once something is kept.
    """

    def __init__(self, folder: Path) -> None:
        """Name the folder."""
        self.folder = folder

    def find(self, name: object) -> dict[str, Any] | None:
        """Return a piece by its name (any JSON data), if it was kept and can be read."""
        try:
            data = read_bounded(self._path(name))
        except InvalidInputError:
            return None
        known = isinstance(data, dict) and data.get("name") == json.loads(json.dumps(name))
        piece = data["piece"] if known and isinstance(data, dict) and "piece" in data else None
        return piece if isinstance(piece, dict) else None

    def keep(self, name: object, piece: Mapping[str, Any]) -> None:
        """Keep a piece."""
        text = json.dumps({"name": name, "piece": dict(piece)}, separators=(",", ":"))
        write_atomically(self._path(name), text)

    def forget(self) -> None:
        """Remove all pieces."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, name: object) -> Path:
        return self.folder / f"{_hash(name)}.json"


class Store:
    """Certificates in a folder, by what they prove.

    Attributes:
        folder: Where they lie, as plain certificate files.
    """

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when something is kept."""
        self.folder = folder

    def find(self, kind: str, theorem: Mapping[str, Any]) -> Certificate | None:
        """Return a certificate of this theorem that the kernel accepts, if there is one.

        Args:
            kind: Kind of the certificate.
            theorem: What it proves. The bound ``steps`` of one that says "settles" is what an
                engine finds out, so it is not compared.
        """
        try:
            found = read_bounded(self._path(kind, theorem))
            if not isinstance(found, dict) or found.get("kind") != kind:
                return None
            kernel.check(found)
        except (InvalidInputError, kernel.RejectedError):
            return None
        return found if _identity(kind, found["theorem"]) == _identity(kind, theorem) else None

    def keep(self, certificate: Certificate) -> None:
        """Keep a certificate; the parts kept for its theorem are no longer needed.

        Raises:
            InvalidInputError: It is too large to be read again; the parts stay.
        """
        kind, theorem = certificate["kind"], certificate["theorem"]
        text = json.dumps(certificate) + "\n"
        # All ASCII: as many bytes as characters.
        if len(text) > BYTES_MAX:
            raise InvalidInputError(
                f"a certificate of {len(text)} bytes must have at most {BYTES_MAX} bytes to be "
                f"kept in {self.folder}"
            )
        write_atomically(self._path(kind, theorem), text)
        self.parts(kind, theorem).forget()

    def parts(self, kind: str, theorem: Mapping[str, Any]) -> Parts:
        """Return where pieces of a proof of this theorem are kept."""
        return Parts(self._path(kind, theorem).with_suffix(".parts"))

    def _path(self, kind: str, theorem: Mapping[str, Any]) -> Path:
        return self.folder / f"{_hash(_identity(kind, theorem))}.json"


def _identity(kind: str, theorem: Mapping[str, Any]) -> dict[str, Any]:
    fields = dict(theorem)
    if fields.get("says") == "settles":
        fields.pop("steps", None)
    return {"kind": kind, "theorem": fields}


def _hash(data: object) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


_CURRENT: Final[ContextVar[Store | None]] = ContextVar("homeostat_store", default=None)


def current_store() -> Store | None:
    """Return the store that engines are to use now; None for none."""
    return _CURRENT.get()


@contextmanager
def use_store(folder: Path | None) -> Iterator[Store | None]:
    """Have engines find and keep certificates in a folder while the block runs.

    Args:
        folder: The folder; None for no store.
    """
    token = _CURRENT.set(None if folder is None else Store(folder))
    try:
        yield _CURRENT.get()
    finally:
        _CURRENT.reset(token)

"""Counts of transitions between experts: an array of NumPy's, or taken from routes.

The array has shape (layers, experts, experts), or (experts, experts) of one layer, and whole
numbers. Nothing in the file is unpickled, and no more is read than the file holds.
"""

from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from homeostat.errors import InvalidInputError
from homeostat.models.routing.counts import Counts, as_counts, top_transitions
from homeostat.runtime.traces.files import FILE_BYTES_MAX, kind_of
from homeostat.runtime.traces.routes import Routes, read_routes

__all__ = ["layer_tokens", "read_transitions"]

_MAGIC: Final = b"\x93NUMPY"


def read_transitions(path: Path) -> tuple[Counts, ...]:
    """Return the counts of each layer in a file of counts, or in one of routes.

    Args:
        path: A ``.npy`` file, or routes as ``read_routes`` takes them; told apart by content.

    Raises:
        InvalidInputError: With file, layer, value and rule.
    """
    if kind_of(path) != "file":
        raise InvalidInputError(f"{path} must be a regular file")
    size = path.stat().st_size
    if size > FILE_BYTES_MAX:
        raise InvalidInputError(f"{path} has {size} bytes, must have {FILE_BYTES_MAX} or fewer")
    with path.open("rb") as file:
        is_array = file.read(len(_MAGIC)) == _MAGIC
    layers = list(_array(path)) if is_array else _top_counts(read_routes(path))
    return tuple(_checked(path, number, layer) for number, layer in enumerate(layers))


def _array(path: Path) -> NDArray[Any]:
    try:
        # Mapped, as a header may claim more than the file holds.
        found: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InvalidInputError(f"{path} must be an array of NumPy's: {error}") from error
    if found.ndim not in (2, 3) or not len(found):
        raise InvalidInputError(
            f"{path}: shape {found.shape} must be (layers, experts, experts) or (experts, experts)"
        )
    return found if found.ndim == 3 else found[None]


def _checked(path: Path, number: int, layer: object) -> Counts:
    try:
        return as_counts(layer)
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: layer {number}: {error}") from error


def _top_counts(routes: Routes) -> list[Counts]:
    return [
        top_transitions(
            [[token[0] for token in text] for text in layer_tokens(routes, layer)], routes.n_expert
        )
        for layer in range(routes.layers)
    ]


def layer_tokens(routes: Routes, layer: int) -> list[list[tuple[int, ...]]]:
    """Return the experts of each token of one layer, in order, one list for each turn."""
    passes = (found for found in routes.passes if found.layer == layer)
    return [
        [token.experts for found in turn for token in found.tokens]
        for _, turn in groupby(passes, key=lambda found: found.turn)
    ]

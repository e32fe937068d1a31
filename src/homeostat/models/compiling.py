"""Functions that numba compiles when the file that defines them is imported."""

from collections.abc import Callable
from typing import Any

import numba

__all__ = ["compiled"]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function compiled by numba, kept on disk where a folder can be written."""
    options = {"nogil": True, "error_model": "numpy"}
    try:
        cached: Callable[..., Any] = numba.njit(cache=True, **options)(function)
    except RuntimeError:
        # numba finds no folder that it may write: compile again in each process instead.
        cached = numba.njit(**options)(function)
    return cached

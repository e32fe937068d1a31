"""Someone's own implementation, named by text and loaded where it is run."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from homeostat.errors import InvalidInputError
from homeostat.models.numbers import Number

__all__ = ["Step", "Target"]

Step: TypeAlias = Callable[[Sequence[Number], Number, Sequence[Number]], Any]
"""``(weights, capacity, state) -> state``; what it returns is checked, not believed."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an implementation is found: loaded when first called, in whatever process.

    Attributes:
        spec: ``package.module:callable`` or ``path/to/file.py:callable``.
    """

    spec: str

    def load(self) -> Callable[..., Any]:
        """Return the callable; loading runs its module.

        Raises:
            InvalidInputError: The form is another one, it does not load, or it is not
                callable.
        """
        return _load(self.spec)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it: a step, or what makes a queue."""
        return self.load()(*arguments, **named)


@lru_cache
def _load(spec: str) -> Callable[..., Any]:
    place, _, name = spec.rpartition(":")
    if not place or not name.isidentifier():
        raise InvalidInputError(
            f"target {spec!r} must be package.module:callable or path/to/file.py:callable"
        )
    try:
        module = _module(place)
    except (Exception, SystemExit) as error:
        raise InvalidInputError(
            f"target {spec!r} does not load, {type(error).__name__}: {error}"
        ) from error
    if not hasattr(module, name):
        raise InvalidInputError(f"target {spec!r}: {place} must have a name {name!r}, has none")
    found = getattr(module, name)
    if not callable(found):
        raise InvalidInputError(f"target {spec!r}: {name!r} is {found!r}, must be callable")
    loaded: Callable[..., Any] = found
    return loaded


def _module(place: str) -> Any:
    if not place.endswith(".py"):
        return importlib.import_module(place)
    path = Path(place).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"{path} must be a file")
    name = f"_target_{path.stem}"
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    # Kept: a dataclass in it looks its module up by name while it runs.
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module

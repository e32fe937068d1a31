"""Says which packages offloading needs, before one of its modules fails to import them."""

from importlib.util import find_spec
from typing import Final

from homeostat.errors import MissingExtraError

__all__ = ["NEEDED"]

NEEDED: Final = ("torch", "transformers")

if any(find_spec(package) is None for package in NEEDED):
    raise MissingExtraError(
        "torch and transformers must be installed: pip install 'homeostat[experts]'"
    )

"""The cache of experts under a model of transformers: one line, and the outputs stay the same."""

from importlib.util import find_spec

from homeostat.errors import MissingExtraError

if any(find_spec(package) is None for package in ("torch", "transformers")):
    raise MissingExtraError(
        "torch and transformers must be installed: pip install 'homeostat[experts]'"
    )

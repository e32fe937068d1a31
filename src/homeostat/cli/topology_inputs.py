"""What ``homeostat topology`` reads before it computes: files, layers, the threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from homeostat.cli.options import OptionError
from homeostat.errors import InvalidInputError

if TYPE_CHECKING:
    from homeostat.models.routing.counts import Counts

__all__ = ["LayerCounts", "panel_of", "threshold_of"]


@dataclass(frozen=True, slots=True)
class LayerCounts:
    """One file: its name, and the counts of the layers that were asked for, by layer."""

    name: str
    layers: "dict[int, Counts]"

    @property
    def drawn(self) -> tuple[int, ...]:
        """The layers that are drawn: the first, the middle and the last of them."""
        numbers = list(self.layers)
        return tuple(dict.fromkeys((numbers[0], self.middle, numbers[-1])))

    @property
    def middle(self) -> int:
        """The layer in the middle; of an even number the later one."""
        return list(self.layers)[len(self.layers) // 2]


def threshold_of(text: str) -> Fraction:
    """Return the threshold that a decimal or a fraction writes, exactly.

    Raises:
        OptionError: It is neither, or not in [0, 1).
    """
    rule = f"--threshold={text!r:.40} must be a number >= 0 and < 1"
    try:
        threshold = Fraction(text) if len(text) <= 20 and "e" not in text.lower() else None
    except (ValueError, ZeroDivisionError) as error:
        raise OptionError(rule) from error
    if threshold is None or not 0 <= threshold < 1:
        raise OptionError(rule)
    return threshold


def panel_of(text: str, wanted: Sequence[int]) -> LayerCounts:
    """Return the counts in a file, or in a data set of that name.

    Args:
        text: A path, or a name from ``homeostat data list``.
        wanted: Layers; all if there are none.

    Raises:
        InvalidInputError: The file breaks the rules of its format, or has no such layer.
        MissingDataError: The data set is not on this machine.
    """
    from homeostat.runtime.traces.fetching import DATASETS, find_data
    from homeostat.runtime.traces.files import kind_of
    from homeostat.runtime.traces.transitions import read_transitions

    names = [name for name, held in DATASETS.items() if held.kind != "requests"]
    path = find_data(text) if text in names else Path(text)
    if kind_of(path) == "nothing":
        raise InvalidInputError(f"{text!r:.200} must be a file, or {', '.join(names)}")
    layers = read_transitions(path)
    missing = [number for number in wanted if number >= len(layers)]
    if missing:
        raise InvalidInputError(f"--layer={missing[0]} must be < {len(layers)}, as in {path}")
    chosen = sorted(set(wanted)) or range(len(layers))
    name = text if text in names else path.name
    return LayerCounts(name, {number: layers[number] for number in chosen})

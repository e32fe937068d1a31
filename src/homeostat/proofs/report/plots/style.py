"""How every plot looks: two widths, colours that follow the page, and bytes that repeat.

A plot is drawn in marker colours (``Ink``); the finished SVG carries them as variables with
a light and a dark value, so that one file suits both schemes, in a page and by itself.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["LAYOUTS", "PALETTE", "Ink", "Layout", "figure", "quiet", "to_svg"]


@dataclass(frozen=True, slots=True)
class Layout:
    """One of the two shapes of a plot; the page shows the one that fits the screen.

    Attributes:
        name: Part of the file's name.
        width_in: Width of the figure in inches; text keeps its size in points.
        columns: How many small panels stand side by side.
    """

    name: str
    width_in: float
    columns: int


LAYOUTS: Final = (Layout("wide", 8.6, 5), Layout("narrow", 4.2, 3))


class Ink:
    """Colours by what they stand for, as drawn and in the light scheme."""

    TEXT: Final = "#22262b"
    SOFT: Final = "#666d76"
    LINE: Final = "#c9ced4"
    PAPER: Final = "#fdfdfc"
    THEORY: Final = "#b4530a"
    SIMULATION: Final = "#0b66a8"
    EVICTED: Final = "#8a3fa0"
    FAILS: Final = "#c3202f"
    HATCH: Final = "#8c949d"
    REGION: Final = "#1a7a43"


PALETTE: Final = {
    Ink.TEXT: ("text", "#e6e8ea"),
    Ink.SOFT: ("soft", "#a2a9b1"),
    Ink.LINE: ("line", "#434a52"),
    Ink.PAPER: ("paper", "#16191d"),
    Ink.THEORY: ("theory", "#f2a25c"),
    Ink.SIMULATION: ("simulation", "#6cb6f0"),
    Ink.EVICTED: ("evicted", "#cd93e0"),
    Ink.FAILS: ("fails", "#ff7b80"),
    Ink.HATCH: ("hatch", "#78818a"),
    Ink.REGION: ("region", "#7fd6a0"),
}
"""Light colour -> (name, dark colour)."""

# Any: matplotlib's own type is a list of all its settings, which differs by version.
_RC: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "homeostat",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8.5,
    "hatch.linewidth": 0.5,
    "hatch.color": Ink.HATCH,
    "text.color": Ink.TEXT,
    "axes.labelcolor": Ink.TEXT,
    "axes.edgecolor": Ink.LINE,
    "axes.titlecolor": Ink.TEXT,
    "xtick.color": Ink.SOFT,
    "ytick.color": Ink.SOFT,
    "grid.color": Ink.LINE,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "legend.frameon": False,
    "axes.axisbelow": True,
}


@contextmanager
def figure(width_in: float, height_in: float) -> Iterator[Figure]:
    """Give an empty figure under the report's settings; the caller's are left alone."""
    with mpl.rc_context(_RC):
        yield Figure(figsize=(width_in, height_in), layout="constrained")


def quiet(axes: Axes) -> None:
    """Leave only the lines that carry information."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2.5)


_FONTS: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


def to_svg(drawn: Figure) -> str:
    """Return a figure as SVG text: the same bytes for the same figure, colours as variables.

    Must be called inside ``figure``.
    """
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue().decode()
    for light, (name, _) in PALETTE.items():
        text = text.replace(light, f"var(--{name})")
    text = re.sub(r"(font(?:-family)?): ([^;\"']*?)'DejaVu Sans'[^;\"]*", _font, text)
    return text.replace("<defs>", f"<style>{_scheme()}</style>\n <defs>", 1)


def _font(match: re.Match[str]) -> str:
    return f"{match[1]}: {match[2]}{_FONTS}"


def _scheme() -> str:
    light = "".join(f"--{name}:{colour};" for colour, (name, _) in PALETTE.items())
    dark = "".join(f"--{name}:{colour};" for name, colour in PALETTE.values())
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"

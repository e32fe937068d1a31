"""The page on policies of placement beside each other: who wins where, with intervals over seeds.

It is made from a document ``homeostat.governor-standing/1``, which ``homeostat govern
--comparison`` computes from the raw values of ``benchmarks/governor_comparison.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from homeostat.errors import InvalidInputError
from homeostat.proofs.report.alone import write_alone, write_plots
from homeostat.proofs.report.pages import Picture
from homeostat.proofs.report.plots.governing import Line, Panel, draw_sizes
from homeostat.proofs.report.plots.style import Layout

__all__ = ["PAGE", "SCHEMA", "GoverningComparisonView", "write_governing_comparison"]

PAGE: Final = ("governing-comparison.html", "Placement")
"""File name and words of the page."""
SCHEMA: Final = "homeostat.governor-standing/1"
_SIGNS: Final = {"wins": "+", "ties": "=", "loses": "\N{MINUS SIGN}", None: ""}
_DIGITS: Final = 4
_LARGE: Final = 1000

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GoverningComparisonView:
    """A document, for the page."""

    document: Row

    @property
    def measures(self) -> list[Row]:
        """What was measured."""
        return list(self.document["measures"])

    @property
    def rivals(self) -> list[str]:
        """All policies but ours."""
        return [p for p in self.document["policies"] if p != self.document["ours"]]

    def against(self, measure: Row, rival: str) -> str:
        """Return wins, ties and losses against a rival."""
        counted = measure["against"][rival]
        return f"{counted['wins']} / {counted['ties']} / {counted['loses']}"

    def heading(self, measure: Row) -> str:
        """Return the words of a measure, with its unit."""
        return f"{measure['words']}{', ' * bool(measure['unit'])}{measure['unit']}"

    def number(self, measure: Row, figure: Row) -> str:
        """Return a mean with half of its interval, and how ours does against it."""
        scale = _scale(measure)
        mean = _short(scale * figure["mean"])
        if figure["high"] is None:
            return mean
        half = _short(scale * (figure["high"] - figure["low"]) / 2)
        return f"{mean} \N{PLUS-MINUS SIGN} {half}"

    def sign(self, figure: Row) -> str:
        """Return the sign of how ours does against a policy: better, as good, worse."""
        return _SIGNS[figure["ours"]]

    def picture(self, measure: Row) -> Picture:
        """A measure over the size of the cluster."""
        better = "higher" if measure["higher_is_better"] else "lower"
        return Picture(
            f"governing-{measure['name'].replace('_', '-')}",
            measure["words"],
            f"{measure['words']} of each policy over the number of nodes, by workload.",
            f"{measure['words']}{', without faults' * self._has_faultless}; {better} is better. "
            f"Bars are the {self.document['level']:.0%} interval of the mean.",
        )

    def plots(self) -> dict[str, Callable[[Layout], str]]:
        """Return what draws each picture, by its name."""
        return {
            self.picture(measure).name: partial(
                draw_sizes, self._panels(measure), self.heading(measure), self.document["ours"]
            )
            for measure in self.measures
        }

    @property
    def _has_faultless(self) -> bool:
        return any(not cell["faults"] for cell in self.document["cells"])

    def _panels(self, measure: Row) -> list[Panel]:
        # Cells with faults stand in the tables; where there are no others they are drawn.
        cells = [c for c in self.document["cells"] if not (c["faults"] and self._has_faultless)]
        cells = [cell for cell in cells if _is_measured(measure, cell)] or cells
        workloads = dict.fromkeys(cell["workload"] for cell in cells)
        return [
            Panel(
                workload,
                [
                    _line(measure, policy, [c for c in cells if c["workload"] == workload])
                    for policy in self.document["policies"]
                ],
            )
            for workload in workloads
        ]


def _is_measured(measure: Row, cell: Row) -> bool:
    return any(row["figures"][measure["name"]]["mean"] for row in cell["rows"])


def _line(measure: Row, policy: str, cells: Sequence[Row]) -> Line:
    points = []
    for cell in cells:
        for row in cell["rows"]:
            if row["policy"] == policy:
                figure = row["figures"][measure["name"]]
                mean = figure["mean"]
                ends = (mean, mean) if figure["high"] is None else (figure["low"], figure["high"])
                points.append((cell["nodes"], *(_scale(measure) * x for x in (mean, *ends))))
    return Line(policy, points)


def _scale(measure: Row) -> int:
    return 100 if measure["unit"] == "%" else 1


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.{_DIGITS}g}"


def _draw(view: GoverningComparisonView, folder: Path) -> None:
    write_plots(view.plots(), folder)


def write_governing_comparison(document: Row, folder: Path) -> Path:
    """Write the page by itself, with its plots and style; files of these names are replaced.

    Returns:
        The path of the page.

    Raises:
        InvalidInputError: The document is no comparison, or ``folder`` no folder.
    """
    if document.get("schema") != SCHEMA:
        raise InvalidInputError(f"schema={document.get('schema')!r:.60} must be {SCHEMA!r}")
    view = GoverningComparisonView(document)
    context = {"view": view, "doc": document}
    return write_alone(PAGE[0], folder, draw=partial(_draw, view), context=context)

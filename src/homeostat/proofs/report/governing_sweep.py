"""The page on the governor's settings: maps of every measure, and how much each setting matters.

It is made from a document ``homeostat.governor-sweep/1``, as ``homeostat govern --sweep --json``
prints it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from homeostat.errors import InvalidInputError
from homeostat.proofs.report.alone import write_alone, write_plots
from homeostat.proofs.report.pages import Picture
from homeostat.proofs.report.plots.governing import Field, draw_fields
from homeostat.proofs.report.plots.style import Layout

__all__ = ["PAGE", "SCHEMA", "GoverningSweepView", "write_governing_sweep"]

PAGE: Final = ("governing-sweep.html", "Settings")
"""File name and words of the page."""
SCHEMA: Final = "homeostat.governor-sweep/1"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GoverningSweepView:
    """A document, for the page."""

    document: Row

    @property
    def measures(self) -> list[Row]:
        """What was measured."""
        return list(self.document["measures"])

    @property
    def settings(self) -> list[str]:
        """What was varied."""
        return list(self.document["ranges"])

    def heading(self, measure: Row) -> str:
        """Return the words of a measure, with its unit."""
        return f"{measure['words']}{', ' * bool(measure['unit'])}{measure['unit']}"

    def number(self, measure: Row, value: float) -> str:
        """Return a value in the measure's unit."""
        return f"{(100 if measure['unit'] == '%' else 1) * value:.4g}"

    def words(self, measure: Row) -> str:
        """Say which setting matters most to a measure."""
        if measure["indices"] is None:
            return f"{measure['words']}: the same at every setting."
        if measure["is_chance"]:
            return (
                f"{measure['words']}: settings change it by no more than the seeds do, so its "
                "indices are those of chance."
            )
        total = measure["indices"]["total"]
        name = max(total, key=lambda setting: float(total[setting]["index"]))
        best = measure["best"]
        where = ", ".join(f"{setting} {best[setting]:.2g}" for setting in self.settings)
        return (
            f"{measure['words']}: {name} matters most, with {total[name]['index']:.0%} of the "
            f"variance ({total[name]['low']:.0%} to {total[name]['high']:.0%}) alone or together "
            f"with others. Best on the maps: {self.number(measure, best['value'])} at {where}."
        )

    def picture(self, index: int) -> Picture:
        """All maps at one tax."""
        tax = self.document["maps"][index]["tax"]
        return Picture(
            f"governing-sweep-{index}",
            f"Tax {tax:.2g}",
            f"Maps of every measure over damping and temperature at a tax of {tax:.2g}.",
            f"Every measure over damping and temperature at a tax of {tax:.2g}. Each map has a "
            "scale of its own: a narrow one shows chance.",
        )

    def plots(self) -> dict[str, Callable[[Layout], str]]:
        """Return what draws each picture, by its name."""
        return {
            self.picture(index).name: partial(draw_fields, self._fields(one))
            for index, one in enumerate(self.document["maps"])
        }

    def _fields(self, one: Row) -> list[Field]:
        return [
            Field(
                self.heading(measure),
                "damping",
                one["damping"],
                "temperature",
                one["temperature"],
                [
                    [(100 if measure["unit"] == "%" else 1) * x for x in row]
                    for row in one["values"][measure["name"]]
                ],
            )
            for measure in self.measures
        ]


def _draw(view: GoverningSweepView, folder: Path) -> None:
    write_plots(view.plots(), folder)


def write_governing_sweep(document: Row, folder: Path) -> Path:
    """Write the page by itself, with its plots and style; files of these names are replaced.

    Returns:
        The path of the page.

    Raises:
        InvalidInputError: The document is no sweep, or ``folder`` no folder.
    """
    if document.get("schema") != SCHEMA:
        raise InvalidInputError(f"schema={document.get('schema')!r:.60} must be {SCHEMA!r}")
    view = GoverningSweepView(document)
    context = {"view": view, "doc": document}
    return write_alone(PAGE[0], folder, draw=partial(_draw, view), context=context)

"""The page on a governed cluster: every policy in one setting, on the same jobs and faults.

It is made from a document ``homeostat.govern/1``, as ``homeostat govern --json`` prints it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from homeostat.errors import InvalidInputError
from homeostat.proofs.report.alone import write_alone, write_plots
from homeostat.proofs.report.pages import Picture
from homeostat.proofs.report.plots.governing_runs import (
    Bars,
    Series,
    draw_figures,
    draw_over_time,
)
from homeostat.proofs.report.plots.style import Layout

__all__ = ["PAGE", "SCHEMA", "GoverningView", "write_governing"]

PAGE: Final = ("governing.html", "Cluster")
"""File name and words of the page."""
SCHEMA: Final = "homeostat.govern/1"
_OVER_TIME: Final = (
    ("gpu", "GPUs in use, %", 100),
    ("cpu", "CPUs in use, %", 100),
    ("memory", "memory in use, %", 100),
    ("waiting", "jobs waiting", 1),
)
_FAULTS: Final = {
    "none": "Nothing fails.",
    "nodes": "Nodes fail, and what runs on them begins anew.",
    "partitions": "Parts of the cluster are cut off: what runs there goes on, and nothing can be "
    "placed there.",
    "both": "Nodes fail, and what runs on them begins anew; parts of the cluster are cut off, and "
    "nothing can be placed there.",
}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GoverningView:
    """A document, for the page."""

    document: Row

    @property
    def policies(self) -> list[Row]:
        """All policies, in the order of the document."""
        return list(self.document["policies"])

    @property
    def measures(self) -> list[Row]:
        """The measures in which policies differ."""
        return [measure for measure in self.document["measures"] if measure["matters"]]

    @property
    def setting(self) -> str:
        """Say where the policies were put."""
        doc = self.document
        seeds = len(doc["seeds"])
        late = (
            f" A policy learns of that {doc['stale_s']:g} s late."
            if doc["faults"] != "none" and doc["stale_s"]
            else ""
        )
        return (
            f"{doc['nodes']:,} nodes under the workload {doc['workload']}; of the scarcest "
            f"resource {doc['load']:.0%} is asked for. What does not fit waits, and tries again. "
            f"{_FAULTS[doc['faults']]}{late} Each policy made {seeds} run{'s' * (seeds > 1)}, on "
            "the same jobs and faults as the others."
        )

    def words(self, measure: Row) -> str:
        """Say who is best in a measure."""
        own = self.figure(self.policy(measure["best"]), measure)
        value = self.number(measure, own["mean"])
        text = f"{measure['words']}: {measure['best']}, {value}"
        if not measure["tied"]:
            return f"{text}, ahead of all others."
        if len(measure["tied"]) == len(self.policies) - 1:
            return f"{text}, but chance may have put it ahead of each of the others."
        return f"{text}; {_listed(measure['tied'])} may be as good."

    def policy(self, name: str) -> Row:
        """Return the row of a policy."""
        return next(row for row in self.policies if row["policy"] == name)

    def figure(self, row: Row, measure: Row) -> Row:
        """Return mean, interval and values of a policy in a measure."""
        name = str(measure["name"])
        prefix = "decision_us_"
        if name.startswith(prefix):
            found: Row = row["decision_us"][name.removeprefix(prefix)]
        else:
            found = row["figures"][name]
        return found

    def number(self, measure: Row, value: float) -> str:
        """Return a value with its unit."""
        if measure["unit"] == "%":
            return f"{100 * value:.2f} %"
        digits = (
            0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 4
        )
        return f"{value:,.{digits}f}" + (f" {measure['unit']}" if measure["unit"] else "")

    def half(self, measure: Row, figure: Row) -> str:
        """Return half of an interval, where there is one."""
        if figure["interval"] is None:
            return ""
        low, high = figure["interval"]
        return "± " + self.number(measure, (high - low) / 2)

    @property
    def figures_picture(self) -> Picture:
        """Every measure."""
        better = [m["words"] for m in self.measures if m["higher_is_better"]]
        right = f"Further right is better for {_listed(better)}; elsewhere further left is."
        return Picture(
            "governing-figures",
            "Figures",
            "Each measure of each policy, mean over the seeds with its interval.",
            f"Means over the seeds, with {self.document['level']:.0%} intervals. Who is ahead is "
            "told above by the differences seed by seed, in which what all share cancels. "
            + (right if better else "Further left is better."),
        )

    @property
    def time_picture(self) -> Picture:
        """The first seed's run."""
        return Picture(
            "governing-time",
            "Over time",
            "What is in use, and how many jobs wait, over the time of one run.",
            f"The run of seed {self.document['seeds'][0]}. It starts as if it had gone on for "
            "ever: with as many jobs as would be running.",
        )

    def plots(self) -> dict[str, Callable[[Layout], str]]:
        """Return what draws each picture, by its name."""
        names = [row["policy"] for row in self.policies]
        drawn: dict[str, Callable[[Layout], str]] = {}
        if self.measures:
            bars = [self._bars(measure) for measure in self.measures]
            drawn[self.figures_picture.name] = partial(draw_figures, names, bars)
        shown = [
            (name, label, scale)
            for name, label, scale in _OVER_TIME
            if any(any(row["over_time"][name]) for row in self.policies)
        ]
        series = [
            Series(
                row["policy"],
                [time / 3600 for time in row["over_time"]["time_s"]],
                [[scale * v for v in row["over_time"][name]] for name, _, scale in shown],
            )
            for row in self.policies
        ]
        labels = [label for _, label, _ in shown]
        drawn[self.time_picture.name] = partial(draw_over_time, labels, series)
        return drawn

    def _bars(self, measure: Row) -> Bars:
        scale = 100 if measure["unit"] == "%" else 1
        figures = [self.figure(row, measure) for row in self.policies]
        ends = [figure["interval"] for figure in figures]
        return Bars(
            measure["words"] + (f", {measure['unit']}" if measure["unit"] else ""),
            [scale * figure["mean"] for figure in figures],
            [None if own is None else (scale * own[0], scale * own[1]) for own in ends],
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " * (len(names) > 1) + names[-1]


def _draw(view: GoverningView, folder: Path) -> None:
    write_plots(view.plots(), folder)


def write_governing(document: Row, folder: Path) -> Path:
    """Write the page by itself, with its plots and style; files of these names are replaced.

    Returns:
        The path of the page.

    Raises:
        InvalidInputError: The document is of another kind, or ``folder`` no folder.
    """
    if document.get("schema") != SCHEMA:
        raise InvalidInputError(f"schema={document.get('schema')!r:.60} must be {SCHEMA!r}")
    view = GoverningView(document)
    context = {"view": view, "doc": document}
    return write_alone(PAGE[0], folder, draw=partial(_draw, view), context=context)

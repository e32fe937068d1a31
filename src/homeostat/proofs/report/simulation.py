"""The page on the scheduler: simulated engines beside measured ones, and policies compared.

It is made from documents ``homeostat.simulation/1``, as ``homeostat simulate --json`` prints them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from homeostat.errors import InvalidInputError
from homeostat.proofs.report.alone import write_alone
from homeostat.proofs.report.pages import Picture
from homeostat.proofs.report.plots.simulation import RUNS_MAX, draw_timeline, draw_waits
from homeostat.proofs.report.plots.style import LAYOUTS

__all__ = [
    "PAGE",
    "SCHEMA",
    "SimulationView",
    "Simulations",
    "views_of",
    "write_plots",
    "write_simulation",
]

PAGE: Final = ("scheduler.html", "Scheduler")
"""File name and words of the page in a report."""

Simulations: TypeAlias = tuple[Sequence[Mapping[str, Any]], Sequence[tuple[str, Sequence[str]]]]
"""Documents, and what could not be simulated: (data set, files that are missing)."""

SCHEMA: Final = "homeostat.simulation/1"
_ENGINE: Final = "fcfs+last-in+none"
"""What vLLM does; runs of it are drawn beside measured ones."""

_FIGURES: Final = {
    "ttft_mean_s": "time to first token, mean, s",
    "ttft_p50_s": "time to first token, median, s",
    "ttft_p99_s": "time to first token, 99th percentile, s",
    "makespan_s": "first arrival to last token, s",
    "tpot_mean_ms": "time per output token, mean, ms",
    "tpot_p50_ms": "time per output token, median, ms",
    "running_peak": "most sequences running",
    "waiting_peak": "most requests waiting",
}


@dataclass(frozen=True, slots=True)
class SimulationView:
    """One document, for the page.

    Attributes:
        index: Its number on the page, from 0.
        document: The JSON data.
    """

    index: int
    document: Mapping[str, Any]

    @property
    def shown(self) -> Mapping[str, Any]:
        """The run that is drawn over time: that of the measured engine's policy, or the first."""
        runs: list[Mapping[str, Any]] = self.document["runs"]
        return next((run for run in runs if run["policy"] == _ENGINE), runs[0])

    @property
    def comparison(self) -> list[dict[str, Any]]:
        """The figures beside those measured, with words and whether the published error is met."""
        return [
            {
                **row,
                "words": _FIGURES.get(row["name"], row["name"]),
                "better": row["relative_error"] is not None
                and abs(row["relative_error"]) < row["published_error"],
            }
            for row in self.document["comparison"] or ()
        ]

    @property
    def plain(self) -> list[Mapping[str, Any]]:
        """The runs without a window."""
        return [run for run in self.document["runs"] if run["window_ns"] is None]

    @property
    def windows(self) -> list[list[Mapping[str, Any]]]:
        """Runs that differ in nothing but the window, none first; groups of two or more."""
        groups: dict[str, list[Mapping[str, Any]]] = {}
        for run in self.document["runs"]:
            groups.setdefault(run["policy"].rpartition("+")[0], []).append(run)
        ordered = [
            sorted(group, key=lambda run: run["window_ns"] is not None) for group in groups.values()
        ]
        return [group for group in ordered if len(group) > 1 and group[0]["window_ns"] is None]

    def window_words(self, group: Sequence[Mapping[str, Any]]) -> str:
        """Say in figures what each window does to the mean time to first token, and the rest."""
        none = group[0]
        return " ".join(_effect(run, none) for run in group[1:])

    @property
    def timeline(self) -> Picture:
        """The picture over time."""
        measured = self.document["measured"]
        gauges = measured and measured["timeline"]["time_s"]
        return Picture(
            f"simulation-{self.index}-timeline",
            "The engine over time",
            "Running and waiting requests and KV memory in use over time"
            + (", simulated as lines and measured as dots." if gauges else ", simulated."),
            f"Under {self.shown['policy']}.",
        )

    @property
    def waits(self) -> Picture:
        """The picture of waiting times."""
        return Picture(
            f"simulation-{self.index}-waits",
            "Time to first token",
            "Share of requests that have their first token by a time, one line for each policy.",
            "Further left is better. "
            + _drawn(len(self.plain))
            + ("The broad line was measured." if self.document["measured"] else ""),
        )


def _drawn(count: int) -> str:
    """Say how many policies are drawn, where that is not all of them."""
    if count <= RUNS_MAX:
        return ""
    return f"Drawn are the first {RUNS_MAX} of {count} policies; the table has all. "


def _effect(run: Mapping[str, Any], none: Mapping[str, Any]) -> str:
    """Return what a window adds to or takes from the run without one."""
    window = f"{run['policy'].rpartition('+')[2]} window of {run['window_ns'] / 1e6:g} ms"
    if run["summary"] == none["summary"]:
        return f"The {window} changes nothing."
    changes = [
        f"{words} by {100 * (_mean(run, name) / _mean(none, name) - 1):+.2g} %"
        for name, words in (("ttft_ns", "TTFT"), ("tpot_ns", "TPOT"))
        if none["summary"][name] and _mean(none, name)
    ]
    steps = run["steps"] / none["steps"] - 1
    return f"The {window} changes mean {', '.join(changes)}, steps by {100 * steps:+.2g} %."


def _mean(run: Mapping[str, Any], name: str) -> float:
    mean: float = run["summary"][name]["mean"]
    return mean


def views_of(documents: Sequence[Mapping[str, Any]]) -> list[SimulationView]:
    """Return the documents for the page.

    Raises:
        InvalidInputError: One is no simulation.
    """
    for document in documents:
        if document.get("schema") != SCHEMA:
            raise InvalidInputError(f"schema={document.get('schema')!r:.60} must be {SCHEMA!r}")
    return [SimulationView(index, document) for index, document in enumerate(documents)]


def write_plots(views: Sequence[SimulationView], folder: Path) -> None:
    """Write the plots of the page, each in two widths, into a folder that exists."""
    for view in views:
        measured = view.document["measured"]
        runs = [(run["policy"], run["ttft_quantiles_s"]) for run in view.plain[:RUNS_MAX]]
        drawn = {
            view.timeline.name: partial(
                draw_timeline, view.shown["timeline"], measured and measured["timeline"]
            ),
            view.waits.name: partial(draw_waits, runs, measured and measured["ttft_quantiles_s"]),
        }
        for name, plot in drawn.items():
            for layout in LAYOUTS:
                path = folder / f"{name}.{layout.name}.svg"
                path.write_text(plot(layout), encoding="utf-8")


def write_simulation(documents: Sequence[Mapping[str, Any]], folder: Path) -> Path:
    """Write the page by itself, with its plots and style; files of these names are replaced.

    Returns:
        The path of the page.

    Raises:
        InvalidInputError: A document is no simulation, or ``folder`` no folder.
    """
    views = views_of(documents)
    context = {"alone": True, "simulations": views, "missing": ()}
    return write_alone(PAGE[0], folder, draw=partial(write_plots, views), context=context)

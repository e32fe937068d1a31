"""The page on replayed caches: each policy beside the optimum, and what the selector went by.

It is made from a document ``homeostat.cache-replay/1``, as ``homeostat cache replay --json`` prints
it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from homeostat.errors import InvalidInputError
from homeostat.proofs.report.alone import write_alone, write_plots
from homeostat.proofs.report.pages import Picture
from homeostat.proofs.report.plots.cache_replay import Curve, draw_capacities, draw_layers
from homeostat.proofs.report.plots.style import Layout

__all__ = ["PAGE", "SCHEMA", "CacheReplayView", "write_cache_replay"]

PAGE: Final = ("cache-replay.html", "Caches")
"""File name and words of the page."""
SCHEMA: Final = "homeostat.cache-replay/1"
_OPTIMA: Final = 2
"""The last runs of a capacity are the optima: with bypass, then without."""
_DETAILED_MAX: Final = 4
"""Of more capacities than this, so many are shown in full."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CacheReplayView:
    """A document, for the page."""

    document: Row

    @property
    def rows(self) -> list[Row]:
        """All capacities, ascending."""
        return list(self.document["capacities"])

    @property
    def detailed(self) -> list[Row]:
        """The capacities that are shown in full: all, or some from the least to the largest."""
        rows = self.rows
        if len(rows) <= _DETAILED_MAX:
            return rows
        places = [round(i * (len(rows) - 1) / (_DETAILED_MAX - 1)) for i in range(_DETAILED_MAX)]
        return [rows[place] for place in places]

    def policies(self, row: Row) -> Sequence[Row]:
        """The runs of policies at a capacity."""
        found: Sequence[Row] = row["runs"][:-_OPTIMA]
        return found

    def optima(self, row: Row) -> Sequence[Row]:
        """The optimum with bypass and the one without."""
        found: Sequence[Row] = row["runs"][-_OPTIMA:]
        return found

    def misses(self, run: Row) -> int:
        """Experts that were copied."""
        count: int = run["loads"] + run["bypasses"]
        return count

    def best(self, row: Row) -> list[Row]:
        """The policies with the fewest misses at a capacity; several if equal."""
        runs = self.policies(row)
        least = min(map(self.misses, runs))
        return [run for run in runs if self.misses(run) == least]

    def experts(self, row: Row) -> str:
        """Return a capacity in words."""
        return f"{row['capacity']} resident expert{'s' * (row['capacity'] > 1)}"

    def words(self, row: Row) -> str:
        """Say who is best at a capacity, and what regret remains."""
        best = self.best(row)
        least = self.optima(row)[0]
        names = _listed([run["policy"] for run in best])
        first = best[0]
        text = (
            f"With {self.experts(row)} a layer, {names} "
            f"{'misses' if len(best) == 1 else 'miss'} least: {self.misses(first):,} of "
            f"{first['asked']:,}, a hit rate of {first['hit_rate']:.1%}. The optimum misses "
            f"{self.misses(least):,} ({least['hit_rate']:.1%} hits)"
        )
        if not first["regret"]:
            return f"{text}, so nothing is left to gain."
        part = first["regret"] / self.misses(first)
        return (
            f"{text}. So {first['regret']:,} misses are regret, {part:.0%} of all that remain: "
            "whoever knew the future would not have them."
        )

    def bypass_words(self, row: Row) -> str:
        """Say what bypass is worth to whoever knows the future."""
        least, loading = map(self.misses, self.optima(row))
        if least == loading:
            return "Whoever knew the future would not need bypass here."
        return (
            f"To whoever knew the future bypass is worth {loading - least:,} of "
            f"{loading:,} misses ({(loading - least) / loading:.1%})."
        )

    def selector_words(self, row: Row) -> str:
        """Say how the selector's choice turned out, where it ran."""
        runs = {run["policy"]: run for run in self.policies(row)}
        if "selector" not in runs or len(runs) == 1:
            return ""
        own, best = runs["selector"], self.best(row)[0]
        measured = row["selection"]["model"]["asked"]
        lost = self.misses(own) - self.misses(best)
        outcome = f"misses {lost:,} more than the best" if lost else "misses no more than the best"
        return (
            f"The selector, which chose in each layer by {measured:,} experts asked for before, "
            f"{outcome} ({own['hit_rate']:.1%} hits)."
        )

    @property
    def capacities_picture(self) -> Picture:
        """Hit rate over capacity."""
        return Picture(
            "cache-capacities",
            "Hit rate and capacity",
            "Hit rate of each policy over the capacity, below the optimum's.",
            "Nothing can be above the black line. Between the dashed line and it lies what only "
            "bypass can reach; between a policy and the dashed line lies what the future would "
            "have told it.",
        )

    def layers_picture(self, row: Row) -> Picture:
        """Hit rate by layer at one capacity."""
        return Picture(
            f"cache-layers-{row['capacity']}",
            "Layers",
            "Hit rate of each layer, under the policies that miss least and most, and the optima.",
            f"Each layer at C = {row['capacity']}, under the best and the worst policy of those "
            "that were replayed.",
        )

    def plots(self) -> dict[str, Callable[[Layout], str]]:
        """Return what draws each picture, by its name."""
        rows = self.rows
        names = [run["policy"] for run in rows[0]["runs"]]
        curves = [
            Curve(name, [100 * row["runs"][i]["hit_rate"] for row in rows])
            for i, name in enumerate(names)
        ]
        capacities = [row["capacity"] for row in rows]
        drawn: dict[str, Callable[[Layout], str]] = {
            self.capacities_picture.name: partial(
                draw_capacities, capacities, curves[:-_OPTIMA], curves[-_OPTIMA:]
            )
        }
        for row in self.detailed:
            ranked = sorted(self.policies(row), key=self.misses)
            shown = {run["policy"]: run for run in (ranked[0], ranked[-1])}
            drawn[self.layers_picture(row).name] = partial(
                draw_layers,
                [_by_layer(run) for run in shown.values()],
                [_by_layer(run) for run in self.optima(row)],
            )
        return drawn


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " * (len(names) > 1) + names[-1]


def _by_layer(run: Row) -> Curve:
    return Curve(run["policy"], [100 * rate for rate in run["hit_rate_by_layer"]])


def _draw(view: CacheReplayView, folder: Path) -> None:
    write_plots(view.plots(), folder)


def write_cache_replay(document: Row, folder: Path) -> Path:
    """Write the page by itself, with its plots and style; files of these names are replaced.

    Returns:
        The path of the page.

    Raises:
        InvalidInputError: The document is no replay, or ``folder`` no folder.
    """
    if document.get("schema") != SCHEMA:
        raise InvalidInputError(f"schema={document.get('schema')!r:.60} must be {SCHEMA!r}")
    view = CacheReplayView(document)
    context = {"view": view, "doc": document}
    return write_alone(PAGE[0], folder, draw=partial(_draw, view), context=context)

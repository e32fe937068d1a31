"""Which plots a report has: what each shows in words, and how to draw it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from homeostat.models.batching import DATA_SETS, Pair
from homeostat.proofs.report.ledger_view import ClaimView, EvidenceView
from homeostat.proofs.report.pages import Picture
from homeostat.proofs.report.plots import (
    LAYOUTS,
    Layout,
    draw_estimates,
    draw_failure_maps,
    draw_spreads,
    draw_witness,
    has_intervals,
    stage_pairs,
    swept_failures,
)
from homeostat.proofs.report.plots.failure_map import STEP_COUNT
from homeostat.proofs.report.witness_view import WitnessView

__all__ = ["Drawing", "draw", "estimate_picture", "overview_pictures", "witness_picture"]


@dataclass(frozen=True, slots=True)
class Drawing:
    """One plot to draw, with all that a process needs for it.

    Attributes:
        name: File name without width and suffix.
        plot: Gives how to draw it in one layout; called once, so that what all the
            layouts share is computed once.
    """

    name: str
    plot: Callable[[], Callable[[Layout], str]]


def draw(drawing: Drawing) -> dict[str, str]:
    """Return file name -> SVG, one for each layout."""
    plot = drawing.plot()
    return {f"{drawing.name}.{layout.name}.svg": plot(layout) for layout in LAYOUTS}


@dataclass(frozen=True, slots=True)
class _WitnessPlot:
    """A class rather than a closure: it travels to another process."""

    pair: Pair
    step: int
    with_spreads: bool

    def __call__(self) -> Callable[[Layout], str]:
        return lambda layout: draw_witness(
            self.pair, self.step, layout, with_spreads=self.with_spreads
        )


@dataclass(frozen=True, slots=True)
class _EstimatePlot:
    points: tuple[Mapping[str, Any], ...]

    def __call__(self) -> Callable[[Layout], str]:
        return lambda layout: draw_estimates(self.points, layout)


def _spreads() -> Callable[[Layout], str]:
    return draw_spreads


def _failure_maps() -> Callable[[Layout], str]:
    maps = [swept_failures(l_a, l_b) for l_a, l_b in stage_pairs()]
    return lambda layout: draw_failure_maps(maps, layout)


def overview_pictures() -> tuple[list[Drawing], list[Picture]]:
    """Return the plots of the first page."""
    l_b_max = max(l_b for _, l_b in stage_pairs())
    steps = " and ".join(str(data_set.step_count) for data_set in DATA_SETS)
    pictures = [
        Picture(
            "spreads",
            "Both spreads over time",
            f"Two line plots on a log scale: the spread of Theory and of Simulation over {steps} "
            "steps of the note's two data sets; marks below the lines show the steps that evict.",
            "The note's own experiments, computed exactly. Marks at the bottom are steps at "
            "which Simulation evicts; after the last of them both systems follow the same "
            "linear step.",
        ),
        Picture(
            "swept_failures",
            "Where dominance fails from the canonical start",
            f"{len(stage_pairs())} small maps, one for each pair of service lengths up to "
            f"{l_b_max}, over prompt length and share of the long type; coloured where Theory's "
            "spread falls below Simulation's, hatched where Theory is unstable.",
            "One panel for each (l_A, l_B). Coloured: Theory's spread falls below Simulation's; "
            "the colour says at which step first. Hatched: Theory is not stable (a root on or "
            f"outside the unit circle). Blank: no failure seen within {STEP_COUNT} steps. The maps "
            "are floating point on a grid and only illustrate; a failure counts when it "
            "exceeds one millionth of the spread, so that rounding does not paint. What is "
            "claimed rests on the exact witnesses, not on these maps.",
        ),
    ]
    drawings = [Drawing("spreads", _spreads), Drawing("swept_failures", _failure_maps)]
    return drawings, pictures


def witness_picture(
    claim: ClaimView, evidence: EvidenceView, view: WitnessView
) -> tuple[Drawing, Picture]:
    """Return the plot of one witness."""
    name, step = f"witness.{evidence.name}", view.witness.step
    bars = "Bars: the amounts by stage, Theory left and Simulation right, at the last steps."
    curves = "Above, both spreads and their difference. " if view.about_spreads else ""
    picture = Picture(
        name,
        claim.title,
        f"Theory and Simulation from one start until t = {step}, where the claim is violated: "
        f"{view.sentence}.",
        f"{view.parameters}; violated {view.sentence}. {view.reversal} {curves}{bars}",
        f"claims/{claim.id}.html",
    )
    return Drawing(name, _WitnessPlot(view.pair, step, view.about_spreads)), picture


def estimate_picture(claim: ClaimView) -> tuple[Drawing, Picture] | None:
    """Return the plot of a measured claim, or None where it is not a share against l0."""
    points = claim.estimate.get("points") if isinstance(claim.estimate, Mapping) else None
    if not isinstance(points, list) or not has_intervals(points):
        return None
    name = f"estimate.{claim.id}"
    words = ", ".join(f"{p['estimate']:.3g} at l0 = {p['l0']:g}" for p in points)
    picture = Picture(
        name,
        claim.title,
        f"Estimates with intervals against prompt length: {words}.",
        "Each estimate with its confidence interval; the points are in the table below.",
    )
    return Drawing(name, _EstimatePlot(tuple(points))), picture

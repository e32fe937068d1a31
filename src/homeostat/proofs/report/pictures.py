"""Which plots a report has: what each shows in words, and how to draw it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeostat.models.batching import DATA_SETS, BatchingParameters, Pair
from homeostat.models.entropy import GAPS_DEFAULT
from homeostat.proofs.report.convergence import Convergence, last_eviction
from homeostat.proofs.report.ledger_view import ClaimView, EvidenceView
from homeostat.proofs.report.pages import Picture
from homeostat.proofs.report.plots import (
    LAYOUTS,
    PLANES,
    Layout,
    ThreeStages,
    draw_estimates,
    draw_failure_maps,
    draw_sensor,
    draw_shadows,
    draw_spreads,
    draw_tree,
    draw_triangles,
    draw_witness,
    has_intervals,
    is_small,
    stage_pairs,
    swept_failures,
)
from homeostat.proofs.report.plots.failure_map import STEP_COUNT
from homeostat.proofs.report.regions import corners, settling_pieces, shadow
from homeostat.proofs.report.settling_view import SettlingView
from homeostat.proofs.report.witness_view import WitnessView

__all__ = [
    "ILLUSTRATED",
    "Drawing",
    "convergence_pictures",
    "draw",
    "estimate_picture",
    "overview_pictures",
    "witness_picture",
]

ILLUSTRATED: Final = BatchingParameters(7, 1, 3, "3/4")
"""Three stages, so that all starts are one triangle; close to its threshold, so that Simulation
evicts for long."""


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


@dataclass(frozen=True, slots=True)
class _TrianglePlot:
    parameters: BatchingParameters

    def __call__(self) -> Callable[[Layout], str]:
        system = ThreeStages(self.parameters)
        return lambda layout: draw_triangles(system, layout)


@dataclass(frozen=True, slots=True)
class _ShadowPlot:
    parameters: BatchingParameters
    kept: tuple[int, ...]
    step_count: int

    def __call__(self) -> Callable[[Layout], str]:
        return lambda layout: draw_shadows(self.parameters, self.kept, self.step_count, layout)


@dataclass(frozen=True, slots=True)
class _TreePlot:
    view: SettlingView

    def __call__(self) -> Callable[[Layout], str]:
        return lambda layout: draw_tree(self.view, layout)


def _spreads() -> Callable[[Layout], str]:
    return draw_spreads


def _failure_maps() -> Callable[[Layout], str]:
    maps = [swept_failures(l_a, l_b) for l_a, l_b in stage_pairs()]
    return lambda layout: draw_failure_maps(maps, layout)


def _sensor() -> Callable[[Layout], str]:
    return draw_sensor


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
        Picture(
            "sensor",
            "More load, less entropy, a wider window",
            "Two line plots against the rate of random arrivals, from one to twenty thousand a "
            "second: the entropy of the gaps in bins of 1 ms falls from its limit to 0, and so "
            "the window rises to its base.",
            "Poisson arrivals, bins of 1 ms. Line and band: median and 5 to 95 % of seeded samples "
            f"of {GAPS_DEFAULT} gaps. Broken line: the entropy of the distribution, which "
            "entropy.overload_widens is about; the band only illustrates. A slow stream already "
            "has all the entropy that so few gaps can show, a fast one has none.",
        ),
    ]
    drawings = [
        Drawing("spreads", _spreads),
        Drawing("swept_failures", _failure_maps),
        Drawing("sensor", _sensor),
    ]
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


def convergence_pictures(found: Convergence) -> tuple[list[Drawing], dict[str, Picture]]:
    """Return the plots of the page on convergence: "triangle", "region", and "tree.NAME"."""
    drawings = [Drawing("triangle", _TrianglePlot(ILLUSTRATED))]
    pictures = {"triangle": _triangle_picture(found)}
    view = found.views.get("data_set_1")
    if view is not None:
        pictures["region"], step_count = _region_picture(view)
        drawings.append(Drawing("region", _ShadowPlot(view.parameters, view.kept, step_count)))
    for name, tree in found.views.items():
        words = name.replace("_", " ")
        pictures[f"tree.{name}"] = _tree_picture(f"tree.{name}", words, tree)
        drawings.append(Drawing(f"tree.{name}", _TreePlot(tree)))
    return drawings, pictures


def _triangle_picture(found: Convergence) -> Picture:
    p, pieces = ILLUSTRATED, settling_pieces(ILLUSTRATED)
    last = max(piece.number for piece in pieces)
    settled = found.settled(p)
    bound = f" The certificate of this system bounds it by {settled.steps}." if settled else ""
    return Picture(
        "triangle",
        "Three stages: all starts in one triangle",
        f"Two triangles of all starts of a system of three stages. In both a large rounded region "
        f"O in the middle, away from the corners; around it {len(pieces) - 1} pieces, by the step "
        f"of the last eviction, which is {last} at most.",
        f"l0 = {p.l0}, l_A = {p.l_a}, l_B = {p.l_b}, q = {p.q}. A point of the triangle is a "
        "state: how the tokens are shared among the three stages; a corner has all of them at "
        "one stage. Left: what the next step does, and O, from which nothing is ever evicted. "
        "The line is one run, from the square on; rings are states after an eviction, and lie on "
        "the edge where stage 0 is empty. Right: the same triangle in "
        f"{len(pieces)} pieces, each with one step of the last eviction; the darkest evicts last, "
        f"at step {last}.{bound} Every corner of every piece is computed exactly.",
    )


def _region_picture(view: SettlingView) -> tuple[Picture, int]:
    """Return the picture of a region by its shadows, and how many steps of a run it shows."""
    points, last = corners(view.parameters, view.kept), last_eviction(view.parameters, view.steps)
    outlines = "; ".join(
        f"stages {a} and {b}: " + ", ".join(f"({x}, {y})" for x, y in shadow(points, a, b))
        for a, b in PLANES
    )
    return (
        Picture(
            "region",
            "Data set 1: the shadow of O",
            f"Two plots, each with the triangle of all starts projected on two stages, and in it "
            f"the smaller shadow of O. Exact corners of the shadows: {outlines}.",
            f"O has {len(view.kept)} rows beside M >= 0, and {len(points)} extreme points, in "
            f"{view.parameters.stage_count - 1} dimensions; these are its projections on two "
            "planes. A state whose shadow is outside that of O is outside O; inside, one cannot "
            "tell from a shadow. The line is the run "
            f"from the canonical start, all tokens at stage 0: its last eviction is at t = {last}, "
            "and from there on it is in O.",
        ),
        last + 3,
    )


def _tree_picture(name: str, words: str, view: SettlingView) -> Picture:
    nodes, depth = f"{view.node_count:,}", view.depth_max
    if is_small(view):
        return Picture(
            name,
            f"The tree of {words}, every node",
            f"{len(view.trees)} trees side by side, one for each face, growing downwards over "
            f"{depth} steps to {view.closed_count} ends, all closed.",
            f"All {nodes} nodes. From the top of each face down: one row a step, one box a region "
            "of starts with one sequence of modes, its children below it. A green end lies in O. "
            "A triangle marks a node from which some starts are cut at a stage above the face: "
            "they are then in a face whose tree, to the left, has closed already.",
        )
    return Picture(
        name,
        f"The tree of {words}, by depth",
        f"A stacked plot of the number of nodes at each of {depth} depths, by face.",
        f"All {nodes} nodes of its {len(view.trees)} trees, by the number of steps from the root. "
        "The trees end where every branch has closed.",
    )

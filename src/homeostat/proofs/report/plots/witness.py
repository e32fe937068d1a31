"""One witness as a picture: both spreads up to the violated step, and the states behind it."""

from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from homeostat.models.batching import Pair, spread
from homeostat.proofs.report.plots.style import Ink, Layout, figure, quiet, to_svg

__all__ = ["draw_witness"]


def draw_witness(pair: Pair, step: int, layout: Layout, *, with_spreads: bool) -> str:
    """Return the SVG: spreads and their difference on top, the last states below.

    Args:
        pair: Exact trajectories up to ``step`` at least.
        step: The violated step, marked.
        layout: The shape.
        with_spreads: False for a violation that is not about spreads; only states then.
    """
    wide = layout.columns > 3
    count = min(step + 1, 6 if wide else 3)
    shown = range(step - count + 1, step + 1)
    upper_in = (2.4 if wide else 3.9) if with_spreads else 0.0
    with figure(layout.width_in, upper_in + (2.0 if wide else 1.9)) as drawn:
        lower: FigureBase = drawn
        if with_spreads:
            halves = drawn.subfigures(
                2, 1, squeeze=False, height_ratios=(upper_in, 1.9), hspace=0.06
            )
            upper, lower = halves.ravel()
            both = upper.subplots(1, 2) if wide else upper.subplots(2, 1)
            _draw_spreads(both[0], pair, step)
            _draw_difference(both[1], pair, step)
        panels = lower.subplots(1, count, sharey=True, squeeze=False).ravel()
        for axes, t in zip(panels, shown, strict=True):
            _draw_state(axes, pair, t, violated=t == step)
        panels[0].set_ylabel("amount")
        if not with_spreads:
            handles, labels = panels[0].get_legend_handles_labels()
            drawn.legend(handles, labels, loc="outside upper center", ncols=2)
        return to_svg(drawn)


def _mark(axes: Axes, step: int) -> None:
    axes.axvline(step, color=Ink.FAILS, lw=1, ls=":", zorder=0)
    axes.set_xticks(list(range(0, step + 1, max(1, step // 8))))
    axes.set_xlabel("step t")
    axes.grid(visible=True, lw=0.4)
    quiet(axes)


def _draw_spreads(axes: Axes, pair: Pair, step: int) -> None:
    steps = range(step + 1)
    theory = [float(spread(pair.theory[t])) for t in steps]
    simulation = [float(spread(pair.simulation[t])) for t in steps]
    axes.plot(steps, theory, "o-", color=Ink.THEORY, lw=1.4, ms=4, label="Theory")
    axes.plot(steps, simulation, "s-", color=Ink.SIMULATION, lw=1.4, ms=4, label="Simulation")
    evicting = [t for t in range(1, step + 1) if any(pair.evicted[t])]
    axes.plot(
        evicting, [0.05] * len(evicting), "|", color=Ink.EVICTED, ms=9, mew=1.6,
        transform=axes.get_xaxis_transform(), label="evicts",
    )  # fmt: skip
    axes.set_ylim(0, None)
    axes.set_title("spread G", loc="left")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.1))
    _mark(axes, step)


def _draw_difference(axes: Axes, pair: Pair, step: int) -> None:
    steps = range(step + 1)
    gaps = [float(spread(pair.theory[t]) - spread(pair.simulation[t])) for t in steps]
    colors = [Ink.FAILS if gap < 0 else Ink.SOFT for gap in gaps]
    axes.bar(steps, gaps, 0.55, color=colors)
    axes.axhline(0, color=Ink.SOFT, lw=0.7)
    axes.set_title("spread of Theory - spread of Simulation", loc="left")
    if gaps[step] < 0:
        shown = f"{gaps[step]:.3g}".replace("-", "\N{MINUS SIGN}")
        axes.set_title(shown, loc="right", color=Ink.FAILS)
    _mark(axes, step)


def _draw_state(axes: Axes, pair: Pair, t: int, *, violated: bool) -> None:
    stages = range(pair.parameters.stage_count)
    theory, simulation = map(float, pair.theory[t]), map(float, pair.simulation[t])
    axes.bar([s - 0.2 for s in stages], list(theory), 0.4, color=Ink.THEORY, label="Theory")
    axes.bar(
        [s + 0.2 for s in stages], list(simulation), 0.4, color=Ink.SIMULATION, label="Simulation"
    )
    axes.axhline(0, color=Ink.SOFT, lw=0.7)
    axes.set_title(f"t = {t}", color=Ink.FAILS if violated else Ink.TEXT, size=8.5)
    axes.set_xticks(list(stages))
    axes.set_xlabel("stage")
    axes.grid(visible=True, axis="y", lw=0.4)
    quiet(axes)

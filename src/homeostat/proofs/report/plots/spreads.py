"""Both spreads over time on the note's two data sets (note 003, section 5)."""

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from homeostat.models.batching import DATA_SETS, DataSet, Pair, spread
from homeostat.proofs.report.plots.style import Ink, Layout, figure, quiet, to_svg

__all__ = ["draw_spreads"]


def draw_spreads(layout: Layout) -> str:
    """Return the SVG: G^T and G^S on a log scale, the steps that evict marked below."""
    wide = layout.columns > 3
    shape = (1, 2) if wide else (2, 1)
    with figure(layout.width_in, 3.3 if wide else 5.6) as drawn:
        panels = drawn.subplots(*shape).ravel()
        for axes, data_set in zip(panels, DATA_SETS, strict=True):
            _draw(axes, data_set)
        handles, labels = panels[0].get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside upper center", ncols=3, columnspacing=1.2)
        return to_svg(drawn)


def _draw(axes: Axes, data_set: DataSet) -> None:
    pair = Pair.run(data_set.parameters, step_count=data_set.step_count)
    steps = range(1, data_set.step_count + 1)
    theory = [float(spread(pair.theory[t])) for t in steps]
    simulation = [float(spread(pair.simulation[t])) for t in steps]
    axes.plot(steps, theory, color=Ink.THEORY, lw=1.4, label="Theory")
    axes.plot(steps, simulation, color=Ink.SIMULATION, lw=1.4, label="Simulation")
    evicting = [t for t in steps if any(pair.evicted[t])]
    axes.plot(
        evicting,
        [0.035] * len(evicting),
        "|",
        color=Ink.EVICTED,
        ms=8,
        mew=1.4,
        transform=axes.get_xaxis_transform(),
        label="evicts",
    )
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    p = data_set.parameters
    number = DATA_SETS.index(data_set) + 1
    axes.set_title(f"data set {number}: l0={p.l0}, l_A={p.l_a}, l_B={p.l_b}, q={p.q}", loc="left")
    axes.set_xlabel("step t")
    axes.set_ylabel("spread G")
    axes.grid(visible=True, lw=0.4)
    low = min(simulation + theory)
    axes.set_ylim(low / 2.5, None)
    quiet(axes)

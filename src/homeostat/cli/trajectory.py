"""``homeostat trajectory``: both systems side by side, exactly."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from homeostat.cli.documents import emit
from homeostat.cli.options import Json, integer_option
from homeostat.cli.ranges import rational_list
from homeostat.cli.terminal import results
from homeostat.models.batching import BatchingParameters, Pair, State

__all__ = ["SCHEMA", "show_trajectory", "trajectory_document"]

SCHEMA: Final = "homeostat.trajectory/1"
STAGES_MAX: Final = 10_000
STEPS_MAX: Final = 100_000
_SHOWN_DIGITS_MAX: Final = 9


def show_trajectory(
    *,
    l0: Annotated[str, typer.Option("--l0", help="Prompt length in tokens, >= 1.")],
    l_a: Annotated[
        int, integer_option("--l-a", maximum=STAGES_MAX, text="Decode steps of the short type.")
    ],
    l_b: Annotated[
        int,
        integer_option("--l-b", maximum=STAGES_MAX, text="Decode steps of the long type, > l_a."),
    ],
    q: Annotated[str, typer.Option("--q", help="Share of the long type, as p/q or decimal.")],
    steps: Annotated[
        int, integer_option("--steps", maximum=STEPS_MAX, text="Steps to run after the start.")
    ],
    start: Annotated[
        str | None,
        typer.Option(
            "--start", help="l_b rationals, comma-separated; the canonical start if not given."
        ),
    ] = None,
    capacity: Annotated[str, typer.Option("--capacity", help="Tokens that fit at once.")] = "1",
    json: Json = False,
) -> None:
    """Run Theory and Simulation from one start, in exact fractions.

    For example:

        homeostat trajectory --l0 1 --l-a 1 --l-b 3 --q 2/5 --steps 5
        homeostat trajectory --l0 10 --l-a 2 --l-b 5 --q 0.5 --capacity 60 --steps 9
    """
    parameters = BatchingParameters(l0, l_a, l_b, q, capacity)
    first = None if start is None else rational_list(start, "start")
    pair = Pair.run(parameters, first, step_count=steps)
    with _numbers_of_any_length():
        if json:
            emit(trajectory_document(pair))
        else:
            results().print(_table(pair))


@contextmanager
def _numbers_of_any_length() -> Iterator[None]:
    """Lift Python's limit on printed digits: denominators grow with every step."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(before)


def trajectory_document(pair: Pair) -> dict[str, Any]:
    """Return both trajectories as JSON data, every number a rational string."""
    return {
        "schema": SCHEMA,
        "parameters": pair.parameters.to_json(),
        "start": _strings(pair.theory[0]),
        "steps": [_step(pair, t) for t in range(1, pair.step_count + 1)],
    }


def _strings(state: State) -> list[str]:
    return [str(m) for m in state]


def _step(pair: Pair, t: int) -> dict[str, Any]:
    return {
        "t": t,
        "theory": _strings(pair.theory[t]),
        "simulation": _strings(pair.simulation[t]),
        "spread_theory": str(pair.observe("spread_theory", t)),
        "spread_simulation": str(pair.observe("spread_simulation", t)),
        "evicted": _strings(pair.evicted[t]),
    }


def _shown(value: Fraction) -> str:
    """Return a fraction as it is where it is short, else its first decimals, marked so."""
    exact = str(value)
    return (
        exact
        if len(exact) <= _SHOWN_DIGITS_MAX
        else f"~{Decimal(value.numerator) / value.denominator:.6g}"
    )


def _table(pair: Pair) -> Table:
    titles = ("t", "Theory", "Simulation", "spread T", "spread S", "evicted")
    table = Table(title="Theory and Simulation; ~ marks a rounded number")
    for title in titles:
        table.add_column(title, overflow="fold")
    for t in range(pair.step_count + 1):
        theory, simulation = pair.observe("spread_theory", t), pair.observe("spread_simulation", t)
        mark = " <" if theory < simulation else ""
        table.add_row(
            str(t),
            ", ".join(map(_shown, pair.theory[t])),
            ", ".join(map(_shown, pair.simulation[t])),
            _shown(theory) + mark,
            _shown(simulation),
            ", ".join(map(_shown, pair.evicted[t])) if any(pair.evicted[t]) else "",
        )
    return table

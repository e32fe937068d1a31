"""Every figure that note 003 prints, recomputed exactly and set beside the note's own.

Source: note 003, sections 5.1 to 5.3, 6.3, 6.4 and 8.2. Each figure is counted over
t = 1 .. steps on both data sets, in exact fractions. Where one differs, its steps are named,
and the other readings of the note (``note_readings``) are tried: an explanation of a
difference is a computation too, not a remark.

Notation
    T, S: Theory and Simulation; D = M^T - M^S; peak, trough: the stages where M^S is
    largest and smallest; where several tie, the lowest, as a search from stage 0 finds it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

from homeostat.errors import InvalidInputError
from homeostat.models.batching import DATA_SETS, spread
from homeostat.proofs.theory.batching.note_readings import READINGS, STATED, Run

__all__ = [
    "QUOTES",
    "Counted",
    "Figure",
    "Quote",
    "ReadingValue",
    "recomputed_figures",
]


@dataclass(frozen=True, slots=True)
class Counted:
    """One figure of one run: its exact value, its text, and the steps behind it.

    Attributes:
        value: What is compared with the note.
        text: The value as it is printed.
        steps: The steps that a difference would rest on.
    """

    value: Fraction
    text: str
    steps: tuple[int, ...]


Measure: TypeAlias = Callable[[Run], Counted]


@dataclass(frozen=True, slots=True)
class Quote:
    """One figure as the note prints it, and how to count the same thing.

    Attributes:
        key: Short name, unique together with the data set.
        section: Where the note has it.
        meaning: What is counted.
        data_set: Name in ``DATA_SETS``.
        note: The note's figure, as printed there.
        target: Its value.
        unit: The rounding that "about" allows: both values, rounded to a multiple of it,
            must be equal. None asks for equality.
        measure: Counts it on a run.
        dynamic: Whether it depends on the trajectories; readings are tried only then.
    """

    key: str
    section: str
    meaning: str
    data_set: str
    note: str
    target: Fraction
    unit: Fraction | None
    measure: Measure
    dynamic: bool = True

    def agrees_with(self, value: Fraction) -> bool:
        """Return whether a value is the note's figure, up to the rounding it announces."""
        if self.unit is None:
            return value == self.target
        return _rounded(value / self.unit) == _rounded(self.target / self.unit)


@dataclass(frozen=True, slots=True)
class ReadingValue:
    """A figure under another reading of the note.

    Attributes:
        name: Key in ``READINGS``.
        ours: The figure under it.
        agrees: Whether that is the note's figure.
        steps: The steps behind it.
    """

    name: str
    ours: str
    agrees: bool
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the note beside ours.

    Attributes:
        key, section, meaning, data_set, note: As in ``Quote``.
        ours: Our value as text; ``value`` is the same, exact.
        value: Our value.
        steps_differing: Empty when both agree. Else the steps that the difference rests
            on: where a property said to hold always fails; for a share that another
            window of steps would give, the steps that only one of the two windows counts;
            otherwise every step we count, which may be none.
        agrees: Whether ours is the note's figure.
        readings: The same figure under every other reading; empty for the set-up.
    """

    key: str
    section: str
    meaning: str
    data_set: str
    note: str
    ours: str
    value: Fraction
    steps_differing: tuple[int, ...]
    agrees: bool
    readings: tuple[ReadingValue, ...] = ()

    @property
    def explained_by(self) -> tuple[str, ...]:
        """The readings under which a figure that differs would be the note's."""
        return () if self.agrees else tuple(r.name for r in self.readings if r.agrees)

    @property
    def tie_matters(self) -> bool:
        """Whether the choice among tied stages changes our value."""
        return any(r.name == "last_tie" and r.ours != self.ours for r in self.readings)


def _rounded(value: Fraction) -> int:
    """Round half up: ``round`` would send 0.5 and 1.5 to even numbers."""
    return int((value + Fraction(1, 2)) // 1)


def _percent(value: Fraction) -> str:
    return f"{float(value * 100):.4g} %"


def _share(count: int, total: int, steps: Sequence[int]) -> Counted:
    value = Fraction(count, total)
    return Counted(value, f"{count}/{total} = {_percent(value)}", tuple(steps))


# What is counted ---------------------------------------------------------------------


def _always(holds: Callable[[Run, int], bool]) -> Measure:
    """Count the steps where a property holds; a difference rests on those where it fails."""

    def measure(run: Run) -> Counted:
        failing = [t for t in run.window if not holds(run, t)]
        total = len(run.window)
        return Counted(
            Fraction(total - len(failing), total), f"{total - len(failing)}/{total}", (*failing,)
        )

    return measure


def _frequency(happens: Callable[[Run, int], bool]) -> Measure:
    """Count the steps where something happens, as a share of all."""

    def measure(run: Run) -> Counted:
        steps = [t for t in run.window if happens(run, t)]
        return _share(len(steps), len(run.window), steps)

    return measure


def _componentwise(run: Run) -> Counted:
    """Count the (t, stage) where Theory is below Simulation."""
    n = run.parameters.stage_count
    below = [t for t in run.window for s in range(n) if run.delta(t, s) < 0]
    return _share(len(below), n * len(run.window), sorted(set(below)))


def _evicted_at_peak(run: Run) -> Counted:
    """Add up what is evicted at the stage where Simulation is largest."""
    lost = {t: Fraction(run.evicted[t][run.peak(t)]) for t in run.window}
    steps = tuple(t for t, amount in lost.items() if amount > 0)
    total = sum(lost.values(), Fraction(0))
    exact = str(total)
    text = exact if len(exact) <= 12 else f"about {float(total):.6g}"
    return Counted(total, text, steps)


def _parameter(value: Callable[[Run], Fraction | int]) -> Measure:
    return lambda run: Counted(Fraction(value(run)), str(value(run)), ())


_CASES: Final[Mapping[str, Callable[[Run, int], bool]]] = {
    "A": lambda run, t: run.delta_at_peak(t) >= 0 and run.delta_at_trough(t) <= 0,
    "B": lambda run, t: run.delta_at_peak(t) >= 0 and run.delta_at_trough(t) > 0,
    "C": lambda run, t: run.delta_at_peak(t) < 0 and run.delta_at_trough(t) <= 0,
    "D": lambda run, t: run.delta_at_peak(t) < 0 and run.delta_at_trough(t) > 0,
}

# The note's figures ------------------------------------------------------------------

_WHOLE_PERCENT: Final = Fraction(1, 100)
_FIVE_PERCENT: Final = Fraction(1, 20)
_NAMES: Final = tuple(data_set.name for data_set in DATA_SETS)


def _setup() -> Iterable[Quote]:
    """Section 5.1: what both experiments were run with."""
    rows: Sequence[tuple[str, str, Measure, tuple[str, str]]] = (
        ("l0", "prompt length l0", _parameter(lambda r: r.parameters.l0), ("10", "50")),
        ("l_a", "decode steps l_A", _parameter(lambda r: r.parameters.l_a), ("2", "4")),
        ("l_b", "decode steps l_B", _parameter(lambda r: r.parameters.l_b), ("5", "7")),
        ("capacity", "capacity B", _parameter(lambda r: r.parameters.capacity), ("60", "1000")),
        (
            "rates",
            "share q of arrival rates 1 : 1",
            _parameter(lambda r: r.parameters.q),
            ("1/2",) * 2,
        ),
        ("steps", "steps", _parameter(lambda r: len(r.window)), ("50", "200")),
    )
    for key, meaning, measure, notes in rows:
        for name, note in zip(_NAMES, notes, strict=True):
            target = Fraction(note)
            yield Quote(key, "5.1", meaning, name, note, target, None, measure, dynamic=False)


def _dominance() -> Iterable[Quote]:
    """Section 5.2: three properties said to hold at every step."""
    rows: Sequence[tuple[str, str, Callable[[Run, int], bool]]] = (
        (
            "g_dominance",
            "G of Theory >= G of Simulation",
            lambda r, t: spread(r.theory[t]) >= spread(r.simulation[t]),
        ),
        (
            "max_dominance",
            "max of Theory >= max of Simulation",
            lambda r, t: max(r.theory[t]) >= max(r.simulation[t]),
        ),
        (
            "min_dominance",
            "min of Theory <= min of Simulation",
            lambda r, t: min(r.theory[t]) <= min(r.simulation[t]),
        ),
    )
    for key, meaning, holds in rows:
        for name, note in zip(_NAMES, ("50/50", "200/200"), strict=True):
            yield Quote(key, "5.2", meaning, name, note, Fraction(1), None, _always(holds))


def _observations() -> Iterable[Quote]:
    """Sections 5.3, 6.3, 6.4 and 8.2: given once, for no data set in particular."""
    for name in _NAMES:
        yield Quote(
            "componentwise", "5.3, 6.3", "(t, stage) with Theory below Simulation",
            name, "about 50 %", Fraction(1, 2), _FIVE_PERCENT, _componentwise,
        )  # fmt: skip
        yield Quote(
            "delta_at_peak", "5.3, 5.4", "D >= 0 at Simulation's peak",
            name, "100 %", Fraction(1), None, _always(lambda r, t: r.delta_at_peak(t) >= 0),
        )  # fmt: skip
        yield Quote(
            "delta_gap", "5.3", "D at the peak >= D at the trough", name, "100 %",
            Fraction(1), None, _always(lambda r, t: r.delta_at_peak(t) >= r.delta_at_trough(t)),
        )  # fmt: skip
        yield Quote(
            "admission", "5.3", "steps where Simulation admits more than Theory",
            name, "about 50 %", Fraction(1, 2), _FIVE_PERCENT, _frequency(_admits_more),
        )  # fmt: skip
        for case, note, words in (
            ("A", "78", "D >= 0 at the peak, <= 0 at the trough"),
            ("B", "4", "D >= 0 at the peak, > 0 at the trough"),
            ("C", "18", "D < 0 at the peak, <= 0 at the trough"),
            ("D", "0", "D < 0 at the peak, > 0 at the trough"),
        ):
            target, about = Fraction(int(note), 100), "~" if note != "0" else ""
            yield Quote(
                f"case_{case.lower()}", "6.4", f"case {case}: {words}", name,
                f"{about}{note} %", target, _WHOLE_PERCENT, _frequency(_CASES[case]),
            )  # fmt: skip
        yield Quote(
            "evicted_at_peak", "8.2", "evicted at Simulation's peak, accumulated",
            name, "0", Fraction(0), None, _evicted_at_peak,
        )  # fmt: skip
    yield Quote(
        "admission_count", "5.3", "steps where Simulation admits more than Theory, counted",
        _NAMES[1], "103/200", Fraction(103, 200), None, _frequency(_admits_more),
    )  # fmt: skip


def _admits_more(run: Run, t: int) -> bool:
    return bool(run.simulation[t][0] > run.theory[t][0])


QUOTES: Final[tuple[Quote, ...]] = (*_setup(), *_dominance(), *_observations())
"""Every figure of the note, in its order of sections.

"About" and "~" are read as announced: a share of ~78 % is met by any value that rounds to
78 %; "about 50 %" by any that rounds to 50 % in steps of five. All else must be equal.
"""

# Comparison --------------------------------------------------------------------------


def _compared(quote: Quote, runs: Mapping[str, Run]) -> Figure:
    ours = quote.measure(runs[STATED])
    agrees = quote.agrees_with(ours.value)
    readings = tuple(
        ReadingValue(name, got.text, quote.agrees_with(got.value), got.steps)
        for name, run in runs.items()
        if name != STATED and quote.dynamic
        for got in (quote.measure(run),)
    )
    steps = () if agrees or quote.unit is not None else _steps_differing(ours, readings)
    return Figure(
        quote.key, quote.section, quote.meaning, quote.data_set, quote.note,
        ours.text, ours.value, steps, agrees, readings,
    )  # fmt: skip


def _steps_differing(ours: Counted, readings: Iterable[ReadingValue]) -> tuple[int, ...]:
    """Return the steps of a difference; only another window counts steps of the same run.

    Not for a rounded share: which of the steps in it are too many, nobody can say.
    """
    for reading in readings:
        if reading.name == "from_start" and reading.agrees:
            return tuple(sorted(set(ours.steps) ^ set(reading.steps)))
    return ours.steps


def recomputed_figures(quotes: Sequence[Quote] = QUOTES) -> tuple[Figure, ...]:
    """Return every figure of the note beside ours, exact, in the order of ``quotes``.

    About a second: each data set is run once under each reading.

    Args:
        quotes: What the note prints; tests pass a wrong one.

    Raises:
        InvalidInputError: A quote names no data set.
    """
    runs = {
        data_set.name: {name: run(data_set) for name, (_, run) in READINGS.items()}
        for data_set in DATA_SETS
    }
    for quote in quotes:
        if quote.data_set not in runs:
            raise InvalidInputError(f"data_set={quote.data_set!r} must be one of {_NAMES}")
    return tuple(_compared(quote, runs[quote.data_set]) for quote in quotes)

"""A witness as a reader sees it: replayed exactly, then laid out around the violated step."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from homeostat.counterexamples.witness import Witness, replay
from homeostat.models.batching import (
    Pair,
    State,
    merge,
    spread,
    typed_simulation_step,
    typed_theory_step,
)

__all__ = ["Amount", "StepRow", "WitnessView", "amount"]

_SHOWN_AT_ONCE: Final = 9
_SHOWN_BEFORE: Final = 5
_EXACT_MAX: Final = 26
_DIGITS: Final = 5
_DIGITS_MAX: Final = 17
_MINUS: Final = "\N{MINUS SIGN}"

_WORDS: Final[Mapping[str, str]] = {
    "l0": "l0",
    "max_theory": "largest stage of Theory",
    "min_theory": "smallest stage of Theory",
    "max_simulation": "largest stage of Simulation",
    "min_simulation": "smallest stage of Simulation",
    "spread_theory": "spread of Theory",
    "spread_simulation": "spread of Simulation",
    "theory_converges": "1 if Theory converges from this start",
    "cycle_spread_simulation": "largest spread of the cycle that Simulation closes here",
    "mean_spread_theory": "mean spread of Theory up to t",
    "mean_spread_simulation": "mean spread of Simulation up to t",
    "delta_at_peak": "D at Simulation's peak",
    "delta_at_trough": "D at Simulation's trough",
    "evicted_at_peak": "evicted at Simulation's peak",
    "weighted_delta": "sum of W_s D_s",
    "merge_gap": "gap between typed and merged",
    "root_product": "product of the roots' moduli",
}
"""Observable -> words; one without an entry is shown by its name."""
_FLAGS: Final = {
    ("1 if Theory converges from this start", "==", "1"): "Theory converges from this start",
}
"""Comparisons that read better as a sentence."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A rational number to read: a decimal, and the fraction itself.

    Attributes:
        decimal: Five significant digits unless asked for more, with a true minus sign.
        exact: The fraction; its length where it is too long to read; empty when the
            decimal is already exact.
        sign: -1, 0 or 1.
    """

    decimal: str
    exact: str
    sign: int

    @property
    def text(self) -> str:
        """The exact value where it is short, else the decimal."""
        return self.exact if "/" in self.exact else self.decimal


def amount(value: Fraction, digits: int = _DIGITS) -> Amount:
    """Return a number for display, rounded to so many significant digits."""
    decimal, exact = f"{float(value):.{digits}g}", str(value)
    if Fraction(decimal) == value:
        exact = ""
    elif len(exact) > _EXACT_MAX:
        exact = f"a fraction of {len(exact)} characters"
    sign = (value > 0) - (value < 0)
    return Amount(decimal.replace("-", _MINUS), exact.replace("-", _MINUS), sign)


@dataclass(frozen=True, slots=True)
class StepRow:
    """Both systems at one step.

    Attributes:
        t: The step.
        theory, simulation: Amounts by stage.
        spread_theory, spread_simulation: G.
        evicted: Amounts by stage, None when nothing was evicted.
        typed: (system, its typed state, merged) where the types at the start matter.
        skipped: How many steps are left out just before this one.
        events: What happened in the step, as sentences.
    """

    t: int
    theory: tuple[Amount, ...]
    simulation: tuple[Amount, ...]
    spread_theory: Amount
    spread_simulation: Amount
    evicted: tuple[Amount, ...] | None
    typed: tuple[tuple[str, tuple[Amount, ...]], ...]
    skipped: int
    events: tuple[str, ...]

    @property
    def line_count(self) -> int:
        """How many lines of a table the step takes."""
        return 2 + len(self.typed) + (self.evicted is not None)


@dataclass(frozen=True, slots=True)
class WitnessView:
    """A replayed witness, ready to be shown.

    Attributes:
        witness: The data.
        pair: Its exact trajectories.
        rows: The steps shown: all of a short run, else the start and the last ones.
    """

    witness: Witness
    pair: Pair
    rows: tuple[StepRow, ...]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "WitnessView":
        """Read and replay a witness document; what does not replay is never shown.

        Raises:
            InvalidInputError: It is no witness document.
            WitnessRejectedError: It does not replay exactly.
        """
        witness = Witness.from_json(document)
        pair = replay(witness)
        step = witness.step
        shown = list(range(step + 1))
        if step + 1 > _SHOWN_AT_ONCE:
            shown = [0, *shown[-_SHOWN_BEFORE:]]
        before = (-1, *shown)
        typed = _typed_states(pair)
        rows = (
            _row(pair, t, t - last - 1, {name: states[t] for name, states in typed.items()})
            for t, last in zip(shown, before, strict=False)
        )
        return cls(witness, pair, tuple(rows))

    @property
    def parameters(self) -> str:
        """The system in one line."""
        p = self.witness.parameters
        system = f"l0 = {p.l0}, l_A = {p.l_a}, l_B = {p.l_b}, q = {p.q}"
        return system if p.capacity == 1 else f"{system}, B = {p.capacity}"

    @property
    def start(self) -> str:
        """The shared start in one line."""
        return "[" + ", ".join(map(str, self.witness.start)) + "]"

    @property
    def typed_start(self) -> str:
        """The start with the types apart, in one line; empty where they are split p:q."""
        parts = self.witness.typed_start or ()
        shown = ("[" + ", ".join(map(str, part)) + "]" for part in parts)
        return ", ".join(f"{name} = {text}" for name, text in zip("AB", shown, strict=False))

    @property
    def assumptions(self) -> str:
        """What the claim assumes, in one line."""
        return ", ".join(a if isinstance(a, str) else " ".join(a) for a in self.witness.assumes)

    @property
    def comparisons(self) -> tuple[tuple[str, Amount, str, str, Amount | None], ...]:
        """What is violated: (left words, left value, operator, right words, right value)."""
        found = []
        for left, operator, right in self.witness.violated_when or ():
            ours = Fraction(self.witness.observed[left])
            theirs = Fraction(self.witness.observed.get(right, right))
            digits = _digits_apart(ours, theirs)
            other = amount(theirs, digits) if right in self.witness.observed else None
            words = _WORDS.get(left, left), _WORDS.get(right, right)
            found.append((words[0], amount(ours, digits), operator, words[1], other))
        return tuple(found)

    @property
    def sentence(self) -> str:
        """The violation in one line of plain text."""
        parts = []
        for left, value, operator, right, other in self.comparisons:
            theirs = right if other is None else f"{right} {other.text}"
            flag = _FLAGS.get((left, operator, theirs))
            parts.append(flag or f"{left} {value.text} {operator} {theirs}")
        return f"at t = {self.witness.step}: " + " and ".join(parts)

    @property
    def brief(self) -> str:
        """Where it fails, in a few words."""
        return f"fails at t = {self.witness.step} for {self.parameters}"

    @property
    def reversal(self) -> str:
        """Why Theory's spread is the smaller one at the violated step; empty if it is not."""
        theory = self.pair.theory[self.witness.step]
        simulation = self.pair.simulation[self.witness.step]
        return _reversal(theory, simulation) if spread(theory) < spread(simulation) else ""

    @property
    def about_spreads(self) -> bool:
        """Whether spreads are what is compared."""
        return any("spread" in word for c in self.witness.violated_when or () for word in c)


def _digits_apart(a: Fraction, b: Fraction) -> int:
    """Return how many digits tell two numbers apart, at least the usual ones."""
    digits = _DIGITS
    while digits < _DIGITS_MAX and a != b and f"{float(a):.{digits}g}" == f"{float(b):.{digits}g}":
        digits += 1
    return digits


def _typed_states(pair: Pair) -> dict[str, list[State]]:
    """Return both systems run with the types apart, then merged; empty if that is no matter."""
    if pair.typed_start is None:
        return {}
    p = pair.parameters
    lengths = tuple(p.l0 + s + 1 for s in range(p.l_b))
    found: dict[str, list[State]] = {}
    for name, step in (("Theory", typed_theory_step), ("Simulation", typed_simulation_step)):
        typed = [pair.typed_start]
        for _ in range(pair.step_count):
            typed.append(step(lengths, p.capacity, p.q, typed[-1]))
        found[name] = [merge(p.q, state) for state in typed]
    return found


def _row(pair: Pair, t: int, skipped: int, typed: Mapping[str, State]) -> StepRow:
    evicted = pair.evicted[t]
    return StepRow(
        t=t,
        theory=tuple(map(amount, pair.theory[t])),
        simulation=tuple(map(amount, pair.simulation[t])),
        spread_theory=amount(spread(pair.theory[t])),
        spread_simulation=amount(spread(pair.simulation[t])),
        evicted=tuple(map(amount, evicted)) if any(evicted) else None,
        typed=tuple((name, tuple(map(amount, state))) for name, state in typed.items()),
        skipped=skipped,
        events=tuple(_events(pair, t)) if t else ("Both systems start from the same state.",),
    )


def _events(pair: Pair, t: int) -> list[str]:
    theory, simulation = pair.theory[t], pair.simulation[t]
    found = []
    if theory[0] < 0:
        found.append(
            f"Theory's advanced requests exceed the capacity: it admits {_short(theory[0])}."
        )
    else:
        found.append(f"Theory admits {_short(theory[0])}.")
    found.extend(_lost(pair.evicted[t]))
    found.append(f"Simulation admits {_short(simulation[0])}.")
    if spread(theory) < spread(simulation):
        found.append(_reversal(theory, simulation))
    return found


def _reversal(theory: State, simulation: State) -> str:
    """Say why Theory's spread is the smaller one, by the note's split (section 4.2).

    G^T - G^S is the lead of Theory's maximum plus the lead of Simulation's minimum.
    """
    top, bottom = max(theory) - max(simulation), min(simulation) - min(theory)
    short = _short(-(top + bottom))
    if bottom >= 0:
        why = f"its largest stage is {_short(-top)} below Simulation's"
        more = f", its smallest only {_short(bottom)} below" if bottom else ""
    elif top >= 0:
        why = f"its smallest stage is {_short(-bottom)} above Simulation's"
        more = f", its largest only {_short(top)} above" if top else ""
    else:
        why = f"its largest stage is {_short(-top)} below Simulation's"
        more = f" and its smallest {_short(-bottom)} above"
    return f"Theory's spread is now the smaller one, by {short}: {why}{more}."


def _lost(evicted: State) -> list[str]:
    return [f"Simulation evicts {_short(m)} at stage {s}." for s, m in enumerate(evicted) if m]


def _short(value: Fraction) -> str:
    shown = amount(value)
    if "/" in shown.exact and len(shown.exact) <= 12:
        return f"{shown.exact} ≈ {shown.decimal}"
    return shown.decimal

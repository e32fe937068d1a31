"""A small case as a reader sees it: replayed exactly, then its data and figures as tables."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, Final, TypeAlias

from homeostat.counterexamples import CASE_SCHEMA, Case, replay_case
from homeostat.proofs.report.witness_view import WitnessView

__all__ = ["AnyView", "CaseView", "view_of"]


@dataclass(frozen=True, slots=True)
class CaseView:
    """A replayed case, ready to be shown."""

    case: Case

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "CaseView":
        """Read and replay a case document; what does not replay is never shown.

        Raises:
            InvalidInputError: It is no case document.
            WitnessRejectedError: It does not replay exactly.
        """
        case = Case.from_json(document)
        replay_case(case)
        return cls(case)

    @property
    def parameters(self) -> str:
        """The data in one line, without the long lists."""
        short = [(name, value) for name, value in self._data if not isinstance(value, list)]
        words = ", ".join(f"{name} {_number(value)}" for name, value in short)
        return f"a case of {self.case.system}{': ' if words else ''}{words}"

    @property
    def given(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The data: (name, lines)."""
        return tuple((name, _lines(value)) for name, value in self._data)

    @property
    def _data(self) -> list[tuple[str, Any]]:
        return list(_opened(self.case.given, ""))

    @property
    def observed(self) -> tuple[tuple[str, str], ...]:
        """The figures: (name, value); one that is rounded begins with a tilde."""
        return tuple((_words(name), text) for name, text in self.case.observed.items())

    @property
    def assumptions(self) -> str:
        """What the claim assumes, in one line."""
        return ", ".join(a if isinstance(a, str) else _comparison(a) for a in self.case.assumes)

    @property
    def violations(self) -> tuple[str, ...]:
        """The comparisons that hold and must not."""
        return tuple(map(_comparison, self.case.violated_when))

    @property
    def sentence(self) -> str:
        """The violations in one line of plain text: figure = value > value = figure."""
        return " and ".join(
            f"{self._side(left, '{0} = {1}')} {sign} {self._side(right, '{1} = {0}')}"
            for left, sign, right in self.case.violated_when
        )

    def _side(self, name: str, form: str) -> str:
        value = self.case.observed.get(name)
        return name if value is None else form.format(_words(name), _short(value))

    @property
    def brief(self) -> str:
        """Where it fails, in a few words."""
        return f"fails in a case of {self.case.system}: {' and '.join(self.violations)}"


def _opened(data: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield (name, value), the parts of an object each by its own; what is null is not given."""
    for key, value in data.items():
        name = f"{prefix}{_words(key)}"
        if isinstance(value, Mapping):
            yield from _opened(value, f"{name} ")
        elif isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value):
            for place, entry in enumerate(value, start=1):
                yield from _opened(entry, f"{name} {place} ")
        elif value is not None:
            yield name, value


_SHORT_MAX: Final = 15
_PLACE: Final = re.compile(r"_(\d+)(?=_|$)", re.ASCII)
_WORDS: Final = {
    "priority_#_at_#": "priority of the request of pop {} at pop {}",
    "best_at_#": "greatest priority waiting at pop {}",
    "time_#": "time of pop {}",
    "arrival_#": "arrival of the request of pop {}",
    "rate_count": "distinct rates",
    "entropy_#": "H no. {}",
    "entropy_max_#": "log2 of the number of gaps, no. {}",
    "window_#": "window no. {} (1 at H = 0)",
    "gaps_#": "gaps in history {}",
    "bins_#": "occupied bins in history {}",
    "span_#": "sum of the true gaps of history {}",
    "gap_spread_#": "longest less shortest true gap of history {}",
    "common_arrivals": "last arrivals in common",
    "rate_#": "rate no. {}",
    "misses_lru": "misses of LRU",
    "misses_threshold": "misses of LRU with admission by the threshold",
    "misses_rank": "misses of admission by rank",
    "misses_never_admit": "misses of an empty cache",
    "misses_next_use": "misses where the soonest next use stays",
    "misses_belady": "misses of Belady with bypass",
    "misses_optimal": "least misses of all choices",
    "uses": "uses in all events",
    "states_#": "experts of chain {}",
    "components_#": "strong components of chain {}",
    "classes_#": "closed classes of chain {}",
    "gap_#": "1 - |lambda2| of chain {}",
    "reversible_gap_#": "gap of the additive reversibilisation of chain {}",
    "laplacian_#": "second eigenvalue of the Laplacian of chain {}",
    "normalised_laplacian_#": "second eigenvalue of the normalised Laplacian of chain {}",
    "union_#": "mean union of the walkers on chain {}",
    "p_return_#_#": "discounted chance of expert no. {} of chain {} to return",
    "barrier_#": "room to the limit before step {}",
    "chain_#": "second barrier before step {}",
    "allowed_#": "what the filter allows at step {}",
    "input_least": "hardest braking",
    "gain_step_#": "step times gain k{}",
    "half_curvature": "half the curvature",
    "flow_#_#": "flow on resource {} in state {}",
    "nash_gap_#": "Nash gap in state {}",
    "potential_#": "potential in state {}",
    "distance_#_#": "distance of states {} and {}",
    "outside": "mass of Gibbs' law outside the equilibria",
    "leaves": "least chance of a round to leave the equilibria",
    "gibbs_error": "distance of the lasting law from Gibbs' law",
    "position_variance": "variance of the position in the lasting law",
    "velocity_variance": "variance of the velocity in the lasting law",
    "covariance": "covariance of position and velocity in the lasting law",
    "gibbs_position_variance": "variance of the position in Gibbs' law",
    "gibbs_velocity_variance": "variance of the velocity in Gibbs' law",
    "dt": "length of a step",
    "chance_#": "least chance of as much noise as at step {}",
    "running": "jobs that run",
    "waiting": "jobs that wait, frozen",
    "stopped": "jobs that others froze",
    "whole_max": "the most that a job held and asked for together",
    "asked_#": "what ask {} was for",
    "granted_#": "whether ask {} was met at once",
    "frozen_held_#": "what frozen jobs held at ask {}",
}
"""Figure -> words; one without an entry is shown by its name."""


def _words(name: str) -> str:
    words = _WORDS.get(_PLACE.sub("_#", name))
    return words.format(*_PLACE.findall(name)) if words else name.replace("_", " ")


def _comparison(comparison: tuple[str, str, str]) -> str:
    return " ".join(map(_words, comparison))


def _lines(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return (_number(value),)
    return tuple(" ".join(map(_number, x)) if isinstance(x, list) else _number(x) for x in value)


def _short(text: str) -> str:
    """Return a figure in few digits: a rounded one to five, a long fraction to twenty."""
    if text.startswith("~"):
        return f"{float(text[1:]):.5g}"
    value = Fraction(text)
    if len(text) <= _SHORT_MAX:
        return text
    with localcontext(prec=20):
        return f"{Decimal(value.numerator) / value.denominator}…"


def _number(value: object) -> str:
    """Return a value as text; a double as the shortest decimal that means it."""
    text = str(value)
    return repr(float.fromhex(text)) if "0x" in text[:3] else text


AnyView: TypeAlias = WitnessView | CaseView


def view_of(document: Mapping[str, Any]) -> AnyView:
    """Read and replay a witness of either kind.

    Raises:
        InvalidInputError: It is neither.
        WitnessRejectedError: It does not replay exactly.
    """
    if document.get("schema") == CASE_SCHEMA:
        return CaseView.of(document)
    return WitnessView.of(document)

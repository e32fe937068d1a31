"""Where one policy stands in a comparison: wins, ties and losses, counted and said in words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.comparison import Cell, Comparison, Measure, Record
from homeostat.runtime.governor.paired import LEVEL, Outcome

__all__ = ["OURS", "SCHEMA", "Standing", "standing_of"]

OURS: Final = "governor"
SCHEMA: Final = "homeostat.governor-standing/1"
_NAMED_MAX: Final = 3
"""Of more rivals than this, those of most losses are named."""

Tally: TypeAlias = Counter[Outcome]


@final
@dataclass(frozen=True, slots=True)
class Standing:
    """How one policy did against every other.

    Attributes:
        comparison: What was measured.
        ours: The policy.
        outcomes: By cell, measure and rival.
    """

    comparison: Comparison
    ours: str
    outcomes: Mapping[Cell, Mapping[str, Mapping[str, Outcome]]]

    def tally(self, measure: Measure) -> dict[str, Tally]:
        """Return how often it wins, ties and loses in a measure, by rival, over all cells."""
        found: dict[str, Tally] = {p: Counter() for p in self.comparison.policies if p != self.ours}
        for by_measure in self.outcomes.values():
            for rival, outcome in by_measure[measure.name].items():
                found[rival][outcome] += 1
        return found

    def swept(self, measure: Measure) -> int:
        """Return in how many cells it beats every rival that ran there."""
        return sum(
            set(by_measure[measure.name].values()) == {Outcome.WINS}
            for by_measure in self.outcomes.values()
        )

    @property
    def words(self) -> str:
        """One paragraph: where it wins, where it loses, and to whom."""
        measures = self.comparison.measures
        ahead = [m for m in measures if _net(self.tally(m)) > 0]
        behind = [m for m in measures if _count(self.tally(m), Outcome.LOSES)]
        wins = [f"{m.words} ({self._wins(m)})" for m in ahead]
        losses = [f"{m.words} ({_to_whom(self.tally(m))})" for m in behind]
        even = [m.words for m in measures if m not in ahead and m not in behind]
        text = f"{self._setting} It wins {_listed(wins)}. It loses {_listed(losses)}."
        return text + (f" It neither wins nor loses {_listed(even)}." if even else "")

    @property
    def _setting(self) -> str:
        rivals = len(self.comparison.policies) - 1
        seeds = sorted({len(record.seeds) for record in self.comparison.records})
        return (
            f"The {self.ours} against {_number(rivals, 'policy', 'policies')} in "
            f"{_number(len(self.outcomes), 'cell', 'cells')}, on {' or '.join(map(str, seeds))} "
            f"seeds each; a difference counts where its {LEVEL:.0%} interval is clear of zero."
        )

    def _wins(self, measure: Measure) -> str:
        tally = self.tally(measure)
        asked = sum(of.total() for of in tally.values())
        return (
            f"{_count(tally, Outcome.WINS)} of {asked} comparisons, against everyone in "
            f"{self.swept(measure)} of {_number(len(self.outcomes), 'cell', 'cells')}"
        )

    def document(self) -> dict[str, Any]:
        """Return means, intervals, outcomes and words, as JSON data for a page."""
        return {
            "schema": SCHEMA,
            "ours": self.ours,
            "level": LEVEL,
            "words": self.words,
            "settings": dict(self.comparison.settings),
            "policies": self.comparison.policies,
            "measures": [self._measure(measure) for measure in self.comparison.measures],
            "cells": [self._cell(cell) for cell in self.comparison.cells],
        }

    def _measure(self, measure: Measure) -> dict[str, Any]:
        against = {
            rival: {str(outcome): tally[outcome] for outcome in Outcome}
            for rival, tally in self.tally(measure).items()
        }
        return {**measure.document(), "swept": self.swept(measure), "against": against}

    def _cell(self, cell: Cell) -> dict[str, Any]:
        there = self.comparison.of(cell)
        return {
            "words": cell.words,
            "workload": cell.workload,
            "nodes": cell.nodes,
            "faults": cell.faults,
            "rows": [
                {
                    "policy": policy,
                    "seeds": len(there[policy].seeds),
                    "figures": {
                        m.name: _figure(there[policy], m, self.outcomes[cell][m.name].get(policy))
                        for m in self.comparison.measures
                    },
                }
                for policy in self.comparison.policies
                if policy in there
            ],
        }


def standing_of(comparison: Comparison, ours: str = OURS) -> Standing:
    """Return how one policy did against every other.

    Raises:
        InvalidInputError: It is not in a cell, or has other seeds than a rival there.
    """
    outcomes = {}
    for cell in comparison.cells:
        there = comparison.of(cell)
        if ours not in there:
            raise InvalidInputError(f"{cell.words!r} must have the policy {ours!r:.100}")
        outcomes[cell] = {
            measure.name: {
                rival: there[ours].against(record, measure)
                for rival, record in there.items()
                if rival != ours
            }
            for measure in comparison.measures
        }
    return Standing(comparison, ours, outcomes)


def _figure(record: Record, measure: Measure, outcome: Outcome | None) -> dict[str, Any]:
    found = record.mean(measure.name)
    alone = len(record.seeds) == 1
    return {
        "mean": found.mean,
        "low": None if alone else found.low,
        "high": None if alone else found.high,
        "ours": None if outcome is None else str(outcome),
    }


def _count(tally: Mapping[str, Tally], outcome: Outcome) -> int:
    return sum(of[outcome] for of in tally.values())


def _net(tally: Mapping[str, Tally]) -> int:
    return _count(tally, Outcome.WINS) - _count(tally, Outcome.LOSES)


def _to_whom(tally: Mapping[str, Tally]) -> str:
    lost = Counter({rival: of[Outcome.LOSES] for rival, of in tally.items()})
    ranked = [(rival, count) for rival, count in lost.most_common() if count]
    named = [
        f"to {rival} in {count} of {tally[rival].total()}" for rival, count in ranked[:_NAMED_MAX]
    ]
    rest = ranked[_NAMED_MAX:]
    if rest:
        named.append(
            f"to {_number(len(rest), 'other', 'others')} in {sum(n for _, n in rest)} together"
        )
    return ", ".join(named)


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _listed(items: Sequence[str]) -> str:
    return f"on {'; '.join(items)}" if items else "nowhere"

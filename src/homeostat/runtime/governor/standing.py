"""Where one policy stands in a comparison: wins, ties and losses, counted and said in words."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.comparison import Cell, Comparison, Measure, Record
from homeostat.runtime.governor.paired import LEVEL, Outcome

__all__ = ["OURS", "SCHEMA", "Standing", "standing_of"]

OURS: Final = "governor"
SCHEMA: Final = "homeostat.governor-standing/1"

Tally: TypeAlias = Counter[Outcome]


@final
@dataclass(frozen=True, slots=True)
class Standing:
    """How one policy did against every other.

    Attributes:
        comparison: What was measured.
        ours: The policy.
        outcomes: By cell, measure and rival; of a measure that is 0 for everyone there are none.
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

    def ahead(self, measure: Measure) -> list[str]:
        """Return the rivals against whom it wins in more cells than it loses."""
        return [rival for rival, tally in self.tally(measure).items() if _net(tally) > 0]

    def behind(self, measure: Measure) -> list[str]:
        """Return the rivals to whom it loses in more cells than it wins; the worst first."""
        nets = {rival: _net(tally) for rival, tally in self.tally(measure).items()}
        return sorted((rival for rival in nets if nets[rival] < 0), key=nets.__getitem__)

    @property
    def words(self) -> str:
        """One paragraph: where it wins, where it loses, and to whom."""
        parts: dict[str, list[str]] = {
            "It wins on": [],
            "It wins against some and loses to others on": [],
            "It loses on": [],
            "It is neither ahead of nor behind anyone on": [],
        }
        wins, mixed, loses, even = parts.values()
        for m in self.comparison.measures:
            ahead, behind = self._ahead_words(m), self._behind_words(m)
            said = [f"ahead of {ahead}"] * bool(ahead) + [f"behind {behind}"] * bool(behind)
            level = self._level_words(m)
            words = f"{m.words} ({'; '.join(said + [f'level with {level}'] * bool(level))})"
            if ahead and behind:
                mixed.append(words)
            elif ahead or behind:
                (wins if ahead else loses).append(words)
            else:
                even.append(m.words)
        told = [f"{words} {'; '.join(found)}." for words, found in parts.items() if found]
        return " ".join([self._setting, *told])

    def _ahead_words(self, measure: Measure) -> str:
        found, tally = self.ahead(measure), self.tally(measure)
        lost = [
            f"{rival} in {tally[rival][Outcome.LOSES]}"
            for rival in found
            if tally[rival][Outcome.LOSES]
        ]
        words = f"all {len(tally)}" if len(found) == len(tally) > 1 else ", ".join(found)
        return f"{words}, though behind {', '.join(lost)}" if lost else words

    def _level_words(self, measure: Measure) -> str:
        return ", ".join(rival for rival, of in self.tally(measure).items() if _net(of) == 0)

    def _behind_words(self, measure: Measure) -> str:
        tally = self.tally(measure)
        return ", ".join(
            f"{rival} in {tally[rival][Outcome.LOSES]}"
            + f" and ahead in {tally[rival][Outcome.WINS]}" * bool(tally[rival][Outcome.WINS])
            for rival in self.behind(measure)
        )

    @property
    def _setting(self) -> str:
        rivals = len(self.comparison.policies) - 1
        seeds = sorted({len(record.seeds) for record in self.comparison.records})
        return (
            f"The {self.ours} against {_number(rivals, 'policy', 'policies')} in "
            f"{_number(len(self.outcomes), 'cell')}, on {' or '.join(map(str, seeds))} "
            f"seeds each; a difference counts where its {LEVEL:.0%} interval is clear of zero, and "
            "numbers in brackets are cells."
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
                if rival != ours and _is_measured(measure, there)
            }
            for measure in comparison.measures
        }
    return Standing(comparison, ours, outcomes)


def _is_measured(measure: Measure, there: Mapping[str, Record]) -> bool:
    """Return whether a measure says anything in a cell; GPUs in use where there are none do not."""
    return any(any(record.values[measure.name]) for record in there.values())


def _figure(record: Record, measure: Measure, outcome: Outcome | None) -> dict[str, Any]:
    found = record.mean(measure.name)
    alone = len(record.seeds) == 1
    return {
        "mean": found.mean,
        "low": None if alone else found.low,
        "high": None if alone else found.high,
        "ours": None if outcome is None else str(outcome),
    }


def _net(tally: Tally) -> int:
    return tally[Outcome.WINS] - tally[Outcome.LOSES]


def _number(count: int, noun: str, nouns: str | None = None) -> str:
    return f"{count} {noun if count == 1 else nouns or noun + 's'}"

"""A cache of experts that decides everything anew from the whole past, and moves no byte."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from homeostat.models.residency.cache import Load, Outcome, Residency, Rule, Value, serve
from homeostat.models.residency.events import Event
from homeostat.models.residency.rules import LfruRule, LfuRule, LruRule, RankRule

__all__ = ["RULES", "NaiveCache"]

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {"lru": LruRule(), "lfu": LfuRule(), "lfru": LfruRule(), "rank": RankRule()}
)
"""The policies that have a reference definition, by name."""


class NaiveCache:
    """The reference of ``models.residency.cache``, with copies that fail and copies ahead.

    What leaves or comes between two events is written down as if the event before had done it:
    rules look at the past alone.
    """

    def __init__(self, capacity: int, rule: Rule) -> None:
        """Start with nothing resident."""
        self.state = Residency(capacity)
        self.rule = rule

    @property
    def resident(self) -> frozenset[int]:
        """Which experts are resident."""
        return self.state.resident

    def serve(self, event: Event) -> Outcome:
        """Decide one event as a whole."""
        self.state, outcome = serve(self.state, event, self.rule)
        return outcome

    def forget(self, experts: Iterable[int]) -> None:
        """Let experts leave that the last event loaded, since their copies failed."""
        for expert in experts:
            self._replace(self.resident - {expert}, Load(expert, expert))

    def ahead(self, expert: int) -> Load | None:
        """Load an expert that no event asks for, if it is worth more than what leaves."""
        if expert in self.resident:
            return None
        victim = None
        past = self.state.past
        if len(self.resident) >= self.state.capacity:
            victim = min(self.resident, key=self._worth)
            if self._worth(expert)[0] <= self._worth(victim)[0]:
                return None
        if not self.rule.admits(expert, victim, past):
            return None
        load = Load(expert, victim)
        self._replace(self.resident - {victim} | {expert}, load)
        return load

    def _worth(self, expert: int) -> tuple[Value, int]:
        return self.rule.value(expert, self.state.past), expert

    def _replace(self, resident: frozenset[int], load: Load) -> None:
        past = self.state.past
        if past:
            event, outcome = past[-1]
            past = (*past[:-1], (event, replace(outcome, loads=(*outcome.loads, load))))
        self.state = replace(self.state, resident=resident, past=past)

"""Who is resident in one layer: the decisions of ``models.residency.cache``, made in place."""

from homeostat.errors import InvalidInputError
from homeostat.models.residency.cache import Load, Outcome
from homeostat.models.residency.events import Event
from homeostat.runtime.experts.policies.policy import Policy

__all__ = ["ResidentSet"]


class ResidentSet:
    """The experts that are resident in one layer, under a policy.

    Args:
        capacity: Most experts at once, 1 or more.
        policy: The policy of this layer; nobody else may use it.

    Raises:
        InvalidInputError: The capacity is below 1.
    """

    def __init__(self, capacity: int, policy: Policy) -> None:
        """Start with nothing resident."""
        if capacity < 1:
            raise InvalidInputError(f"capacity {capacity} must be 1 or more")
        self.capacity = capacity
        self.policy = policy
        self._resident: set[int] = set()

    @property
    def resident(self) -> frozenset[int]:
        """Which experts are resident now."""
        return frozenset(self._resident)

    def __contains__(self, expert: int) -> bool:
        """Return whether an expert is resident. O(1)."""
        return expert in self._resident

    def __len__(self) -> int:
        """Return how many are resident."""
        return len(self._resident)

    def serve(self, event: Event) -> Outcome:
        """Decide one event and return what it did. O(experts of the event) plus the policy's."""
        self.policy.observe(event)
        hits = tuple(e for e in event.experts if e in self._resident)
        loads: list[Load] = []
        bypasses: list[int] = []
        if len(hits) < len(event.experts):
            found = set(hits)
            # Values do not change within an event, and what is loaded in it is not idle: so a
            # victim that was spared is the next one's, too.
            idle = self._idle(event)
            victim: int | None = None
            for expert in event.experts:
                if expert in found:
                    continue
                full = len(self._resident) >= self.capacity
                if full and not idle:
                    bypasses.append(expert)
                    continue
                if full and victim is None:
                    victim = self.policy.victim(idle)
                if not self.policy.admits(expert, victim):
                    bypasses.append(expert)
                    continue
                if victim is not None:
                    self._resident.remove(victim)
                    idle.remove(victim)
                    self.policy.evicted(victim)
                self._resident.add(expert)
                loads.append(Load(expert, victim))
                victim = None
        return Outcome(hits, tuple(loads), tuple(bypasses))

    def _idle(self, event: Event) -> set[int]:
        """Return the residents that may leave for an event: those that it does not need."""
        return self._resident.difference(event.experts)

    def ahead(self, expert: int) -> Load | None:
        """Load an expert that no event asked for yet, if it is worth more than what leaves.

        Returns:
            None if it is resident already, not admitted, or worth no more than every resident.
        """
        if expert in self._resident:
            return None
        victim = None
        if len(self._resident) >= self.capacity:
            victim = self.policy.victim(self._resident)
            if self.policy.value(expert) <= self.policy.value(victim):
                return None
        if not self.policy.admits(expert, victim):
            return None
        if victim is not None:
            self._resident.remove(victim)
            self.policy.evicted(victim)
        self._resident.add(expert)
        return Load(expert, victim)

    def forget(self, expert: int) -> None:
        """Drop an expert whose copy failed.

        Raises:
            KeyError: It is not resident.
        """
        self._resident.remove(expert)
        self.policy.evicted(expert)

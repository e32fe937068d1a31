"""One layer of experts under a cache: opens an event, hands out weights, and closes it."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any, NoReturn, cast

import torch

from homeostat.errors import HomeostatError
from homeostat.models.residency.events import Event
from homeostat.runtime.experts.cache import ExpertCache
from homeostat.runtime.experts.offloading.weights import DevicePlace, HostExpert, Tensor
from homeostat.runtime.experts.policies.policy import Policy

__all__ = ["OffloadedLayer", "Routing", "routed_event"]

Routing = tuple[Tensor, Tensor]
"""Experts of each token, shape (tokens, k), and their weights, of the same shape."""


def routed_event(routing: Routing, expert_count: int) -> Event:
    """Return the event of a pass: its experts, and the heaviest of each token as first choice.

    What is not below ``expert_count`` is masked and belongs to no event.
    """
    index, weights = routing
    if not index.numel():
        return Event(())
    heaviest = index.gather(1, weights.argmax(1, keepdim=True))
    # One transfer for both: each makes the processor wait for the card.
    rows = torch.cat((heaviest, index), dim=1).tolist()
    experts = sorted({e for row in rows for e in row[1:] if e < expert_count})
    return Event(tuple(experts), tuple(row[0] for row in rows if row[0] < expert_count))


class OffloadedLayer:
    """A cache and the event that it serves now.

    Args:
        name: Of the module, as in ``model.named_modules()``.
        cache: The cache of its experts.
        policy: The policy of that cache.
        expert_count: Experts of the layer.
        device: Where places and hidden states are.
        one_at_a_time: Shared by all layers that share transient buffers.
        prefetch: Most experts that are loaded ahead after each event.
    """

    def __init__(
        self,
        name: str,
        cache: ExpertCache[HostExpert, DevicePlace],
        policy: Policy,
        *,
        expert_count: int,
        device: Any,
        one_at_a_time: Any,
        prefetch: int = 0,
    ) -> None:
        """Start with no event open."""
        self.name = name
        self.cache = cache
        self.policy = policy
        self.expert_count = expert_count
        self.device = device
        self._one_at_a_time = one_at_a_time
        self._prefetch = prefetch
        self._serving: Iterator[tuple[int, DevicePlace]] | None = None
        self._asked: object = None
        self._number = -1
        self._place: DevicePlace | None = None

    def run(self, eager: Callable[[], Tensor], hidden: Tensor, routing: Routing) -> Tensor:
        """Return what an eager loop over the experts returns, fed from the cache.

        Raises:
            HomeostatError: The hidden states are elsewhere, or another layer or thread is being
                served.
        """
        if hidden.device != self.device:
            raise HomeostatError(
                f"hidden states of {self.name} must be on {str(self.device)!r}, "
                f"are on {str(hidden.device)!r}: move the rest of the model there"
            )
        with self._event(routed_event(routing, self.expert_count)):
            result = eager()
        if self._prefetch:
            self._load_ahead()
        return result

    def weights(self, expert: Any) -> tuple[Tensor, ...]:
        """Return the weights of an expert of the open event, on the device.

        Raises:
            HomeostatError: No event is open, or this is not its next expert.
        """
        # An eager loop asks for each weight with the same index, whose value is on the card.
        if self._place is None or expert is not self._asked:
            self._advance_to(self._as_number(expert))
            self._asked = expert
        assert self._place is not None
        return self._place.tensors

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """Refuse to be copied or pickled, with the model that it feeds."""
        raise HomeostatError(f"{self.name} is offloaded: close the offload before copying it")

    @contextmanager
    def _event(self, event: Event) -> Iterator[None]:
        if not self._one_at_a_time.acquire(blocking=False):
            raise HomeostatError(
                f"{self.name} cannot be served while another forward is inside an offloaded "
                "layer: one thread at a time"
            )
        try:
            serving = cast("Generator[tuple[int, DevicePlace]]", self.cache.serve(event))
            with closing(serving) as self._serving:
                yield
        finally:
            self._serving = self._asked = self._place = None
            self._number = -1
            self._one_at_a_time.release()

    def _as_number(self, expert: Any) -> int:
        try:
            return int(expert)
        except (TypeError, ValueError, RuntimeError) as error:
            raise HomeostatError(
                f"weights of {self.name} are offloaded and read one expert at a time, not by "
                f"{type(expert).__name__}: was another experts implementation set?"
            ) from error

    def _advance_to(self, number: int) -> None:
        if self._serving is None:
            raise HomeostatError(
                f"expert {number} of {self.name} is offloaded and no event is open: "
                "was another experts implementation set?"
            )
        if number == self._number:
            return
        found, place = next(self._serving, (None, None))
        if found != number or place is None:
            raise HomeostatError(
                f"{self.name} asked for expert {number} where {found} was next: experts must be "
                "asked for in ascending order"
            )
        self._number, self._place = number, place

    def _load_ahead(self) -> None:
        absent = set(range(self.expert_count)) - self.cache.resident
        best = sorted(absent, key=lambda expert: (self.policy.value(expert), -expert))
        self.cache.prefetch(reversed(best[-self._prefetch :]))

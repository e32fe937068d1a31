"""Experts of a model in host memory, with a cache of them on the device: one line to put it there.

    with offload(model, capacity=8) as offloaded, torch.no_grad():
        model.generate(...)
        print(offloaded.report().table())

Outputs are bit-equal to those of the model's ``eager`` experts, whatever the cache does. Another
experts implementation, such as ``grouped_mm``, which transformers may choose by itself, adds up in
another order; so what is equal is ``model.set_experts_implementation("eager")``.

The rest of the model stays where it is; move it to the device before or after. For a card the
experts are pinned in host memory (torch rounds each allocation up to a power of two, so this can
take more than they do). While offloaded, ``state_dict`` has their values, ``load_state_dict`` and
copies of the model are refused, ``parameters()`` and ``.to()`` pass them over.
"""

from collections.abc import Iterable
from contextlib import ExitStack
from threading import Lock
from types import TracebackType
from typing import Any

from homeostat.errors import HomeostatError, InvalidInputError
from homeostat.runtime.experts.accounting import Account
from homeostat.runtime.experts.buffers import TransientBuffers
from homeostat.runtime.experts.cache import ExpertCache
from homeostat.runtime.experts.offloading.absent import IMPLEMENTATION
from homeostat.runtime.experts.offloading.budget import capacities
from homeostat.runtime.experts.offloading.finding import experts_modules
from homeostat.runtime.experts.offloading.lanes import TorchLanes, lanes_for
from homeostat.runtime.experts.offloading.layers import OffloadedLayer
from homeostat.runtime.experts.offloading.modules import ExpertsModule, Shape, fed
from homeostat.runtime.experts.offloading.policy_makers import make_policies
from homeostat.runtime.experts.offloading.reports import OffloadReport, report_of
from homeostat.runtime.experts.offloading.stacked import StackedExperts
from homeostat.runtime.experts.offloading.weights import DevicePlace, HostExpert
from homeostat.runtime.experts.policies.selector import PolicyFactory
from homeostat.runtime.experts.residency import ResidentSet
from homeostat.runtime.traces.routes import Routes

__all__ = ["Offloaded", "offload"]


class Offloaded:
    """A model whose experts are offloaded until ``close``; made by ``offload``.

    Attributes:
        policy: Name of the policy.
        layers: The layers, in the order of the model; empty after ``close``.
    """

    def __init__(self, model: Any, policy: str, lanes: TorchLanes) -> None:
        """Start with nothing offloaded."""
        self.policy = policy
        self.layers: list[OffloadedLayer] = []
        self._accounts: list[tuple[str, Account]] = []
        self._model = model
        self._lanes = lanes
        self._one_at_a_time = Lock()
        self._fed = ExitStack()
        self._moved = ExitStack()

    @property
    def caches(self) -> list[ExpertCache[HostExpert, DevicePlace]]:
        """The cache of each layer."""
        return [layer.cache for layer in self.layers]

    def report(self) -> OffloadReport:
        """Return what the caches did so far; it can be asked for after ``close``, too."""
        return report_of(self.policy, self._accounts)

    def check(self) -> None:
        """Assert what is proved of the caches, between two forwards.

        Raises:
            AssertionError: A place or a buffer is lost.
        """
        for cache in self.caches:
            cache.check()

    def close(self) -> None:
        """Give the model back as it was: parameters, their device, the implementation of experts.

        Closing twice does nothing.

        Raises:
            HomeostatError: A forward is inside an offloaded layer.
        """
        if not self._one_at_a_time.acquire(blocking=False):
            raise HomeostatError("cannot close an offload while a forward is inside its layers")
        try:
            self._lanes.synchronize()
            self._fed.close()
            # Places go before the parameters come: both need not fit the device.
            self.layers = []
            self._moved.close()
        finally:
            self._one_at_a_time.release()

    def __enter__(self) -> "Offloaded":
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _add(
        self,
        experts: ExpertsModule,
        residents: ResidentSet,
        buffers: dict[Shape, TransientBuffers[DevicePlace]],
        *,
        buffer_count: int,
        prefetch: int,
    ) -> None:
        """Offload one module; whatever was done of it is undone by ``close``."""
        shape = experts.shape
        host, held = experts.host(self._lanes.device)
        for (_, parameter), tensor in zip(experts.weights(), held, strict=True):
            self._moved.callback(_move, parameter, parameter.device)
            parameter.data = tensor
        if shape not in buffers:
            places = (self._lanes.place(host[0]) for _ in range(buffer_count))
            buffers[shape] = TransientBuffers(places)
        cache = ExpertCache(self._lanes, host, residents=residents, buffers=buffers[shape])
        layer = OffloadedLayer(
            experts.name,
            cache,
            residents.policy,
            expert_count=experts.expert_count,
            device=self._lanes.device,
            one_at_a_time=self._one_at_a_time,
            prefetch=prefetch,
        )
        self.layers.append(layer)
        self._accounts.append((experts.name, cache.account))
        self._fed.callback(experts.restore)
        experts.feed(layer)

    def _use_interface(self, modules: Iterable[StackedExperts]) -> None:
        """Have transformers dispatch to us.

        Raises:
            InvalidInputError: A module does not listen.
        """
        before = self._model.get_experts_implementation()
        self._fed.callback(self._model.set_experts_implementation, before)
        self._model.set_experts_implementation(IMPLEMENTATION)
        for experts in modules:
            chosen = experts.module.config._experts_implementation
            if chosen != IMPLEMENTATION:
                raise InvalidInputError(
                    f"{experts.name} must follow its model's experts implementation, stays at "
                    f"{chosen!r}"
                )


def _move(parameter: Any, device: Any) -> None:
    parameter.data = parameter.data.to(device)


def offload(
    model: Any,
    *,
    capacity: int | None = None,
    bytes_max: int | None = None,
    policy: str | PolicyFactory = "lfru",
    device: Any = None,
    buffers: int = 2,
    prefetch: int = 0,
    routes: Routes | None = None,
    lanes: TorchLanes | None = None,
) -> Offloaded:
    """Keep the experts of a model in host memory, and a cache of them on the device.

    Args:
        model: A model of transformers, unmodified, whose experts are behind transformers' experts
            interface, or Switch Transformers.
        capacity: Experts a layer that are resident at most; more than there are is all of them.
        bytes_max: Device memory of all places and transient buffers together, instead of a
            capacity; every layer then gets the same, see ``budget.capacities``.
        policy: A name in ``policies.family.POLICIES``, or what makes the policy of a layer.
        device: Where experts are computed; where the model is if None. Lanes have their own.
        buffers: Transient buffers for the experts that are not let in.
        prefetch: Most experts of a layer to load after each pass, before the next asks for them.
        routes: Of this model, recorded before, for policies that are made from measurements.
        lanes: Where copies and computes run; made for the device if None.

    Raises:
        InvalidInputError: An option breaks its rule, or the model's experts are not supported.
        HomeostatError: The model is offloaded already.
    """
    if not hasattr(model, "set_experts_implementation"):
        raise InvalidInputError(f"model must be one of transformers, is a {type(model).__name__}")
    for name, value, least in (("buffers", buffers, 1), ("prefetch", prefetch, 0)):
        if value < least:
            raise InvalidInputError(f"{name} {value} must be {least} or more")
    modules = experts_modules(model)
    if any(fed(experts.module) for experts in modules):
        raise HomeostatError(f"this {type(model).__name__} is offloaded already: close that first")
    shapes = {experts.shape: experts.place_bytes for experts in modules}
    counts = capacities(
        [(experts.expert_count, experts.place_bytes) for experts in modules],
        capacity=capacity,
        bytes_max=bytes_max,
        buffer_bytes=buffers * sum(shapes.values()),
    )
    policies = make_policies(policy, modules, counts, routes)
    name = policy if isinstance(policy, str) else getattr(policy, "__name__", "custom")
    offloaded = Offloaded(model, name, lanes or lanes_for(device or model.device))
    lent: dict[Shape, TransientBuffers[DevicePlace]] = {}
    try:
        for experts, count, own in zip(modules, counts, policies, strict=True):
            residents = ResidentSet(count, own)
            offloaded._add(experts, residents, lent, buffer_count=buffers, prefetch=prefetch)
        stacked = [experts for experts in modules if isinstance(experts, StackedExperts)]
        if stacked:
            offloaded._use_interface(stacked)
    except BaseException:
        offloaded.close()
        raise
    return offloaded

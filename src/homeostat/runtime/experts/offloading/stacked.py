"""Experts whose weights are stacked, behind transformers' experts interface."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

from homeostat.errors import HomeostatError, InvalidInputError
from homeostat.runtime.experts.offloading.absent import IMPLEMENTATION, Absent
from homeostat.runtime.experts.offloading.layers import OffloadedLayer, Routing
from homeostat.runtime.experts.offloading.modules import ExpertsModule, Shape, fed, put_back
from homeostat.runtime.experts.offloading.weights import HostExpert, Tensor, host_rows

__all__ = ["StackedExperts"]


class StackedExperts(ExpertsModule):
    """One parameter for each weight, with the experts as its first dimension."""

    def __init__(self, name: str, module: Any) -> None:
        """Take note of a module.

        Raises:
            InvalidInputError: Its experts are spread over processes, or it has none.
        """
        super().__init__(name, module)
        self._kept: dict[str, Any] = {}
        if module._is_expert_parallel:
            raise InvalidInputError(f"experts of {name} must be in one process, are parallel")
        if not self.weights():
            raise InvalidInputError(f"{name} must have parameters of {self.expert_count} experts")

    def weights(self) -> list[tuple[str, Any]]:
        """Return the parameters whose first dimension is the experts."""
        held = self._kept or self.module._parameters
        return [
            (name, parameter)
            for name, parameter in held.items()
            if parameter is not None and parameter.dim() and len(parameter) == self.expert_count
        ]

    @property
    def top_k(self) -> int:
        """What the config says; 1 if it does not say it in the usual word."""
        return int(getattr(self.module.config, "num_experts_per_tok", None) or 1)

    @property
    def shape(self) -> Shape:
        """A row of each stack."""
        return tuple((p.dtype, tuple(p.shape[1:]), p.stride()[1:]) for _, p in self.weights())

    def routing(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Routing:
        """Return the second and third argument."""
        _, index, weights = self.arguments(args, kwargs)
        return index, weights

    def host(self, device: Any) -> tuple[list[HostExpert], list[Tensor]]:
        """Return the rows of each stack, and the stacks."""
        return host_rows([parameter for _, parameter in self.weights()], device)

    def detach(self, layer: OffloadedLayer) -> None:
        """Put ``Absent`` in the place of each parameter; the interface dispatches here."""
        weights = self.weights()
        self._kept = dict(self.module._parameters)
        for number, (name, _) in enumerate(weights):
            del self.module._parameters[name]
            setattr(self.module, name, Absent(f"{self.name}.{name}", layer, number))

    def attach(self) -> None:
        """Put the parameters back, in their order."""
        put_back(self.module, self._kept)
        self._kept = {}


def _dispatched(module: Any, *args: Any, **kwargs: Any) -> Tensor:
    """Run the experts of a module as transformers' interface asks for it."""
    found = fed(module)
    if found is None:
        raise HomeostatError(
            f"a {type(module).__name__} runs as {IMPLEMENTATION!r} but is not offloaded: does its "
            "model share a config with one that is?"
        )
    experts, layer = found
    return experts.forward(layer, *args, **kwargs)


# What the cache does is not for a compiler to trace; around it, a compiled model stays compiled.
ALL_EXPERTS_FUNCTIONS.register(IMPLEMENTATION, torch.compiler.disable(_dispatched))

"""The experts of Switch Transformers: modules of their own, without transformers' interface."""

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import torch

from homeostat.runtime.experts.offloading.absent import Absent
from homeostat.runtime.experts.offloading.layers import OffloadedLayer, Routing
from homeostat.runtime.experts.offloading.modules import ExpertsModule, Shape, put_back
from homeostat.runtime.experts.offloading.weights import HostExpert, Tensor, host_experts

__all__ = ["SwitchExperts"]

Weight: TypeAlias = tuple[str, Any, str]
"""A weight's name below the experts, the module that has it, and as which attribute."""


class SwitchExperts(ExpertsModule):
    """Switch Transformers: a module for each expert, and routes as a mask."""

    def __init__(self, name: str, module: Any) -> None:
        """Take note of a module."""
        super().__init__(name, module)
        self._givers: list[Any] = []
        self._kept: dict[Any, dict[str, Any]] = {}
        self._experts: list[list[Weight]] = [
            [
                (f"expert_{expert}.{path}.{attribute}", owner, attribute)
                for path, owner in module[f"expert_{expert}"].named_modules()
                for attribute, parameter in owner._parameters.items()
                if parameter is not None
            ]
            for expert in range(self.expert_count)
        ]

    def weights(self) -> list[tuple[str, Any]]:
        """Return the parameters of all experts, one expert after the other."""
        return [
            (name, self._kept.get(owner, owner._parameters)[attribute])
            for expert in self._experts
            for name, owner, attribute in expert
        ]

    @property
    def top_k(self) -> int:
        """One, which is what is special about it."""
        return 1

    @property
    def shape(self) -> Shape:
        """The parameters of the first expert."""
        first = self.weights()[: len(self._experts[0])]
        return tuple((p.dtype, tuple(p.shape), p.stride()) for _, p in first)

    def routing(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Routing:
        """Return the one expert of each token; those beyond an expert's capacity are masked."""
        _, mask, weights = self.arguments(args, kwargs)
        found = torch.where(mask.any(-1), mask.argmax(-1), self.expert_count)
        return found, weights

    def host(self, device: Any) -> tuple[list[HostExpert], list[Tensor]]:
        """Return the weights of each expert, and all of them in one list."""
        parameters = [parameter for _, parameter in self.weights()]
        each = len(parameters) // self.expert_count
        rows = [parameters[k : k + each] for k in range(0, len(parameters), each)]
        experts, held = host_experts(rows, device)
        return experts, [weight for row in held for weight in row]

    def detach(self, layer: OffloadedLayer) -> None:
        """Give each expert's module its weights when it is called."""
        for number, expert in enumerate(self._experts):
            for _, owner, attribute in expert:
                self._kept.setdefault(owner, dict(owner._parameters))
                del owner._parameters[attribute]
            self._give(expert, self._absent(expert))
            self._givers.append(
                self.module[f"expert_{number}"].register_forward_pre_hook(
                    partial(self._give_from, layer, number)
                )
            )
        self.module.forward = partial(self.forward, layer)

    def attach(self) -> None:
        """Put every parameter back where it was."""
        self.module.__dict__.pop("forward", None)
        for hook in self._givers:
            hook.remove()
        for owner, kept in self._kept.items():
            put_back(owner, kept)
        self._givers, self._kept = [], {}

    def eager(self, *args: Any, **kwargs: Any) -> Tensor:
        """Run the forward as its class has it, and take the weights away again."""
        try:
            return super().eager(*args, **kwargs)
        finally:
            for expert in self._experts:
                self._give(expert, self._absent(expert))

    def _absent(self, expert: Sequence[Weight]) -> list[Absent]:
        return [Absent(f"{self.name}.{name}") for name, _, _ in expert]

    def _give_from(self, layer: OffloadedLayer, number: int, *_: Any) -> None:
        self._give(self._experts[number], layer.weights(number))

    @staticmethod
    def _give(expert: Sequence[Weight], weights: Sequence[Any]) -> None:
        for (_, owner, attribute), weight in zip(expert, weights, strict=True):
            owner.__dict__[attribute] = weight

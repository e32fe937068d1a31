"""Modules of experts in models of transformers: how they keep weights and how they are fed.

Outputs are those of the class's own eager loop, because it is that loop that runs; only what it
reads as the weights of an expert comes from the cache. It adds the experts up in ascending order.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import torch

from homeostat.errors import HomeostatError
from homeostat.runtime.experts.offloading.layers import OffloadedLayer, Routing
from homeostat.runtime.experts.offloading.weights import ALIGNMENT_BYTES, HostExpert, Tensor

__all__ = ["ExpertsModule", "Shape", "fed", "put_back"]

_FED = "_homeostat_fed"
"""Attribute of a module while it is offloaded: its ExpertsModule and its layer."""

Shape: TypeAlias = tuple[tuple[Any, tuple[int, ...], tuple[int, ...]], ...]
"""Type, shape and strides of each weight."""


class ExpertsModule(ABC):
    """A module of experts, as it is and as it is while offloaded.

    Attributes:
        name: Of the module, as in ``model.named_modules()``.
        module: The module.
        expert_count: Its experts.
    """

    def __init__(self, name: str, module: Any) -> None:
        """Take note of a module."""
        self.name = name
        self.module = module
        self.expert_count = int(module.num_experts)
        self._hooks: list[Any] = []
        self._eager = inspect.unwrap(type(module).forward)
        self._signature = inspect.signature(self._eager)

    @property
    @abstractmethod
    def top_k(self) -> int:
        """Experts of a token."""

    @abstractmethod
    def weights(self) -> list[tuple[str, Any]]:
        """Return the parameters that hold the experts, with their names below the module."""

    @abstractmethod
    def routing(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Routing:
        """Return where the tokens go, of the arguments of the module's forward."""

    @abstractmethod
    def host(self, device: Any) -> tuple[list[HostExpert], list[Tensor]]:
        """Return the experts in host memory, and there the data of each of ``weights()``."""

    @abstractmethod
    def detach(self, layer: OffloadedLayer) -> None:
        """Take the parameters out, and have the forward read weights from a layer."""

    @abstractmethod
    def attach(self) -> None:
        """Undo ``detach``; does nothing before it."""

    def feed(self, layer: OffloadedLayer) -> None:
        """Have the module read its weights from a layer until ``restore``."""
        # torch writes an attribute to the first, which a bound method does not take.
        self._hooks = [
            self.module.register_state_dict_post_hook(partial(self._add_values)),
            self.module.register_load_state_dict_pre_hook(partial(self._refuse_values)),
        ]
        self.detach(layer)
        setattr(self.module, _FED, (self, layer))

    def restore(self) -> None:
        """Have the module as it was before ``feed``, also if that did not come to its end."""
        self.module.__dict__.pop(_FED, None)
        self.attach()
        for hook in self._hooks:
            hook.remove()

    def _add_values(self, module: Any, values: Any, prefix: str, metadata: Any) -> None:
        del module, metadata
        values.update({prefix + name: parameter.detach() for name, parameter in self.weights()})

    def _refuse_values(self, *_: Any) -> None:
        raise HomeostatError(f"{self.name} is offloaded: close the offload before loading values")

    @property
    @abstractmethod
    def shape(self) -> Shape:
        """The weights of one expert; experts of equal shapes fit the same places."""

    @property
    def place_bytes(self) -> int:
        """Device memory that a place for one expert takes."""
        return self.expert_bytes + len(self.shape) * ALIGNMENT_BYTES

    @property
    def expert_bytes(self) -> int:
        """Bytes of one expert."""
        return sum(int(p.nbytes) for _, p in self.weights()) // self.expert_count

    def eager(self, *args: Any, **kwargs: Any) -> Tensor:
        """Run the forward as its class has it, below any dispatch."""
        result: Tensor = self._eager(self.module, *args, **kwargs)
        return result

    def arguments(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Return the hidden states, the routes and their weights, however they were passed."""
        return self._signature.bind(self.module, *args, **kwargs).args[1:4]

    def forward(self, layer: OffloadedLayer, *args: Any, **kwargs: Any) -> Tensor:
        """Run the forward, fed from a layer.

        Raises:
            HomeostatError: Gradients are asked for; else as ``OffloadedLayer.run``.
        """
        hidden = self.arguments(args, kwargs)[0]
        if torch.is_grad_enabled() and (
            hidden.requires_grad or any(weight.requires_grad for _, weight in self.weights())
        ):
            raise HomeostatError(
                f"{self.name} is offloaded and has no gradients: call the model under "
                "torch.no_grad() or torch.inference_mode()"
            )
        return layer.run(lambda: self.eager(*args, **kwargs), hidden, self.routing(args, kwargs))


def fed(module: Any) -> tuple[ExpertsModule, OffloadedLayer] | None:
    """Return what a module is fed from, if it is offloaded now."""
    found: tuple[ExpertsModule, OffloadedLayer] | None = module.__dict__.get(_FED)
    return found


def put_back(module: Any, kept: dict[str, Any]) -> None:
    """Give a module the parameters back that it had, in their order."""
    for name in kept:
        module.__dict__.pop(name, None)
    order = {**kept, **module._parameters}
    module._parameters.clear()
    module._parameters.update(order)

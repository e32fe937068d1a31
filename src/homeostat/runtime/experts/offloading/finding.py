"""Finds the modules of experts of a model."""

from typing import Any

from homeostat.errors import InvalidInputError
from homeostat.runtime.experts.offloading.modules import ExpertsModule, fed
from homeostat.runtime.experts.offloading.stacked import StackedExperts
from homeostat.runtime.experts.offloading.switch import SwitchExperts

__all__ = ["experts_modules"]


def experts_modules(model: Any) -> list[ExpertsModule]:
    """Return the modules of experts of a model, in the order of its layers.

    For a module that is offloaded now it is the object that restores it.

    Raises:
        InvalidInputError: There are none, or some that keep experts in another way.
    """
    found: list[ExpertsModule] = []
    for name, module in model.named_modules():
        kind = type(module).__name__
        if not kind.endswith("Experts"):
            continue
        offloaded = fed(module)
        if offloaded:
            found.append(offloaded[0])
        elif kind == "SwitchTransformersExperts":
            found.append(SwitchExperts(name, module))
        elif hasattr(module, "_is_expert_parallel") and hasattr(
            type(module).forward, "__wrapped__"
        ):
            found.append(StackedExperts(name, module))
        else:
            raise InvalidInputError(
                f"{name} must be experts behind transformers' experts interface, or those of "
                f"Switch Transformers; is a {kind}"
            )
    if not found:
        raise InvalidInputError(f"{type(model).__name__} must have experts, has none")
    return found

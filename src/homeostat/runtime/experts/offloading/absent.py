"""What stands for a weight while it is offloaded."""

from typing import Any, NoReturn

from homeostat.errors import HomeostatError
from homeostat.runtime.experts.offloading.layers import OffloadedLayer
from homeostat.runtime.experts.offloading.weights import Tensor

__all__ = ["IMPLEMENTATION", "Absent"]

IMPLEMENTATION = "homeostat_offload"
"""Name of the experts implementation while a model is offloaded."""


class Absent:
    """Stands for a weight that is offloaded: tells who computes with it as a whole.

    Args:
        name: Of the weight.
        layer: Its layer, if one expert of it can be read.
        number: Which of the weights of an expert it is.
    """

    def __init__(self, name: str, layer: OffloadedLayer | None = None, number: int = 0) -> None:
        """Stand for a weight."""
        self._name = name
        self._layer = layer
        self._number = number

    def __getitem__(self, expert: Any) -> Tensor:
        """Return this weight of the expert that the open event is at."""
        if self._layer is None:
            self._refuse()
        return self._layer.weights(expert)[self._number]

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse; with AttributeError where Python asks for a protocol."""
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """Refuse to be copied or pickled."""
        self._refuse()

    @classmethod
    def __torch_function__(
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> NoReturn:
        """Refuse whatever torch is asked to do with it."""
        next(arg for arg in (*args, *(kwargs or {}).values()) if isinstance(arg, cls))._refuse()

    def _refuse(self) -> NoReturn:
        raise HomeostatError(
            f"{self._name} is offloaded: close the offload first, and leave the experts "
            f"implementation at {IMPLEMENTATION!r} until then"
        )

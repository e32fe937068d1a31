"""How many experts of each layer fit into device memory."""

from collections.abc import Sequence

from homeostat.errors import InvalidInputError

__all__ = ["capacities"]


def capacities(
    layers: Sequence[tuple[int, int]],
    *,
    capacity: int | None,
    bytes_max: int | None,
    buffer_bytes: int = 0,
) -> list[int]:
    """Return the capacity of each layer: the same for all, and no more than it has experts.

    A byte budget is for all layers and the transient buffers together. It gives each layer as many
    experts as the budget has for the whole of them; what is left then is not used.

    Args:
        layers: For each its experts, and the bytes of one.
        capacity: Experts a layer.
        bytes_max: The budget, if no capacity is given.
        buffer_bytes: Bytes of all transient buffers.

    Raises:
        InvalidInputError: Not exactly one of both is given, or it is below one expert a layer.
    """
    if (capacity is None) == (bytes_max is None):
        raise InvalidInputError(
            f"exactly one of capacity={capacity} and bytes_max={bytes_max} must be given"
        )
    if bytes_max is not None:
        row_bytes = sum(expert_bytes for _, expert_bytes in layers)
        if bytes_max < buffer_bytes + row_bytes:
            raise InvalidInputError(
                f"bytes_max {bytes_max} must be {buffer_bytes + row_bytes} or more: one expert "
                f"a layer takes {row_bytes}, the transient buffers {buffer_bytes}"
            )
        capacity = (bytes_max - buffer_bytes) // row_bytes
    assert capacity is not None
    if capacity < 1:
        raise InvalidInputError(f"capacity {capacity} must be 1 or more")
    return [min(capacity, experts) for experts, _ in layers]

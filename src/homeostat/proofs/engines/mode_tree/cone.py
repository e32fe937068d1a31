"""Polyhedral cones by their extreme rays, exact: the double description method.

A region of starts M(0) >= 0 is a cone, since every guard is homogeneous. Each ray is an integer
vector that carries, beside the start, what the start leads to (the state of Simulation, and of
Theory), so that a guard is evaluated on the present state and never on a composed map.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import gcd
from typing import TypeAlias

__all__ = ["Cone", "Vector", "primitive"]

Vector: TypeAlias = tuple[int, ...]


def primitive(vector: Sequence[int]) -> Vector:
    """Divide a vector by the common factor of its entries."""
    divisor = gcd(*vector)
    return tuple(x // divisor for x in vector) if divisor > 1 else tuple(vector)


@dataclass(frozen=True, slots=True)
class Cone:
    """Extreme rays of a pointed cone, each with the set of rows that are tight on it.

    Attributes:
        rays: Integer vectors; all linear functions of the start.
        tight: For each ray the rows that are 0 there, as the bits of a number.
        row_count: How many rows there are; the next one has this number.
    """

    rays: tuple[Vector, ...]
    tight: tuple[int, ...]
    row_count: int

    @classmethod
    def orthant(cls, size: int, carried: Callable[[Vector], Vector]) -> "Cone":
        """Return all starts >= 0 with ``size`` coordinates; row i is coordinate i >= 0.

        Args:
            size: Number of coordinates.
            carried: What a ray is, from the unit vector of its start.
        """
        units = [tuple(int(i == j) for j in range(size)) for i in range(size)]
        everything = (1 << size) - 1
        tight = tuple(everything & ~(1 << i) for i in range(size))
        return cls(tuple(carried(unit) for unit in units), tight, size)

    def clipped(self, values: Sequence[int]) -> "Cone":
        """Return the part where a linear function is >= 0, from its values at the rays.

        The function becomes the next row. Two rays span an edge when no third one is tight
        wherever both are; each edge that changes sign gives a new ray.
        """
        bit = 1 << self.row_count
        rays, tight = [], []
        above, below = [], []
        for ray, rows, value in zip(self.rays, self.tight, values, strict=True):
            if value < 0:
                below.append((ray, rows, value))
                continue
            rays.append(ray)
            tight.append(rows | bit if value == 0 else rows)
            if value > 0:
                above.append((ray, rows, value))
        for p, p_rows, p_value in above:
            for q, q_rows, q_value in below:
                common = p_rows & q_rows
                if self._is_edge(common):
                    mixed = [p_value * y - q_value * x for x, y in zip(p, q, strict=True)]
                    rays.append(primitive(mixed))
                    tight.append(common | bit)
        return Cone(tuple(rays), tuple(tight), self.row_count + 1)

    def _is_edge(self, common: int) -> bool:
        shared = 0
        for rows in self.tight:
            if rows & common == common:
                shared += 1
                if shared > 2:
                    return False
        return True

    def mapped(self, step: Callable[[Vector], Vector]) -> "Cone":
        """Return the same region with every ray carried on by a linear map."""
        return Cone(tuple(primitive(step(ray)) for ray in self.rays), self.tight, self.row_count)

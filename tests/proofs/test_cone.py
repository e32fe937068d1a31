import random
from itertools import combinations

import flint
import pytest

from homeostat.proofs.engines.mode_tree.cone import Cone, Vector, primitive


def dot(x: Vector, y: Vector) -> int:
    return sum(a * b for a, b in zip(x, y, strict=True))


def clipped(size: int, rows: list[Vector]) -> Cone:
    cone = Cone.orthant(size, lambda unit: unit)
    for row in rows:
        cone = cone.clipped([dot(row, ray) for ray in cone.rays])
    return cone


def extreme_rays(size: int, rows: list[Vector]) -> set[Vector]:
    """Return the extreme rays by brute force: where size - 1 independent rows are tight."""
    units = [tuple(int(i == j) for j in range(size)) for i in range(size)]
    every, found = [*units, *rows], set()
    for chosen in combinations(every, size - 1):
        kernel, nullity = flint.fmpz_mat([list(row) for row in chosen]).nullspace()
        if nullity != 1:
            continue
        ray = [int(kernel[i, 0]) for i in range(size)]
        for sign in (1, -1):
            point = primitive([sign * x for x in ray])
            if all(dot(row, point) >= 0 for row in every):
                found.add(point)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_rays_are_those_of_brute_force(size: int) -> None:
    draw = random.Random(size)
    for _ in range(40):
        # Small entries make degenerate cones, with many rows through one ray.
        rows = [tuple(draw.randint(-2, 2) for _ in range(size)) for _ in range(5)]
        cone = clipped(size, rows)
        assert set(cone.rays) == extreme_rays(size, rows)
        assert len(set(cone.rays)) == len(cone.rays)


def test_the_tight_rows_of_a_ray_are_those_that_vanish_there() -> None:
    rows: list[Vector] = [(1, -1, 0), (0, 2, -1), (3, 1, -2)]
    cone = clipped(3, rows)
    units = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    assert cone.row_count == 6
    for ray, tight in zip(cone.rays, cone.tight, strict=True):
        for i, row in enumerate([*units, *rows]):
            assert bool(tight >> i & 1) == (dot(row, ray) == 0)


def test_an_empty_region_has_no_rays() -> None:
    assert clipped(2, [(-1, -1)]).rays == ()


def test_a_map_carries_the_rays_and_keeps_what_is_tight() -> None:
    cone = clipped(2, [(1, -2)])
    doubled = cone.mapped(lambda ray: (*ray, 4 * ray[0], 6 * ray[1]))
    assert doubled.tight == cone.tight
    assert [ray[:2] for ray in doubled.rays] == list(cone.rays)

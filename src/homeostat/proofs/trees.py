"""Kind case_tree: what Simulation does from EVERY start, by cases; standard library only.

B = sum W_s M_s is kept for ever, so every guard is a linear form on M(0) >= 0 without constant,
and a proof is one inequality between integer vectors: goal >= sum of multiplier * row.

One step has a mode: 0, nothing is evicted; j, stage j is the one that is cut. With
A_j = sum over s >= j of W_s M_(s-1), mode j is possible where A_(j+1) <= B <= A_j. The closed
guards overlap where two modes agree (Simulation is continuous), so closed regions that cover
will do. A node of the tree is a region of starts with one sequence of modes; its children take
all modes lo .. hi, and proofs say that on the region no other is needed.

Settles: after an eviction at stage j the state lies in the face F_j, where stages below j are
empty. So trees for F_(n-1), .., F_1, in this order, may stop at an eviction above their own face.
Their leaves lie in the region O from which the linear dynamics never asks for an eviction (the
maximal output admissible set, Gilbert and Tan 1991). A start outside all faces either lies in O
or evicts within the first steps, and is then in a face.

Never: one tree from the whole simplex; at each node no cell of the violation meets the region.
"""

import base64
import itertools
import json
import lzma
from collections.abc import Iterator, Mapping, Sequence
from math import gcd, lcm
from operator import mul, sub
from typing import Any, Final

from homeostat.proofs.polynomials import SIZE_MAX, RejectedError, demand, rational
from homeostat.proofs.systems import parameters_of, weights_of

__all__ = ["Form", "System", "cells", "check_case_tree", "primitive"]

Data = Mapping[str, Any]
Form = tuple[int, ...]
"""Coefficients over the coordinates of the root's face."""
Cell = tuple[list[Form], list[Form]]
"""(forms > 0, forms >= 0), all at once."""

BYTES_MAX: Final = 512 * 2**20
LINE_BYTES_MAX: Final = 4 * 2**20
STAGES_MAX: Final = 200
DEPTH_MAX: Final = 2_000
_STRICT: Final = {"<": True, "<=": False}
_TURNED: Final = {">": "<", ">=": "<="}


def primitive(form: Sequence[int]) -> Form:
    """Divide a form by the common factor of its coefficients."""
    divisor = gcd(*form)
    return tuple(x // divisor for x in form) if divisor > 1 else tuple(form)


def _sum(terms: Sequence[tuple[int, Form]], size: int) -> Form:
    if not terms:
        return (0,) * size
    times, forms = zip(*terms, strict=True)
    return tuple([sum(map(mul, times, column)) for column in zip(*forms, strict=True)])


def _multipliers(pairs: Any, rows: Sequence[Form]) -> list[tuple[int, Form]]:
    for i, times in pairs:
        demand(type(i) is int and 0 <= i < len(rows), "no such row")
        demand(type(times) is int and times >= 0, "a multiplier is no integer >= 0")
    return [(times, rows[i]) for i, times in pairs]


def imply(rows: Sequence[Form], goal: Form, proof: Any) -> None:
    """Check that M(0) >= 0 and rows >= 0 imply goal >= 0: den * goal >= sum of num * row."""
    den, pairs = proof
    demand(type(den) is int and den > 0, "a denominator is not > 0")
    terms = [(den, goal), *((-times, form) for times, form in _multipliers(pairs, rows))]
    demand(min(_sum(terms, len(goal))) >= 0, "the rows do not add up to the goal")


def exclude(rows: Sequence[Form], cell: Cell, proof: Any, size: int) -> None:
    """Check that no point of the region lies in a cell."""
    strict, weak = cell
    own, others = proof
    mine = _multipliers(own, [*strict, *weak])
    total = _sum([*mine, *_multipliers(others, rows)], size)
    positive = any(times > 0 and i < len(strict) for i, times in own)
    demand(max(total) < 0 or (positive and max(total) <= 0), "the cell is not excluded")


class System:
    """Simulation and Theory at one parameter point, on states whose entries are forms."""

    def __init__(self, parameters: Data) -> None:
        """Scale the weights to integers."""
        self.parameters = parameters_of(parameters)
        weights = weights_of(self.parameters)
        scale = lcm(*(w.denominator for w in weights))
        self.weights = [int(w * scale) for w in weights]
        self.n = len(weights)
        demand(self.n <= STAGES_MAX, f"more than {STAGES_MAX} stages")
        self.capacity = self.parameters["capacity"] * scale
        ahead = [*self.weights[1:], 0]
        # M_s advances into stage s + 1: A_j - B is the sum of these numbers times M_s.
        self.excesses = [
            [
                (w if s + 1 >= j else 0) - v
                for s, (v, w) in enumerate(zip(self.weights, ahead, strict=True))
            ]
            for j in range(self.n + 1)
        ]

    def start(self, face: int) -> list[Form]:
        """Return the state at the root: M_s is a coordinate of its own for s >= face."""
        size = self.n - face
        unit = [tuple(int(i == j) for j in range(size)) for i in range(size)]
        return [(0,) * size] * face + unit

    def total(self, state: Sequence[Form]) -> Form:
        """Return B = sum W_s M_s."""
        return _sum(list(zip(self.weights, state, strict=True)), len(state[0]))

    def excess(self, state: Sequence[Form], j: int) -> Form:
        """Return A_j - B as a primitive form; A_j are the tokens that advance into stages >= j."""
        return primitive(_sum(list(zip(self.excesses[j], state, strict=True)), len(state[0])))

    def step(self, state: Sequence[Form], mode: int) -> list[Form]:
        """Return the state after a step in this mode, times a positive number."""
        size, weight = len(state[0]), self.weights[mode]
        room = _sum([(-x, m) for x, m in zip(self.excesses[mode + 1], state, strict=True)], size)
        kept = [tuple([weight * x for x in state[s - 1]]) for s in range(mode + 1, self.n)]
        return reduced([*[(0,) * size] * mode, room, *kept])

    def guards(self, state: Sequence[Form], mode: int) -> list[Form]:
        """Return the forms that are >= 0 where a step from this state may be in this mode."""
        return _guards({j: self.excess(state, j) for j in (mode, mode + 1)}, mode, self.n)


def reduced(forms: Sequence[Form]) -> list[Form]:
    """Divide forms by one common factor of all their coefficients."""
    divisor = gcd(*(x for form in forms for x in form))
    return [tuple(x // divisor for x in form) for form in forms] if divisor > 1 else list(forms)


# --- the two systems side by side, and where a comparison holds


def step_both(system: System, both: Sequence[Form], mode: int) -> list[Form]:
    """Step Simulation (the first n forms) in a mode, and Theory (the others)."""
    s, t = both[: system.n], both[system.n :]
    ahead, free = system.step(s, mode), system.step(t, 0)
    # Each step has its own scale; sum W_s M_s is the same for both systems, and tells it.
    mine, theirs = system.total(ahead), system.total(free)
    i = next(i for i, x in enumerate(mine) if x)
    left = [tuple(theirs[i] * x for x in form) for form in ahead]
    right = [tuple(mine[i] * x for x in form) for form in free]
    return reduced([*left, *right])


Value = tuple[list[Form], Form, int]
"""(forms >= 0 where an observable has this value, a form, a number > 0): form / number."""


def _observable(name: str, system: System, both: Sequence[Form]) -> tuple[str, list[Value]]:
    """Return an observable as the "max" or "min" of values, or as "any" of several by cases."""
    s, t = both[: system.n], both[system.n :]
    stages = range(system.n)
    which, _, of = name.partition("_")
    if of in ("theory", "simulation") and which in ("max", "min", "spread"):
        x = t if of == "theory" else s
        pairs = [(x[i], x[j]) for i in stages for j in stages if i != j]
        values = [_minus(p, q) for p, q in pairs] if which == "spread" else x
        return "min" if which == "min" else "max", [([], value, 1) for value in values]
    if name in ("delta_at_peak", "delta_at_trough"):
        cases: list[Value] = []
        for i in stages:
            below = [_minus(s[i], s[j]) for j in stages if j != i]
            extreme = below if name == "delta_at_peak" else [tuple(-x for x in f) for f in below]
            cases.append((extreme, _minus(t[i], s[i]), 1))
        return "any", cases
    number = system.parameters["l0"] if name == "l0" else rational(name)
    # B is the same at every step, so a number c is the form B times c / B.
    times, part = (number / system.capacity).as_integer_ratio()
    return "any", [([], tuple([times * x for x in system.total(s)]), part)]


def _minus(p: Form, q: Form) -> Form:
    return tuple(map(sub, p, q))


def _alternatives(system: System, both: Sequence[Form], comparison: Any) -> list[Cell]:
    left, relation, right = comparison
    if relation in _TURNED:
        left, relation, right = right, _TURNED[relation], left
    demand(relation in _STRICT, f"no cells for {relation!r}")
    (low_how, lows), (high_how, highs) = (_observable(x, system, both) for x in (left, right))
    # max < x means every value < x, and min < x that some value is; above, the other way round.
    low_sets = [lows] if low_how == "max" else [[value] for value in lows]
    high_sets = [highs] if high_how == "min" else [[value] for value in highs]
    found: list[Cell] = []
    for low_set, high_set in itertools.product(low_sets, high_sets):
        weak = [form for forms, _, _ in [*low_set, *high_set] for form in forms]
        gaps = [_gap(high, low) for low, high in itertools.product(low_set, high_set)]
        found.append((gaps, weak) if _STRICT[relation] else ([], [*gaps, *weak]))
    return found


def _gap(high: Value, low: Value) -> Form:
    """Return the difference of two values, times a positive number."""
    (_, p, a), (_, q, b) = high, low
    return _minus(p, q) if a == b else tuple([b * x - a * y for x, y in zip(p, q, strict=True)])


def cells(system: System, both: Sequence[Form], never: Any) -> list[Cell]:
    """Return convex cells whose union contains every point where all comparisons hold."""
    demand(never and len(never) <= DEPTH_MAX, "nothing is excluded")
    found: list[Cell] = [([], [])]
    for comparison in never:
        more = _alternatives(system, both, comparison)
        demand(len(found) * len(more) <= SIZE_MAX, "too many cells")
        found = [(a + c, b + d) for (a, b), (c, d) in itertools.product(found, more)]
    return found


# --- the certificate


def lines(text: Any) -> Iterator[Any]:
    """Yield the nodes of compressed trees, one after the other, never all at once."""
    packed = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=BYTES_MAX)
    data, rest, size = base64.b64decode(text, validate=True), b"", 0
    try:
        while not packed.eof:
            part = packed.decompress(data, LINE_BYTES_MAX)
            demand(part or not packed.needs_input, "the trees end too early")
            size, data = size + len(part), b""
            *whole, rest = (rest + part).split(b"\n")
            demand(size <= BYTES_MAX and len(rest) <= LINE_BYTES_MAX, "the trees are too large")
            yield from map(json.loads, whole)
    except lzma.LZMAError as error:
        raise RejectedError(f"not compressed as xz: {error}") from error
    demand(not rest and not packed.unused_data, "the trees do not end with a whole line")


def check_region(system: System, region: Data) -> tuple[int, list[Form]]:
    """Check that a region asks for no eviction and is kept; return N and its rows.

    Row i says that stage 0 is not negative after i + 1 steps of the linear dynamics. Rows 0 .. N
    say so of row 0 .. N-1 after a step, and that row N + 1 follows says it of row N.
    """
    kept, implied = region["rows"], iter(region["implied"])
    demand(set(region) == {"rows", "implied"}, "a region has other fields")
    demand(all(type(i) is int and 0 <= i <= DEPTH_MAX for i in kept), "no such row")
    demand(kept and kept == sorted(set(kept)), "rows in disorder")
    state, rows = system.start(0), []
    for _ in range(kept[-1] + 2):
        state = system.step(state, 0)
        rows.append(primitive(state[0]))
    assumed = [rows[i] for i in kept]
    for i in sorted(set(range(len(rows))) - set(kept)):
        proof = next(implied, None)
        demand(proof is not None, f"no proof that row {i} follows")
        imply(assumed, rows[i], proof)
    demand(next(implied, None) is None, "proofs of nothing")
    return kept[-1], assumed


def _children(
    system: System, state: list[Form], node: Any, rows: list[Form], top: int
) -> list[tuple[int, list[Form]]]:
    """Check that the modes lo .. hi of a node cover it; return (mode, rows) of its children.

    Where A_j and A_(j+1) are the same form, mode j > lo is possible only where B equals both,
    and there a mode below agrees with it.
    """
    lo, hi, below, above = node
    demand(type(lo) is int and type(hi) is int, "modes are integers")
    # Without a mode every step must evict above the limit: B = A_lo alone is no reason, since
    # there mode lo and the one below it stand for each other.
    demand(0 <= lo <= hi <= top or lo - 1 == hi == top, "no such modes")
    demand((below is None) == (lo == 0) and (above is None) == (hi == top), "a proof of nothing")
    excess = {j: system.excess(state, j) for j in range(lo, hi + 2)}
    if lo > 0:
        imply(rows, excess[lo], below)
    if hi < top:
        imply(rows, _minus_of(excess[hi + 1]), above)
    return [
        (j, [*rows, *_guards(excess, j, system.n)])
        for j in range(lo, hi + 1)
        if j == lo or j + 1 == system.n or excess[j] != excess[j + 1]
    ]


def _guards(excess: Mapping[int, Form], mode: int, n: int) -> list[Form]:
    rows = [excess[mode]] if mode else []
    return [*rows, _minus_of(excess[mode + 1])] if mode + 1 < n else rows


def _minus_of(form: Form) -> Form:
    return tuple([-x for x in form])


def check_settles(theorem: Data, evidence: Data) -> None:
    """Check that from every start Simulation evicts at no step after the one named."""
    system = System(theorem["parameters"])
    demand(theorem["never"] == [], "a settling theorem excludes nothing else")
    last, region = check_region(system, evidence["region"])
    nodes, latest = lines(evidence["trees"]), 0
    for face in range(system.n - 1, 0, -1):
        bound, closed = 0, latest
        todo: list[tuple[list[Form], list[Form], int]] = [(system.start(face), [], 0)]
        while todo:
            state, rows, depth = todo.pop()
            node: Any = next(nodes, [])
            demand(type(node) is list and node, "a tree ends too early")
            if node[0] == "in":
                _, proofs = node
                demand(len(proofs) == len(region), "a leaf needs a proof for each row")
                for row, proof in zip(region, proofs, strict=True):
                    imply(rows, _sum(list(zip(row, state, strict=True)), len(state[0])), proof)
                bound = max(bound, depth)
                continue
            children = _children(system, state, node, rows, face)
            demand(depth < DEPTH_MAX, "a tree is too deep")
            if node[1] == face and face + 1 < system.n:
                bound = max(bound, depth + 1 + closed)
            todo += [
                (system.step(state, mode), known, depth + 1) for mode, known in reversed(children)
            ]
        latest = max(latest, bound)
    demand(next(nodes, nodes) is nodes, "a node after the last tree")
    # No eviction at steps 1 .. N + 1 puts a start into the region; else it is in a face by then.
    steps = last + 1 + latest
    demand(type(theorem["steps"]) is int and theorem["steps"] == steps, f"the bound is {steps}")


def check_never(theorem: Data, evidence: Data) -> None:
    """Check that from every start all comparisons hold together at no step 0 .. steps."""
    system, steps, never = System(theorem["parameters"]), theorem["steps"], theorem["never"]
    demand(evidence["region"] is None, "no region is needed")
    demand(type(steps) is int and 0 <= steps <= DEPTH_MAX, "steps out of range")
    nodes = lines(evidence["trees"])
    todo: list[tuple[list[Form], list[Form], int]] = [(system.start(0) * 2, [], 0)]
    while todo:
        both, rows, depth = todo.pop()
        *node, proofs = next(nodes, None) or [None]
        here, size = cells(system, both, never), system.n
        demand(type(proofs) is list and len(proofs) == len(here), "a proof for each cell is needed")
        for cell, proof in zip(here, proofs, strict=True):
            exclude(rows, cell, proof, size)
        if depth == steps:
            demand(node == ["end"], "a tree is too deep")
            continue
        demand(node != ["end"], "a tree ends too early")
        children = _children(system, both[:size], node, rows, size - 1)
        todo += [
            (step_both(system, both, mode), known, depth + 1) for mode, known in reversed(children)
        ]
    demand(next(nodes, nodes) is nodes, "a node after the tree")


def check_case_tree(theorem: Data, evidence: Data) -> None:
    """Check a statement on Simulation from every start, by its tree of modes."""
    demand(theorem["says"] in ("settles", "never"), "a tree settles or excludes")
    (check_settles if theorem["says"] == "settles" else check_never)(theorem, evidence)

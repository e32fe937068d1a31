"""Grows a tree from the top in parts that a process can do alone, and puts them together.

A node is named by its path: the modes of the steps that lead to it from a root. A part holds
the first nodes of a subtree in preorder, at most a fixed number; what it leaves open are
subtrees that follow one another in preorder, so a tree is the parts' nodes and, at the end of
each part, the trees of its open paths. Where parts end depends on nothing but the tree: the
result is the same whatever the number of processes, and a part found earlier can be used again.
"""

import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias, TypeVar

import joblib

from homeostat.errors import HomeostatError, InvalidInputError
from homeostat.proofs.store import Parts

__all__ = ["BudgetError", "Grown", "Part", "Path", "Progress", "grow", "in_processes"]

_T = TypeVar("_T")

Path: TypeAlias = tuple[int, ...]
"""The face of the root, then the mode of each step."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with (what is being done, how many nodes are done, 0: nobody knows how many come)."""

FIRST_NODE_COUNT: Final = 512
"""Nodes of a root's first part, grown in this process: most trees are this small."""
NODE_COUNT: Final = 2_000
"""Nodes of every other part: about a second of work, so that processes stay busy."""


class BudgetError(HomeostatError):
    """A tree did not close within the budget.

    Attributes:
        coverage: What was covered, in words.
    """

    def __init__(self, message: str, coverage: str) -> None:
        """Store the message, which says the budget, and the coverage."""
        super().__init__(f"{message}; {coverage}")
        self.coverage = coverage


_COUNTS: Final = ("node_count", "leaf_depth_max", "escape_depth_max")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The first nodes of a subtree, in preorder, and where it goes on.

    Attributes:
        lines: The nodes as lines of JSON, each with its end of line.
        node_count: Number of lines.
        open: Paths of the subtrees that follow, in preorder.
        leaf_depth_max: Largest depth of a leaf; 0 without any.
        escape_depth_max: Largest depth of a state that leaves the tree for an earlier one;
            -1 without any.
    """

    lines: str
    node_count: int
    open: tuple[Path, ...]
    leaf_depth_max: int = 0
    escape_depth_max: int = -1

    def to_json(self) -> dict[str, Any]:
        """Return the part as JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Part":
        """Read a part that was kept; what it says is a proposal, as from any other source.

        Raises:
            InvalidInputError: It has other fields, or paths that are none.
        """
        try:
            paths = tuple(tuple(int(mode) for mode in path) for path in data["open"])
            counts = {name: int(data[name]) for name in _COUNTS}
            return cls(lines=str(data["lines"]), open=paths, **counts)
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            raise InvalidInputError(f"{data!r:.80} must be a part of a tree: {error}") from error


class Grown:
    """The parts of some trees, found so far.

    Attributes:
        node_count: Nodes in all of them.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        """Start with nothing but the roots, in their order."""
        self.roots = tuple(roots)
        self.node_count = 0
        self._parts: dict[Path, Part] = {}

    def add(self, path: Path, part: Part) -> None:
        """Add the part that begins at a path."""
        self._parts[path] = part
        self.node_count += part.node_count

    def tree(self, root: Path) -> Iterator[Part]:
        """Yield the parts of one tree that were found, in preorder."""
        todo = [root]
        while todo:
            part = self._parts.get(todo.pop())
            if part is not None:
                yield part
                todo += reversed(part.open)

    def coverage(self) -> str:
        """Say how much of each tree was covered."""
        words = []
        for root in self.roots:
            parts = list(self.tree(root))
            nodes = sum(part.node_count for part in parts)
            # Every part but the root's own was open in another one.
            left = 1 + sum(len(part.open) for part in parts) - len(parts)
            state = f"{left} subtrees open" if left else "closed"
            words.append(f"tree of face {root[0]}: {nodes} nodes, {state}")
        return "; ".join(words)


def grow(
    explore: Callable[[Path, int], Part],
    roots: Sequence[Path],
    *,
    node_count_max: int,
    kept: Parts | None = None,
    progress: Progress | None = None,
) -> Grown:
    """Grow trees until nothing is open, on as many processes as the caller configured.

    Inside ``joblib.parallel_config(n_jobs=...)`` the parts are explored by so many processes;
    without it, by this one.

    Args:
        explore: Returns the part that begins at a path, with at most so many nodes.
        roots: Paths of the roots.
        node_count_max: The budget, in nodes of all trees together.
        kept: Parts found earlier; new ones are kept there as soon as they are found.
        progress: Told about every part.

    Raises:
        BudgetError: Something is open after this many nodes.
    """
    grown = Grown(roots)
    todo: list[Path] = list(roots)
    # Small first parts are not worth a process, nor a file.
    parts = _in_turn(explore, roots)
    while todo:
        following: list[Path] = []
        with closing(parts):
            for done, (path, part) in enumerate(parts, 1):
                grown.add(path, part)
                following += part.open
                left = len(todo) - done + len(following)
                if progress is not None:
                    progress(f"{left} subtrees open, nodes closed", grown.node_count, 0)
                if left and grown.node_count >= node_count_max:
                    raise BudgetError(
                        f"the tree is still open after {grown.node_count} nodes, where "
                        f"{node_count_max} were allowed",
                        grown.coverage(),
                    )
        todo, parts = following, _explored(explore, following, kept)
    return grown


Explored: TypeAlias = Generator[tuple[Path, Part], None, None]


def _in_turn(explore: Callable[[Path, int], Part], paths: Sequence[Path]) -> Explored:
    """Yield each path with its first part."""
    for path in paths:
        yield path, explore(path, FIRST_NODE_COUNT)


def _explored(
    explore: Callable[[Path, int], Part], paths: Sequence[Path], kept: Parts | None
) -> Explored:
    """Yield each path with its part, in order, found earlier or in the processes at hand."""
    found = {} if kept is None else {path: _found(kept, path) for path in paths}
    missing = [path for path in paths if found.get(path) is None]
    with in_processes(explore, ((path, NODE_COUNT) for path in missing)) as parts:
        for path in paths:
            part = found.get(path)
            if part is None:
                part = next(parts)
                if kept is not None:
                    kept.keep(path, part.to_json())
            yield path, part


@contextmanager
def in_processes(
    call: Callable[..., _T], arguments: Iterable[tuple[Any, ...]]
) -> Iterator[Iterator[_T]]:
    """Run calls in the processes at hand; what is still to run when the block ends is dropped.

    Args:
        call: What to call; processes get it by pickling.
        arguments: Arguments of each call.

    Yields:
        The results, in order.
    """
    results = joblib.Parallel(return_as="generator")(joblib.delayed(call)(*x) for x in arguments)
    try:
        yield results
    finally:
        with warnings.catch_warnings():
            # joblib warns of tasks that nobody waits for, as after the budget or Ctrl-C.
            warnings.simplefilter("ignore", UserWarning)
            results.close()


def _found(kept: Parts, path: Path) -> Part | None:
    piece = kept.find(path)
    try:
        part = None if piece is None else Part.from_json(piece)
    except InvalidInputError:
        return None
    # Each part leads further down, or growing might never end.
    if part and all(len(other) > len(path) == _shared(path, other) for other in part.open):
        return part
    return None


def _shared(path: Path, other: Path) -> int:
    return sum(x == y for x, y in zip(path, other, strict=False))

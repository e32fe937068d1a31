"""The one door to parallel work: joblib, results in the order of the tasks."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, TypeVar

from homeostat.errors import InvalidInputError

__all__ = ["results_in_order"]

T = TypeVar("T")


def results_in_order(
    function: Callable[..., T],
    tasks: Iterable[tuple[Any, ...]],
    *,
    jobs: int,
    prefer: Literal["processes", "threads"] = "processes",
) -> Iterator[T]:
    """Yield ``function(*task)`` for each task, in order, whatever the number of jobs.

    Tasks are drawn lazily, so a generator of tasks may look at results already there.

    Raises:
        InvalidInputError: ``jobs`` is zero.
    """
    if jobs == 0:
        raise InvalidInputError("jobs=0 must be >= 1, or negative to count from all cores")
    if jobs == 1:
        for task in tasks:
            yield function(*task)
        return
    import joblib

    parallel = joblib.Parallel(n_jobs=jobs, prefer=prefer, return_as="generator")
    yield from parallel(joblib.delayed(function)(*task) for task in tasks)

"""What the solvers' processes share: a question as JSON in, limits on itself, an answer out."""

import json
import resource
import sys
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["serve"]


def serve(answer: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
    """Answer the question on standard input, within its limits.

    The parent stops this process in time. If the parent is killed, nobody would, so the system
    is told to stop it once it has used the same time of a processor.

    Args:
        answer: Asks the solver.
    """
    question = json.load(sys.stdin)
    memory = question["memory_mib"] * 2**20
    seconds = int(question["wall_seconds"]) + 1
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_CPU, seconds)
    json.dump(answer(question), sys.stdout)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (least, hard))

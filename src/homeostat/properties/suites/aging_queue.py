"""The suite ``aging-queue``: what note 001, section 3, says of lazy aging, and of your queue.

The state machines run the runtime's own queue, or yours, beside one that scans a list. A target
is a callable that takes the rates, one a class, and returns an object with the methods ``push``,
``pop``, ``cancel``, ``rebid`` and ``__len__`` of ``runtime.scheduler.queue.AgingQueue``.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from homeostat.properties.machines.aging_queue import AgingQueueMachine
from homeostat.properties.results import Violation
from homeostat.properties.statements import (
    AnyProperty,
    Property,
    StatefulProperty,
    Suite,
    given_example,
)
from homeostat.properties.suites import aging_queue_checks as checks
from homeostat.properties.suites.aging_queue_canaries import (
    OneKeyQueue,
    SnapshotQueue,
)
from homeostat.properties.targets import Target
from homeostat.runtime.scheduler.queue import AgingQueue

__all__ = ["AGING_QUEUE"]


def _of_cases(
    name: str, statement: str, cases: Any, check: Callable[[Any], Violation | None], **options: Any
) -> Property:
    given: dict[str, Any] = {"claim_id": f"aging.{name}", "holds": True} | options
    return Property(
        name=name,
        statement=statement,
        cases=cases,
        check=check,
        example=given_example,
        **given,
    )


def _of_queue(
    name: str,
    statement: str,
    queue: Callable[..., Any],
    *,
    classes_max: int,
    holds: bool = True,
    claim_id: str | None,
) -> StatefulProperty:
    return StatefulProperty(
        name=name,
        claim_id=claim_id,
        statement=statement,
        holds=holds,
        machine=partial(AgingQueueMachine, queue, classes_max=classes_max),
    )


_TRUE: Final[tuple[AnyProperty, ...]] = (
    _of_cases(
        "order_invariant",
        "The order of two that wait never changes under one shared rate, which may vary.",
        checks.contests,
        checks.order_changes,
    ),
    _of_queue(
        "dequeue_order_present",
        "A pop returns the greatest effective priority of those that wait, under one rate.",
        AgingQueue,
        classes_max=1,
        claim_id="aging.dequeue_order_present",
    ),
    _of_queue(
        "kinetic_exact",
        "With several rates, each of which may vary, a pop returns the true maximum.",
        AgingQueue,
        classes_max=4,
        claim_id="aging.kinetic_exact",
    ),
    _of_cases(
        "integer_order",
        "In the whole range the integer keys fit 128 bits and order as the priorities do.",
        checks.extremes,
        checks.priority_order_is_lost,
    ),
    _of_cases(
        "no_starvation",
        "A request is overtaken only by those that arrived before t_a + (b_max - b)/a.",
        checks.histories,
        checks.overtaken_too_late,
    ),
)

_FALSE: Final[tuple[AnyProperty, ...]] = (
    _of_cases(
        "dequeue_order_as_stated",
        "Theorem 2 to the letter, of requests that arrive later too.",
        checks.histories,
        checks.stated_order_is_broken,
        holds=False,
    ),
    _of_queue(
        "stale_snapshot",
        "A heap by priority on arrival, refreshed at its top only, pops the true maximum.",
        SnapshotQueue,
        classes_max=1,
        holds=False,
        claim_id="aging.stale_snapshot",
    ),
    _of_queue(
        "per_request_rate",
        "One static key orders requests of different rates.",
        OneKeyQueue,
        classes_max=4,
        holds=False,
        claim_id="aging.per_request_rate",
    ),
    _of_cases(
        "float_order",
        "Float64 keys order as the exact priorities do.",
        checks.extremes,
        checks.float_order_is_lost,
        holds=False,
    ),
    _of_cases(
        "order_invariant_own_rates",
        "False on purpose: nor do two that age at different rates.",
        checks.contests,
        checks.order_changes_with_own_rates,
        holds=False,
        claim_id=None,
    ),
    _of_cases(
        "nobody_overtakes",
        "False on purpose: no request is overtaken by one that was pushed later.",
        checks.histories,
        checks.later_never_overtakes,
        holds=False,
        claim_id=None,
    ),
)


def _conformance(target: str) -> tuple[AnyProperty, ...]:
    """Return the machines that run a target; each also runs a queue that it must refute."""
    own = Target(target)
    return (
        _of_queue(
            "follows_one_rate",
            "With one rate every answer is that of a queue that scans all it holds.",
            own,
            classes_max=1,
            claim_id=None,
        ),
        _of_queue(
            "follows_several_rates",
            "With up to four rates every answer is that of a queue that scans all it holds.",
            own,
            classes_max=4,
            claim_id=None,
        ),
        _of_queue(
            "canary_snapshot",
            "False on purpose: a heap that is refreshed at its top only conforms.",
            SnapshotQueue,
            classes_max=1,
            holds=False,
            claim_id=None,
        ),
        _of_queue(
            "canary_one_key",
            "False on purpose: one static key for several rates conforms.",
            OneKeyQueue,
            classes_max=4,
            holds=False,
            claim_id=None,
        ),
    )


AGING_QUEUE: Final = Suite(
    name="aging-queue", properties=(*_TRUE, *_FALSE), conformance=_conformance
)
"""The lazy-aging queue, and whoever says to have one."""

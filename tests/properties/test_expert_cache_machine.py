"""The machine of the expert cache: what it reaches, what it refuses, and that runs repeat."""

from collections.abc import Callable, Generator
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from homeostat.models.automata.runs import Step, refusal
from homeostat.models.residency.automata import BYPASS
from homeostat.models.residency.cache import Load, Outcome
from homeostat.models.residency.events import Event
from homeostat.properties import StatefulProperty, fuzz
from homeostat.properties.machines.cache_runs import (
    Seen,
    refused_bytes,
    refused_capacity,
    refused_place,
    refused_sum,
)
from homeostat.properties.machines.expert_cache import (
    ExpertCacheMachine,
    our_cache,
    our_policy,
)
from homeostat.properties.machines.naive_cache import RULES, NaiveCache
from homeostat.properties.machines.recording import ViolatedError
from homeostat.properties.machines.simulated_lanes import (
    Operation,
    SimulatedLanes,
    Weights,
    host_weights,
)
from homeostat.properties.runner import run_property
from homeostat.runtime.experts.buffers import Memory, TransientBuffers
from homeostat.runtime.experts.cache import ExpertCache
from homeostat.runtime.experts.residency import ResidentSet


def run(machine: Callable[[], ExpertCacheMachine], *, examples: int) -> Any:
    property_ = StatefulProperty(
        name="-", claim_id=None, statement="-", holds=True, machine=machine, steps=30
    )
    return run_property(property_, examples=examples, seed=0)[0]


@pytest.mark.slow
def test_equal_seeds_give_equal_runs_and_others_differ() -> None:
    def found(seed: int) -> object:
        only = ["canary_BypassRefreshes"]
        return fuzz("expert-cache", examples=5, seed=seed, only=only).to_json()

    assert found(1) == found(1)
    assert found(1) != found(2)


@pytest.mark.slow
def test_the_machine_reaches_what_it_is_to_check() -> None:
    """What the random operations never reach, they cannot check."""
    seen: set[str] = set()

    class Watched(ExpertCacheMachine):
        def see_copies(
            self, since: int, outcome: Outcome, *, whole: bool, ahead: bool = False
        ) -> None:
            super().see_copies(since, outcome, whole=whole, ahead=ahead)
            seen.update("evicted" for load in outcome.loads if load.evicted is not None)
            seen.update("bypassed" for _ in outcome.bypasses)
            seen.update("ahead" for _ in outcome.loads if ahead)
            if self.lanes.failed is not None and not ahead:
                seen.add("a load fails" if self.failed_a_load(outcome) else "a bypass fails")
            copied = len(self.history[-1].copied)
            if not whole and copied < outcome.misses and outcome.hits:
                seen.add("stopped before the last bypass")

        def failed_a_load(self, outcome: Outcome) -> bool:
            return self.lanes.failed in {load.expert for load in outcome.loads}

        def teardown(self) -> None:
            super().teardown()
            seen.add(f"{self.places_max - len(self.lanes.places)} places short")
            pairs = pairwise(self.lanes.log)
            seen.update(f"{a.what}, {b.what}" for a, b in pairs if a.place != b.place)

    assert run(partial(Watched, our_cache), examples=60).outcome == "survived"
    assert seen >= {
        "evicted",
        "bypassed",
        "ahead",
        "a load fails",
        "a bypass fails",
        "stopped before the last bypass",
        "0 places short",
        "copy begins, compute begins",
        "compute begins, copy begins",
        "compute begins, copy done",
        "copy given, compute done",
    }


def test_a_cache_that_raises_or_yields_nonsense_is_refused() -> None:
    class Nonsense:
        resident = frozenset[int]()

        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        def serve(self, event: Event) -> Any:
            return iter([event])

    class Raises(Nonsense):
        def serve(self, event: Event) -> Any:
            raise KeyError(event)

    class Foreign(Nonsense):
        def serve(self, event: Event) -> Any:
            return iter([(event.experts[0], host_weights(1)[0])])

    for make, problem in (
        (Nonsense, "serve must yield an expert and a place"),
        (Raises, "serve must not raise"),
        (Foreign, "a place must be one that the lanes returned"),
    ):
        machine = ExpertCacheMachine(make)
        machine.create(2, 1, 1, "lru")
        with pytest.raises(ViolatedError):
            machine.serve_event(Event((0,)), [])
        assert machine.violation is not None
        assert machine.violation.observed["problem"] == problem


def test_the_twin_forgets_and_loads_ahead_by_hand() -> None:
    twin = NaiveCache(1, RULES["lfu"])
    twin.serve(Event((0,)))
    twin.serve(Event((0,)))
    assert twin.ahead(0) is None
    assert twin.ahead(1) is None  # never used, so worth less
    twin.forget([0])
    assert twin.resident == frozenset()
    assert twin.ahead(1) == Load(1, None)
    # What was forgotten counts its uses anew: none since it left.
    assert twin.ahead(0) == Load(0, 1)
    assert twin.resident == {0}


LOG = [
    Operation(what, 0, expert)
    for what, expert in (
        ("copy given", 1),
        ("compute given", 1),
        ("copy begins", 1),
        ("copy given", 2),
        ("copy done", 1),
        ("compute begins", 1),
        ("compute done", 1),
        ("copy begins", 2),
        ("copy done", 2),
    )
]


def moved(what: str, expert: int, to: int) -> list[Operation]:
    """Return the log with one line elsewhere."""
    line = Operation(what, 0, expert)
    rest = [entry for entry in LOG if entry != line]
    return [*rest[:to], line, *rest[to:]]


def test_a_log_of_one_place_is_a_run_and_the_same_in_a_wrong_order_is_none() -> None:
    assert refused_place(LOG, 0) is None
    assert refused_place(LOG, 1) is None  # nothing was done there
    early_read = refused_place(moved("compute begins", 1, 4), 0)
    assert early_read is not None
    assert "'read begins' must have copies_done >= uses_over + 1" in early_read
    early_copy = refused_place(moved("copy begins", 2, 6), 0)
    assert early_copy is not None
    assert "'copy begins while read' must have copies_begun <= uses_over" in early_copy
    between = refused_place(moved("copy begins", 2, 5), 0)
    assert between is not None
    assert "'copy begins' must have copies_begun <= uses_over" in between
    unread = [line for line in LOG if not line.what.startswith("compute")]
    assert refused_place(unread, 0) is None


def seen(outcome: Outcome, resident: set[int], **given: Any) -> Seen:
    fields: dict[str, Any] = {"ahead": False, "copied": [], "computed": [], "bytes_up": 0}
    return Seen(outcome=outcome, resident=frozenset(resident), **(fields | given))


def test_residents_are_a_run_and_one_more_than_was_loaded_is_none() -> None:
    first = Outcome((), (Load(0, None),), (1,))
    second = Outcome((), (Load(1, 0),), ())
    assert refused_capacity([seen(first, {0}), seen(second, {1})], 1) is None
    assert refused_capacity([seen(first, set()), seen(Outcome((), (), ()), set())], 1) is None
    kept = refused_capacity([seen(first, {0}), seen(second, {0, 1})], 1)
    assert kept == "step 7: held must be 1 after 'bypass', is 2"
    free = Outcome((), (Load(1, None),), ())
    full = refused_capacity([seen(first, {0}), seen(free, {0, 1})], 1)
    assert full is not None
    assert "'take a free place' must have free >= 1" in full


def test_bytes_are_a_run_and_one_more_is_none() -> None:
    outcome = Outcome((), (Load(0, None),), (1,))
    assert refused_bytes([seen(outcome, {0}, copied=[0, 1], bytes_up=24)], 12) is None
    found = refused_bytes([seen(outcome, {0}, copied=[0, 1], bytes_up=25)], 12)
    assert found == "step 3: up must be 24 after 'evict', is 25"


def test_a_sum_is_a_run_and_out_of_order_or_of_other_weights_is_none() -> None:
    outcome = Outcome((0,), (), (2,))
    assert refused_sum([seen(outcome, {0}, computed=[0, 2])] * 2, [0, 2, 0, 2]) is None
    descends = refused_sum([seen(outcome, {0}, computed=[2, 0])], [2, 0])
    assert descends is not None
    assert "'resident' must have chosen >= last + 1" in descends
    stale = refused_sum([seen(outcome, {0}, computed=[0, 2])], [0, 1])
    assert stale is not None
    assert stale.startswith("step 6: ours must be")
    assert refused_sum([seen(outcome, {0}, computed=[0])], []) is not None


class Numbers:
    """A number for each thing that was ever seen: it differs where the thing does."""

    def __init__(self) -> None:
        self.known: dict[object, int] = {}

    def __call__(self, thing: object) -> int:
        return self.known.setdefault(thing, len(self.known))


class BypassWatch:
    """Writes down the bypasses of a cache with one buffer as a run of ``BYPASS``."""

    def __init__(self, policy: str, bypass_observes: Event | None = None) -> None:
        watch = self

        class Watched(TransientBuffers[Weights]):
            def take(self) -> Memory[Weights]:
                watch.begins()
                return super().take()

            def give(self, buffer: Memory[Weights]) -> None:
                if bypass_observes is not None:
                    watch.policy.observe(bypass_observes)
                super().give(buffer)
                watch.ends()

        host = host_weights(4)
        self.lanes = SimulatedLanes(host)
        self.buffers = Watched([self.lanes.place(host[0])])
        self.policy = our_policy(policy, 4, 2)
        self.residents = ResidentSet(2, self.policy)
        self.cache = ExpertCache(self.lanes, host, residents=self.residents, buffers=self.buffers)
        self.numbers = {name: Numbers() for name in ("residents", "order", "bytes")}
        self.start = self.look()
        self.last = self.start
        self.steps: list[Step] = []
        self.stops = False

    def look(self) -> dict[str, int]:
        """Return what a bypass must not change, once all copies before it are done."""
        self.lanes.drain()
        things = {
            "residents": self.residents.resident,
            "order": tuple(self.policy.value(expert) for expert in range(4)),
            # The first place is the buffer.
            "bytes": tuple(place.tobytes() for place in self.lanes.places[1:]),
        }
        return {name: self.numbers[name](thing) for name, thing in things.items()}

    def begins(self) -> None:
        here = self.look()
        change = {name: here[name] - self.last[name] for name in here}
        inputs = {"came": change["residents"], "moved": change["order"], "copied": change["bytes"]}
        self.steps.append(Step("load", inputs, here))
        self.steps.append(Step("bypass begins", seen={"home": 0}))

    def ends(self) -> None:
        self.last = self.look()
        label = "consumer stops" if self.stops else "bypass read"
        self.steps.append(Step(label, seen={**self.last, "home": self.buffers.home}))
        self.steps.append(Step("next"))

    def serve(self, *experts: int, stop_after: int | None = None) -> None:
        iterator = self.cache.serve(Event(experts))
        assert isinstance(iterator, Generator)
        for count, (expert, place) in enumerate(iterator, start=1):
            if count == stop_after:
                self.stops = True
                break
            self.lanes.compute(place, expert)
        iterator.close()
        self.stops = False

    def refused(self) -> str | None:
        start = {**self.start, **{f"{name}_then": x for name, x in self.start.items()}, "home": 1}
        return refusal(BYPASS, self.steps, start=start, parameters={"buffers": 1})


def watched(policy: str, **options: Any) -> BypassWatch:
    watch = BypassWatch(policy, **options)
    watch.serve(0, 1, 2, 3)
    watch.serve(0, 2, 3)
    watch.serve(1, 2, 3, stop_after=1)
    watch.serve(0, 1, 2)
    return watch


@pytest.mark.parametrize("policy", sorted(RULES))
def test_the_bypasses_of_the_real_cache_are_a_run(policy: str) -> None:
    watch = watched(policy)
    labels = {step.label for step in watch.steps}
    assert labels == {"load", "bypass begins", "bypass read", "consumer stops", "next"}
    assert watch.refused() is None
    assert watch.lanes.problems == []


def test_bypasses_that_count_as_a_use_are_no_run() -> None:
    found = watched("lru", bypass_observes=Event((0,))).refused()
    assert found is not None
    assert "order must be" in found

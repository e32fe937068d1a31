"""State machines as properties, and the one of the aging queue."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from homeostat.properties import StatefulProperty, Suite, assert_suite, fuzz
from homeostat.properties.machines import RecordingMachine
from homeostat.properties.machines.aging_queue import AgingQueueMachine
from homeostat.properties.machines.recording import ViolatedError
from homeostat.properties.results import PropertyResult
from homeostat.runtime.scheduler.queue import AgingQueue

STALE = Path(__file__).parents[2] / "docs" / "examples" / "stale_queue.py"


class Counter:
    def __init__(self, wrong_at: int) -> None:
        self.value = 0
        self.wrong_at = wrong_at

    def add(self, amount: int) -> int:
        self.value += amount
        return -1 if self.value >= self.wrong_at else self.value


class CounterMachine(RecordingMachine):
    def __init__(self, wrong_at: int = 10**9) -> None:
        super().__init__()
        self.subject = Counter(wrong_at)
        self.sum = 0

    @rule(amount=st.integers(0, 9))
    def add(self, amount: int) -> None:
        self.sum += amount
        got = self.perform(self.subject, "add", amount)
        if got != self.sum:
            self.fail("add must return the sum", got=got, want=self.sum)


class RaisingMachine(CounterMachine):
    @rule()
    def call_what_is_not_there(self) -> None:
        self.perform(self.subject, "missing")


class BrokenMachine(CounterMachine):
    @rule()
    def fail_by_ourselves(self) -> None:
        raise ZeroDivisionError


class StoppedMachine(CounterMachine):
    @rule()
    def stop(self) -> None:
        raise KeyboardInterrupt


def a_suite(machine: Any, *, holds: bool = True) -> Suite:
    one = StatefulProperty(
        name="one", claim_id=None, statement="It adds up.", holds=holds, machine=machine, steps=10
    )
    return Suite(name="own", properties=(one,), conformance=lambda _: (one,))


def only(machine: Any, *, holds: bool = True, examples: int = 50) -> PropertyResult:
    (result,) = fuzz(a_suite(machine, holds=holds), examples=examples).results
    return result


def test_what_survives_counts_cases_and_steps() -> None:
    result = only(CounterMachine)
    assert (result.outcome, result.example) == ("survived", None)
    assert result.cases >= 50
    assert result.steps is not None
    assert 5 * result.cases < result.steps <= 10 * result.cases
    assert f"{result.steps} steps" in result.line()


def test_a_violation_is_shrunk_to_the_fewest_operations() -> None:
    result = only(partial(CounterMachine, 9))
    assert (result.outcome, result.minimal) == ("refuted", True)
    assert result.example == {
        "operations": [{"call": "add", "arguments": [9], "returned": -1}],
        "step": 1,
        "observed": {"problem": "add must return the sum", "got": "-1", "want": "9"},
    }
    assert result.example_lines()[:2] == ["operations:", "    add(9) returns -1"]


def test_of_a_false_statement_the_first_violation_is_enough() -> None:
    result = only(partial(CounterMachine, 30), holds=False)
    assert (result.outcome, result.minimal, result.as_expected) == ("refuted", False, True)


def test_what_the_implementation_raises_is_a_finding() -> None:
    result = only(RaisingMachine)
    assert result.outcome == "refuted"
    assert result.example is not None
    assert "AttributeError" in result.example["operations"][-1]["raised"]


def test_an_error_of_our_own_is_not_taken_for_a_finding() -> None:
    with pytest.raises(ZeroDivisionError):
        only(BrokenMachine)


def test_ctrl_c_keeps_what_was_found() -> None:
    found = fuzz(a_suite(StoppedMachine), examples=50)
    assert (found.exit_code, found.results[0].outcome) == (130, "unknown")


@pytest.mark.slow
def test_equal_seeds_give_equal_json_and_other_seeds_other_operations() -> None:
    def run(seed: int, jobs: int = 1) -> Any:
        names = ["kinetic_exact", "stale_snapshot"]
        return fuzz("aging-queue", examples=3, seed=seed, jobs=jobs, only=names).to_json()

    first = run(3)
    assert first == run(3, jobs=2)
    assert first["properties"][1]["example"] != run(4)["properties"][1]["example"]


class Witnessed(AgingQueue):
    """The package's own queue, which tells what was asked of it."""

    def __init__(self, rates: Sequence[int], asked: set[str]) -> None:
        super().__init__(rates)
        self.asked = asked

    def _tidy(self, heap: Any) -> None:
        tidies_up = self._stale > max(8, len(self))
        self.asked.add("compaction" if tidies_up else "stale entry")
        super()._tidy(heap)

    def pop(self, now_ns: int) -> str:
        if not self:
            self.asked.add("pop of nothing")
        elif len([heap for heap in self._heaps if heap]) > 1:
            self.asked.add("pop among classes")
        return super().pop(now_ns)

    def change_rate(self, time_ns: int, rate: int, rate_class: int = 0) -> None:
        self.asked.add("change of rate while some wait" if self else "change of rate")
        super().change_rate(time_ns, rate, rate_class)


@pytest.mark.slow
def test_the_machine_reaches_every_corner_of_the_queue() -> None:
    asked: set[str] = set()
    machine = partial(AgingQueueMachine, partial(Witnessed, asked=asked))
    assert only(machine, examples=500).outcome == "survived"
    assert asked == {
        "compaction",
        "stale entry",
        "pop of nothing",
        "pop among classes",
        "change of rate",
        "change of rate while some wait",
    }


class LastPushed(AgingQueue):
    def pop(self, now_ns: int) -> str:
        return "r1"


TIE = "pop must return of equal priorities the earliest arrival, then the first pushed"
GREATEST = "pop must return the item of the greatest priority"


@pytest.mark.parametrize(("bid", "problem"), [(0, TIE), (1, GREATEST)])
def test_a_wrong_pop_is_told_which_rule_it_broke(bid: int, problem: str) -> None:
    machine = AgingQueueMachine(LastPushed)
    machine.begin(rates=[1], late=False)
    machine.push(ago_ns=0, bid=bid, rate_class=0)
    machine.push(ago_ns=0, bid=0, rate_class=0)
    with pytest.raises(ViolatedError):
        machine.pop()
    assert machine.violation is not None
    assert machine.violation.observed["problem"] == problem


@pytest.mark.slow
def test_the_stale_queue_of_the_documents_is_shown_why() -> None:
    with pytest.raises(AssertionError) as caught:
        # Any seed finds it; this one shrinks soon.
        assert_suite("aging-queue", target=f"{STALE}:StaleQueue", only=["follows_one_rate"], seed=7)
    text = str(caught.value)
    assert "returns '<StaleQueue>'" in text
    assert TIE in text or GREATEST in text
    assert f"--target {STALE}:StaleQueue" in text


def test_the_operations_on_the_page_are_what_the_two_queues_do() -> None:
    page = (STALE.parents[1] / "properties.md").read_text(encoding="utf-8")
    calls = re.findall(r"^    ((?:push|pop)\(.*\)) returns (.*)$", page, flags=re.MULTILINE)
    assert len(calls) == 3
    scope: dict[str, Any] = {}
    exec(STALE.read_text(encoding="utf-8"), scope)
    stale, exact = scope["StaleQueue"]((1,)), AgingQueue((1,))
    answer = None
    for call, returned in calls:
        assert repr(eval(f"queue.{call}", {"queue": stale})) == returned
        answer = eval(f"queue.{call}", {"queue": exact})
    assert answer == "r0"


@pytest.mark.parametrize("target", ["math:nothing", "no.such.module:Queue", "Queue"])
def test_a_target_that_does_not_load_is_bad_input(target: str) -> None:
    with pytest.raises(ValueError, match="target"):
        fuzz("aging-queue", target=target)

"""The proved claims about the aging queue: against the models, the runtime, and naive queues."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from homeostat.errors import VacuousClaimError
from homeostat.models.aging import NANOSECONDS, SharedRate, effective_priority, static_key
from homeostat.proofs.claims import CanaryError
from homeostat.proofs.deciding import decide_claims
from homeostat.proofs.engines.oracles import (
    SCRIPT_ORACLES,
    Limits,
    OracleDisagreementError,
    ask_scripts,
)
from homeostat.proofs.engines.oracles.racing import Oracle
from homeostat.proofs.ledger import Ledger, drift
from homeostat.proofs.polynomials import holds
from homeostat.proofs.theory.aging import proved, words
from homeostat.proofs.verdicts import Proved
from homeostat.runtime.scheduler import requests
from homeostat.runtime.scheduler.queue import AgingQueue

CLAIMS = {claim.id: claim for claim in proved.CLAIMS}
Z3, CVC5 = SCRIPT_ORACLES
Json = dict[str, Any]


def theorems(name: str) -> list[dict[str, Any]]:
    verdict = CLAIMS[name].decide()
    assert isinstance(verdict, Proved)
    return [certificate["theorem"] for certificate in verdict.certificates]


DEFINED = [*proved._priorities("t"), *proved._priorities("u"), *proved._KEYS]
"""The rows by which certificates define priorities and keys."""


def queue_state(seed: int) -> dict[str, Fraction]:
    """Return the figures of two random requests at two times, all by the models."""
    random = Random(seed)
    rate = SharedRate(random.randrange(9), [(40, random.randrange(9)), (70, 2)])
    waiting = [(random.randrange(5), random.randrange(100)) for _ in range(2)]
    times = {"t": random.randrange(100, 200), "u": random.randrange(100, 200)}
    figures: dict[str, int] = {"U": NANOSECONDS}
    figures |= {f"A_{x}": rate.credit(time) for x, time in times.items()}
    for i, (bid, arrival) in enumerate(waiting, start=1):
        credit = rate.credit(arrival)
        figures |= {f"b{i}": bid, f"A_s{i}": credit}
        figures[f"K{i}"] = static_key(bid, credit, unit=NANOSECONDS)
        for x, time in times.items():
            earned = rate.credit(time) - credit
            figures[f"P{i}_{x}"] = effective_priority(bid, earned, unit=NANOSECONDS)
    return {name: Fraction(x) for name, x in figures.items()}


@pytest.mark.parametrize("name", [name for name in CLAIMS if name != "aging.integer_order"])
def test_a_claim_is_proved_by_certificates(name: str) -> None:
    assert theorems(name)


@pytest.mark.slow
def test_integer_order_is_proved_and_both_solvers_are_heard() -> None:
    assert isinstance(words.INTEGER_ORDER.decide(), Proved)
    count = len(words.QUESTIONS)
    canary = words.INTEGER_ORDER.canary
    assert canary is not None
    assert f"z3 unsat to {count}; cvc5 unsat to {count}" in canary.catch()


def said_of_integer_order(*others: str) -> tuple[Json, Json]:
    """Return the claim's entry as decided here, and where the solvers say other words instead."""
    entries = []
    for word in ("unsat", *others):

        def answer(oracle: Oracle, scripts: Json, *, limits: Limits, word: str = word) -> Json:
            known = ("sat", "sat") if "a longer clock" in scripts else ("unsat", word)
            return dict.fromkeys(scripts, known[oracle.name == "cvc5"])

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(words, "ask_scripts", answer)
            words._answers.cache_clear()
            (entry,) = decide_claims(["aging.integer_order"])
        words._answers.cache_clear()
        entries.append(entry)
    return entries[0], entries[1]


@pytest.mark.slow
@pytest.mark.parametrize("word", ["timeout", "not installed (pip install homeostat[second])"])
def test_the_entry_does_not_depend_on_what_the_solvers_manage_to_say(word: str) -> None:
    first, second = said_of_integer_order(word)
    assert drift(Ledger((first,)), Ledger((second,))) == []
    assert all(first[key] == second[key] for key in ("reason", "trusts", "vacuity", "statement"))
    # What they say is told all the same.
    assert f"cvc5 unsat to {len(words.QUESTIONS)}" in first["canary"]
    assert f"cvc5 {word} to {len(words.QUESTIONS)}" in second["canary"]


@pytest.mark.parametrize("seed", range(20))
def test_the_models_satisfy_the_rows_that_define_priorities_and_keys(seed: int) -> None:
    assert holds(DEFINED, queue_state(seed))


@pytest.mark.parametrize("name", ["P1_t", "P2_u", "K1"])
def test_a_figure_of_another_formula_breaks_those_rows(name: str) -> None:
    figures = queue_state(0)
    assert not holds(DEFINED, figures | {name: figures[name] + 1})


def test_those_rows_are_what_the_theorems_assume() -> None:
    varying = theorems("aging.order_invariant")[0]["given"]
    present = theorems("aging.dequeue_order_present")[0]["given"]
    assert set(DEFINED) <= {*varying, *present}


def test_ties_of_a_varying_rate_have_a_certificate() -> None:
    tied = {"given": ["U > 0", "A_x - U*b_x = A_s - U*b", "A_x = A_s"], "then": "b_x = b"}
    earlier = {"given": [*proved._BOUND, "s_x < s"], "then": "s_x < T"}
    found = theorems("aging.no_starvation.shared")
    assert tied in found
    assert earlier in found


def test_the_limits_are_those_of_the_runtime() -> None:
    assert words.BID_MAX == requests.BID_MAX
    assert words.RATE_MAX == requests.RATE_MAX
    assert words.TIME_NS_MAX == requests.TIME_NS_MAX


def test_limits_that_do_not_fit_a_word_are_no_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_AT_LIMITS", {**words._AT_LIMITS, "T": str(2**90)})
    with pytest.raises(VacuousClaimError, match="must satisfy"):
        words._range_certificates()


def popped(queue: AgingQueue, now_ns: int) -> tuple[int, int]:
    found, place = queue.pop(now_ns).split("/")
    return int(found), int(place)


@pytest.mark.parametrize("rates", [(1, 3), (2, 5, 11)])
def test_the_queue_pops_the_first_of_all_by_priority_then_place(rates: Sequence[int]) -> None:
    random = Random(len(rates))
    queue, waiting = AgingQueue(rates), []
    for serial in range(60):
        # Bids of whole seconds' worth of rate, so that ties across classes do happen.
        arrival, bid = random.randrange(6) * NANOSECONDS, random.randrange(4)
        rate_class = random.randrange(len(rates))
        item = f"{arrival}/{serial}"
        queue.push(item, arrival_ns=arrival, bid=bid, rate_class=rate_class)
        waiting.append((arrival, serial, bid, rates[rate_class]))
    now = 10 * NANOSECONDS
    while waiting:
        order = [
            (-effective_priority(bid, rate * (now - arrival), unit=NANOSECONDS), arrival, serial)
            for arrival, serial, bid, rate in waiting
        ]
        first = order.index(min(order))
        assert popped(queue, now) == waiting.pop(first)[:2]


def never_served(rate: int, pops: int) -> bool:
    """Whether a request of rate 1 outlasts the pops, one a unit arriving of another rate."""
    queue = AgingQueue((1, rate))
    queue.push("slow", arrival_ns=0)
    for n in range(1, pops + 1):
        for arrival in (2 * n - 1, 2 * n):
            queue.push(str(arrival), arrival_ns=arrival, rate_class=1)
        if queue.pop(2 * n) != str(n):
            return False
    return "slow" in queue


def test_a_rate_above_twice_its_own_starves_a_request_and_no_less_does() -> None:
    assert never_served(3, pops=300)
    assert not never_served(2, pops=300)


def test_at_the_bound_itself_only_who_arrived_together_goes_first() -> None:
    queue = AgingQueue((1,))
    queue.push("first", arrival_ns=5, bid=1)
    queue.push("second", arrival_ns=5, bid=1)
    # With the largest bid the bound is the own arrival: here is the case outside of it.
    assert queue.pop(9) == "first"
    later = AgingQueue((1,))
    later.push("waits", arrival_ns=0, bid=0)
    later.push("late", arrival_ns=NANOSECONDS, bid=1)
    assert later.pop(2 * NANOSECONDS) == "waits"


SAT = "(set-logic QF_BV)\n(declare-const x (_ BitVec 8))\n(assert (bvult x #x02))\n(check-sat)\n"
UNSAT = SAT.replace("(bvult x #x02)", "(bvult x #x00)")


@pytest.mark.slow
@pytest.mark.parametrize("oracle", SCRIPT_ORACLES, ids=lambda oracle: oracle.name)
def test_a_solver_tells_what_has_an_answer_from_what_has_none(oracle: Any) -> None:
    said = ask_scripts(oracle, {"one": SAT, "other": UNSAT})
    assert said == {"one": "sat", "other": "unsat"}


@pytest.mark.parametrize(
    ("program", "word"),
    [
        ("import time; time.sleep(60)", "timeout"),
        ("raise SystemExit(1)", "crash"),
        ("print('no JSON')", "crash"),
        ("print('[]')", "garbage"),
        ("""print('{"q": "proved"}')""", "garbage"),
        ("""print('{"q": ["unsat"]}')""", "garbage"),
    ],
)
def test_a_solver_in_trouble_is_told_as_such(program: str, word: str) -> None:
    broken = replace(Z3, command=(sys.executable, "-S", "-c", program))
    limits = Limits(wall_seconds=0.2 if word == "timeout" else 60)
    assert ask_scripts(broken, {"q": UNSAT}, limits=limits) == {"q": word}


def test_a_solver_that_is_not_installed_is_told_as_such() -> None:
    absent = replace(CVC5, version=None)
    said = ask_scripts(absent, {"q": UNSAT})
    assert "not installed" in said["q"]
    assert "homeostat[second]" in said["q"]


@pytest.fixture
def unasked() -> Iterator[None]:
    words._answers.cache_clear()
    yield
    words._answers.cache_clear()


@pytest.mark.usefixtures("unasked")
def test_an_overflow_that_a_solver_finds_is_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "ask_scripts", lambda *_, **__: {"a key overflows": "sat"})
    with pytest.raises(OracleDisagreementError, match="z3 says that a key overflows"):
        words.INTEGER_ORDER.decide()


@pytest.mark.usefixtures("unasked")
@pytest.mark.parametrize(
    ("z3", "cvc5", "alarm"),
    [
        ("sat", "sat", None),
        ("sat", "timeout", None),
        ("sat", "not installed", None),
        ("sat", "unsat", "cvc5 says 'unsat'"),
        ("unsat", "sat", "z3 says 'unsat'"),
        ("timeout", "sat", "z3 says 'timeout'"),
    ],
)
def test_who_denies_an_overflow_is_an_alarm_and_so_is_z3_without_an_answer(
    monkeypatch: pytest.MonkeyPatch, z3: str, cvc5: str, alarm: str | None
) -> None:
    said = {"z3": z3, "cvc5": cvc5}
    monkeypatch.setattr(
        words,
        "ask_scripts",
        lambda oracle, scripts, *, limits: dict.fromkeys(
            scripts, said[oracle.name] if "a longer clock" in scripts else "unknown"
        ),
    )
    canary = words.INTEGER_ORDER.canary
    assert canary is not None
    if alarm is None:
        assert "an overflow found" in canary.catch()
    else:
        with pytest.raises(CanaryError, match=f"{alarm}: no overflow"):
            canary.catch()

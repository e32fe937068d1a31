"""Oracles are believed in nothing: real solvers, broken ones, and what becomes of their words."""

import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from homeostat.errors import InvalidInputError
from homeostat.proofs import kernel
from homeostat.proofs.certificates import sealed
from homeostat.proofs.engines import farkas
from homeostat.proofs.engines.farkas import find_proof
from homeostat.proofs.engines.oracles import (
    CVC5,
    ORACLES,
    Z3,
    GaveUp,
    Limits,
    Model,
    NoModel,
    Oracle,
    OracleDisagreementError,
    Question,
    race,
    refutation_by_cvc5,
)
from homeostat.proofs.polynomials import holds, row

POSITIVE = "x > 0"
HARD = ["x*x*x + y*y*y + z*z*z = 42", "x*x*y*z + w*w*w*x = 17", "x*y*z*w > 3", "x*x + w = y*z*z"]


def asked(*rows: str, prove: bool = False, **limits: Any) -> Question:
    return Question(rows=tuple(map(row, rows)), prove=prove, limits=Limits(**limits))


def fake(program: str, name: str = "fake") -> Oracle:
    """Return an oracle that is a program of our own; it may do what it likes."""
    return Oracle(name=name, version="0.1", command=(sys.executable, "-S", "-c", program))


def says(word: str, **more: object) -> str:
    return f"print({json.dumps({'says': word, **more})!r})"


YES = fake(says("model", point={"x": "1/7"}), "yes")
NO = fake(says("none"), "no")
SILENT = fake("import time; time.sleep(600)", "silent")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# --- the real solvers


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda o: o.name)
def test_a_solver_is_installed_for_the_tests_and_tells_its_version(oracle: Oracle) -> None:
    assert oracle.version
    assert oracle.absence is None


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda o: o.name)
@pytest.mark.parametrize(
    "rows",
    [
        ["3*x = 1", "x > 1/4", "y >= x + 1/3"],
        ["x*y > 1", "x + y < 3", "x > 1/2"],
        ["x > 0", "1 > 0"],
    ],
    ids=["linear", "nonlinear", "with a constant row"],
)
def test_a_model_is_exact_and_meets_every_row(oracle: Oracle, rows: list[str]) -> None:
    answer = race(asked(*rows), oracles=[oracle]).answer
    assert isinstance(answer, Model)
    assert answer.by == oracle.title
    assert all(type(value) is Fraction for value in answer.point.values())
    assert holds(rows, answer.point)


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda o: o.name)
@pytest.mark.parametrize(
    "rows",
    [["x >= y", "y >= z + 1", "z > x", "u > 0"], ["x*x + y*y < 1", "x + y > 2"], ["0 > 0"]],
    ids=["linear", "nonlinear", "constant"],
)
def test_no_model_is_a_solver_s_word_and_names_a_core(oracle: Oracle, rows: list[str]) -> None:
    answer = race(asked(*rows), oracles=[oracle]).answer
    assert isinstance(answer, NoModel)
    if answer.core is not None:
        left = [rows[i] for i in answer.core]
        again = race(asked(*left), oracles=[Z3 if oracle is CVC5 else CVC5]).answer
        assert isinstance(again, NoModel)
    if len(rows) == 4:
        assert answer.core == (0, 1, 2)


def test_the_only_rational_model_is_found_among_algebraic_ones() -> None:
    rows = ["3*x = 1", "x > 1/4", "y*y = x*x", "y < 0"]
    model = race(asked(*rows)).model
    assert model is not None
    assert model.point == {"x": Fraction(1, 3), "y": Fraction(-1, 3)}


def test_a_model_that_is_not_rational_is_given_up() -> None:
    found = race(asked("x*x = 2"), cross_check=True)
    assert found.model is None
    assert isinstance(found.answer, GaveUp)
    assert {a.reason for a in found.heard if isinstance(a, GaveUp)} == {"algebraic model"}


@pytest.mark.parametrize("rows", [["x > 1", "x*x < 2"], ["x > 1", "x*x < 1"], ["x < y", "y < x"]])
def test_the_two_solvers_agree_when_both_are_heard(rows: list[str]) -> None:
    found = race(asked(*rows), cross_check=True)
    assert {answer.by for answer in found.heard} == {Z3.title, CVC5.title}
    assert len({answer.said for answer in found.heard}) == 1
    assert found.answer.said != "nothing"


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda o: o.name)
def test_a_solver_s_own_resource_limit_ends_in_unknown(oracle: Oracle) -> None:
    question = asked(*HARD, z3_rlimit=1000, cvc5_rlimit=10)
    answer = race(question, oracles=[oracle]).answer
    assert isinstance(answer, GaveUp)
    assert answer.reason == "unknown"


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda o: o.name)
def test_a_solver_without_memory_gives_up(oracle: Oracle) -> None:
    answer = race(asked("x > 0", memory_mib=20), oracles=[oracle]).answer
    assert isinstance(answer, GaveUp)
    assert answer.reason == "crash"


# --- cvc5's proofs

CHAIN = ["x - 3/2*y >= 1/3", "y > z", "x = 2 + 7/5*z", "z >= 20", "z >= 2"]


@pytest.mark.parametrize(
    "rows", [CHAIN, ["x*x + y*y < 1", "x + y > 2"]], ids=["linear", "nonlinear"]
)
def test_cvc5_writes_a_proof_when_asked_and_only_then(rows: list[str]) -> None:
    answer = race(asked(*rows, prove=True), oracles=[CVC5]).answer
    assert isinstance(answer, NoModel)
    assert answer.proof is not None
    # dsl-rewrite leaves no macro in a proof: each step is a rule with premises of its own.
    assert ":rule" in answer.proof
    assert "macro" not in answer.proof.lower()
    silent = race(asked(*rows), oracles=[CVC5]).answer
    assert isinstance(silent, NoModel)
    assert silent.proof is None


@pytest.mark.parametrize(
    ("given", "then"),
    [
        (CHAIN[:4], "x < 5"),
        (["x >= 1", "y >= x"], "y >= 1"),
        (["x > 0", "y >= 2*x"], "y > 0"),
        (["a = b", "b = c", "c >= 1/7"], "a >= 1/7"),
        ([f"x >= 2/{10**40}"], f"x > 1/{10**40}"),
    ],
    ids=lambda x: "" if isinstance(x, list) else x[:12],
)
def test_the_kernel_accepts_multipliers_from_cvc5_s_proof(given: list[str], then: str) -> None:
    p, sign = row(then)
    negated = ({m: -x for m, x in p.items()}, ">" if sign == ">=" else ">=")
    terms = refutation_by_cvc5([*map(row, given), negated])
    assert terms is not None
    kernel.prove([row(text) for text in given], row(then), {"terms": terms})
    worse = [{**terms[0], "times": "1000003/7"}, *terms[1:]]
    with pytest.raises(kernel.RejectedError):
        kernel.prove([row(text) for text in given], row(then), {"terms": worse})


def test_a_whole_certificate_may_rest_on_cvc5_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(farkas, "_refutation", lambda *_: None)
    given, then = ["x >= 1", "y >= 2*x", "z > y"], "z > 2"
    proof = find_proof(given, row(then))
    example = {"x": "1", "y": "2", "z": "3"}
    assert sealed("farkas", {"given": given, "then": then}, {"proof": proof, "example": example})


@pytest.mark.parametrize("rows", [["x > 0", "x < 1"], ["x*x < 0"]], ids=["a model", "nonlinear"])
def test_there_are_no_multipliers_where_rows_are_met_or_not_linear(rows: list[str]) -> None:
    assert refutation_by_cvc5([row(text) for text in rows]) is None


# --- what may go wrong in a solver's process


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import os; os.abort()", "crash"),
        ("import os; os.kill(os.getpid(), 9)", "crash"),
        ("raise SystemExit(3)", "crash"),
        ("pass", "garbage"),
        ("print('no json')", "garbage"),
        ("print('null')", "garbage"),
        ("print('[1, 2]')", "garbage"),
        ("print('[' * 100000)", "garbage"),
        ("import sys; sys.stdout.buffer.write(bytes(range(256)))", "garbage"),
        (says("perhaps"), "garbage"),
        (says("model"), "garbage"),
        (says("model", point=["x"]), "garbage"),
        (says("model", point={"y": "1"}), "garbage"),
        (says("model", point={"x": "1/0"}), "garbage"),
        (says("model", point={"x": "nan"}), "garbage"),
        (says("model", point={"x": 0.5}), "garbage"),
        (says("model", point={"x": "-1"}), "wrong model"),
        (says("none", core=[7]), "garbage"),
        (says("none", core=[-1]), "garbage"),
        ("""print('{"says": "none", "core": [1e999]}')""", "garbage"),
        (says("none", sums=[[[">=", [[["x"], "1/0"]]]]]), "garbage"),
        (says("unknown", reason="tired"), "unknown"),
    ],
)
def test_whatever_a_solver_s_process_does_it_only_gives_up(program: str, reason: str) -> None:
    answer = race(asked(POSITIVE), oracles=[fake(program)]).answer
    assert isinstance(answer, GaveUp)
    assert answer.reason == reason


def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeostat.proofs.engines.oracles.racing.ANSWER_BYTES_MAX", 10**6)
    endless = fake("while True: print('x' * 10**5)")
    answer = race(asked(POSITIVE), oracles=[endless]).answer
    assert isinstance(answer, GaveUp)
    assert answer.reason == "garbage"


@pytest.mark.parametrize(
    "program",
    [
        "while True: pass",
        "import os, time; os.close(1); time.sleep(600)",
        "import signal, time; [signal.signal(s, signal.SIG_IGN) for s in (2, 15)]; time.sleep(600)",
    ],
    ids=["busy", "closes its output", "ignores signals"],
)
def test_the_wall_clock_ends_a_solver_that_hangs(program: str) -> None:
    answer = race(asked(POSITIVE, wall_seconds=0.3), oracles=[fake(program)]).answer
    assert isinstance(answer, GaveUp)
    assert answer.reason == "timeout"


def test_a_long_question_does_not_wait_for_a_solver_that_reads_nothing() -> None:
    rows = [f"x_{i} >= {i}" for i in range(20_000)]
    answer = race(asked(*rows, wall_seconds=0.3), oracles=[SILENT]).answer
    assert isinstance(answer, GaveUp)
    assert answer.reason == "timeout"


def test_a_question_has_rows_and_a_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInputError, match="0 rows"):
        Question(rows=())
    monkeypatch.setattr("homeostat.proofs.engines.oracles.questions.QUESTION_BYTES_MAX", 200)
    with pytest.raises(InvalidInputError, match="at most 200 bytes"):
        asked(*[POSITIVE] * 20)


# --- the race


def test_the_first_decisive_answer_wins_and_the_other_is_stopped(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    waiting = fake(
        f"import os, time; open({str(told)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    )
    # It says yes only when the other is known to run.
    ready = f"import os\nwhile not (os.path.exists({str(told)!r}) and open({str(told)!r}).read()):"
    yes = fake(f"{ready} pass\n{says('model', point={'x': '2'})}")
    found = race(asked(POSITIVE), oracles=[waiting, yes])
    assert found.model is not None
    assert len(found.heard) == 1
    assert not alive(int(told.read_text()))


def test_one_that_gives_up_leaves_the_word_to_the_other() -> None:
    crash = fake("raise SystemExit(1)", "crash")
    found = race(asked(POSITIVE), oracles=[crash, YES], cross_check=True)
    assert found.model is not None
    assert found.model.point == {"x": Fraction(1, 7)}
    assert {answer.said for answer in found.heard} == {"nothing", "model"}


def test_when_all_give_up_each_is_named() -> None:
    crash, tired = fake("raise SystemExit(1)", "crash"), fake(says("unknown", reason="t"), "tired")
    answer = race(asked(POSITIVE), oracles=[crash, tired]).answer
    assert isinstance(answer, GaveUp)
    assert "crash 0.1: crash" in answer.detail
    assert "tired 0.1: unknown" in answer.detail


def test_a_missing_solver_is_named_with_the_extra_that_installs_it() -> None:
    missing = Oracle(name="cvc5", version=None, command=("no such program",), extra="second")
    found = race(asked(POSITIVE), oracles=[Z3, missing], cross_check=True)
    assert found.model is not None
    assert found.model.by == Z3.title
    assert "pip install 'homeostat[second]'" in found.words
    alone = race(asked(POSITIVE), oracles=[missing]).answer
    assert isinstance(alone, GaveUp)
    assert alone.reason == "not installed"


# --- the canary: solvers that contradict each other


@pytest.mark.parametrize("real", ORACLES, ids=lambda o: o.name)
def test_a_liar_beside_a_real_solver_is_an_error_that_names_both(real: Oracle) -> None:
    question = asked("x > 0", "x*x < 2")
    with pytest.raises(OracleDisagreementError) as caught:
        race(question, oracles=[real, NO], cross_check=True)
    message = str(caught.value)
    assert real.title in message
    assert NO.title in message
    assert question.digest in message
    assert "no 0.1 is wrong" in message


def test_a_false_model_beside_none_is_a_disagreement_too() -> None:
    wrong = fake(says("model", point={"x": "-1"}), "wrong")
    with pytest.raises(OracleDisagreementError, match="neither answer could be confirmed"):
        race(asked("x > 0", "x < 0"), oracles=[wrong, CVC5], cross_check=True)


def test_the_engine_passes_a_disagreement_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(question: Question) -> object:
        return race(question, oracles=[YES, NO], cross_check=True)

    monkeypatch.setattr(farkas, "race", both)
    with pytest.raises(OracleDisagreementError):
        find_proof(["x >= 0"], row("x <= 0"))


# --- Ctrl-C


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_no_child_behind(tmp_path: Path, number: signal.Signals) -> None:
    told = tmp_path / "pids"
    sleeper = (
        f"import os, time; open({str(told)!r}, 'a').write(f'{{os.getpid()}} '); time.sleep(60)"
    )
    program = f"""
import signal, sys
from homeostat.proofs.engines.oracles import Oracle, Question, race
from homeostat.proofs.polynomials import row
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
signal.signal(signal.SIGINT, signal.default_int_handler)
one = Oracle(name="s", version="1", command=(sys.executable, "-S", "-c", {sleeper!r}))
race(Question(rows=(row("x > 0"),)), oracles=[one, one])
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not told.exists() or len(told.read_text().split()) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        parent.send_signal(number)
        assert parent.wait(60) != 0
    finally:
        parent.kill()
    assert not any(alive(int(pid)) for pid in told.read_text().split())


@pytest.mark.slow
def test_a_child_whose_parent_is_killed_ends_by_its_own_limit(tmp_path: Path) -> None:
    module = "homeostat.proofs.engines.oracles.child"
    program = f"from {module} import serve\ndef answer(q):\n    while True: pass\nserve(answer)"
    question = asked(POSITIVE, wall_seconds=0.0)
    child = subprocess.run(
        [sys.executable, "-c", program], input=question.text(), text=True, check=False, timeout=60
    )
    assert child.returncode in (-signal.SIGXCPU, -signal.SIGKILL)

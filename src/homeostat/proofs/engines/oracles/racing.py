"""Starts solvers side by side, hears the first, and stops the others."""

import importlib.metadata
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Final

from homeostat.errors import HomeostatError
from homeostat.proofs.engines.oracles.questions import (
    Answer,
    GaveUp,
    Model,
    NoModel,
    Question,
    read_answer,
)

__all__ = ["CVC5", "ORACLES", "Z3", "Oracle", "OracleDisagreementError", "Race", "race"]

ANSWER_BYTES_MAX: Final = 64 * 2**20


class OracleDisagreementError(HomeostatError):
    """One solver found a model where another says that there is none: one of them is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Oracle:
    """A solver, as the program that asks it.

    Attributes:
        name: What it is called.
        version: Of the solver; None where it is not installed.
        command: A program that reads a question on standard input and writes an answer.
        extra: The extra of this package that installs it, if it is not in the core.
    """

    name: str
    version: str | None
    command: tuple[str, ...]
    extra: str | None = None

    @property
    def title(self) -> str:
        """The name with the version."""
        return f"{self.name} {self.version}" if self.version else self.name

    @property
    def absence(self) -> GaveUp | None:
        """What stands for its answer where it is not installed."""
        if self.version is not None:
            return None
        remedy = f"pip install 'homeostat[{self.extra}]'"
        return GaveUp(by=self.name, reason="not installed", detail=remedy)


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _module(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"homeostat.proofs.engines.oracles.{name}")


Z3: Final = Oracle(name="z3", version=_version("z3-solver"), command=_module("z3_child"))
CVC5: Final = Oracle(
    name="cvc5", version=_version("cvc5"), command=_module("cvc5_child"), extra="second"
)
ORACLES: Final = (Z3, CVC5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """How a race ended.

    Attributes:
        answer: The first decisive one, a model before "none"; else why nobody decided.
        heard: Each oracle that answered or gave up, in this order; a stopped one is not here.
    """

    answer: Answer
    heard: tuple[Answer, ...]

    @property
    def model(self) -> Model | None:
        """The model, if one was found."""
        return self.answer if isinstance(self.answer, Model) else None

    @property
    def words(self) -> str:
        """Who said what, in one line."""
        return "; ".join(map(_words, self.heard))


def _words(answer: Answer) -> str:
    match answer:
        case Model():
            return f"{answer.by}: a model"
        case NoModel():
            return f"{answer.by}: no model (not certified)"
        case GaveUp():
            return f"{answer.by}: {answer.reason}" + (f", {answer.detail}" if answer.detail else "")


def race(
    question: Question, *, oracles: Sequence[Oracle] = ORACLES, cross_check: bool = False
) -> Race:
    """Ask all oracles at once and take the first decisive answer.

    Args:
        question: What is asked; its wall-clock limit holds for the whole race.
        oracles: Whom to ask.
        cross_check: Hear everyone to the end, so that a disagreement shows.

    Raises:
        OracleDisagreementError: One says that there is a model, another that there is none.
    """
    heard: list[Answer] = []
    with closing(_answers(question, oracles)) as answers:
        for answer in answers:
            heard.append(answer)
            _demand_agreement(question, heard)
            if not cross_check and not isinstance(answer, GaveUp):
                break
    best = [*(a for a in heard if isinstance(a, Model)), *(a for a in heard if a.said == "none")]
    return Race(answer=best[0] if best else _all_gave_up(heard), heard=tuple(heard))


def _all_gave_up(heard: Sequence[Answer]) -> GaveUp:
    given_up = [answer for answer in heard if isinstance(answer, GaveUp)]
    first = next((a for a in given_up if a.reason != "not installed"), given_up[0])
    by = " and ".join(answer.by for answer in given_up)
    return GaveUp(by=by, reason=first.reason, detail="; ".join(map(_words, given_up)))


def _demand_agreement(question: Question, heard: Sequence[Answer]) -> None:
    some = [answer for answer in heard if answer.said == "model"]
    none = [answer for answer in heard if answer.said == "none"]
    if some and none:
        checked = next((answer for answer in some if isinstance(answer, Model)), None)
        truth = (
            f"the model of {checked.by} holds in exact arithmetic, so {none[0].by} is wrong"
            if checked
            else "neither answer could be confirmed"
        )
        raise OracleDisagreementError(
            f"{some[0].by} says that there is a model, {none[0].by} that there is none; {truth} "
            f"(question sha256 {question.digest})"
        )


def _answers(question: Question, oracles: Sequence[Oracle]) -> Generator[Answer]:
    """Yield answers as they come; whoever still runs is stopped when this is closed."""
    yield from (oracle.absence for oracle in oracles if oracle.absence is not None)
    end = time.monotonic() + question.limits.wall_seconds
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for oracle in oracles:
            if oracle.absence is None:
                child = stack.enter_context(_started(oracle, question))
                assert child.stdout is not None
                selector.register(child.stdout, selectors.EVENT_READ, (oracle, child, bytearray()))
        while selector.get_map():
            left = end - time.monotonic()
            ready = selector.select(max(left, 0.0))
            if not ready and left <= 0:
                for key in selector.get_map().values():
                    yield _timeout(question, key.data[0])
                return
            for key, _ in ready:
                oracle, child, data = key.data
                chunk = os.read(key.fd, 65536)
                data += chunk
                if chunk and len(data) <= ANSWER_BYTES_MAX:
                    continue
                selector.unregister(key.fileobj)
                yield _ended(question, oracle, child, bytes(data), end)


def _timeout(question: Question, oracle: Oracle) -> GaveUp:
    seconds = f"{question.limits.wall_seconds:g} s"
    return GaveUp(by=oracle.title, reason="timeout", detail=f"stopped after {seconds}")


def _ended(
    question: Question, oracle: Oracle, child: subprocess.Popen[bytes], data: bytes, end: float
) -> Answer:
    if len(data) > ANSWER_BYTES_MAX:
        return GaveUp(by=oracle.title, reason="garbage", detail=f"over {ANSWER_BYTES_MAX} bytes")
    try:
        code = child.wait(timeout=max(end - time.monotonic(), 0.01))
    except subprocess.TimeoutExpired:
        return _timeout(question, oracle)
    return read_answer(question, oracle.title, data, code)


@contextmanager
def _started(oracle: Oracle, question: Question) -> Iterator[subprocess.Popen[bytes]]:
    # A file, not a pipe: a process that reads nothing must not hold us up.
    with tempfile.TemporaryFile() as asked:
        asked.write(question.text().encode())
        asked.seek(0)
        child = subprocess.Popen(
            oracle.command, stdin=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        with child:
            try:
                yield child
            finally:
                child.kill()

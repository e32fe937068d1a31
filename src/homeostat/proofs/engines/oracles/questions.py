"""What an oracle is asked, and what it may answer; a model is checked before it is one."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from homeostat.errors import InvalidInputError
from homeostat.proofs.polynomials import Poly, Row, point_of

__all__ = [
    "QUESTION_BYTES_MAX",
    "Answer",
    "GaveUp",
    "Limits",
    "Model",
    "NoModel",
    "Point",
    "Question",
    "read_answer",
]

Point: TypeAlias = dict[str, Fraction]

QUESTION_BYTES_MAX = 16 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a solver may use up; each solver counts resources in its own unit.

    Attributes:
        z3_rlimit: z3's resource limit.
        cvc5_rlimit: cvc5's resource limit for one query.
        memory_mib: Address space of the solver's process, in MiB.
        wall_seconds: The outer fence: then the process is stopped, whatever it does.
    """

    z3_rlimit: int = 20_000_000
    cvc5_rlimit: int = 20_000_000
    memory_mib: int = 4096
    wall_seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Is there a real point at which all rows hold?

    Attributes:
        rows: (p, ">" or ">=" or "="): p against 0.
        limits: What a solver may use up.
        prove: Ask for a proof of "none", where the solver writes one; it costs time.
    """

    rows: tuple[Row, ...]
    limits: Limits = field(default_factory=Limits)
    prove: bool = False

    def __post_init__(self) -> None:
        """Refuse what no solver could be asked.

        Raises:
            InvalidInputError: No row, or too many or too long ones.
        """
        size = len(self.text()) if self.rows else 0
        if not 0 < size <= QUESTION_BYTES_MAX:
            raise InvalidInputError(
                f"a question of {len(self.rows)} rows and {size} bytes must have a row and at most "
                f"{QUESTION_BYTES_MAX} bytes"
            )

    @property
    def linear(self) -> bool:
        """Whether no row has a product of variables."""
        return all(len(monomial) <= 1 for p, _ in self.rows for monomial in p)

    @property
    def digest(self) -> str:
        """The sha256 of the rows, by which an error names the question."""
        return hashlib.sha256(json.dumps(_as_data(self.rows)).encode()).hexdigest()

    def text(self) -> str:
        """Return the question as the JSON that a solver's process reads."""
        limits = self.limits
        return json.dumps(
            {
                "rows": _as_data(self.rows),
                "linear": self.linear,
                "prove": self.prove,
                "z3_rlimit": limits.z3_rlimit,
                "cvc5_rlimit": limits.cvc5_rlimit,
                "memory_mib": limits.memory_mib,
                "wall_seconds": limits.wall_seconds,
            }
        )


def _as_data(rows: Sequence[Row]) -> list[Any]:
    return [[sign, [[list(m), str(x)] for m, x in sorted(p.items())]] for p, sign in rows]


Said: TypeAlias = Literal["model", "none", "nothing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A point at which all rows hold: checked here, row by row, in exact fractions."""

    by: str
    point: Mapping[str, Fraction]
    said: Said = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoModel:
    """A solver says that no point satisfies all rows; that is no proof.

    Attributes:
        by: The solver and its version.
        core: Indices of rows that contradict each other already, where it names them.
        proof: The solver's own proof as text, where it was asked for one.
        sums: Sums of multiples of rows in that proof, as (p, relation) of each summand.
    """

    by: str
    core: tuple[int, ...] | None = None
    proof: str | None = None
    sums: tuple[tuple[tuple[Poly, str], ...], ...] = ()
    said: Said = "none"


Reason: TypeAlias = Literal[
    "timeout", "crash", "unknown", "not installed", "garbage", "algebraic model", "wrong model"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveUp:
    """A solver decided nothing that can be used.

    Attributes:
        by: The solver and its version.
        reason: A word for it.
        detail: What is known beside.
        said: What it claimed all the same: a model of algebraic numbers, or a wrong one.
    """

    by: str
    reason: Reason
    detail: str = ""
    said: Said = "nothing"


Answer: TypeAlias = Model | NoModel | GaveUp


def read_answer(question: Question, by: str, data: bytes, code: int) -> Answer:
    """Read what a solver's process wrote before it ended with an exit code.

    Args:
        question: What it was asked; a model is checked against its rows.
        by: The solver and its version.
        data: Its standard output.
        code: Its exit code.
    """
    if code != 0:
        return GaveUp(by=by, reason="crash", detail=f"the process ended with code {code}")
    try:
        said = json.loads(data)
        match said["says"]:
            case "unknown":
                return GaveUp(by=by, reason="unknown", detail=str(said["reason"])[:200])
            case "none":
                return _none(question, by, said)
            case "model" if said["point"] is None:
                return GaveUp(by=by, reason="algebraic model", said="model")
            case "model":
                point = point_of(said["point"])
            case word:
                raise ValueError(f"says {word!r:.40}")
        if all(_holds(row, point) for row in question.rows):
            return Model(by=by, point=point)
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        return GaveUp(by=by, reason="garbage", detail=f"{type(error).__name__}: {error!s:.200}")
    return GaveUp(by=by, reason="wrong model", detail=f"{said['point']!s:.200}", said="model")


def _none(question: Question, by: str, said: Mapping[str, Any]) -> NoModel:
    core, proof = said.get("core"), said.get("proof")
    if core is not None:
        core = tuple(sorted({int(i) for i in core}))
        if core and not 0 <= core[0] <= core[-1] < len(question.rows):
            raise ValueError("a core of rows that were not asked")
    sums = tuple(
        tuple(({tuple(m): Fraction(x) for m, x in p}, str(relation)) for relation, p in one)
        for one in said.get("sums", ())
    )
    return NoModel(by=by, core=core, proof=None if proof is None else str(proof), sums=sums)


def _holds(row: Row, point: Point) -> bool:
    total = Fraction(0)
    for monomial, coefficient in row[0].items():
        product = coefficient
        for name in monomial:
            product *= point[name]
        total += product
    return total > 0 if row[1] == ">" else total == 0 if row[1] == "=" else total >= 0

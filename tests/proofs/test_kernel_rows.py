"""Kind ``farkas``: what counts as a proof that rows imply a row, and what does not."""

from collections.abc import Callable
from typing import Any

import pytest

from homeostat.proofs.kernel import RejectedError, check

Json = dict[str, Any]
Forge = Callable[..., Json]


def farkas(given: list[str], then: str, proof: Json, example: Json | None = None) -> list[Any]:
    theorem = {"given": given, "then": then}
    return ["farkas", theorem, {"proof": proof, "example": example or {}}]


def conflict(*terms: tuple[str, list[int]], **square: str) -> Json:
    """Terms that must add up to a conflict with the goal's negation, the last row."""
    return {"terms": [{"times": times, "rows": rows, **square} for times, rows in terms]}


ONE: Json = {"x": "1", "y": "1"}

GOOD = {
    "linear": (["x >= 1", "y >= x"], "y >= 1", conflict(("1", [0]), ("1", [1]), ("1", [2]))),
    "strict from strict": (["x > 0"], "2*x > 0", conflict(("2", [0]), ("1", [1]))),
    "weak from strict": (["x > 0"], "x >= 0", conflict(("1", [0]), ("1", [1]))),
    "strict by a margin": (["x >= 1"], "x > 0", conflict(("1", [0]), ("1", [1]))),
    "a product": (["x >= 0", "y >= 0"], "x*y >= 0", conflict(("1", [0, 1]), ("1", [2]))),
    "an equation times a polynomial of any sign": (
        ["1 - x = 0"],
        "x*x >= 1",
        conflict(("-1*x - 1", [0]), ("1", [1])),
    ),
    "equal by equations": (
        ["x = 1"],
        "x*x = 1",
        {"equals": [{"times": "x + 1", "rows": [0]}]},
    ),
    "equal from above and below": (
        ["x >= 1", "x <= 1"],
        "x = 1",
        {
            "above": conflict(("1", [1]), ("1", [2]))["terms"],
            "below": conflict(("1", [0]), ("1", [2]))["terms"],
        },
    ),
    "a fact on the way": (
        ["x >= 1", "y >= x"],
        "2*y > 1",
        {
            "have": [
                {"row": "y >= 1", "proof": conflict(("1", [0]), ("1", [1]), ("1", [2]))},
            ],
            **conflict(("2", [2]), ("1", [3])),
        },
    ),
    "a square": (
        [],
        "x*x - 2*x + 1 >= 0",
        {"terms": [{"times": "1", "rows": [], "square": "x - 1"}, {"times": "1", "rows": [0]}]},
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_proof_is_accepted(forge: Forge, name: str) -> None:
    given, then, proof = GOOD[name]
    check(forge(*farkas(given, then, proof, ONE)))


SQUARE = {"times": "1", "square": "x"}

BAD = {
    "zero without a strict row is no conflict": (
        ["x >= 0"],
        "x > 0",
        conflict(("1", [0]), ("1", [1])),
        "no conflict",
    ),
    "nothing added up is no conflict": ([], "0 > 1", {"terms": []}, "no conflict"),
    "zero times a strict row is not strict": (
        ["x > 0"],
        "0 > 1",
        conflict(("0", [0])),
        "no conflict",
    ),
    "a strict row times a weak one is not strict": (
        ["x > 0", "y >= 0"],
        "x*y > 0",
        conflict(("1", [0, 1]), ("1", [2])),
        "no conflict",
    ),
    "a strict row times a square is not strict": (
        ["y > 0"],
        "x*x*y > 0",
        {"terms": [{**SQUARE, "rows": [0]}, {"times": "1", "rows": [1]}]},
        "no conflict",
    ),
    "an equation does not make the sum strict": (
        ["x = 0"],
        "x > 0",
        conflict(("1", [0]), ("1", [1])),
        "no conflict",
    ),
    "a positive sum": (["x >= 0"], "1 >= 0", conflict(("1", [0]), ("0", [])), "remain"),
    "a negative multiplier": (
        ["x >= 0"],
        "x <= 0",
        conflict(("-1", [0]), ("1", [1])),
        "is not >= 0",
    ),
    "a polynomial times an inequality": (
        ["x >= 0"],
        "x <= 0",
        conflict(("y", [0])),
        "is not >= 0",
    ),
    "a polynomial times a product without equations": (
        ["x >= 0", "y >= 0"],
        "x <= 0",
        conflict(("x", [0, 1])),
        "is not >= 0",
    ),
    "terms that do not cancel": (["x >= 0"], "y >= 0", conflict(("1", [0]), ("1", [1])), "remain"),
    "a row that is not there": (["x >= 0"], "x >= 0", conflict(("1", [2])), "no such row"),
    "a row from the end": (["x >= 0"], "x >= 0", conflict(("1", [-1])), "no such row"),
    "true as a row": (["x >= 0", "y >= 0"], "x >= 0", conflict(("1", [True])), "no such row"),
    "a row by text": (["x >= 0"], "x >= 0", conflict(("1", ["0"])), "no such row"),  # type: ignore[list-item]  # on purpose
    "an unknown field of a term": (
        ["x > 0"],
        "x > 0",
        {"terms": [{"times": "1", "rows": [0], "strict": True}]},
        "unknown field",
    ),
    "an unknown field of a proof": (["x > 0"], "x > 0", {"assume": "x > 0"}, "unknown field"),
    "an equality from one side": (
        ["x >= 1"],
        "x = 1",
        {"below": conflict(("1", [0]), ("1", [1]))["terms"]},
        "above",
    ),
    "an equality by inequalities": (
        ["x >= 0"],
        "x = 0",
        {"equals": [{"times": "1", "rows": [0]}]},
        "do not add up",
    ),
    "an inequality by equals": (
        ["x = 0"],
        "x >= 0",
        {"equals": [{"times": "1", "rows": [0]}]},
        "do not add up",
    ),
    "the goal as a fact on the way, from itself": (
        ["x >= 0"],
        "x > 7",
        {"have": [{"row": "x > 7", "proof": conflict(("1", [1]))}], **conflict(("1", [1]))},
        "remain|no conflict",
    ),
    "a fact that uses a later one": (
        ["x >= 0"],
        "x > 7",
        {"have": [{"row": "x > 7", "proof": conflict(("1", [2]))}], **conflict(("1", [1]))},
        "no such row",
    ),
    "terms that are no list": (["x >= 0"], "x >= 0", {"terms": None}, "malformed"),
    "a multiplier that is a number": (
        ["x > 0"],
        "x > 0",
        {"terms": [{"times": 1, "rows": [0]}]},
        "not a formula",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_proof_is_rejected(forge: Forge, name: str) -> None:
    given, then, proof, message = BAD[name]
    with pytest.raises(RejectedError, match=message):
        check(forge(*farkas(given, then, proof, ONE)))


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ({"x": "0", "y": "1"}, "breaks a given row"),
        ({"x": "1"}, "open"),
        ({"x": "1.0", "y": "1"}, "not p/q"),
        ({"x": True, "y": "1"}, "not p/q"),
        ([], "malformed"),
        (None, "malformed"),
    ],
)
def test_an_example_off_the_given_rows_is_rejected(
    forge: Forge, example: Any, message: str
) -> None:
    given, then, proof = GOOD["linear"]
    certificate = forge("farkas", {"given": given, "then": then}, {"proof": proof, "example": {}})
    certificate["evidence"]["example"] = example
    again = forge("farkas", certificate["theorem"], certificate["evidence"])
    with pytest.raises(RejectedError, match=message):
        check(again)


def test_rows_without_a_solution_prove_nothing(forge: Forge) -> None:
    given, proof = ["x > 0", "x < 0"], conflict(("1", [0]), ("1", [1]))
    for x in ("-1", "0", "1"):
        with pytest.raises(RejectedError, match="breaks a given row"):
            check(forge(*farkas(given, "0 > 1", proof, {"x": x})))


def test_a_proof_of_one_greater_than_zero_alone_needs_no_rows(forge: Forge) -> None:
    check(forge(*farkas([], "1 > 0", conflict(("1", [0])))))
    with pytest.raises(RejectedError):
        check(forge(*farkas([], "0 > 1", conflict(("1", [0])))))


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "homeostat.certificate/2"},
        {"kind": "proved"},
        {"kind": None},
        {"note": "more"},
        {"theorem": None},
        {"theorem": []},
        {"evidence": "proof"},
    ],
    ids=str,
)
def test_a_certificate_of_another_shape_is_rejected(forge: Forge, change: Json) -> None:
    content = dict(zip(("kind", "theorem", "evidence"), farkas(*GOOD["linear"], ONE), strict=True))
    with pytest.raises(RejectedError):
        check(forge(**{**content, **change}))


@pytest.mark.parametrize("data", [None, [], 7, "text", {}, {"schema": "homeostat.certificate/1"}])
def test_what_is_no_certificate_is_rejected(data: Any) -> None:
    with pytest.raises(RejectedError):
        check(data)


def test_deeply_nested_facts_are_rejected_not_a_crash(forge: Forge) -> None:
    proof: Json = conflict(("1", [0]))
    for _ in range(250):
        proof = {"have": [{"row": "x > 0", "proof": proof}]}
    with pytest.raises(RejectedError):
        check(forge(*farkas(["x > 0"], "x > 0", proof, ONE)))


@pytest.mark.parametrize("field", ["theorem", "evidence"])
def test_a_field_that_the_kernel_does_not_read_is_refused(forge: Forge, field: str) -> None:
    kind, theorem, evidence = farkas(*GOOD["linear"], ONE)
    {"theorem": theorem, "evidence": evidence}[field]["also"] = "0 > 1"
    with pytest.raises(RejectedError, match="fields"):
        check(forge(kind, theorem, evidence))

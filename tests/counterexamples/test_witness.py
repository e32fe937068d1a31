import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest

from homeostat.counterexamples import CONJECTURES, Witness, conjecture, corpus, read_witness, replay
from homeostat.counterexamples.files import BYTES_MAX
from homeostat.counterexamples.witness import _content_hash
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.models.batching import BatchingParameters, Pair

REJECTIONS: Final = (InvalidInputError, WitnessRejectedError)


@conjecture(assumes=("coprime",))
def peak_is_small(pair: Pair, t: int) -> Fraction:
    """The peak of Simulation is at most a quarter of the capacity."""
    return pair.parameters.capacity / 4 - max(pair.simulation[t])


def example() -> Witness:
    """Dominance fails at step 5 from the canonical start."""
    pair = Pair.run(BatchingParameters(1, 1, 3, "2/5", 2), step_count=5)
    return Witness.of(CONJECTURES["g_dominance_canonical"], pair, 5, {"method": "by test"})


def typed_example() -> Witness:
    return next(w for w in corpus() if w.conjecture == "merge_any_split")


def rehashed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with a hash that fits, as an attacker would write it."""
    content = {key: value for key, value in document.items() if key != "sha256"}
    return {**content, "sha256": _content_hash(content)}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to every value of a JSON document, containers included."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    here = [path] if path else []
    return here + [found for key, item in items for found in leaves(item, (*path, key))]


def changed(document: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(document))
    target: Any = copy
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = other_than(target[path[-1]])
    return copy


def other_than(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return {"0": "1"}.get(value, "0")
    return [] if value else {"x": "y"}


def test_json_reads_back_equal() -> None:
    for witness in (example(), typed_example()):
        assert Witness.from_json(json.loads(json.dumps(witness.to_json()))) == witness


@pytest.mark.parametrize("make", [example, typed_example])
def test_every_single_field_changed_is_rejected(make: Callable[[], Witness]) -> None:
    document = make().to_json()
    for path in leaves(document):
        with pytest.raises(REJECTIONS):
            replay(Witness.from_json(changed(document, path)))


@pytest.mark.parametrize("make", [example, typed_example])
def test_every_single_field_changed_is_rejected_even_with_a_hash_that_fits(
    make: Callable[[], Witness],
) -> None:
    document = make().to_json()
    paths = [path for path in leaves(document) if path[0] not in ("found_by", "sha256")]
    for path in paths:
        with pytest.raises(REJECTIONS):
            replay(Witness.from_json(rehashed(changed(document, path))))


@pytest.mark.parametrize("field", sorted(example().to_json()))
def test_a_missing_or_unknown_field_is_rejected(field: str) -> None:
    document = example().to_json()
    with pytest.raises(InvalidInputError, match="fields"):
        Witness.from_json({**document, "note": ""})
    del document[field]
    with pytest.raises(InvalidInputError, match="fields"):
        Witness.from_json(document)


def test_a_witness_is_rejected_one_step_early_and_one_step_late() -> None:
    document = example().to_json()
    for step in (4, 6):
        with pytest.raises(WitnessRejectedError):
            replay(Witness.from_json(rehashed({**document, "step": step})))


def test_a_start_that_is_not_canonical_does_not_refute_the_canonical_claim() -> None:
    pair = Pair.run(BatchingParameters(1, 1, 3, "1/8"), ["1/8", "2", "0"], step_count=2)
    Witness.of(CONJECTURES["g_dominance"], pair, 2)
    with pytest.raises(WitnessRejectedError, match="assumptions"):
        Witness.of(CONJECTURES["g_dominance_canonical"], pair, 2)


def test_a_user_s_witness_replays_only_with_its_conjecture() -> None:
    pair = Pair.run(BatchingParameters(1, 1, 2, "1/100", 2), step_count=3)
    step = peak_is_small.first_violation(pair)
    assert step is not None
    witness = Witness.of(peak_is_small, pair, step)
    replay(Witness.from_json(witness.to_json()), peak_is_small)
    with pytest.raises(InvalidInputError, match="peak_is_small"):
        replay(witness)
    with pytest.raises(WitnessRejectedError, match="conjecture="):
        replay(witness, CONJECTURES["g_dominance"])


def test_a_witness_of_a_claim_that_holds_cannot_be_built() -> None:
    pair = Pair.run(BatchingParameters(1, 1, 3, "2/5"), step_count=5)
    with pytest.raises(WitnessRejectedError, match="holds there"):
        Witness.of(CONJECTURES["weighted_delta_zero"], pair, 5)


def test_a_small_document_cannot_claim_a_huge_system() -> None:
    document = example().to_json()
    document["parameters"] = {**document["parameters"], "l_b": 10**9}
    with pytest.raises(InvalidInputError, match="l_b"):
        Witness.from_json(rehashed(document))
    with pytest.raises(InvalidInputError, match="step"):
        Witness.from_json(rehashed({**example().to_json(), "step": 10**9}))
    with pytest.raises(InvalidInputError, match="at most"):
        Witness.from_json(rehashed({**example().to_json(), "start": ["0"] * 65}))


def test_a_number_with_too_many_digits_is_refused() -> None:
    document = example().to_json()
    document["start"] = ["1" * 20_000, "0", "0"]
    with pytest.raises(InvalidInputError, match="start"):
        Witness.from_json(rehashed(document))


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"a": 1, "a": 2}', '{"a": NaN}', "[" * 100_000, "\xff"]
)
def test_what_is_not_a_json_witness_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "w.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(InvalidInputError):
        read_witness(path)


def test_a_file_over_the_bound_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_bytes(b" " * (BYTES_MAX + 1))
    with pytest.raises(InvalidInputError, match="at most"):
        read_witness(path)
    with pytest.raises(InvalidInputError, match="readable"):
        read_witness(tmp_path / "none.json")

from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from homeostat.counterexamples import (
    CASE_CONJECTURES,
    CONJECTURES,
    Case,
    SearchSpace,
    Witness,
    add,
    case_corpus,
    corpus,
    read_any_witness,
    replay,
    replay_case,
    search,
)
from homeostat.counterexamples.corpus_files import file_name
from homeostat.counterexamples.files import read_bounded
from homeostat.models.batching import DATA_SETS, canonical_start

FOLDER: Final = Path(str(resources.files("homeostat.counterexamples"))) / "corpus"

REFUTED: Final = (
    "case_d_never",
    "coprime_stable",
    "delta_at_peak",
    "delta_gap_necessary",
    "g_dominance",
    "g_dominance_canonical",
    "g_dominance_large_l0",
    "max_dominance",
    "merge_any_split",
    "min_dominance",
    "min_when_theory_nonnegative",
    "peak_never_evicted",
    "weak_limsup",
    "weak_time_average",
)


@pytest.mark.parametrize("witness", corpus(), ids=file_name)
def test_every_witness_of_the_corpus_replays(witness: Witness) -> None:
    assert replay(witness).step_count == witness.step


@pytest.mark.parametrize("case", case_corpus(), ids=file_name)
def test_every_case_of_the_corpus_replays_with_words_of_the_published_schema(case: Case) -> None:
    schema: Any = read_bounded(FOLDER.parent / "case.schema.json")
    words = schema["properties"]["assumes"]["items"]["oneOf"][0]["enum"]
    assert replay_case(case).words <= set(words)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.name)
def test_every_file_follows_the_published_schema_and_is_named_by_its_hash(path: Path) -> None:
    witness = read_any_witness(path)
    kind = "case" if isinstance(witness, Case) else "witness"
    schema = read_bounded(FOLDER.parent / f"{kind}.schema.json")
    jsonschema.Draft202012Validator(schema).validate(read_bounded(path))
    assert path.name == file_name(witness)


@pytest.mark.parametrize("name", REFUTED)
def test_every_false_conjecture_has_a_witness_in_the_corpus(name: str) -> None:
    assert any(witness.conjecture == name for witness in corpus())


def test_every_conjecture_about_cases_has_one_and_a_name_of_its_own() -> None:
    assert {case.conjecture for case in case_corpus()} == set(CASE_CONJECTURES)
    assert not set(CASE_CONJECTURES) & set(CONJECTURES)


def test_true_conjectures_have_no_witness_and_canaries_have_one() -> None:
    found = {witness.conjecture for witness in corpus()}
    canaries = {name for name, known in CONJECTURES.items() if known.canary}
    assert found == set(REFUTED) | canaries


@pytest.mark.parametrize("name", ["max_dominance", "delta_at_peak", "min_dominance"])
def test_the_second_data_set_is_refuted_from_a_free_start(name: str) -> None:
    parameters = DATA_SETS[1].parameters
    assert any(w.conjecture == name and w.parameters == parameters for w in corpus())


def test_the_first_data_set_violates_max_dominance_from_the_note_s_own_start() -> None:
    steps = [
        witness.step
        for witness in corpus()
        if witness.conjecture == "max_dominance"
        and witness.parameters == DATA_SETS[0].parameters
        and witness.start == canonical_start(witness.parameters)
    ]
    assert steps == [5]


@pytest.mark.slow
def test_a_witness_is_found_again_from_what_it_says_about_its_search() -> None:
    witness = next(w for w in corpus() if w.conjecture == "g_dominance_canonical")
    found_by = dict(witness.found_by)
    space = found_by["space"]
    again = search(
        CONJECTURES["g_dominance_canonical"],
        method=found_by["method"],
        start=found_by["start"],
        seed=found_by["seed"],
        space=SearchSpace.from_json(space),
    )
    assert again.witness is not None
    # Which run of which version found it is told; what was found is the same.
    assert replace(again.witness, found_by={}) == replace(witness, found_by={})


@pytest.mark.parametrize("witness", [corpus()[0], case_corpus()[0]], ids=file_name)
def test_a_witness_that_is_added_reads_back_equal(witness: Witness | Case, tmp_path: Path) -> None:
    path = add(witness, tmp_path)
    assert read_any_witness(path) == witness
    assert [entry.name for entry in tmp_path.iterdir()] == [file_name(witness)]

"""The page on trust: every figure from a file, nothing claimed that a file does not say."""

import ast
import json
import re
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from homeostat.errors import InvalidInputError
from homeostat.proofs import kernel
from homeostat.proofs.certificates import farkas
from homeostat.proofs.mutation import mutation_score, read_sources
from homeostat.proofs.mutation.scoring import TRUSTED
from homeostat.proofs.provenance import FOUND_BY, measured, sizes, theorem_sha256
from homeostat.proofs.report import pages
from homeostat.proofs.report.trust import CoqView, ScoreView, TrustView

LEDGER_PATH = Path(__file__).parents[2] / "ledger.json"
LEDGER: dict[str, Any] = json.loads(LEDGER_PATH.read_text())
CLOSED = "Closed under the global context"


@pytest.fixture(scope="module")
def score() -> dict[str, Any]:
    sources = [s for s in read_sources(LEDGER_PATH) if s.kind in ("farkas", "schur")]
    return mutation_score(sources, count=60, seed=1).to_json()


def page(view: TrustView) -> str:
    template = pages.ENVIRONMENT.get_template("trust.html.jinja")
    return template.render(trust=view, root="", extra=(), version="0", folder="report")


def a_ledger(**evidence: Any) -> dict[str, Any]:
    """Return the committed ledger's first proved claim, its evidence with more fields."""
    ledger = deepcopy(LEDGER)
    ledger["claims"] = [next(c for c in ledger["claims"] if c["verdict"] == "proved")]
    for entry in ledger["claims"][0]["evidence"]:
        entry |= evidence
    return ledger


# --- what is trusted


def test_the_trusted_files_are_what_the_kernel_imports() -> None:
    pending, seen = ["kernel"], set[str]()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        text = files("homeostat.proofs").joinpath(f"{name}.py").read_text()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("homeostat"):
                pending.append(str(node.module).removeprefix("homeostat.proofs."))
    assert {f"{name}.py" for name in seen} == set(TRUSTED)


def test_the_page_counts_the_lines_of_the_trusted_files() -> None:
    view = TrustView.of(LEDGER)
    kernel_file = next(file for file in view.files if file.name == "kernel.py")
    assert kernel_file.line_count == len(Path(kernel.__file__).read_text().splitlines())
    assert f"{view.line_count} lines" in page(view)


# --- the claims


def test_every_proved_claim_has_a_row_and_no_other_has() -> None:
    view = TrustView.of(LEDGER)
    proved = [c["id"] for c in LEDGER["claims"] if c["verdict"] in ("proved", "proved-within")]
    assert [row.claim.id for row in view.rows] == proved
    text = page(view)
    assert all(f"claims/{name}.html" in text for name in proved)
    assert "batching.g_dominance.html" not in text


def test_every_kind_of_the_kernel_says_who_finds_it() -> None:
    assert set(FOUND_BY) == set(kernel.CHECKS)


def test_vacuity_and_canary_are_the_ledger_s_own_words() -> None:
    ledger = a_ledger()
    ledger["claims"][0] |= {"vacuity": "runs of <three> stages", "canary": "false: & refuted"}
    text = page(TrustView.of(ledger))
    assert "Runs of &lt;three&gt; stages" in text
    assert "false: &amp; refuted" in text


def test_a_time_that_was_not_recorded_is_said_to_be_so() -> None:
    ledger = a_ledger()
    for evidence in ledger["claims"][0]["evidence"]:
        del evidence["check_seconds"]
    (row,) = TrustView.of(ledger).rows
    assert row.check_seconds is None
    assert "not recorded" in page(TrustView.of(ledger))


def test_times_and_sizes_are_added_up_over_the_certificates() -> None:
    ledger = a_ledger(check_seconds=0.25, bytes={"raw": 2048, "packed": 100})
    (row,) = TrustView.of(ledger).rows
    count = len(row.claim.evidence)
    assert row.check_seconds == 0.25 * count
    assert (row.raw_bytes, row.packed_bytes) == (2048 * count, 100 * count)


def test_a_large_certificate_that_the_ledger_left_out_has_no_made_up_size() -> None:
    ledger = a_ledger()
    for evidence in ledger["claims"][0]["evidence"]:
        evidence["document"]["evidence"] = {"bytes": 123456}
        del evidence["bytes"]
    (row,) = TrustView.of(ledger).rows
    assert row.raw_bytes is None
    assert row.packed_bytes is None


@pytest.mark.parametrize("value", ["1", True, [1]])
def test_a_time_that_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(InvalidInputError, match="check_seconds"):
        TrustView.of(a_ledger(check_seconds=value))


# --- sizes and times


def test_sizes_are_those_of_the_text_and_of_its_compression() -> None:
    certificate = farkas(["x >= 1"], "x > 0", example={"x": "1"})
    found = measured(certificate)
    assert found["bytes"]["raw"] == len(json.dumps(certificate))
    assert 0 < found["bytes"]["packed"] < found["bytes"]["raw"]
    assert found["check_seconds"] >= 0


def test_the_trees_of_a_certificate_are_measured_unpacked() -> None:
    name = "batching.simulation_converges.data_set_1"
    claim = next(claim for claim in LEDGER["claims"] if claim["id"] == name)
    certificate = claim["evidence"][0]["document"]
    found = sizes(certificate)
    assert found["packed"] == len(json.dumps(certificate))
    assert found["raw"] > 2 * found["packed"]


def test_what_the_kernel_rejects_is_not_measured() -> None:
    certificate = {**farkas(["x >= 1"], "x > 0", example={"x": "1"}), "sha256": "0" * 64}
    with pytest.raises(kernel.RejectedError):
        measured(certificate)


# --- Coq


def coq_log(accepted: bool = True, assumptions: str = CLOSED) -> list[dict[str, Any]]:  # noqa: FBT001, FBT002  # a table of cases
    (claim,) = a_ledger()["claims"]
    hashes = [theorem_sha256(e["document"]) for e in claim["evidence"]]
    return [
        {
            "claim": claim["id"],
            "kind": "scan",
            "theorem_sha256": sha256,
            "accepted": accepted,
            "seconds": 1.5,
            "assumptions": assumptions,
        }
        for sha256 in hashes
    ]


def test_coq_counts_for_the_theorems_that_it_accepted() -> None:
    (row,) = TrustView.of(a_ledger(), coq=coq_log()).rows
    count = len(row.claim.evidence)
    assert row.coq == (count, count)
    text = page(TrustView.of(a_ledger(), coq=coq_log()))
    assert f"Coq: {count} of {count}" in text
    assert "each without an axiom" in text


def test_coq_does_not_count_for_another_theorem_or_a_rejected_one() -> None:
    for log in (coq_log(accepted=False), [{**e, "theorem_sha256": "0"} for e in coq_log()]):
        (row,) = TrustView.of(a_ledger(), coq=log).rows
        assert row.coq is not None
        assert row.coq[0] == 0
        assert "; Coq:" not in page(TrustView.of(a_ledger(), coq=log))


def test_an_axiom_in_coq_is_not_passed_over() -> None:
    view = TrustView.of(a_ledger(), coq=coq_log(assumptions="Axioms: classic"))
    assert view.coq is not None
    assert not view.coq.without_axioms
    assert "not all of them without axioms" in page(view)


@pytest.mark.parametrize("log", ["x", {"entries": 3}, [1], [{"theorem_sha256": "x"}]])
def test_a_log_of_another_form_is_refused(log: object) -> None:
    with pytest.raises(InvalidInputError, match="log of Coq"):
        CoqView.of(log)


# --- the mutation score


def test_the_score_is_shown_with_the_command_that_repeats_it(score: dict[str, Any]) -> None:
    text = page(TrustView.of(a_ledger(), score=score))
    assert "homeostat mutate --count 60 --seed 1" in text
    assert f"<b>{score['outcomes']['rejected']}</b>" in text
    assert "The trusted files have changed" not in text
    assert "threshold" in re.sub("<[^>]*>", "", text)  # named as missing


def test_a_score_of_another_kernel_is_marked_as_such(score: dict[str, Any]) -> None:
    old = {**score, "kernel_sha256": "0" * 64}
    assert not ScoreView.of(old).current
    assert "The trusted files have changed" in page(TrustView.of(a_ledger(), score=old))


def test_an_interrupted_score_is_marked_as_such(score: dict[str, Any]) -> None:
    part = {**score, "interrupted": True, "count": 100}
    assert "interrupted after 60 of 100" in page(TrustView.of(a_ledger(), score=part))


def test_a_hole_is_shown(score: dict[str, Any]) -> None:
    fault = {"outcome": "hole", "source": "s", "operator": "o", "place": "p", "why": "<bad>"}
    text = page(TrustView.of(a_ledger(), score={**score, "faults": [{**fault, "index": 3}]}))
    assert "Holes" in text
    assert "&lt;bad&gt;" in text


@pytest.mark.parametrize(
    "change", [{"schema": "x"}, {"outcomes": {}}, {"kinds": {"a": {}}}, {"same": None}]
)
def test_a_score_of_another_form_is_refused(score: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="mutation score"):
        ScoreView.of({**score, **change})


def test_without_files_the_page_says_how_to_make_them() -> None:
    text = page(TrustView.of(a_ledger()))
    assert "make coq" in text
    assert "make mutation" in text

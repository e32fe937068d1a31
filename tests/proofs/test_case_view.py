"""A case as the report shows it: replayed first, then every datum and figure of it."""

import html
import json
from pathlib import Path
from typing import Any

import pytest

from homeostat.counterexamples import Case, case_corpus, corpus
from homeostat.counterexamples.corpus_files import file_name
from homeostat.errors import WitnessRejectedError
from homeostat.proofs.deciding import decide_claims
from homeostat.proofs.ledger import Ledger, recheck
from homeostat.proofs.report.build import write_report
from homeostat.proofs.report.case_view import CaseView, view_of
from homeostat.proofs.report.witness_view import WitnessView

NAMES = ["aging.float_order.priority", "entropy.response.as_stated"]


@pytest.mark.parametrize("case", case_corpus(), ids=file_name)
def test_every_case_can_be_shown_in_words(case: Case) -> None:
    view = CaseView.of(case.to_json())
    assert [text for _, text in view.observed] == list(case.observed.values())
    assert len(view.violations) == len(case.violated_when)
    shown = " ".join([*view.violations, view.sentence, view.brief, *(n for n, _ in view.observed)])
    assert "_" not in shown
    assert view.assumptions


def test_either_kind_is_shown_as_its_own() -> None:
    assert isinstance(view_of(case_corpus()[0].to_json()), CaseView)
    witness = view_of(corpus()[0].to_json())
    assert isinstance(witness, WitnessView)
    assert witness.brief.startswith("fails at t = ")


def test_a_case_that_does_not_replay_is_not_shown() -> None:
    document = case_corpus()[0].to_json()
    with pytest.raises(WitnessRejectedError):
        view_of({**document, "observed": {}})


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger(decide_claims(NAMES))


def test_the_ledger_checks_a_case_again_and_sees_one_that_was_changed(ledger: Ledger) -> None:
    assert recheck(ledger) == []
    data: dict[str, Any] = json.loads(json.dumps(ledger.to_json()))
    witness = data["claims"][0]["evidence"][0]["document"]
    witness["observed"]["rate_count"] = "2"
    (line,) = recheck(Ledger.from_json(data))
    assert line.startswith("aging.float_order.priority.1: sha256=")


@pytest.mark.slow
def test_the_pages_of_claims_show_their_cases(ledger: Ledger, tmp_path: Path) -> None:
    write_report(ledger.to_json(), tmp_path / "report", jobs=1)
    page = html.unescape((tmp_path / "report/claims/aging.float_order.priority.html").read_text())
    case = next(c for c in case_corpus() if c.conjecture == "float_priority_order")
    for event in case.given["events"]:
        assert repr(float.fromhex(event[1])) in page
    for text in case.observed.values():
        assert text in page
    assert "homeostat replay report/evidence/aging.float_order.priority.1.json" in page
    index = (tmp_path / "report/index.html").read_text()
    assert "fails in a case of arrivals" in html.unescape(index)

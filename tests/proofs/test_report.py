import json
import re
from collections.abc import Mapping
from copy import deepcopy
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from homeostat.counterexamples.library import CONJECTURES
from homeostat.counterexamples.witness import Witness, read_witness, replay
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.models.batching import BatchingParameters, Pair, is_schur_stable
from homeostat.proofs import kernel
from homeostat.proofs.certificates import farkas
from homeostat.proofs.report import build, write_report
from homeostat.proofs.report.certificate_view import document_bytes
from homeostat.proofs.report.findings import step_ranges
from homeostat.proofs.report.ledger_view import LedgerView
from homeostat.proofs.report.plots import draw_spreads, swept_failures
from homeostat.proofs.report.plots.style import LAYOUTS
from homeostat.proofs.report.witness_view import WitnessView, amount

Json = dict[str, Any]

HOSTILE = "<script>alert('x')</script> & \"quoted\" | `code`"


def a_claim(name: str, verdict: str, **fields: Any) -> Json:
    claim: Json = {
        "id": f"batching.{name}",
        "title": f"Title of {name}",
        "statement": "G^T(t) >= G^S(t) for all t",
        "scope": "every l0 >= 1",
        "source": {"note": "003", "title": "G Dominance", "section": "4.1"},
        "verdict": verdict,
        "reason": None,
        "bound": None,
        "estimate": None,
        "evidence": [],
        "trusts": ["kernel"],
        "vacuity": None,
        "canary": None,
        "cost": {"seconds": 0.5},
    }
    return {**claim, **fields}


def an_evidence(kind: str, name: str, document: Mapping[str, Any]) -> Json:
    return {
        "kind": kind,
        "name": f"batching.{name}.1",
        "summary": "one line",
        "sha256": document["sha256"],
        "document": dict(document),
    }


def a_ledger() -> Json:
    pair = Pair.run(BatchingParameters(2, 1, 3, "1/2"), step_count=5)
    witness = Witness.of(CONJECTURES["g_dominance_canonical"], pair, 5, {"method": "grid"})
    proof = farkas(["x > 0", "y >= x"], "y > 0", example={"x": "1", "y": "2"})
    points = [{"l0": 10, "interval": [0.25, 0.5]}, {"l0": 100, "interval": [0.1, 0.2]}]
    return {
        "schema": "homeostat.ledger/1",
        "homeostat": "0.1.0",
        "claims": [
            a_claim(
                "g_dominance_canonical",
                "refuted",
                evidence=[
                    an_evidence("witness", "g_dominance_canonical", witness.to_json()),
                ],
            ),
            a_claim(
                "token_balance", "proved", evidence=[an_evidence("certificate", "balance", proof)]
            ),
            a_claim("probability", "measured", estimate={"points": points, "samples": 7}),
            a_claim("open", "unknown", reason=HOSTILE, title=HOSTILE),
        ],
    }


class Links(HTMLParser):
    """Collects what a page refers to, and the anchors that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()
        self.scripts = 0
        self.images_without_alt = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        self.scripts += tag == "script"
        self.images_without_alt += tag == "img" and not fields.get("alt")
        self.targets += [v for k in ("href", "src", "srcset") if (v := fields.get(k))]
        self.anchors |= {v for k, v in attrs if k == "id" and v}


def links_of(page: Path) -> Links:
    parser = Links()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written") / "report"
    assert write_report(a_ledger(), folder, jobs=1) == folder / "index.html"
    return folder


def pages_of(report: Path) -> list[Path]:
    return [*sorted(report.glob("*.html")), *sorted((report / "claims").glob("*.html"))]


@pytest.mark.slow
class TestPages:
    def test_every_claim_has_a_page_and_the_first_page_leads_to_it(self, report: Path) -> None:
        leads = set(links_of(report / "index.html").targets)
        for claim in a_ledger()["claims"]:
            assert (report / "claims" / f"{claim['id']}.html").is_file()
            assert f"claims/{claim['id']}.html" in leads

    def test_every_link_resolves_inside_the_folder(self, report: Path) -> None:
        for page in pages_of(report):
            for target in links_of(page).targets:
                name, _, anchor = target.partition("#")
                place = (page.parent / name).resolve() if name else page
                assert place.is_file(), f"{page.name} leads to {target}"
                assert place.is_relative_to(report.resolve())
                if anchor:
                    assert anchor in links_of(place).anchors, f"{page.name}: no {target}"

    def test_nothing_is_loaded_from_elsewhere(self, report: Path) -> None:
        for page in [*pages_of(report), report / "report.css"]:
            text = page.read_text(encoding="utf-8")
            assert not re.search(r"(href|src|srcset)=\"(https?:)?//|url\(|@import", text)

    def test_pages_and_plots_are_well_formed(self, report: Path) -> None:
        for path in [*pages_of(report), *(report / "plots").glob("*.svg")]:
            ElementTree.fromstring(path.read_text(encoding="utf-8"))

    def test_every_picture_says_what_it_shows(self, report: Path) -> None:
        assert not any(links_of(page).images_without_alt for page in pages_of(report))

    def test_text_from_the_ledger_is_escaped_everywhere(self, report: Path) -> None:
        for page in pages_of(report):
            text = page.read_text(encoding="utf-8")
            assert "<script" not in text
            assert links_of(page).scripts == 0
        assert "&lt;script&gt;" in (report / "claims" / "batching.open.html").read_text()
        assert "<script" not in (report / "report.md").read_text()

    def test_a_witness_is_shown_with_its_exact_numbers(self, report: Path) -> None:
        text = (report / "claims" / "batching.g_dominance_canonical.html").read_text()
        for exact in ("731/2916", "331/1296", "\N{MINUS SIGN}1/54"):
            assert exact in text
        assert "homeostat replay report/evidence/batching.g_dominance_canonical.1.json" in text

    def test_a_proof_is_shown_with_the_command_of_the_kernel(self, report: Path) -> None:
        text = (report / "claims" / "batching.token_balance.html").read_text()
        kernel = "PYTHONPATH=src python3 -S -m homeostat.proofs.kernel"
        assert f"{kernel} report/evidence/batching.balance.1.json" in text

    def test_a_measurement_is_shown_point_by_point(self, report: Path) -> None:
        text = (report / "claims" / "batching.probability.html").read_text()
        assert "[0.25, 0.5]" in text
        assert "[0.1, 0.2]" in text

    def test_the_summary_counts_the_ledger(self, report: Path) -> None:
        text = (report / "index.html").read_text()
        counts = re.findall(r'<li class="([a-z-]+)"><strong>(\d+)</strong>', text)
        expected = {"refuted": "1", "proved": "1", "measured": "1", "unknown": "1"}
        assert dict(counts) == expected

    def test_the_first_page_says_only_what_the_ledger_says(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(build, "_write_plots", lambda *_: None)
        ledger = {**a_ledger(), "claims": [a_claim("g_dominance", "unknown", reason="no answer")]}
        text = write_report(ledger, tmp_path / "report").read_text()
        assert re.findall(r'<li class="([a-z-]+)"><strong>', text) == ["unknown"]
        assert "no answer" in text
        assert "Why it fails" not in text

    def test_a_witness_with_types_apart_shows_them(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(build, "_write_plots", lambda *_: None)
        typed = ((Fraction(0),), (Fraction(1), Fraction(0)))
        pair = Pair.run(
            BatchingParameters(1, 1, 2, "1/2", 2), (1, 0), step_count=1, typed_start=typed
        )
        witness = Witness.of(CONJECTURES["merge_any_split"], pair, 1).to_json()
        claim = a_claim("split", "refuted", evidence=[an_evidence("witness", "split", witness)])
        write_report({**a_ledger(), "claims": [claim]}, tmp_path / "report")
        text = (tmp_path / "report" / "claims" / "batching.split.html").read_text()
        assert "Simulation, typed" in text
        assert "4/3" in text

    def test_differences_from_the_note_are_named_with_their_steps(self, report: Path) -> None:
        for name in ("index.html", "report.md"):
            text = (report / name).read_text(encoding="utf-8")
            assert "t = 5-9, 24-25, 43-44" in text.replace("\N{EN DASH}", "-")


@pytest.mark.slow
class TestData:
    def test_evidence_files_hold_the_documents_of_the_ledger(self, report: Path) -> None:
        for claim in a_ledger()["claims"]:
            for evidence in claim["evidence"]:
                path = report / "evidence" / f"{evidence['name']}.json"
                document = json.loads(path.read_bytes())
                assert document == evidence["document"]
                assert path.read_bytes() == document_bytes(evidence["document"])
                own = (
                    Witness.from_json(document).sha256
                    if evidence["kind"] == "witness"
                    else kernel.digest(document)
                )
                assert own == evidence["sha256"]

    def test_evidence_files_pass_their_own_check(self, report: Path) -> None:
        folder = report / "evidence"
        replay(read_witness(folder / "batching.g_dominance_canonical.1.json"))
        kernel.check(json.loads((folder / "batching.balance.1.json").read_text()))

    def test_report_json_holds_the_ledger_and_the_figures(self, report: Path) -> None:
        data = json.loads((report / "report.json").read_text())
        assert data["schema"] == "homeostat.report/1"
        assert data["ledger"] == a_ledger()
        figures = {(f["key"], f["data_set"]): f for f in data["figures"]}
        assert figures["max_dominance", "data_set_1"]["steps_differing"] == [5, 6]
        assert figures["max_dominance", "data_set_1"]["value"] == "24/25"


@pytest.mark.slow
class TestWriting:
    def test_the_same_ledger_gives_the_same_bytes(self, report: Path, tmp_path: Path) -> None:
        write_report(a_ledger(), tmp_path / "report", jobs=2)
        again = {p.relative_to(tmp_path / "report"): p for p in tmp_path.rglob("*") if p.is_file()}
        first = {p.relative_to(report): p for p in report.rglob("*") if p.is_file()}
        assert set(again) == set(first)
        assert all(again[name].read_bytes() == first[name].read_bytes() for name in first)

    def test_an_interrupted_run_leaves_the_old_report_and_nothing_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "report"
        folder.mkdir()
        (folder / "report.json").write_text("old")

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(build, "_write_plots", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_report(a_ledger(), folder)
        assert [p.name for p in tmp_path.iterdir()] == ["report"]
        assert (folder / "report.json").read_text() == "old"

    def test_a_new_report_takes_the_place_of_the_old_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "report"
        folder.mkdir()
        for name in ("report.json", "stale.html"):
            (folder / name).write_text("old")
        monkeypatch.setattr(build, "_write_plots", lambda *_: None)
        write_report(a_ledger(), folder)
        assert not (folder / "stale.html").exists()
        assert (folder / "index.html").is_file()
        assert [p.name for p in tmp_path.iterdir()] == ["report"]


class TestRefusals:
    def test_a_folder_that_holds_something_else_is_not_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.txt").write_text("years of work")
        with pytest.raises(InvalidInputError, match="earlier report"):
            write_report(a_ledger(), tmp_path)
        assert (tmp_path / "thesis.txt").read_text() == "years of work"

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda ledger: ledger.update(schema="other"), "schema='other'"),
            (lambda ledger: ledger.update(claims=[]), "at least one claim"),
            (lambda ledger: ledger["claims"][0].update(verdict="true"), "verdict='true'"),
            (lambda ledger: ledger["claims"][0].update(id="../../up"), "id='../../up'"),
            (lambda ledger: ledger["claims"].append(ledger["claims"][0]), "more than once"),
            (lambda ledger: ledger["claims"][0].pop("statement"), "statement=None"),
            (
                lambda ledger: ledger["claims"][0]["evidence"][0].update(name="a/b"),
                "name='a/b'",
            ),
            (
                lambda ledger: ledger["claims"][0]["evidence"][0].update(sha256="0" * 64),
                "must be its document's",
            ),
        ],
    )
    def test_a_ledger_that_breaks_its_schema_is_refused(self, change: Any, message: str) -> None:
        ledger = a_ledger()
        change(ledger)
        with pytest.raises(InvalidInputError, match=re.escape(message)):
            LedgerView.of(ledger)

    def test_a_witness_that_does_not_replay_is_never_shown(self, tmp_path: Path) -> None:
        ledger = deepcopy(a_ledger())
        evidence = ledger["claims"][0]["evidence"][0]
        evidence["document"]["step"] = 4
        with pytest.raises(WitnessRejectedError):
            write_report(ledger, tmp_path / "report")
        assert not list(tmp_path.iterdir())


class TestPlots:
    @pytest.mark.slow
    def test_the_same_plot_gives_the_same_bytes(self) -> None:
        assert draw_spreads(LAYOUTS[0]) == draw_spreads(LAYOUTS[0])

    @pytest.mark.slow
    def test_the_map_agrees_with_exact_runs_at_its_grid_points(self) -> None:
        grid = swept_failures(1, 3, l0_count=4, q_count=5)
        for row, q in enumerate(grid.q):
            for column, l0 in enumerate(grid.l0):
                parameters = BatchingParameters(max(float(l0), 1.0), 1, 3, float(q))
                # Exact fractions of floats grow fast; the first steps are enough to compare.
                pair = Pair.run(parameters, step_count=12)
                fails = (
                    t
                    for t in range(1, 13)
                    if pair.observe("spread_theory", t) < pair.observe("spread_simulation", t)
                )
                found = grid.first_failure[row, column]
                assert next(fails, 0) == (found if found <= 12 else 0)
                assert (grid.root_max[row, column] < 1) == is_schur_stable(parameters.weights)

    def test_rounding_paints_nothing_where_dominance_is_known_to_hold(self) -> None:
        grid = swept_failures(1, 2, l0_count=20, q_count=20)
        assert not np.any(grid.first_failure)


class TestShownNumbers:
    def test_a_run_of_steps_is_written_as_a_range(self) -> None:
        assert step_ranges((1, 2, 3, 7, 9, 10)) == "t = 1-3, 7, 9-10".replace("-", "\N{EN DASH}")
        assert step_ranges(()) == "a share, of no single step"

    def test_an_amount_keeps_its_fraction_unless_the_decimal_is_exact(self) -> None:
        third = amount(WitnessView.of(a_witness_document()).pair.theory[0][0])
        assert (third.decimal, third.exact) == ("0.33333", "1/3")
        half = amount(WitnessView.of(a_witness_document()).pair.parameters.q)
        assert (half.decimal, half.exact) == ("0.5", "")


def a_witness_document() -> Json:
    document: Json = a_ledger()["claims"][0]["evidence"][0]["document"]
    return document

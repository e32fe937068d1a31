"""The page on convergence: its numbers against the certificates, and what it must not say."""

import base64
import json
import lzma
import random
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from fractions import Fraction
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from homeostat.counterexamples.library import CONJECTURES
from homeostat.counterexamples.witness import Witness
from homeostat.errors import InvalidInputError
from homeostat.models.batching import DATA_SETS, BatchingParameters, Pair
from homeostat.proofs import kernel
from homeostat.proofs.certificates import replayed, schur, threshold
from homeostat.proofs.engines.mode_tree.settling import settle
from homeostat.proofs.engines.thresholds import never_stable, stable_above
from homeostat.proofs.report import build, write_report
from homeostat.proofs.report.certificate_view import document_bytes, remaking_commands
from homeostat.proofs.report.convergence import Convergence
from homeostat.proofs.report.ledger_view import LedgerView
from homeostat.proofs.report.pictures import ILLUSTRATED
from homeostat.proofs.report.plots import LAYOUTS, ThreeStages, draw_tree, draw_triangles
from homeostat.proofs.report.regions import (
    corners,
    mode_pieces,
    settling_pieces,
    shadow,
    shares,
)
from homeostat.proofs.report.settling_view import SettlingView, region_forms
from homeostat.proofs.trees import System

Json = dict[str, Any]

HOSTILE = "<script>alert('x')</script> & \"quoted\" | `code`"
FIRST, SECOND = (data.parameters for data in DATA_SETS)
FAMILY = [BatchingParameters(l0, 1, 3, "3/4") for l0 in (6, 7, 12, 50, 100)]
PREFIX = "batching.simulation_converges."


def a_claim(name: str, verdict: str, documents: list[Json], **fields: Any) -> Json:
    claim_id = f"batching.{name}"
    evidence = [
        {
            "kind": "witness" if "conjecture" in document else "certificate",
            "name": f"{claim_id}.{i}",
            "summary": f"evidence {i}",
            "sha256": document["sha256"],
            "document": document,
        }
        for i, document in enumerate(documents, 1)
    ]
    return {
        "id": claim_id,
        "title": f"Title of {name}",
        "statement": "M^S(t) converges.",
        "scope": "every start",
        "source": {"note": "003", "title": "G Dominance", "section": "4.3"},
        "verdict": verdict,
        "reason": None,
        "bound": None,
        "estimate": None,
        "evidence": evidence,
        "trusts": ["kernel"],
        "vacuity": None,
        "canary": None,
        "cost": {"seconds": 0.5},
        **fields,
    }


def stable(parameters: BatchingParameters) -> Json:
    return schur(parameters, "stable", {"jury": True})


def cut(document: Json) -> Json:
    return {**document, "evidence": {"bytes": 614_546}}


def a_document(kind: str, theorem: Json, evidence: Json) -> Json:
    """Return what looks like a certificate; no kernel has seen it."""
    content = {
        "schema": "homeostat.certificate/1",
        "kind": kind,
        "theorem": theorem,
        "evidence": evidence,
    }
    return {**content, "sha256": kernel.digest(content)}


def settles(parameters: BatchingParameters, steps: int) -> Json:
    theorem = {"parameters": parameters.to_json(), "says": "settles", "steps": steps, "never": []}
    return cut(a_document("case_tree", theorem, {}))


@pytest.fixture(scope="module")
def first() -> Json:
    return settle(FIRST)


@pytest.fixture(scope="module")
def ledger(first: Json) -> Json:
    """Data set 1 whole, data set 2 cut, a family, and the old road."""
    start = [Fraction(x) for x in ("0", "0", "30/13", "45/7", "0")]
    pair = Pair.run(FIRST, start, step_count=6)
    witness = Witness.of(CONJECTURES["g_dominance"], pair, 6, {"method": "test"})
    never = {
        "parameters": FIRST.to_json(),
        "says": "never",
        "steps": 5,
        "never": [["spread_theory", "<", "spread_simulation"]],
    }
    last_run = {"date": "2026-01-31", "jobs": 2}
    coprime = threshold("stable above", [stable_above(1, 2, Fraction(1, 2))])
    factor = threshold("never stable", [never_stable(2, 4, Fraction(1, 2))])
    return {
        "schema": "homeostat.ledger/1",
        "homeostat": "0.1.0",
        "claims": [
            a_claim("g_dominance", "refuted", [witness.to_json(), replayed(witness)]),
            a_claim(
                "g_dominance_horizon.data_set_1",
                "proved",
                [cut(a_document("case_tree", never, {})), replayed(witness)],
            ),
            a_claim("coprime_stable_threshold", "proved", [coprime]),
            a_claim("common_factor_unstable", "proved", [factor]),
            a_claim("simulation_converges.data_set_1", "proved", [first, stable(FIRST)]),
            a_claim(
                "simulation_converges.data_set_2", "proved", [settles(SECOND, 122), stable(SECOND)]
            ),
            a_claim(
                "simulation_converges.family",
                "proved",
                [d for p in FAMILY for d in (settle(p), stable(p))],
                last_run=last_run,
            ),
        ],
    }


@pytest.fixture(scope="module")
def report(ledger: Json, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written") / "report"
    write_report(ledger, folder, jobs=1)
    return folder


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that writes a report of some claims, without plots."""
    monkeypatch.setattr(build, "_write_plots", lambda *_: None)

    def of(*claims: Json) -> Path:
        data = {"schema": "homeostat.ledger/1", "homeostat": "0.1.0", "claims": list(claims)}
        return write_report(data, tmp_path / "report").parent

    return of


class Text(HTMLParser):
    """Collects what a page says, and what it refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.targets: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.targets += [v for k, v in attrs if k in ("href", "src", "srcset") and v]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(page: Path) -> Text:
    parser = Text()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


def text_of(page: Path) -> str:
    return re.sub(r"\s+", " ", " ".join(read(page).words))


def lines_of(document: Mapping[str, Any]) -> list[str]:
    packed = base64.b64decode(document["evidence"]["trees"])
    return lzma.decompress(packed).decode().splitlines()


@pytest.mark.slow
class TestThePage:
    def test_it_is_led_to_before_all_other_findings(self, report: Path) -> None:
        text = (report / "index.html").read_text()
        assert text.index('href="convergence.html"') < text.index('id="findings"')

    def test_it_states_the_bounds_of_the_certificates(self, report: Path, first: Json) -> None:
        text = text_of(report / "convergence.html")
        assert f"K = {first['theorem']['steps']}" in text
        assert "K = 122" in text
        assert "at each of the 7 systems" in text

    def test_it_says_when_dominance_first_fails(self, report: Path) -> None:
        text = text_of(report / "convergence.html")
        assert "No start at all violates it at t = 0 … 5; at t* = 6 a start does." in text
        assert "at t = 6: spread of Theory" in text

    def test_the_trees_are_counted_as_their_lines_are(self, report: Path, first: Json) -> None:
        lines = lines_of(first)
        ends = sum(line.startswith('["in"') for line in lines)
        text = text_of(report / "convergence.html")
        assert f"Data set 1: {len(lines)} nodes" in text
        assert f" all {len(lines)} {ends} " in text

    def test_a_cut_tree_is_said_to_be_cut(self, report: Path) -> None:
        text = text_of(report / "convergence.html")
        assert "600 KiB of evidence" in text
        assert not (report / "plots" / "tree.data_set_2.wide.svg").exists()

    def test_the_family_is_a_cell_for_each_system(self, report: Path, ledger: Json) -> None:
        page = (report / "convergence.html").read_text()
        found = re.findall(r'class="heat(\d)"><span>l0 = (\d+)</span> <b>(\d+)</b>', page)
        documents = [e["document"] for e in ledger["claims"][-1]["evidence"][::2]]
        bounds = {p.l0: d["theorem"]["steps"] for p, d in zip(FAMILY, documents, strict=True)}
        assert {int(l0): int(steps) for _, l0, steps in found} == bounds
        heats = [heat for heat, _, _ in sorted(found, key=lambda cell: int(cell[2]))]
        assert heats == sorted(heats)
        assert heats[0] == "0"
        assert heats[-1] == "5"

    def test_every_link_of_every_page_resolves(self, report: Path) -> None:
        pages = [*report.glob("*.html"), *report.glob("claims/*.html")]
        assert {page.name for page in pages} >= {
            *("index.html", "convergence.html", "thresholds.html", "trust.html")
        }
        for page in pages:
            ElementTree.fromstring(page.read_text(encoding="utf-8"))
            for target in read(page).targets:
                name = target.partition("#")[0]
                assert not name or (page.parent / name).is_file(), f"{page.name}: {target}"

    def test_plots_are_well_formed(self, report: Path) -> None:
        plots = {path.name.partition(".wide")[0] for path in report.glob("plots/*.wide.svg")}
        assert plots >= {"triangle", "region", "tree.data_set_1", "thresholds"}
        for path in report.glob("plots/*.svg"):
            ElementTree.fromstring(path.read_text(encoding="utf-8"))

    def test_the_trusted_files_are_counted(self, report: Path) -> None:
        folder = Path(kernel.__file__).parent
        text = text_of(report / "convergence.html")
        for name in ("kernel", "polynomials", "roots", "systems", "trees"):
            count = (folder / f"{name}.py").read_text().count("\n")
            assert f"{name}.py {count}" in text


@pytest.mark.slow
class TestWhatIsNotProved:
    def test_without_claims_the_page_says_that_nothing_is_settled(
        self, write: Callable[..., Path]
    ) -> None:
        folder = write(a_claim("other", "unknown", [], reason="not tried"))
        text = text_of(folder / "convergence.html")
        assert "This ledger does not settle it" in text
        assert "K =" not in text
        assert "Does Simulation converge?" not in text_of(folder / "index.html")

    def test_an_open_claim_is_shown_with_its_reason(self, write: Callable[..., Path]) -> None:
        claim = a_claim("simulation_converges.data_set_1", "unknown", [], reason="too many nodes")
        folder = write(claim)
        for name in ("convergence.html", "index.html"):
            assert "too many nodes" in text_of(folder / name).lower()
        assert "Not settled" in text_of(folder / "index.html")

    @pytest.mark.parametrize(
        "documents",
        [
            [settles(FAMILY[0], 49), stable(FAMILY[0])],
            [settles(FIRST, 49)],
            [settles(FIRST, 49), stable(FAMILY[0])],
            [stable(FIRST)],
        ],
        ids=["another system", "no word on Theory", "Theory of another system", "no tree"],
    )
    def test_certificates_of_something_else_settle_nothing(
        self, write: Callable[..., Path], documents: list[Json]
    ) -> None:
        folder = write(a_claim("simulation_converges.data_set_1", "proved", documents))
        assert "This ledger does not settle it" in text_of(folder / "convergence.html")

    def test_part_of_what_was_asked_is_called_a_part(self, write: Callable[..., Path]) -> None:
        proved = a_claim(
            "simulation_converges.data_set_2", "proved", [settles(SECOND, 122), stable(SECOND)]
        )
        left = a_claim("simulation_converges.family", "unknown", [], reason="too slow")
        folder = write(proved, left)
        assert "In part" in text_of(folder / "index.html")
        assert "not all that was asked is proved" in text_of(folder / "convergence.html")

    def test_hostile_text_is_escaped(self, write: Callable[..., Path]) -> None:
        theorem = {"says": HOSTILE, "parameters": {HOSTILE: HOSTILE}, "steps": HOSTILE}
        documents = [
            {**a_document("farkas", {**theorem, "n": i}, {"x": HOSTILE})} for i in range(10)
        ]
        texts = dict.fromkeys(("title", "statement", "scope", "reason", "bound"), HOSTILE)
        folder = write(
            a_claim("simulation_converges.family", "proved", documents, **texts),
            a_claim("simulation_converges.data_set_1", "unknown", [], **texts),
            a_claim("weak_limsup", "refuted", [], **texts),
        )
        for page in [*folder.glob("*.html"), *folder.glob("claims/*.html")]:
            assert "<script" not in page.read_text()
            assert read(page).scripts == 0
        assert "&lt;script&gt;" in (folder / "convergence.html").read_text()
        assert "<script" not in (folder / "report.md").read_text()


def _truncated(document: Json) -> Json:
    text = "\n".join(lines_of(document)[:-1]) + "\n"
    return _with_trees(document, base64.b64encode(lzma.compress(text.encode())).decode())


def _longer(document: Json) -> Json:
    text = "\n".join([*lines_of(document), '["in",[]]']) + "\n"
    return _with_trees(document, base64.b64encode(lzma.compress(text.encode())).decode())


def _with_trees(document: Json, trees: object) -> Json:
    return {**document, "evidence": {**document["evidence"], "trees": trees}}


@pytest.mark.slow
class TestSettlingView:
    @pytest.mark.parametrize(
        "change",
        [
            _truncated,
            _longer,
            lambda d: _with_trees(d, "no base64"),
            lambda d: _with_trees(d, base64.b64encode(b"no xz").decode()),
            lambda d: _with_trees(d, base64.b64encode(lzma.compress(b"[1, 2]\n")).decode()),
            lambda d: _with_trees(d, base64.b64encode(lzma.compress(b"7\n")).decode()),
            lambda d: _with_trees(d, base64.b64encode(lzma.compress(b"[0,-5,null]\n")).decode()),
            lambda d: _with_trees(d, None),
            lambda d: {**d, "evidence": {"trees": d["evidence"]["trees"]}},
            lambda d: {**d, "theorem": {**d["theorem"], "steps": "49"}},
        ],
    )
    def test_what_is_no_tree_is_bad_input(
        self, first: Json, change: Callable[[Json], Json]
    ) -> None:
        with pytest.raises(InvalidInputError):
            SettlingView.of(change(deepcopy(first)))

    def test_figures_add_up(self, first: Json) -> None:
        view = SettlingView.of(first)
        assert [tree.face for tree in view.trees] == [4, 3, 2, 1]
        assert view.node_count == sum(sum(tree.widths) for tree in view.trees)
        assert view.line_bytes == sum(len(line) + 1 for line in lines_of(first))
        for tree in view.trees:
            assert tree.nodes[0].depth == 0
            assert all(b.depth <= a.depth + 1 for a, b in pairwise(tree.nodes))
            # A node has no children just where the next one is not deeper.
            ends = [a.ends for a in tree.nodes]
            assert ends == [
                b is None or b.depth <= a.depth
                for a, b in zip(tree.nodes, [*tree.nodes[1:], None], strict=True)
            ]
            assert all(node.ends for node in tree.nodes if node.closed)

    def test_the_same_tree_gives_the_same_picture(self, first: Json) -> None:
        view = SettlingView.of(first)
        assert draw_tree(view, LAYOUTS[0]) == draw_tree(view, LAYOUTS[0])


def _random_share(draw: random.Random) -> tuple[Fraction, ...]:
    parts = [Fraction(draw.randrange(1, 1000)) for _ in range(3)]
    return tuple(part / sum(parts) for part in parts)


def _inside(point: tuple[Fraction, ...], polygon: list[tuple[Fraction, Fraction]]) -> bool:
    x, y = point[0], point[1]
    return all(
        (b[0] - a[0]) * (y - a[1]) >= (b[1] - a[1]) * (x - a[0])
        for a, b in zip(polygon, [*polygon[1:], polygon[0]], strict=True)
    )


def _area(polygon: list[tuple[Fraction, Fraction]]) -> Fraction:
    turned = [*polygon[1:], polygon[0]]
    return sum(
        (a[0] * b[1] - a[1] * b[0] for a, b in zip(polygon, turned, strict=True)), Fraction()
    )


class TestRegions:
    def test_the_pieces_cover_the_triangle_once(self) -> None:
        for pieces in (settling_pieces(ILLUSTRATED), mode_pieces(ILLUSTRATED)):
            assert sum(_area(shadow(piece.corners, 0, 1)) for piece in pieces) == 1

    @pytest.mark.slow
    def test_exact_runs_have_their_last_eviction_where_the_piece_says(self) -> None:
        pieces = [(shadow(p.corners, 0, 1), p.number) for p in settling_pieces(ILLUSTRATED)]
        last_of_all = max(number for _, number in pieces)
        draw, seen = random.Random(7), set()
        starts = [_random_share(draw) for _ in range(20)]
        # Evictions go on for long from near the corners.
        near = [(corner, part) for corner in range(3) for part in (Fraction(1, 4), Fraction(1, 2))]
        starts += [
            tuple(part * x + (1 - part) * (s == corner) for s, x in enumerate(_random_share(draw)))
            for corner, part in near * 7
        ]
        for start in starts:
            state = [x / w for x, w in zip(start, ILLUSTRATED.weights, strict=True)]
            pair = Pair.run(ILLUSTRATED, state, step_count=last_of_all + 20)
            steps = range(1, pair.step_count + 1)
            last = max((t for t in steps if any(pair.evicted[t])), default=0)
            holding = {number for polygon, number in pieces if _inside(start, polygon)}
            assert last in holding
            seen.add(last)
        assert len(seen) > 5

    @pytest.mark.slow
    def test_the_latest_eviction_is_within_the_kernel_s_bound(self) -> None:
        latest = max(piece.number for piece in settling_pieces(ILLUSTRATED))
        assert 0 < latest <= settle(ILLUSTRATED)["theorem"]["steps"]

    @pytest.mark.slow
    def test_the_corners_span_the_region_and_its_shadow(self, first: Json) -> None:
        kept = first["evidence"]["region"]["rows"]
        points = corners(FIRST, kept)
        forms = region_forms(System(FIRST.to_json()), kept)
        for point in points:
            state = [x / w for x, w in zip(point, FIRST.weights, strict=True)]
            values = [sum(c * m for c, m in zip(f, state, strict=True)) for f in forms]
            assert min(*values, *point) == 0
            assert sum(point) == 1
        polygon = shadow(points, 0, 1)
        assert all(_inside(point, polygon) for point in points)
        assert {(p[0], p[1]) for p in points} >= set(polygon)

    @pytest.mark.slow
    def test_the_canonical_run_enters_the_region_at_its_last_eviction(self, first: Json) -> None:
        forms = region_forms(System(FIRST.to_json()), first["evidence"]["region"]["rows"])
        pair = Pair.run(FIRST, step_count=first["theorem"]["steps"])
        last = max(t for t in range(1, pair.step_count + 1) if any(pair.evicted[t]))
        inside = [
            all(sum(c * m for c, m in zip(f, state, strict=True)) >= 0 for f in forms)
            for state in pair.simulation
        ]
        assert inside.index(True) == last
        assert all(inside[last:])

    def test_shares_are_of_the_capacity(self) -> None:
        canonical = shares(FIRST, Pair.run(FIRST, step_count=0).simulation[0])
        assert list(canonical) == [1, 0, 0, 0, 0]

    @pytest.mark.slow
    def test_the_same_triangle_gives_the_same_bytes(self) -> None:
        system = ThreeStages(ILLUSTRATED)
        assert draw_triangles(system, LAYOUTS[1]) == draw_triangles(system, LAYOUTS[1])


@pytest.mark.slow
class TestSlowAndLarge:
    def test_a_slow_claim_is_marked_with_its_last_run(self, report: Path) -> None:
        name = f"{PREFIX}family"
        again = f"homeostat verify {name}"
        for page in (f"claims/{name}.html", "convergence.html"):
            text = text_of(report / page)
            assert re.search(r"decided in the last run of 2026-01-31[;.]", text)
            assert f"{again} repeats it" in text
        index = text_of(report / "index.html")
        assert "last run of 2026-01-31" in index
        assert "One of them is slow, and was not decided afresh" in index
        assert "proved, in the last run of 2026-01-31" in (report / "report.md").read_text()
        other = text_of(report / "claims" / f"{PREFIX}data_set_1.html")
        assert "last run" not in other

    @pytest.mark.parametrize(
        "last_run",
        [
            "yesterday",
            {"date": 7, "jobs": 2},
            {"date": HOSTILE, "jobs": 2},
            {"date": "2026-01-31\n", "jobs": 2},
            {"date": "2026-01-31", "jobs": True},
            {"date": "2026-01-31"},
        ],
    )
    def test_a_last_run_that_is_none_is_refused(self, ledger: Json, last_run: object) -> None:
        claim = {**ledger["claims"][0], "last_run": last_run}
        with pytest.raises(InvalidInputError, match="last_run"):
            LedgerView.of({**ledger, "claims": [claim]})

    @pytest.mark.parametrize("size", [-1, 1.5, "600", True, None])
    def test_a_cut_certificate_says_its_size(self, ledger: Json, size: object) -> None:
        document = {**settles(FIRST, 49), "evidence": {"bytes": size}}
        claim = a_claim("other", "proved", [document])
        with pytest.raises(InvalidInputError, match="bytes="):
            LedgerView.of({**ledger, "claims": [claim]})

    def test_a_cut_certificate_is_shown_with_the_command_that_makes_it(self, report: Path) -> None:
        text = text_of(report / "claims" / f"{PREFIX}data_set_2.html")
        command = "homeostat prove convergence --l0 50 --l-a 4 --l-b 7 --q 1/2 --capacity 1000"
        assert f"{command} --out {PREFIX}data_set_2.1.json" in text
        assert "600 KiB" in text
        assert not (report / "evidence" / f"{PREFIX}data_set_2.1.json").exists()
        assert (report / "evidence" / f"{PREFIX}data_set_2.2.json").is_file()

    def test_a_cut_exclusion_is_made_by_its_own_command(self, ledger: Json) -> None:
        view = Convergence(LedgerView.of(ledger))
        (horizon,) = view.horizons
        commands = remaking_commands(horizon.claim.id, horizon.claim.evidence[0])
        assert commands[0].startswith("homeostat prove horizon g-dominance --l0 10 --l-a 2 ")
        assert " --steps 5 " in commands[0]

    def test_no_text_of_a_theorem_gets_into_a_command(self, ledger: Json) -> None:
        theorem = {"parameters": {**FIRST.to_json(), "l0": "1; rm -rf x"}, "says": "settles"}
        claim = a_claim("other", "proved", [cut(a_document("case_tree", theorem, {}))])
        (other,) = LedgerView.of({**ledger, "claims": [claim]}).claims
        with pytest.raises(InvalidInputError, match="l0="):
            remaking_commands(other.id, other.evidence[0])

    def test_large_evidence_is_a_file_and_not_in_the_data(self, write: Callable[..., Path]) -> None:
        large = a_document("farkas", {"given": [], "then": "x > 0"}, {"proof": "0" * 100_000})
        small = a_document("farkas", {"given": [], "then": "y > 0"}, {"proof": "0"})
        folder = write(a_claim("other", "proved", [large, small]))
        data = json.loads((folder / "report.json").read_text())
        documents = [e["document"] for e in data["ledger"]["claims"][0]["evidence"]]
        assert documents[0]["evidence"].keys() == {"bytes"}
        assert documents[0]["theorem"] == large["theorem"]
        assert documents[1] == small
        for document, name in ((large, "batching.other.1"), (small, "batching.other.2")):
            assert (folder / "evidence" / f"{name}.json").read_bytes() == document_bytes(document)

    def test_many_certificates_are_a_table(self, report: Path, ledger: Json) -> None:
        page = report / "claims" / f"{PREFIX}family.html"
        evidence = ledger["claims"][-1]["evidence"]
        assert len(evidence) == 10
        assert "The proof, in 10 certificates" in text_of(page)
        assert page.read_text().count("<h2") == 2
        for item in evidence:
            assert f"../evidence/{item['name']}.json" in read(page).targets
            assert json.loads((report / "evidence" / f"{item['name']}.json").read_text())
        rows = re.findall(r'<tr><th scope="row">l0 = (\d+)', page.read_text())
        assert rows == [str(p.l0) for p in FAMILY]

import json
import re
import shutil
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from homeostat.cli import run
from homeostat.errors import InvalidInputError
from homeostat.proofs import kernel
from homeostat.proofs.certificates import sealed
from homeostat.proofs.coq import export
from homeostat.proofs.coq.checking import compile_library, run_coq
from homeostat.proofs.coq.export import EXPORTS, LIBRARY, MODULES, coq_source, theorem_names
from homeostat.proofs.coq.lyapunov import squares_of
from homeostat.proofs.coq.terms import quoted, rational_term
from homeostat.proofs.systems import FIELDS

ROOT = Path(__file__).resolve().parents[2]
Document = dict[str, Any]

SIGN: Document = dict(
    sealed(
        "sign_on_interval",
        {"polynomial": ["1/3", "-1", "1"], "from": "0", "to": "1", "sign": ">"},
        {"cuts": ["1/2"]},
    )
)


def _smallest() -> dict[str, Document]:
    """Return the smallest certificate of each kind that has an export, from the ledger.

    Trees have two forms; those that say never stand under that word.
    """
    found: dict[str, Document] = {"sign_on_interval": SIGN}
    for claim in json.loads((ROOT / "ledger.json").read_text())["claims"]:
        for evidence in claim["evidence"]:
            document = evidence.get("document")
            if evidence["kind"] != "certificate":
                continue
            if set(document["evidence"]) not in FIELDS[document["kind"]][1:]:
                continue  # kept beside the ledger
            kind = document["kind"]
            form = "never" if document["theorem"].get("says") == "never" else kind
            if kind in EXPORTS:
                known = found.setdefault(form, document)
                if len(json.dumps(document)) < len(json.dumps(known)):
                    found[form] = document
    return found


CERTIFICATES = _smallest()
KINDS = sorted(CERTIFICATES)

needs_coq = pytest.mark.skipif(
    shutil.which("coqc") is None, reason="coqc is not installed; `make coq` installs it"
)


def test_every_kind_with_an_export_has_a_certificate_to_test() -> None:
    assert set(CERTIFICATES) == {*EXPORTS, "never"}
    for certificate in CERTIFICATES.values():
        kernel.check(certificate)


# --- the text


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_certificate_gives_the_same_text(kind: str) -> None:
    certificate = CERTIFICATES[kind]
    text = coq_source(certificate)
    assert text == coq_source(json.loads(json.dumps(certificate)))
    assert certificate["sha256"] in text


@pytest.mark.parametrize("kind", KINDS)
def test_another_theorem_gives_another_text(kind: str) -> None:
    first = coq_source(CERTIFICATES[kind])
    assert all(first != coq_source(CERTIFICATES[other]) for other in KINDS if other != kind)


def _bare(text: str) -> str:
    """Return Coq text without comments and strings."""
    text = re.sub(r"\(\*.*?\*\)", "", text, flags=re.DOTALL)
    return re.sub(r'"[^"]*"', "", text)


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_is_well_formed(kind: str) -> None:
    text = coq_source(CERTIFICATES[kind])
    assert text.isascii()
    assert text.count("(*") == text.count("*)")
    bare, open_ = _bare(text), []
    pairs = {")": "(", "]": "[", "}": "{"}
    for letter in bare:
        if letter in pairs.values():
            open_.append(letter)
        elif letter in pairs:
            assert open_.pop() == pairs[letter]
    assert not open_
    assert bare.count("Proof.") == bare.count("Qed.") == len(theorem_names(text)) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_each_theorem_is_asked_for_its_assumptions(kind: str) -> None:
    text = coq_source(CERTIFICATES[kind])
    asked = re.findall(r"^Print Assumptions (\w+)\.$", text, flags=re.MULTILINE)
    assert asked == theorem_names(text)


UNPROVED = r"\b(Axiom|Axioms|Admitted|admit|Parameter|Parameters|Conjecture|Abort)\b"


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_assumed_or_searched_for_in_a_file(kind: str) -> None:
    bare = _bare(coq_source(CERTIFICATES[kind]))
    assert not re.search(UNPROVED, bare)
    assert not re.search(
        r"\b(auto|eauto|lia|lra|nia|nra|psatz|ring|field|tauto|firstorder)\b", bare
    )


@pytest.mark.parametrize("module", MODULES)
def test_the_library_assumes_nothing(module: str) -> None:
    bare = _bare((LIBRARY / f"{module}.v").read_text())
    assert not re.search(UNPROVED, bare)
    for kind in ("Variable", "Variables", "Hypothesis", "Context"):
        # These are arguments of what follows, but only inside a section.
        first = re.search(rf"^\s*{kind}\b", bare, flags=re.MULTILINE)
        assert first is None or "Section" in bare[: first.start()]


def test_the_library_is_what_lies_on_disk() -> None:
    assert sorted(f"{module}.v" for module in MODULES) == sorted(
        path.name for path in LIBRARY.glob("*.v")
    )
    for i, module in enumerate(MODULES):
        text = (LIBRARY / f"{module}.v").read_text()
        needed = re.findall(r"^From Homeostat Require Import (.*)\.$", text, flags=re.MULTILINE)
        assert {name for line in needed for name in line.split()} <= set(MODULES[:i])


@pytest.mark.parametrize(
    "name", ['x" ', "x\\", "", "x y", "\u00e9", "x\n", 'B". Axiom a : False. "']
)
def test_a_name_that_could_end_a_string_is_refused(name: str) -> None:
    with pytest.raises(kernel.RejectedError):
        quoted(name)


def test_numbers_are_written_as_what_they_are() -> None:
    assert rational_term(Fraction(-3, 4)) == "(-3 # 4)"
    assert rational_term(Fraction(-2)) == "(-2)"
    assert rational_term(5) == "5"


# --- what is refused


def _changed(kind: str, **theorem: Any) -> Document:
    certificate = CERTIFICATES[kind]
    return {**certificate, "theorem": {**certificate["theorem"], **theorem}}


def test_text_in_place_of_a_number_is_refused() -> None:
    hostile = {**CERTIFICATES["schur"]["theorem"]["parameters"], "q": "1/2 |}. Axiom a : False. (*"}
    with pytest.raises(InvalidInputError, match="not p/q"):
        coq_source(_changed("schur", parameters=hostile))
    with pytest.raises(InvalidInputError):
        coq_source(_changed("farkas", then='x >= 0". Axiom a : False. (*'))


def test_an_unknown_kind_is_refused_with_its_name() -> None:
    with pytest.raises(InvalidInputError, match="'sos'"):
        coq_source({**SIGN, "kind": "sos"})


def test_a_text_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "TEXT_CHARS_MAX", 100)
    with pytest.raises(InvalidInputError, match="at most 100"):
        coq_source(SIGN)


# --- squares


def test_squares_add_up_to_the_matrix() -> None:
    p = [[Fraction(x) for x in row] for row in ([4, 2, -1], [2, 3, 1], [-1, 1, 5])]
    found = squares_of(p)
    assert found is not None
    k = range(3)
    assert [[sum(d * row[i] * row[j] for d, row in found) for j in k] for i in k] == p
    assert all(d > 0 for d, _ in found)


@pytest.mark.parametrize("rows", [([1, 2], [2, 1]), ([0, 0], [0, 1]), ([-1, 0], [0, 1])])
def test_a_matrix_that_is_not_positive_definite_has_no_squares(rows: Any) -> None:
    assert squares_of([[Fraction(x) for x in row] for row in rows]) is None


# --- the command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(SIGN))
    return path


def test_the_command_prints_or_writes_the_text(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", "coq", str(file)]) == 0
    assert capsys.readouterr().out == coq_source(SIGN)
    out = tmp_path / "sign.v"
    assert run(["export", "coq", str(file), "--out", str(out)]) == 0
    assert out.read_text() == coq_source(SIGN)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("written", [False, True])
def test_the_commands_json_is_as_published(
    file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    written: bool,  # noqa: FBT001  # a table of cases
) -> None:
    out = ["--out", str(tmp_path / "sign.v")] if written else []
    assert run(["export", "coq", str(file), "--json", *out]) == 0
    answer = json.loads(capsys.readouterr().out)
    schema = resources.files("homeostat.cli") / "schemas/export-coq.schema.json"
    jsonschema.validate(answer, json.loads(schema.read_text()))
    assert answer["theorems"] == ["sign_on_interval"]
    assert (answer["file"] is None) != (answer["text"] is None)


def test_what_the_kernel_rejects_is_not_exported(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    false = _changed("sign_on_interval", polynomial=["1/5", "-1", "1"])
    file.write_text(json.dumps({**false, "sha256": kernel.digest(false)}))
    out = tmp_path / "sign.v"
    assert run(["export", "coq", str(file), "--out", str(out)]) == 40
    assert "the sign is not shown" in capsys.readouterr().err
    assert not out.exists()


def test_a_certificate_without_an_export_exits_with_2(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(EXPORTS, "sign_on_interval")
    assert run(["export", "coq", str(file)]) == 2
    assert "kind='sign_on_interval' must be one of" in capsys.readouterr().err


# --- Coq


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("homeostat_coq")
    compile_library(folder)
    return folder


def _answer(text: str, library: Path, tmp_path: Path) -> Any:
    path = tmp_path / "exported.v"
    path.write_text(text)
    return run_coq(path, library)


@needs_coq
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_coq_accepts_a_certificate_of_each_kind_without_axioms(
    kind: str, library: Path, tmp_path: Path
) -> None:
    text = coq_source(CERTIFICATES[kind])
    answer = _answer(text, library, tmp_path)
    assert answer.accepted, answer.complaint
    said = answer.output.splitlines()
    assert said == ["Closed under the global context"] * len(theorem_names(text))


@needs_coq
@pytest.mark.slow
def test_coq_refutes_a_false_certificate(library: Path, tmp_path: Path) -> None:
    false = coq_source(_changed("sign_on_interval", polynomial=["1/5", "-1", "1"]))
    answer = _answer(false, library, tmp_path)
    assert answer.refuted
    early = coq_source(
        _changed("case_tree", steps=CERTIFICATES["case_tree"]["theorem"]["steps"] - 1)
    )
    answer = _answer(early, library, tmp_path)
    assert answer.refuted


@needs_coq
@pytest.mark.slow
def test_a_mistake_of_syntax_is_not_taken_for_a_refutation(library: Path, tmp_path: Path) -> None:
    answer = _answer("Theorem", library, tmp_path)
    assert not answer.accepted
    assert not answer.refuted


@needs_coq
@pytest.mark.slow
def test_an_axiom_would_be_seen(library: Path, tmp_path: Path) -> None:
    answer = _answer(
        "Axiom a : False. Theorem t : False. exact a. Qed. Print Assumptions t.", library, tmp_path
    )
    assert answer.accepted
    assert "Closed" not in answer.output

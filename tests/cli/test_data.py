import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homeostat.proofs import deciding, ledger, registry
from homeostat.proofs.claims import Claim
from homeostat.proofs.registry import claims_named
from homeostat.proofs.report import build
from homeostat.proofs.verdicts import Measured
from homeostat.runtime.traces import fetching
from homeostat.runtime.traces.fetching import DATASETS, DataFile, Dataset

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The sha256 of nothing."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty data folder, where a set of one empty file is known."""
    file = DataFile(place="made/trace.csv", sha256=EMPTY, url="http://127.0.0.1:9/trace.csv")
    made = Dataset(name="made", title="Made up", source="nobody", files=(file,))
    monkeypatch.setattr(fetching, "DATASETS", {**DATASETS, "made": made})
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HOMEOSTAT_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def _put(folder: Path, text: str) -> Path:
    path = folder / "made" / "trace.csv"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_the_list_tells_what_is_here(cli: "Cli", folder: Path) -> None:
    assert "missing" in cli("data", "list").out
    _put(folder, "")
    document = cli("data", "list", "--json").json("data")
    states = {entry["name"]: {f["state"] for f in entry["files"]} for entry in document["datasets"]}
    assert states == {**{name: {"missing"} for name in DATASETS}, "made": {"here"}}
    assert len(states) > 1
    assert document["folder"] == str(folder)


def test_what_is_here_is_not_fetched_and_its_path_is_told(cli: "Cli", folder: Path) -> None:
    path = _put(folder, "")
    for command in ("fetch", "path"):
        answer = cli("data", command, "made")
        assert (answer.code, answer.out) == (0, f"{path}\n")
        document = cli("data", command, "made", "--json").json("data")
        assert [f["state"] for f in document["datasets"][0]["files"]] == ["here"]


def test_what_cannot_be_had_exits_with_2_and_leaves_nothing(cli: "Cli", folder: Path) -> None:
    answer = cli("data", "fetch", "made", "--json")
    assert (answer.code, answer.out) == (2, "")
    assert "could not be had from http://127.0.0.1:9" in answer.err
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_another_file_exits_with_2(cli: "Cli", folder: Path) -> None:
    _put(folder, "edited")
    for command in ("fetch", "path"):
        answer = cli("data", command, "made")
        assert answer.code == 2
        assert "it is another file" in answer.err
    assert "another file" in cli("data", "list").out


@pytest.mark.usefixtures("folder")
def test_what_is_missing_exits_with_2_and_says_how_to_get_it(cli: "Cli") -> None:
    answer = cli("data", "path", "made")
    assert answer.code == 2
    assert "homeostat data fetch made" in answer.err
    assert cli("data", "path", "none").code == 2


# --- verify and report, where a claim's data is not here


def _know_only(monkeypatch: pytest.MonkeyPatch, claim: Claim) -> None:
    for module in (deciding, ledger, registry):
        monkeypatch.setattr(module, "ALL_CLAIMS", (claim,))


@pytest.fixture
def claim(cli: "Cli", monkeypatch: pytest.MonkeyPatch, folder: Path) -> Claim:
    """Leave a ledger of one claim about data, then take the data away."""
    (real,) = claims_named(["entropy.real_traffic"])
    estimate = {"points": [{"trace": "made up", "windows": 7}]}
    with_data = replace(real, decide=lambda: Measured(estimate=estimate), missing_data=None)
    _know_only(monkeypatch, with_data)
    assert cli("verify", "--write").code == 0
    assert not folder.exists()
    _know_only(monkeypatch, real)
    return real


AZURE = "azure-llm-2023/AzureLLMInferenceTrace_code.csv"


@pytest.mark.usefixtures("claim")
@pytest.mark.parametrize("options", [(), ("--slow",)])
def test_verify_takes_the_committed_entry_and_says_which_file_is_missing(
    cli: "Cli", options: tuple[str, ...]
) -> None:
    answer = cli("verify", "--json", *options)
    assert answer.code == 0
    (entry,) = answer.json("ledger")["claims"]
    assert (entry["verdict"], entry["estimate"]["points"][0]["windows"]) == ("measured", 7)
    assert AZURE in entry["last_run"]["missing"]
    assert f"entropy.real_traffic was not decided now: {AZURE}" in answer.err
    assert "made up" not in cli("verify").out


def test_a_named_claim_without_its_data_is_open(cli: "Cli", claim: Claim) -> None:
    answer = cli("verify", claim.id)
    assert answer.code == 30
    assert "AzureLLMInferenceTrace_code" in answer.out


@pytest.mark.usefixtures("claim")
def test_writing_keeps_the_entry_that_cannot_be_decided(cli: "Cli") -> None:
    before = json.loads(Path("ledger.json").read_text())
    assert cli("verify", "--write").code == 0
    after = json.loads(Path("ledger.json").read_text())
    assert after["claims"][0].pop("last_run")["missing"][0] == AZURE
    assert after == before
    assert cli("verify").code == 0


@pytest.mark.slow
@pytest.mark.usefixtures("claim")
def test_the_report_says_which_file_is_missing(cli: "Cli", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_write_plots", lambda *_: None)
    assert cli("report", "--out", "page").code == 0
    for page in ("index.html", "claims/entropy.real_traffic.html"):
        text = (Path("page") / page).read_text()
        assert "for want of" in text
        assert AZURE in text
    assert "about data that was not there" in Path("page/report.md").read_text()

import json
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from homeostat.cli import report, verify
from homeostat.counterexamples import Witness, find_conjecture
from homeostat.errors import CertificateRejectedError, VacuousClaimError
from homeostat.models.batching import BatchingParameters, Pair
from homeostat.proofs import deciding
from homeostat.proofs.ledger import Ledger
from homeostat.proofs.registry import claims_named

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

NAME = "batching.g_dominance"


@pytest.fixture
def found() -> dict[str, Any]:
    """Return a ledger of one refuted claim, with a witness that replays."""
    pair = Pair.run(BatchingParameters(1, 1, 3, "2/5"), step_count=5)
    witness = Witness.of(find_conjecture("g_dominance"), pair, 5).to_json()
    evidence = {
        "kind": "witness",
        "name": f"{NAME}.1",
        "summary": "fails at t = 5",
        "sha256": witness["sha256"],
        "document": witness,
    }
    (known,) = claims_named([NAME])
    claim = {
        "id": NAME,
        "title": known.title,
        "statement": known.statement,
        "scope": known.scope,
        "source": {"note": "003", "title": "G Dominance", "section": "4.1"},
        "verdict": "refuted",
        "reason": None,
        "bound": None,
        "estimate": None,
        "evidence": [evidence],
        "trusts": ["kernel"],
        "vacuity": None,
        "canary": "the witness, one step early",
        "cost": {"seconds": 0.01},
    }
    return {"schema": "homeostat.ledger/1", "homeostat": "0.1.0", "claims": [claim]}


@pytest.fixture
def decide(monkeypatch: pytest.MonkeyPatch, found: dict[str, Any]) -> dict[str, Any]:
    """Let every run decide ``found``, at once; a test may change it."""

    def decided(
        names: Sequence[str] | None,
        jobs: int,
        last_run: Ledger | None = None,
        *,
        decide_slow: bool = False,
    ) -> tuple[Ledger, bool]:
        assert jobs >= 1
        claims = [claim for claim in found["claims"] if not names or claim["id"] in names]
        return Ledger.from_json({**found, "claims": claims}), False

    monkeypatch.setattr(verify, "decided", decided)
    monkeypatch.setattr(report, "decided", decided)
    return found


def _commit(committed: dict[str, Any]) -> None:
    Path("ledger.json").write_text(json.dumps(committed))


@pytest.mark.usefixtures("decide")
def test_a_ledger_that_a_run_repeats_exits_with_0(cli: "Cli", found: dict[str, Any]) -> None:
    committed = deepcopy(found)
    committed["claims"][0]["cost"] = {"seconds": 99}
    committed["homeostat"] = "0.0.9"
    _commit(committed)
    answer = cli("verify")
    assert answer.code == 0
    assert "checked again" in answer.err
    assert NAME in answer.out


@pytest.mark.usefixtures("decide")
def test_another_verdict_is_drift_and_named(cli: "Cli", found: dict[str, Any]) -> None:
    committed = deepcopy(found)
    committed["claims"][0] |= {"verdict": "unknown", "reason": "not attempted yet", "evidence": []}
    _commit(committed)
    answer = cli("verify", "--json")
    assert answer.code == 1
    assert f"drift: {NAME}" in answer.err
    assert answer.json("ledger")["claims"][0]["verdict"] == "refuted"


@pytest.mark.usefixtures("decide")
def test_a_claim_that_is_missing_from_the_committed_ledger_is_drift(
    cli: "Cli", found: dict[str, Any]
) -> None:
    committed = deepcopy(found)
    committed["claims"][0]["id"] = "batching.another"
    _commit(committed)
    answer = cli("verify")
    assert answer.code == 1
    assert NAME in answer.err
    assert "batching.another" in answer.err


@pytest.mark.usefixtures("decide")
def test_committed_evidence_that_was_edited_is_drift(cli: "Cli", found: dict[str, Any]) -> None:
    committed = deepcopy(found)
    committed["claims"][0]["evidence"][0]["document"]["step"] = 4
    _commit(committed)
    answer = cli("verify")
    assert answer.code == 1
    assert f"drift: committed {NAME}.1: " in answer.err


@pytest.mark.usefixtures("decide")
def test_writing_makes_the_ledger_that_the_next_run_repeats(cli: "Cli") -> None:
    assert cli("verify", "--write").code == 0
    assert cli("verify").code == 0
    assert [path.name for path in Path().iterdir()] == ["ledger.json"]


@pytest.mark.usefixtures("decide")
def test_json_is_the_same_document_as_the_ledger(cli: "Cli") -> None:
    cli("verify", "--write")
    document = cli("verify", "--json").json("ledger")
    assert document == json.loads(Path("ledger.json").read_text())


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        ("proved", 0),
        ("measured", 0),
        ("proved-within", 10),
        ("refuted", 20),
        ("unknown", 30),
        ("survived", 30),
    ],
)
def test_one_claim_exits_with_its_verdict(
    cli: "Cli", decide: dict[str, Any], verdict: str, code: int
) -> None:
    decide["claims"][0]["verdict"] = verdict
    assert cli("verify", NAME).code == code


@pytest.mark.parametrize(
    ("error", "code"),
    [(CertificateRejectedError("no"), 40), (VacuousClaimError("empty"), 50)],
)
def test_a_claim_that_cannot_be_had_exits_with_the_reason(
    cli: "Cli", monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    def fail(*_: object, **__: object) -> tuple[Ledger, bool]:
        raise error

    monkeypatch.setattr(verify, "decided", fail)
    assert cli("verify", NAME).code == code


@pytest.mark.slow
def test_ctrl_c_leaves_the_claims_that_are_decided(
    cli: "Cli", monkeypatch: pytest.MonkeyPatch
) -> None:
    decide_claims = deciding.decide_claims
    calls: list[Sequence[str]] = []

    def stop_at_the_second(names: Sequence[str], **options: Any) -> tuple[dict[str, Any], ...]:
        calls.append(names)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return decide_claims(names, **options)

    monkeypatch.setattr(deciding, "decide_claims", stop_at_the_second)
    answer = cli("verify", "--write", "--json")
    assert answer.code == 130
    assert len(answer.json("ledger")["claims"]) == 1
    assert "interrupted: 1 of " in answer.err
    assert not Path("ledger.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no.such_claim",), "claim 'no.such_claim' is not known"),
        ((NAME, "--write"), "--write"),
        (("--ledger", "missing.json"), "missing.json"),
        (("--jobs", "0"), "--jobs='0' must be an integer >= 1"),
    ],
)
def test_bad_input_exits_with_2(cli: "Cli", arguments: tuple[str, ...], message: str) -> None:
    answer = cli("verify", *arguments, "--json")
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err


def test_a_committed_file_that_is_no_ledger_is_bad_input(cli: "Cli") -> None:
    for content in ("", "[]", "{}", '{"schema": "homeostat.ledger/1", "claims": [{}]}'):
        Path("ledger.json").write_text(content)
        assert cli("verify").code == 2
        assert cli("report", "--from-ledger").code == 2


@pytest.mark.slow
@pytest.mark.usefixtures("decide")
def test_the_report_is_written_and_its_evidence_can_be_checked(cli: "Cli") -> None:
    answer = cli("report", "--out", "page", "--json")
    document = answer.json("report")
    assert (answer.code, document["drift"]) == (0, [])
    assert Path(document["page"]).is_file()
    assert cli("replay", f"page/evidence/{NAME}.1.json").code == 0


@pytest.mark.slow
@pytest.mark.usefixtures("decide")
def test_a_report_of_a_run_that_drifted_is_written_and_exits_with_1(
    cli: "Cli", found: dict[str, Any]
) -> None:
    committed = deepcopy(found)
    committed["claims"][0] |= {"verdict": "unknown", "reason": "not attempted yet", "evidence": []}
    _commit(committed)
    answer = cli("report", "--out", "page")
    assert answer.code == 1
    assert f"drift: {NAME}" in answer.err
    assert "refuted" in Path("page/index.html").read_text()


@pytest.mark.usefixtures("decide")
def test_a_folder_that_takes_no_file_is_bad_input(cli: "Cli") -> None:
    Path("file").write_text("not a folder")
    for arguments in (
        ("verify", "--write", "--ledger", "file/l.json"),
        ("report", "--out", "file/r"),
    ):
        answer = cli(*arguments)
        assert answer.code == 2
        assert "file" in answer.err


@pytest.mark.usefixtures("decide")
def test_a_report_never_replaces_a_folder_of_something_else(cli: "Cli") -> None:
    Path("mine").mkdir()
    Path("mine/letter.txt").write_text("keep me")
    assert cli("report", "--out", "mine").code == 2
    assert Path("mine/letter.txt").read_text() == "keep me"

"""The ledger: decided afresh, compared, re-checked, read and written."""

import json
import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from homeostat.counterexamples import files
from homeostat.errors import CertificateRejectedError, InvalidInputError
from homeostat.proofs import deciding, ledger
from homeostat.proofs.deciding import decide_claims
from homeostat.proofs.ledger import (
    Ledger,
    certificate_folder,
    drift,
    read_ledger,
    recheck,
    unchecked,
    write_ledger,
)
from homeostat.proofs.registry import ALL_CLAIMS
from homeostat.proofs.verdicts import Proved, Verdict

Json = dict[str, Any]

CHEAP = (
    "batching.token_balance",
    "batching.nonnegative",
    "batching.weighted_delta_zero",
    "batching.merge_any_split",
    "batching.boundary",
    "batching.coprime_stable",
    "batching.g_dominance",
    "batching.delta_gap_sufficient",
    "batching.weak_limsup",
)


def part(whole: Ledger, ids: set[str]) -> Ledger:
    return Ledger(tuple(entry for entry in whole.claims if entry["id"] in ids))


@pytest.mark.slow
def test_cheap_claims_decided_afresh_say_what_is_committed(committed: Ledger) -> None:
    done: list[str] = []
    fresh = Ledger(decide_claims(CHEAP, progress=done.append))
    assert done == [entry["id"] for entry in fresh.claims]
    assert len(fresh.claims) == len(CHEAP)
    assert drift(fresh, part(committed, set(done))) == []
    assert recheck(fresh) == []


def test_an_unknown_name_is_refused_before_anything_is_decided() -> None:
    with pytest.raises(InvalidInputError, match="nonsense"):
        decide_claims(["batching.g_dominance_two_stages", "nonsense"])


def test_a_claim_is_decided_alone_where_the_ids_of_others_begin_like_its_own() -> None:
    (entry,) = decide_claims(["experts.closed_classes"])
    assert entry["id"] == "experts.closed_classes"


def test_the_committed_ledger_has_each_claim_once(committed: Ledger) -> None:
    ids = [entry["id"] for entry in committed.claims]
    assert ids == [claim.id for claim in ALL_CLAIMS]


def test_a_ledger_does_not_drift_from_itself_nor_by_time_or_version(committed: Ledger) -> None:
    claims = deepcopy(committed.claims)
    for entry in claims:
        entry["cost"] = {"seconds": 1e9}
    assert drift(Ledger(claims), committed) == []


def _with(committed: Ledger, name: str, change: Callable[[Json], Any]) -> Ledger:
    claims = deepcopy(committed.claims)
    change(next(entry for entry in claims if entry["id"] == name))
    return Ledger(claims)


NAME = "batching.token_balance"


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        (NAME, {"verdict": "unknown"}, 'verdict was "proved", is "unknown"'),
        (NAME, {"statement": "More."}, "statement was"),
        (NAME, {"scope": "n = 2"}, "scope was"),
        (NAME, {"bound": "n <= 3"}, "bound was null"),
        (NAME, {"reason": "because"}, "reason was null"),
        (NAME, {"evidence": []}, "proves was"),
        ("batching.weak_probability", {"estimate": None}, "estimate was"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_drift_names_each_change(committed: Ledger, name: str, change: Json, says: str) -> None:
    (line,) = drift(_with(committed, name, lambda entry: entry.update(change)), committed)
    assert line.startswith(f"{name}: {says}")


def test_drift_names_another_theorem_and_another_witness(committed: Ledger) -> None:
    def another_theorem(entry: Json) -> None:
        entry["evidence"][0]["document"]["theorem"]["then_last"] = []

    def another_witness(entry: Json) -> None:
        entry["evidence"][0]["document"]["observed"]["spread_theory"] = "0"

    for name, change in ((NAME, another_theorem), ("batching.g_dominance", another_witness)):
        (line,) = drift(_with(committed, name, change), committed)
        assert line.startswith(f"{name}: proves was")


def test_drift_names_a_claim_too_many_and_one_too_few(committed: Ledger) -> None:
    fewer = Ledger(committed.claims[1:])
    name = committed.claims[0]["id"]
    assert drift(fewer, committed) == [f"{name}: no longer a claim"]
    assert drift(committed, fewer) == [f"{name}: not in the committed ledger"]


@pytest.mark.slow
def test_all_committed_evidence_is_accepted_again(committed: Ledger) -> None:
    assert recheck(committed) == []


SPOILED: dict[str, tuple[str, Callable[[Json], Any], str]] = {
    "a certificate": (
        NAME,
        lambda entry: entry["evidence"][0]["document"]["theorem"].update(then_last=["0 > 1"]),
        "batching.token_balance.1: the content is not the one hashed",
    ),
    "a witness": (
        "batching.g_dominance",
        lambda entry: entry["evidence"][0]["document"].update(step=1),
        "batching.g_dominance.1: sha256",
    ),
    "a hash": (
        NAME,
        lambda entry: entry["evidence"][0].update(sha256="0" * 64),
        "batching.token_balance.1: sha256",
    ),
    "a measurement": (
        "batching.weak_probability",
        lambda entry: entry["evidence"][0]["document"].update(confidence=1),
        "batching.weak_probability.1: sha256",
    ),
    "a measurement under its own hash": (
        "batching.weak_probability",
        lambda entry: entry["evidence"][0]["document"].update(
            confidence=1, sha256=entry["evidence"][0]["sha256"]
        ),
        "batching.weak_probability.1: sha256",
    ),
    "a kind": (
        NAME,
        lambda entry: entry["evidence"][0].update(kind="promise"),
        "batching.token_balance.1: evidence kind 'promise' is not known",
    ),
    "a proof without evidence": (
        NAME,
        lambda entry: entry.update(evidence=[]),
        "batching.token_balance: proved without evidence: no certificate",
    ),
    "a part of a proof without evidence": (
        NAME,
        lambda entry: entry.update(evidence=[], verdict="proved-within"),
        "batching.token_balance: proved-within without evidence: no certificate",
    ),
    "a refutation by certificates alone": (
        "batching.g_dominance",
        lambda entry: entry["evidence"].pop(0),
        "batching.g_dominance: refuted without evidence: no witness",
    ),
    "a document that is none": (
        NAME,
        lambda entry: entry["evidence"][0].update(document=[]),
        "batching.token_balance: malformed evidence",
    ),
    "a document that is missing": (
        NAME,
        lambda entry: entry["evidence"][0].pop("document"),
        "batching.token_balance: malformed evidence",
    ),
}


@pytest.mark.parametrize("what", SPOILED)
def test_recheck_names_what_was_spoiled(committed: Ledger, what: str) -> None:
    name, change, says = SPOILED[what]
    spoiled = part(_with(committed, name, change), {name})
    assert recheck(part(committed, {name})) == []
    (line,) = recheck(spoiled)
    assert line.startswith(says)


ENTRY: Json = {"id": "a.b", "verdict": "unknown", "evidence": []}


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"schema": "homeostat.ledger/2", "claims": []},
        {"schema": ledger.SCHEMA},
        {"schema": ledger.SCHEMA, "claims": {}},
        {"schema": ledger.SCHEMA, "claims": ["batching.boundary"]},
        {"schema": ledger.SCHEMA, "claims": [{"id": "a.b"}]},
        {"schema": ledger.SCHEMA, "claims": [{**ENTRY, "evidence": None}]},
        {"schema": ledger.SCHEMA, "claims": [{**ENTRY, "evidence": ["word"]}]},
    ],
    ids=range(10),
)
def test_what_is_no_ledger_is_refused(tmp_path: Path, data: Any) -> None:
    with pytest.raises(InvalidInputError):
        Ledger.from_json(data)
    path = tmp_path / "ledger.json"
    path.write_text(json.dumps(data))
    with pytest.raises(InvalidInputError):
        read_ledger(path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 5000])
def test_a_file_that_is_not_json_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.json"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError):
        read_ledger(path)


def test_a_file_that_is_missing_a_folder_or_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InvalidInputError, match="readable"):
            read_ledger(path)
    monkeypatch.setattr(files, "BYTES_MAX", 10)
    large = tmp_path / "large.json"
    large.write_text(" " * 11)
    with pytest.raises(InvalidInputError, match="at most 10 bytes"):
        read_ledger(large)


def test_a_ledger_is_read_as_it_was_written(tmp_path: Path, committed: Ledger) -> None:
    path = tmp_path / "ledger.json"
    path.write_text("old")
    write_ledger(committed, path)
    assert read_ledger(path) == committed
    assert os.listdir(tmp_path) == ["ledger.json"]
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("broken", ["fdopen", "chmod", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, committed: Ledger, broken: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError("no space left")

    path = tmp_path / "ledger.json"
    path.write_text("old")
    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(OSError, match="no space"):
        write_ledger(committed, path)
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["ledger.json"]


def test_evidence_that_the_kernel_refuses_stops_the_run_and_names_the_claim(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def decide() -> Verdict:
        return Proved(certificates=({"schema": "homeostat.certificate/1"},))

    claim = replace(ALL_CLAIMS[0], decide=decide)
    monkeypatch.setattr(deciding, "ALL_CLAIMS", (claim,))
    with pytest.raises(CertificateRejectedError, match=claim.id):
        decide_claims(jobs=1)


def _flipped(committed: Ledger, name: str, verdict: str) -> Ledger:
    claims = [dict(e, verdict=verdict) if e["id"] == name else e for e in committed.claims]
    return Ledger(tuple(claims))


def test_a_verdict_that_is_flipped_does_not_go_with_its_evidence(committed: Ledger) -> None:
    (first, second) = recheck(_flipped(committed, "batching.g_dominance", "proved"))
    assert "proved without evidence: no certificate" in first
    assert "proved beside a witness against it" in second
    (line,) = recheck(_flipped(committed, "batching.nonnegative", "refuted"))
    assert "refuted without evidence: no witness" in line


@pytest.mark.parametrize("name", ["batching.g_dominance", "aging.stale_snapshot"])
def test_what_breaks_a_conjecture_once_is_no_proof(committed: Ledger, name: str) -> None:
    def forge(entry: Json) -> None:
        entry["evidence"] = [e for e in entry["evidence"] if e["kind"] == "certificate"]
        entry["verdict"] = "proved"

    forged = part(_with(committed, name, forge), {name})
    assert [e["document"]["kind"] for e in forged.claims[0]["evidence"]] in (["replay"], ["case"])
    (line,) = recheck(forged)
    assert line == f"{name}: proved without evidence: no certificate"


@pytest.mark.parametrize("key", ["title", "source", "trusts", "vacuity"])
def test_what_is_said_around_a_verdict_may_not_drift_either(committed: Ledger, key: str) -> None:
    changed = Ledger(({**committed.claims[0], key: "another"}, *committed.claims[1:]))
    (line,) = drift(changed, committed)
    assert line.startswith(f"{committed.claims[0]['id']}: {key} was")


def test_a_claim_that_stands_twice_is_refused(committed: Ledger) -> None:
    data = committed.to_json()
    data["claims"] = [*data["claims"], data["claims"][0]]
    with pytest.raises(InvalidInputError, match="stands twice"):
        Ledger.from_json(data)


def test_a_witness_against_another_conjecture_refutes_nothing(committed: Ledger) -> None:
    entries = {entry["id"]: entry for entry in committed.claims}
    foreign = entries["batching.merge_any_split"]["evidence"]
    forged = {**entries["batching.token_balance"], "verdict": "refuted", "evidence": foreign}
    (line,) = recheck(Ledger((forged,)))
    assert "a witness against 'merge_any_split', not against ('token_balance',)" in line


def test_an_entry_says_what_its_claim_says(committed: Ledger) -> None:
    (line,) = recheck(Ledger(({**committed.claims[0], "scope": "everything"},)))
    assert line == f"{committed.claims[0]['id']}: scope is not the claim's"
    (line,) = recheck(Ledger(({**committed.claims[0], "id": "batching.nothing"},)))
    assert "not a claim of the registry" in line


def _with_slow_claim(monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the first claim a slow one, and return its id."""
    claim = replace(ALL_CLAIMS[0], slow=True)
    monkeypatch.setattr(deciding, "ALL_CLAIMS", (claim, *ALL_CLAIMS[1:2]))
    return claim.id


def test_a_slow_claim_is_shown_as_the_last_run_left_it(
    committed: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = _with_slow_claim(monkeypatch)
    old = {**next(e for e in committed.claims if e["id"] == name), "title": "as it was"}
    carried, fresh = decide_claims(last_run=[old])
    assert carried == {**old, "last_run": {"date": None, "jobs": 1}}
    assert fresh["id"] != name
    absent, _ = decide_claims(last_run=[])
    assert (absent["verdict"], absent["evidence"]) == ("unknown", [])
    assert f"homeostat verify {name}" in absent["reason"]


def test_a_slow_claim_that_is_asked_for_is_decided_and_dated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = _with_slow_claim(monkeypatch)
    decided, other = decide_claims(date="2026-01-02")
    assert (decided["id"], decided["verdict"]) == (name, "proved")
    assert decided["last_run"] == {"date": "2026-01-02", "jobs": 1}
    assert "last_run" not in other


def test_a_large_certificate_is_kept_beside_the_ledger_and_checked_there(
    committed: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = part(committed, {NAME})
    monkeypatch.setattr(ledger, "EVIDENCE_BYTES_MAX", 100)
    path = tmp_path / "ledger.json"
    write_ledger(whole, path)
    folder, cut = certificate_folder(path), read_ledger(path)
    (evidence, *_) = cut.claims[0]["evidence"]
    assert set(evidence["document"]["evidence"]) == {"bytes"}
    assert drift(cut, whole) == []
    names = [e["name"] for e in cut.claims[0]["evidence"]]
    assert (unchecked(cut), unchecked(cut, folder)) == (names, [])
    assert recheck(cut) == recheck(cut, folder) == []

    file = folder / f"{evidence['sha256']}.json"
    document = json.loads(file.read_text())
    for change, says in (
        ({"theorem": {}}, "must prove what the ledger says"),
        ({"sha256": "0" * 64}, "must hold the certificate"),
        ({"evidence": {}}, "not the one hashed"),
    ):
        file.write_text(json.dumps({**document, **change}))
        (line,) = recheck(cut, folder)
        assert line.startswith(f"{evidence['name']}: ")
        assert says in line


FAMILY = "batching.simulation_converges.family"


def test_a_slow_claim_must_have_the_theorems_that_it_needs(committed: Ledger) -> None:
    other = next(e for e in part(committed, {NAME}).claims[0]["evidence"])

    def forget(entry: Json) -> None:
        del entry["evidence"][7]

    def exchange(entry: Json) -> None:
        entry["evidence"][7]["document"] = other["document"]
        entry["evidence"][7]["sha256"] = other["sha256"]

    for change, says in ((forget, "1 of 263"), (exchange, "1 are others")):
        lines = recheck(_with(part(committed, {FAMILY}), FAMILY, change))
        assert any(says in line for line in lines), lines


def test_an_entry_that_is_carried_says_so_whatever_it_says_of_itself(
    committed: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = _with_slow_claim(monkeypatch)
    entry = next(e for e in committed.claims if e["id"] == name)
    assert "last_run" not in entry
    carried, _ = decide_claims(last_run=[entry])
    assert carried["last_run"] == {"date": None, "jobs": 1}


def test_cut_evidence_is_named_as_unchecked_and_a_damaged_file_as_drift(
    committed: Ledger, tmp_path: Path
) -> None:
    def cut(entry: Json) -> None:
        for evidence in entry["evidence"]:
            evidence["document"]["evidence"] = {"bytes": 5}

    forged = _with(part(committed, {NAME}), NAME, cut)
    names = [evidence["name"] for evidence in forged.claims[0]["evidence"]]
    assert unchecked(forged) == unchecked(forged, tmp_path) == names
    sha256 = forged.claims[0]["evidence"][0]["sha256"]
    (tmp_path / f"{sha256}.json").write_text("{")
    assert unchecked(forged, tmp_path) == names[1:]
    assert any(line.startswith(names[0]) for line in recheck(forged, tmp_path))

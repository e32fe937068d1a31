import json
from pathlib import Path

import pytest

from homeostat.errors import InvalidInputError
from homeostat.models.batching import BatchingParameters
from homeostat.proofs import kernel
from homeostat.proofs.certificates import schur
from homeostat.proofs.engines.mode_tree import subtrees
from homeostat.proofs.engines.mode_tree.settling import settle
from homeostat.proofs.engines.mode_tree.subtrees import Part
from homeostat.proofs.store import Store, current_store, use_store

POINT = BatchingParameters(6, 1, 3, "3/4")
"""Trees of 121 nodes."""


def test_without_a_store_nothing_is_kept() -> None:
    assert current_store() is None
    with use_store(None):
        assert current_store() is None


def test_what_was_found_is_found_again(tmp_path: Path) -> None:
    with use_store(tmp_path / "new") as store:
        assert store is not None
        assert store is current_store()
        first = settle(POINT)
        (file,) = store.folder.iterdir()
        changed = file.stat().st_mtime_ns
        assert settle(POINT) == first
        assert file.stat().st_mtime_ns == changed
        assert json.loads(file.read_text()) == first
    assert current_store() is None


def test_one_theorem_is_not_another(tmp_path: Path) -> None:
    store = Store(tmp_path)
    certificate = schur(POINT, "stable", {"jury": True})
    store.keep(certificate)
    assert store.find("schur", certificate["theorem"]) == certificate
    assert store.find("schur", {**certificate["theorem"], "says": "not stable"}) is None
    assert store.find("case_tree", certificate["theorem"]) is None


def test_only_the_bound_of_a_settling_theorem_is_left_open(tmp_path: Path) -> None:
    store, certificate = Store(tmp_path), settle(POINT)
    store.keep(certificate)
    theorem = certificate["theorem"]
    assert store.find("case_tree", {**theorem, "steps": 0}) == certificate
    assert store.find("case_tree", {**theorem, "says": "never"}) is None
    other = BatchingParameters(7, 1, 3, "3/4").to_json()
    assert store.find("case_tree", {**theorem, "parameters": other}) is None


def test_a_file_that_proves_nothing_is_not_believed(tmp_path: Path) -> None:
    with use_store(tmp_path) as store:
        assert store is not None
        first = settle(POINT)
        (file,) = tmp_path.iterdir()
        for forged in (
            "{",
            "[]",
            "{}",
            json.dumps({**first, "theorem": {**first["theorem"], "steps": 1}}),
            json.dumps(_resealed({**first, "theorem": {**first["theorem"], "steps": 1}})),
        ):
            file.write_text(forged)
            assert store.find("case_tree", first["theorem"]) is None
            assert settle(POINT) == first
            assert json.loads(file.read_text()) == first


def test_a_certificate_under_the_name_of_another_theorem_is_not_given_for_it(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)
    stable = schur(POINT, "stable", {"jury": True})
    asked = {**stable["theorem"], "parameters": BatchingParameters(1, 1, 3, "1/2").to_json()}
    store.keep(stable)
    (file,) = tmp_path.iterdir()
    file.rename(store._path("schur", asked))
    assert store.find("schur", asked) is None


def test_parts_are_kept_by_name_and_forgotten_with_the_certificate(tmp_path: Path) -> None:
    store, theorem = Store(tmp_path), settle(POINT)["theorem"]
    parts = store.parts("case_tree", theorem)
    assert parts.find((1, 2)) is None
    parts.keep((1, 2), {"lines": "x"})
    assert parts.find((1, 2)) == parts.find([1, 2]) == {"lines": "x"}
    assert parts.find((1,)) is None
    store.keep(settle(POINT))
    assert not parts.folder.exists()


def test_a_certificate_too_large_to_be_read_again_is_refused_and_its_parts_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, certificate = Store(tmp_path), settle(POINT)
    size = len(json.dumps(certificate)) + 1
    parts = store.parts("case_tree", certificate["theorem"])
    parts.keep((1,), {"lines": "x"})
    monkeypatch.setattr("homeostat.proofs.store.BYTES_MAX", size - 1)
    with pytest.raises(InvalidInputError, match=f"{size} bytes .* at most {size - 1} bytes"):
        store.keep(certificate)
    assert parts.find((1,)) == {"lines": "x"}
    assert store.find("case_tree", certificate["theorem"]) is None
    monkeypatch.setattr("homeostat.proofs.store.BYTES_MAX", size)
    store.keep(certificate)
    assert store.find("case_tree", certificate["theorem"]) == certificate


@pytest.mark.parametrize("field", ["node_count", "open"])
def test_a_part_with_a_number_that_is_none_is_refused(field: str) -> None:
    part = {"lines": "", "node_count": 0, "open": [], "leaf_depth_max": 0, "escape_depth_max": -1}
    assert Part.from_json(part).to_json() == {**part, "open": ()}
    endless = json.loads("1e999")
    with pytest.raises(InvalidInputError, match="must be a part of a tree"):
        Part.from_json({**part, field: endless if field == "node_count" else [[endless]]})


@pytest.mark.parametrize(
    "damage", ["not JSON", "another part", "no part", "wrong lines", "wrong modes", "a circle"]
)
def test_damaged_parts_do_no_harm(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subtrees, "FIRST_NODE_COUNT", 10)
    monkeypatch.setattr(subtrees, "NODE_COUNT", 25)
    true = settle(POINT)
    monkeypatch.setattr(Store, "keep", _interrupted)
    with use_store(tmp_path), pytest.raises(KeyboardInterrupt):
        settle(POINT)
    files = sorted(tmp_path.glob("*.parts/*.json"))
    assert len(files) > 3
    for file, other in zip(files, reversed(files), strict=True):
        data = json.loads(file.read_text())
        if damage == "wrong lines":
            data["piece"]["lines"] = data["piece"]["lines"].replace("1", "2")
        if damage == "wrong modes":
            data["piece"]["open"] = [[*data["name"], 7]]
        if damage == "a circle":
            data["piece"]["open"] = [data["name"]]
        if damage == "no part":
            data["piece"] = {"open": 3}
        text = "{" if damage == "not JSON" else json.dumps(data)
        file.write_text(other.read_text() if damage == "another part" else text)
    monkeypatch.undo()
    with use_store(tmp_path):
        assert settle(POINT)["theorem"] == true["theorem"]


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def _resealed(certificate: dict[str, object]) -> dict[str, object]:
    return {**certificate, "sha256": kernel.digest(certificate)}

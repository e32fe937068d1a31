"""The committed ledger, and forged certificates: with a right hash, whatever they say."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from homeostat.proofs import kernel
from homeostat.proofs.ledger import Ledger, read_ledger

Json = dict[str, Any]
Forge = Callable[..., Json]

LEDGER = Path(__file__).parents[2] / "ledger.json"


@pytest.fixture(scope="session")
def committed() -> Ledger:
    return read_ledger(LEDGER)


@pytest.fixture
def forge() -> Forge:
    """Return a function that writes a certificate which no one has checked."""

    def write(kind: str, theorem: Json, evidence: Json, **more: Any) -> Json:
        content = {
            "schema": "homeostat.certificate/1",
            "kind": kind,
            "theorem": theorem,
            "evidence": evidence,
            **more,
        }
        # Through JSON, as a file would come.
        content = json.loads(json.dumps(content))
        return {**content, "sha256": kernel.digest(content)}

    return write


@pytest.fixture
def certificate(committed: Ledger) -> Callable[[str], Json]:
    """Return a function that copies a committed certificate by the name of its evidence."""

    def copy(name: str) -> Json:
        found = [e for claim in committed.claims for e in claim["evidence"] if e["name"] == name]
        assert len(found) == 1, name
        assert found[0]["kind"] == "certificate"
        return deepcopy(found[0]["document"])

    return copy

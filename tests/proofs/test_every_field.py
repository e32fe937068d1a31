"""Every field of every committed certificate, changed one at a time.

With the hash as it was, no change is accepted. With the hash made anew, a change is rejected,
or it makes a certificate of another theorem (which the drift of the ledger names), or it is
still a proof of the same theorem: then it changed the example, which any other may replace, moved
a cut or a multiplier, where many are right, or said the same in other words. Of the thousands
of fields of a threshold's points some are drawn.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from homeostat.proofs import kernel
from homeostat.proofs.kernel import RejectedError
from homeostat.proofs.ledger import Ledger, drift
from homeostat.proofs.polynomials import polynomial

Json = dict[str, Any]
Place = tuple[Any, ...]

_ENTRIES = json.loads((Path(__file__).parents[2] / "ledger.json").read_text())["claims"]
OF_ONE_KIND_MAX = 4
"""Of a claim about many points, each with certificates of the same kinds, so many are tried."""
DOCUMENTS: dict[str, tuple[str, Json]] = {}


def of_each_kind(entry: Json) -> Iterator[Json]:
    """Yield a claim's evidence, of one kind not all if there is much of it."""
    counts: Counter[str] = Counter()
    for evidence in entry["evidence"]:
        kind = evidence["document"].get("kind", evidence["kind"])
        counts[kind] += 1
        if counts[kind] <= OF_ONE_KIND_MAX:
            yield evidence


for entry in _ENTRIES:
    for evidence in of_each_kind(entry):
        # The ledger has only the theorem of the largest ones; random corruptions try those.
        if evidence["kind"] == "certificate" and set(evidence["document"]["evidence"]) != {"bytes"}:
            DOCUMENTS.setdefault(evidence["sha256"], (evidence["name"], evidence["document"]))
BY_NAME = dict(sorted(DOCUMENTS.values()))

PLACES_MAX = {"threshold": 40}
"""Of thousands, where one check takes half a second."""
FREE = (("evidence", "example"), ("evidence", "cuts"), ("evidence", "region"))
RELATIONS = {"<=": ">", ">=": "<", "<": ">=", ">": "<=", "==": "!=", "!=": "==", "=": ">"}


def places(data: Any, here: Place = ()) -> Iterator[tuple[str, Place]]:
    """Yield every key and every leaf, by its path."""
    if isinstance(data, dict):
        for key, part in data.items():
            yield "key", (*here, key)
            yield from places(part, (*here, key))
    elif isinstance(data, list):
        for i, part in enumerate(data):
            yield from places(part, (*here, i))
    else:
        yield "leaf", here


def other(value: Any) -> Any:
    """Return a value near this one that says something else."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if not isinstance(value, str):
        return "0"
    if re.fullmatch(r"-?\d+(/\d+)?", value):
        whole, slash, rest = value.partition("/")
        return f"{int(whole) + int(rest or 1)}{slash}{rest}"
    relation = re.search("<=|>=|==|!=|<|>|=", value)
    if relation:
        return value.replace(relation.group(), RELATIONS[relation.group()], 1)
    return f"{value}1" if re.fullmatch(r"[A-Za-z_ ]+", value) else f"{value} + 1"


def at(data: Any, place: Place) -> Any:
    for key in place:
        data = data[key]
    return data


def changed(certificate: Json, what: str, place: Place) -> Json:
    copy = deepcopy(certificate)
    holder = at(copy, place[:-1])
    if what == "key":
        holder[f"{place[-1]}x"] = holder.pop(place[-1])
    else:
        holder[place[-1]] = other(holder[place[-1]])
        assert holder[place[-1]] != at(certificate, place)
    return copy


def accepts(certificate: Json) -> bool:
    try:
        kernel.check(certificate)
    except RejectedError:
        return False
    return True


def says_the_same(before: Json, after: Json, place: Place) -> bool:
    """Tell whether a multiplier was written in other words, or a conflict of one term scaled."""
    if place[-1] not in ("times", "square"):
        return False
    same = polynomial(at(before, place)) == polynomial(at(after, place))
    return same or (place[-1] == "times" and len(at(before, place[:-2])) == 1)


def outcome(certificate: Json, what: str, place: Place) -> str:
    after = changed(certificate, what, place)
    assert not accepts(after), f"{what} {place}: accepted under the hash of another content"
    if place == ("sha256",):
        return "hash"
    after["sha256"] = kernel.digest(after)
    if not accepts(after):
        return "rejected"
    if after["theorem"] != certificate["theorem"]:
        return "another theorem"
    still = place[:2] in FREE or says_the_same(certificate, after, place)
    return "same theorem" if still else f"UNEXPLAINED {what} {place}"


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_NAME)
def test_no_change_of_a_single_field_passes_for_the_committed_proof(name: str) -> None:
    certificate = BY_NAME[name]
    assert accepts(certificate)
    every = list(places(certificate))
    drawn_count = min(len(every), PLACES_MAX.get(certificate["kind"], len(every)))
    drawn = random.Random(name).sample(every, drawn_count)
    found = Counter(outcome(certificate, *place) for place in drawn)
    print(name, certificate["kind"], dict(found))  # noqa: T201  # shown with -s
    assert set(found) <= {"hash", "rejected", "another theorem", "same theorem"}
    assert found["rejected"] > 0


@pytest.mark.slow
def test_a_certificate_of_another_theorem_is_named_by_the_drift(committed: Ledger) -> None:
    for claim in committed.claims:
        for evidence in of_each_kind(claim):
            if evidence["kind"] == "certificate":
                own = Ledger((deepcopy(claim),))
                (copy,) = (e for e in own.claims[0]["evidence"] if e["name"] == evidence["name"])
                copy["document"]["theorem"]["also"] = True
                (line,) = drift(own, Ledger((claim,)))
                assert line.startswith(f"{claim['id']}: proves")

"""Small random changes of a certificate: one number, relation, name, entry or subtree."""

import base64
import json
import lzma
import random
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from homeostat.proofs import kernel
from homeostat.proofs.certificates import Certificate
from homeostat.proofs.trees import lines

__all__ = ["OPERATORS", "Corrupted", "corrupted"]

_THEOREM_SHARE: Final = 0.3
_PACKED_SHARE: Final = 0.1
_ATTEMPTS_MAX: Final = 1_000
_NUMBER: Final = re.compile(r"[0-9]+")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_RELATION: Final = re.compile(r"<=|>=|==|!=|<|>|=")
_RELATIONS: Final = ("<", "<=", "=", "==", "!=", ">=", ">")


class Corrupted(NamedTuple):
    """A certificate with one change, sealed anew; what was changed, and where."""

    certificate: Certificate
    operator: str
    place: str


class _Slot(NamedTuple):
    """One value inside a document: ``holder[key]``, and the way to it."""

    holder: Any
    key: Any
    path: tuple[Any, ...]

    @property
    def value(self) -> Any:
        return self.holder[self.key]

    def set(self, value: Any) -> None:
        self.holder[self.key] = value


def corrupted(certificate: Certificate, rng: random.Random) -> Corrupted:
    """Return the certificate with one random change and a hash that fits it.

    The trees of a case_tree are unpacked, changed and packed again; a share of the changes is
    made to the packed text itself.
    """
    text = json.dumps(certificate)
    packed = "trees" in certificate["evidence"] and rng.random() < _PACKED_SHARE
    for _ in range(_ATTEMPTS_MAX):
        document = json.loads(text)
        if packed:
            operator = "packed text"
            place: str | None = _change_packed(document, rng)
        else:
            opened = _opened(document)
            part = _part(opened, rng)
            operator = rng.choice(list(OPERATORS))
            place = OPERATORS[operator](part, rng)
            document = _closed(opened)
        if place is not None and _content(document) != _content(certificate):
            document["sha256"] = kernel.digest(document)
            return Corrupted(document, operator, place)
    raise AssertionError(f"no change of {text:.80} was found")


def _content(certificate: Certificate) -> Any:
    return json.dumps([certificate["theorem"], _opened(certificate)["evidence"]], sort_keys=True)


def _opened(certificate: Certificate) -> Certificate:
    """Return a certificate with its trees as lists of nodes, if they can be read at all."""
    evidence = certificate["evidence"]
    if type(evidence.get("trees")) is not str:
        return certificate
    try:
        nodes = list(lines(evidence["trees"]))
    except (ValueError, RecursionError):
        return certificate
    return {**certificate, "evidence": {**evidence, "trees": nodes}}


def _closed(opened: Certificate) -> Certificate:
    evidence = opened["evidence"]
    if type(evidence.get("trees")) is not list:
        return opened
    text = "".join(json.dumps(node, separators=(",", ":")) + "\n" for node in evidence["trees"])
    packed = base64.b64encode(lzma.compress(text.encode(), preset=0)).decode()
    return {**opened, "evidence": {**evidence, "trees": packed}}


def _change_packed(document: Certificate, rng: random.Random) -> str:
    evidence = document["evidence"]
    text = evidence["trees"]
    i = rng.randrange(len(text))
    instead = rng.choice("ABCDabcd0123+/=")
    evidence["trees"] = text[:i] if rng.random() < 0.2 else text[:i] + instead + text[i + 1 :]
    return "evidence.trees"


def _part(document: Certificate, rng: random.Random) -> _Slot:
    """Choose where to change: the theorem, the evidence, or a single entry of them."""
    theorem = not document["evidence"] or rng.random() < _THEOREM_SHARE
    part = _Slot(
        document, "theorem" if theorem else "evidence", ("theorem" if theorem else "evidence",)
    )
    nodes = document["evidence"].get("trees")
    if not theorem and type(nodes) is list and nodes and rng.random() < 0.5:
        # Most of a tree is long lists; half of the changes go to one node, whichever it is.
        i = rng.randrange(len(nodes))
        return _Slot(nodes, i, ("evidence", "trees", i))
    return part


def _slots(part: _Slot) -> Iterator[_Slot]:
    todo = [part]
    while todo:
        slot = todo.pop()
        yield slot
        value = slot.value
        if type(value) is dict:
            todo += [_Slot(value, key, (*slot.path, key)) for key in value]
        elif type(value) is list:
            todo += [_Slot(value, i, (*slot.path, i)) for i in range(len(value))]


def _place(slot: _Slot) -> str:
    """Return the way to a value in words that many values share."""
    words = [step for step in slot.path[:2] if type(step) is str]
    last = next((step for step in reversed(slot.path[2:]) if type(step) is str), None)
    if last is not None and " " not in last:
        words += ["..", last] if len(slot.path) > 3 else [last]
    return ".".join(words).replace("....", "...")


def _chosen(part: _Slot, rng: random.Random, fits: Callable[[Any], object]) -> _Slot | None:
    found = [slot for slot in _slots(part) if fits(slot.value)]
    return rng.choice(found) if found else None


def _in_text(text: str, pattern: re.Pattern[str], rng: random.Random, instead: str) -> str:
    match = rng.choice(list(pattern.finditer(text)))
    return text[: match.start()] + instead + text[match.end() :]


def _other_number(x: int, rng: random.Random) -> int:
    return rng.choice([x + 1, x - 1, -x, 0, int("-" * (x < 0) + str(abs(x))[::-1])])


def _number(part: _Slot, rng: random.Random) -> str | None:
    slot = _chosen(
        part,
        rng,
        lambda x: type(x) is int or (type(x) is str and _NUMBER.search(x)),
    )
    if slot is None:
        return None
    value = slot.value
    if type(value) is int:
        slot.set(_other_number(value, rng))
    else:
        match = rng.choice(list(_NUMBER.finditer(value)))
        instead = str(_other_number(int(match.group()), rng))
        slot.set(value[: match.start()] + instead + value[match.end() :])
    return _place(slot)


def _relation(part: _Slot, rng: random.Random) -> str | None:
    slot = _chosen(part, rng, lambda x: type(x) is str and _RELATION.search(x))
    if slot is None:
        return None
    slot.set(_in_text(slot.value, _RELATION, rng, rng.choice(_RELATIONS)))
    return _place(slot)


def _name(part: _Slot, rng: random.Random) -> str | None:
    """Put another name of the same part where one stands, in a text or as a key."""
    texts = [str(slot.key) for slot in _slots(part) if type(slot.holder) is dict]
    texts += [slot.value for slot in _slots(part) if type(slot.value) is str]
    names = sorted({name for text in texts for name in _NAME.findall(text)})
    fits = [
        slot
        for slot in _slots(part)
        if (type(slot.value) is str and _NAME.search(slot.value))
        or (type(slot.holder) is dict and len(slot.path) > 1)
    ]
    if not fits:
        return None
    slot = rng.choice(fits)
    other = rng.choice(names)
    if type(slot.value) is str and _NAME.search(slot.value):
        slot.set(_in_text(slot.value, _NAME, rng, other))
    else:
        slot.holder[other] = slot.holder.pop(slot.key)
    return _place(slot)


def _constant(part: _Slot, rng: random.Random) -> str | None:
    slot = _chosen(part, rng, lambda x: x is None or type(x) is bool)
    if slot is None:
        return None
    slot.set(rng.choice([True, False, None, 0, [], ""]))
    return _place(slot)


def _drop(part: _Slot, rng: random.Random) -> str | None:
    slot = _chosen(part, rng, lambda x: type(x) in (list, dict) and x)
    if slot is None:
        return None
    value = slot.value
    del value[rng.choice(list(value)) if type(value) is dict else rng.randrange(len(value))]
    return _place(slot)


def _list(part: _Slot, rng: random.Random, least: int) -> _Slot | None:
    return _chosen(part, rng, lambda x: type(x) is list and len(x) >= least)


def _duplicate(part: _Slot, rng: random.Random) -> str | None:
    slot = _list(part, rng, 1)
    if slot is None:
        return None
    i = rng.randrange(len(slot.value))
    slot.value.insert(i, slot.value[i])
    return _place(slot)


def _reorder(part: _Slot, rng: random.Random) -> str | None:
    slot = _list(part, rng, 2)
    if slot is None:
        return None
    value = slot.value
    i, j = rng.sample(range(len(value)), 2)
    value[i], value[j] = value[j], value[i]
    return _place(slot)


def _subtrees(part: _Slot, rng: random.Random) -> str | None:
    """Swap two parts of the same type, or two runs of nodes in the lines of a tree."""
    slots = [slot for slot in _slots(part) if slot.path != part.path]
    if len(slots) < 2:
        return None
    one = rng.choice(slots)
    if one.path[-1] == "trees" and len(one.value) > 3:
        a, b, c = sorted(rng.sample(range(len(one.value) + 1), 3))
        one.set(one.value[:a] + one.value[b:c] + one.value[a:b] + one.value[c:])
        return _place(one)
    others = [
        slot
        for slot in slots
        if type(slot.value) is type(one.value)
        and slot.path[: len(one.path)] != one.path
        and one.path[: len(slot.path)] != slot.path
    ]
    if not others:
        return None
    other = rng.choice(others)
    first, second = one.value, other.value
    one.set(second)
    other.set(first)
    return _place(one)


def _truncate(part: _Slot, rng: random.Random) -> str | None:
    slot = _chosen(part, rng, lambda x: type(x) in (list, str) and x)
    if slot is None:
        return None
    slot.set(slot.value[: rng.randrange(len(slot.value))])
    return _place(slot)


OPERATORS: Final[dict[str, Callable[[_Slot, random.Random], str | None]]] = {
    "number": _number,
    "relation": _relation,
    "name": _name,
    "constant": _constant,
    "drop": _drop,
    "duplicate": _duplicate,
    "reorder": _reorder,
    "swap subtrees": _subtrees,
    "truncate": _truncate,
}
"""By name; each changes one thing in a part of a document and says where, or returns None."""

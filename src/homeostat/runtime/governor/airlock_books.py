"""The books of an airlock: who holds how much, who is inside, and what it reserved there.

They are the sum of the journal's records. Each record is one transition of the automaton
``AIRLOCK`` (``models.airlock.automata``), and is checked against the books when it is read, as when
it is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from homeostat.errors import InvalidInputError

__all__ = ["AMOUNT_MAX", "Books"]

AMOUNT_MAX: Final = 2**60
_NAME_MAX: Final = 64


@dataclass(slots=True)
class Books:
    """What is held on a node.

    Attributes:
        capacity: Memory of the node, in any unit.
        room: What nobody may hold for good.
        used: What each job holds for good; no entry for none.
        inside: Who is in the airlock, None for nobody.
        reserved: What it reserved beside.
    """

    capacity: int
    room: int
    used: dict[str, int] = field(default_factory=dict)
    inside: str | None = None
    reserved: int = 0

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Books":
        """Read the books with which a journal begins.

        Raises:
            InvalidInputError: They are none, or do not balance.
        """
        if set(record) != {"do", "capacity", "room", "used"} or record["do"] != "books":
            raise InvalidInputError(f"record {record!r:.80} must be books, as the first")
        used = record["used"]
        if not isinstance(used, dict):
            raise InvalidInputError(f"used={used!r:.80} must be an object")
        books = cls(_amount(record["capacity"]), _amount(record["room"], least=0))
        books.used = {_name(job): _amount(amount) for job, amount in used.items()}
        books.check()
        return books

    def record(self) -> dict[str, Any]:
        """Return the books as the first record of a journal, while nobody is inside."""
        if self.inside is not None:
            raise InvalidInputError(f"inside={self.inside!r} must have left before")
        return {"do": "books", "capacity": self.capacity, "room": self.room, "used": self.used}

    @property
    def total(self) -> int:
        """Return what all jobs hold for good."""
        return sum(self.used.values())

    @property
    def free(self) -> int:
        """Return what is neither held nor reserved."""
        return self.capacity - self.total - self.reserved

    def check(self) -> None:
        """Demand that the books balance.

        Raises:
            InvalidInputError: They do not.
        """
        if not 0 <= self.room <= self.capacity or self.total + self.room > self.capacity:
            raise InvalidInputError(
                f"used={self.total} and room={self.room} must be within capacity={self.capacity}"
            )
        if not 0 <= self.reserved <= self.capacity - self.total:
            raise InvalidInputError(f"reserved={self.reserved} must be >= 0 and fit")

    def refusal(self, record: Mapping[str, Any]) -> str | None:
        """Return why a record may not come next, None if it may."""
        what, job, amount = record["do"], record["job"], record.get("amount", 0)
        inside, held = self.inside, self.used.get(job, 0)
        if what == "enter":
            return None if inside is None else f"{inside!r} must have left"
        if inside is None or (job != inside and what not in ("recover", "write off")):
            return f"{job!r} must be inside"
        if what == "reserve" and amount > self.free:
            return f"{amount} must be <= {self.free}, what is free"
        if what in ("commit", "cancel") and amount > self.reserved:
            return f"{amount} must be <= {self.reserved}, what is reserved"
        if what == "commit" and self.total + amount + self.room > self.capacity:
            return f"{amount} must leave the room of {self.room} free"
        if what in ("release", "write off") and amount > held:
            return f"{amount} must be <= {held}, what {job!r} holds"
        if what == "leave" and self.reserved:
            return f"reserved={self.reserved} must be 0"
        return None

    def apply(self, record: Mapping[str, Any]) -> None:
        """Take a record into the books.

        Raises:
            InvalidInputError: It is none, or may not come next.
        """
        what, job, amount = _parts(record)
        problem = self.refusal(record)
        if problem is not None:
            raise InvalidInputError(f"record {dict(record)!r:.120}: {problem}")
        if what == "enter":
            self.inside = job
        elif what == "recover":
            self.inside, self.reserved = job, 0
        elif what == "leave":
            self.inside = None
        if what in ("reserve", "commit", "cancel"):
            self.reserved += amount if what == "reserve" else -amount
        if what in ("commit", "release", "write off"):
            self._hold(job, amount if what == "commit" else -amount)
        self.check()

    def _hold(self, job: str, amount: int) -> None:
        self.used[job] = self.used.get(job, 0) + amount
        if not self.used[job]:
            del self.used[job]


_AMOUNT: Final = frozenset({"do", "job", "amount"})
_TICKET: Final = frozenset({"do", "job", "ticket"})
_FIELDS: Final = {
    **dict.fromkeys(("enter", "recover"), _TICKET),
    **dict.fromkeys(("reserve", "commit", "cancel", "release", "write off"), _AMOUNT),
    "leave": frozenset({"do", "job"}),
}


def _parts(record: Mapping[str, Any]) -> tuple[str, str, int]:
    what = record.get("do")
    if not isinstance(what, str) or set(record) != set(_FIELDS.get(what, ())):
        raise InvalidInputError(f"record {dict(record)!r:.120} must be one of {sorted(_FIELDS)}")
    if "ticket" in record:
        _amount(record["ticket"], least=0)
    return what, _name(record["job"]), _amount(record["amount"]) if "amount" in record else 0


def _name(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _NAME_MAX:
        raise InvalidInputError(f"job={value!r:.80} must be a name of 1 .. {_NAME_MAX} characters")
    return value


def _amount(value: object, least: int = 1) -> int:
    if type(value) is not int or not least <= value <= AMOUNT_MAX:
        raise InvalidInputError(f"amount={value!r:.40} must be an integer in {least} .. 2^60")
    return value

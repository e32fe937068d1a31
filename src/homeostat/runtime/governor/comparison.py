"""A comparison of policies: what was measured of each on the same seeds, cell by cell.

A *cell* is a workload on a cluster of some size, with faults or without. The file keeps raw values,
one a seed; means, intervals and who won are computed from them whenever they are shown.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, final

from homeostat.errors import InvalidInputError
from homeostat.runtime.governor.paired import Interval, Outcome, interval, paired

__all__ = ["SCHEMA", "Cell", "Comparison", "Measure", "Record", "read_comparison"]

SCHEMA: Final = "homeostat.governor-comparison/1"
_RECORDS_MAX: Final = 4096
_SEEDS_MAX: Final = 1024
_MEASURES_MAX: Final = 64
_NODES_MAX: Final = 10**7
_TEXT_MAX: Final = 120


@final
@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured of a run.

    Attributes:
        name: Of the field.
        words: For a reader.
        unit: Empty if it has none; "%" values are parts of one.
        higher_is_better: Else lower is.
    """

    name: str
    words: str
    unit: str
    higher_is_better: bool

    def document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)


@final
@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A workload on a cluster of a size, with faults or without."""

    workload: str
    nodes: int
    faults: bool

    @property
    def words(self) -> str:
        """For a reader."""
        return f"{self.workload}, {self.nodes:,} nodes{', faults' if self.faults else ''}"


@final
@dataclass(frozen=True, slots=True)
class Record:
    """What was measured of a policy in a cell.

    Attributes:
        cell: Where it ran.
        policy: Who placed.
        seeds: Of the runs.
        values: By measure, one a seed.
    """

    cell: Cell
    policy: str
    seeds: tuple[int, ...]
    values: Mapping[str, tuple[float, ...]]

    def document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "workload": self.cell.workload,
            "nodes": self.cell.nodes,
            "faults": self.cell.faults,
            "policy": self.policy,
            "seeds": list(self.seeds),
            "values": {name: list(values) for name, values in self.values.items()},
        }

    def joined(self, other: "Record") -> "Record":
        """Return both in one, by ascending seeds.

        Raises:
            InvalidInputError: They share a seed, or are of other cells, policies or measures.
        """
        seeds = (*self.seeds, *other.seeds)
        same = (self.cell, self.policy, set(self.values)) == (
            other.cell, other.policy, set(other.values),
        )  # fmt: skip
        if not same or len(set(seeds)) != len(seeds):
            raise InvalidInputError(
                f"{self.policy}, {self.cell.words}: seeds {self.seeds!r:.60} and "
                f"{other.seeds!r:.60} must differ, and all else be the same"
            )
        order = sorted(range(len(seeds)), key=seeds.__getitem__)
        values = {
            name: tuple((*own, *other.values[name])[i] for i in order)
            for name, own in self.values.items()
        }
        return Record(self.cell, self.policy, tuple(seeds[i] for i in order), values)

    def mean(self, measure: str) -> Interval:
        """Return the mean of a measure and its interval."""
        return interval(self.values[measure])

    def against(self, other: "Record", measure: Measure) -> Outcome:
        """Return how this policy did against another, on the seeds that they share.

        Raises:
            InvalidInputError: They are of other cells, or of other seeds.
        """
        if (self.cell, self.seeds) != (other.cell, other.seeds):
            raise InvalidInputError(
                f"{self.policy} and {other.policy} must share their cell and seeds: "
                f"{self.cell.words}, {self.seeds!r:.60}; {other.cell.words}, {other.seeds!r:.60}"
            )
        values = (self.values[measure.name], other.values[measure.name])
        return paired(*values, higher_is_better=measure.higher_is_better)[1]


@final
@dataclass(frozen=True, slots=True)
class Comparison:
    """All records, at most one of a policy in a cell.

    Attributes:
        measures: What was measured, in the order to show.
        records: In any order.
        settings: What else the runs went by, for a reader.
    """

    measures: tuple[Measure, ...]
    records: tuple[Record, ...]
    settings: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Refuse two records of one policy in a cell, and measures that are missing."""
        names = {measure.name for measure in self.measures}
        seen = set[tuple[Cell, str]]()
        for record in self.records:
            if (record.cell, record.policy) in seen:
                raise InvalidInputError(f"{record.policy!r} must be once in {record.cell.words!r}")
            seen.add((record.cell, record.policy))
            if set(record.values) != names:
                raise InvalidInputError(
                    f"{record.policy!r} in {record.cell.words!r} must have the values "
                    f"{sorted(names)}, has {sorted(record.values)!r:.200}"
                )

    @property
    def cells(self) -> list[Cell]:
        """All cells, by workload, size, and faults last."""
        return sorted({record.cell for record in self.records})

    @property
    def policies(self) -> list[str]:
        """All policies, by name."""
        return sorted({record.policy for record in self.records})

    def of(self, cell: Cell) -> dict[str, Record]:
        """Return the records of a cell, by policy."""
        return {record.policy: record for record in self.records if record.cell == cell}

    def with_record(self, record: Record) -> "Comparison":
        """Return it with a record more, in the place of one of the same policy and cell."""
        kept = [r for r in self.records if (r.cell, r.policy) != (record.cell, record.policy)]
        return Comparison(self.measures, (*kept, record), self.settings)

    def with_seeds(self, record: Record) -> "Comparison":
        """Return it with further seeds of a policy in a cell, all in ascending order."""
        old = self.of(record.cell).get(record.policy)
        return self.with_record(record if old is None else old.joined(record))

    def document(self) -> dict[str, Any]:
        """Return it as JSON data, in an order that does not depend on that of the runs."""
        ordered = sorted(self.records, key=lambda record: (record.cell, record.policy))
        return {
            "schema": SCHEMA,
            "measures": [measure.document() for measure in self.measures],
            "settings": dict(self.settings),
            "records": [record.document() for record in ordered],
        }


def read_comparison(document: object) -> Comparison:
    """Return the comparison in JSON data from anyone.

    Raises:
        InvalidInputError: It is none, or larger than any that is ours.
    """
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InvalidInputError(f"document={document!r:.60} must have the schema {SCHEMA!r}")
    measures = tuple(_measure(x) for x in _list(document, "measures", _MEASURES_MAX))
    records = tuple(_record(x) for x in _list(document, "records", _RECORDS_MAX))
    settings = document.get("settings", {})
    if not isinstance(settings, dict):
        raise InvalidInputError(f"settings={settings!r:.60} must be an object")
    return Comparison(measures, records, settings)


def _list(fields: Any, name: str, count_max: int) -> list[Any]:
    found = fields.get(name) if isinstance(fields, dict) else None
    if not isinstance(found, list) or not 1 <= len(found) <= count_max:
        raise InvalidInputError(f"{name}={found!r:.60} must be a list of 1 to {count_max}")
    return found


def _field(fields: Any, name: str, kind: type) -> Any:
    found = fields.get(name) if isinstance(fields, dict) else None
    # A bool is an int to Python, and none in JSON.
    if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        raise InvalidInputError(f"{name}={found!r:.60} must be of type {kind.__name__}")
    if isinstance(found, str) and len(found) > _TEXT_MAX:
        raise InvalidInputError(f"{name}={found!r:.60} must have at most {_TEXT_MAX} characters")
    return found


def _measure(fields: Any) -> Measure:
    name, words, unit = (_field(fields, key, str) for key in ("name", "words", "unit"))
    return Measure(name, words, unit, _field(fields, "higher_is_better", bool))


def _record(fields: Any) -> Record:
    nodes = _field(fields, "nodes", int)
    if not 1 <= nodes <= _NODES_MAX:
        raise InvalidInputError(f"nodes={nodes!r:.60} must be 1 to {_NODES_MAX}")
    cell = Cell(_field(fields, "workload", str), nodes, _field(fields, "faults", bool))
    seeds = _list(fields, "seeds", _SEEDS_MAX)
    if not all(type(seed) is int for seed in seeds):
        raise InvalidInputError(f"seeds={seeds!r:.60} must be integers")
    values = _field(fields, "values", dict)
    read = {name: _values(name, found, len(seeds)) for name, found in values.items()}
    return Record(cell, _field(fields, "policy", str), tuple(seeds), read)


def _values(name: str, found: Any, count: int) -> tuple[float, ...]:
    numbers = isinstance(found, list) and all(type(x) in {int, float} for x in found)
    if not numbers or len(found) != count or not all(map(_is_finite, found)):
        raise InvalidInputError(f"{name}={found!r:.60} must be {count} finite numbers")
    return tuple(map(float, found))


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond every double
        return False

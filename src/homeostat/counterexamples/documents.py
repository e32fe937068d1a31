"""Witnesses of either kind, told apart by their schema."""

from pathlib import Path
from typing import TypeAlias

from homeostat.counterexamples.cases import CASE_SCHEMA, Case, replay_case
from homeostat.counterexamples.files import read_bounded
from homeostat.counterexamples.witness import Witness, replay

__all__ = ["AnyWitness", "confirm", "read_any_witness", "witness_from_json"]

AnyWitness: TypeAlias = Witness | Case


def witness_from_json(data: object) -> AnyWitness:
    """Read a witness of either kind from JSON data; nothing is replayed.

    Raises:
        InvalidInputError: It is neither.
        WitnessRejectedError: Its hash is not that of its content.
    """
    if isinstance(data, dict) and data.get("schema") == CASE_SCHEMA:
        return Case.from_json(data)
    return Witness.from_json(data)


def read_any_witness(path: Path | str) -> AnyWitness:
    """Read a file with a witness of either kind, at most 16 MiB.

    Raises:
        InvalidInputError: The file is missing, too large, not JSON, or no witness.
        WitnessRejectedError: Its hash is not that of its content.
    """
    return witness_from_json(read_bounded(Path(path)))


def confirm(witness: AnyWitness) -> None:
    """Replay a witness of either kind against the built-in conjecture of its name.

    Raises:
        InvalidInputError: No such conjecture, or the data break a rule.
        WitnessRejectedError: It does not replay exactly as it says.
    """
    if isinstance(witness, Case):
        replay_case(witness)
    else:
        replay(witness)

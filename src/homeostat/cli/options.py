"""Options that several commands share, and integers that say which rule they break."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from homeostat.errors import HomeostatError

__all__ = [
    "LEDGER",
    "Jobs",
    "Json",
    "OptionError",
    "Seed",
    "Store",
    "integer_option",
    "policy_names",
]


LEDGER: Final = Path("ledger.json")
"""Where the committed ledger is, seen from a checkout."""


class OptionError(HomeostatError):
    """The value of an option breaks its rule.

    No ValueError: the command line library would replace the message of one.
    """


def integer_option(
    *names: str, minimum: int = 0, maximum: int | None = None, text: str
) -> Any:  # what typer takes as an option's description
    """Return the description of an integer option with bounds.

    Args:
        names: As written on the command line; the first is shown in errors.
        minimum: Smallest value.
        maximum: Largest value, if there is one.
        text: Help.
    """
    parser = _integer_parser(names[0], minimum, maximum)
    return typer.Option(*names, parser=parser, metavar="N", help=text)


def _integer_parser(name: str, minimum: int, maximum: int | None) -> Callable[[str], int]:
    rule = f"an integer >= {minimum}" + (f" and <= {maximum}" if maximum is not None else "")

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError as error:
            raise OptionError(f"{name}={text!r:.40} must be {rule}") from error
        if value < minimum or (maximum is not None and value > maximum):
            raise OptionError(f"{name}={text!r:.40} must be {rule}")
        return value

    return parse


def policy_names(
    text: str, known: Iterable[str], named: Callable[[str], object]
) -> tuple[str, ...]:
    """Return the policies that ``--policy`` names, in its order.

    Args:
        text: Names between commas, or ``all``.
        known: All names.
        named: Returns the policy of a name, or raises the error that says which there are.

    Raises:
        OptionError: A policy is named twice.
    """
    names = tuple(known) if text == "all" else tuple(name.strip() for name in text.split(","))
    for name in names:
        named(name)
    if len(set(names)) != len(names):
        raise OptionError(f"--policy={text!r:.200} must name each policy once")
    return names


Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print JSON to stdout, and nothing else there.")
]
Jobs: TypeAlias = Annotated[
    int, integer_option("--jobs", "-j", minimum=1, maximum=256, text="Processes to run at once.")
]
Store: TypeAlias = Annotated[
    Path | None,
    typer.Option("--store", help="Folder of what was found so far; a second run goes on."),
]
Seed: TypeAlias = Annotated[
    int, integer_option("--seed", text="Seed; the same seed gives the same run.")
]

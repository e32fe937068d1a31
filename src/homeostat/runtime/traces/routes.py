"""Routes: which experts each token of a run was sent to, in each layer, and what the engine did.

The format is that of BigMoeOnEdge (Apache-2.0), which wrote the run that we measure on: lines of
``# name=value`` on the model and on each layer, then a row for each expert of a token. The tokens
of a prompt go through a layer together, so neighbouring rows of a prompt that agree in turn and
layer are one pass, whatever their steps; when decoding, a pass is one step.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias

from homeostat.errors import InvalidInputError
from homeostat.models.residency.events import Event, event_of
from homeostat.runtime.traces.files import Place, lines_of

__all__ = [
    "ROUTE_COLUMNS",
    "LayerPass",
    "Phase",
    "RoutedToken",
    "Routes",
    "read_routes",
    "routes_text",
]

ROUTE_COLUMNS: Final = (
    "turn",
    "phase",
    "step",
    "layer",
    "slot",
    "expert",
    "weight",
    "residency",
    "expert_bytes",
)
_FIRST_LINE: Final = "# route_trace v1"
_LAYERS_MAX: Final = 1024
_EXPERTS_MAX: Final = 4096
_NUMBER_MAX: Final = 2**48
_DIGITS_MAX: Final = 20


class Phase(IntEnum):
    """What a pass is part of; the numbers are those of the file."""

    PROMPT = 0
    DECODE = 1


@dataclass(frozen=True, slots=True)
class RoutedToken:
    """Where one layer sent one token.

    Attributes:
        step: Number of the token, counted through prompt and output.
        experts: Its experts in the order of the router, as a rule the heaviest first.
        weights: What each of them counts.
        resident: Whether each was resident when it was asked for.
        read_bytes: What was read for each; 0 if it was there, or came with an earlier token.
    """

    step: int
    experts: tuple[int, ...]
    weights: tuple[float, ...]
    resident: tuple[bool, ...]
    read_bytes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LayerPass:
    """The tokens that went through one layer together: one event for a cache."""

    turn: int
    phase: Phase
    layer: int
    tokens: tuple[RoutedToken, ...]

    @property
    def event(self) -> Event:
        """Return what the pass asks of a cache."""
        return event_of(token.experts for token in self.tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """All routes of a run, in the order in which they were taken.

    Attributes:
        model: Name of the model.
        arch: Name of its architecture.
        n_expert: Experts of each layer.
        top_k: Experts of each token.
        expert_bytes: Bytes of one expert, by layer.
        dense_bytes: Bytes of what every token needs, by layer.
        passes: In the order of the run.
    """

    model: str
    arch: str
    n_expert: int
    top_k: int
    expert_bytes: tuple[int, ...]
    dense_bytes: tuple[int, ...]
    passes: tuple[LayerPass, ...]

    @property
    def layers(self) -> int:
        """Return the number of layers."""
        return len(self.expert_bytes)

    def events(self, layer: int, phase: Phase | None = None) -> list[Event]:
        """Return the events of one layer, of one phase or of both, in order."""
        return [
            found.event
            for found in self.passes
            if found.layer == layer and phase in (None, found.phase)
        ]


_Row: TypeAlias = tuple[int, int, int, int, int, int, float, int, int]
"""As ``ROUTE_COLUMNS``."""


def read_routes(path: Path) -> Routes:
    """Return the routes in a file.

    Raises:
        InvalidInputError: With file, line, value and rule.
    """
    lines = lines_of(path)
    head: list[tuple[Place, dict[str, str]]] = []
    for number, (place, text) in enumerate(lines):
        if number == 0:
            if text != _FIRST_LINE:
                place.refuse("text", text, repr(_FIRST_LINE))
        elif text.startswith("#"):
            head.append((place, _values(place, text)))
        else:
            if tuple(text.split(",")) != ROUTE_COLUMNS:
                place.refuse("header", text, ",".join(ROUTE_COLUMNS))
            break
    else:
        raise InvalidInputError(f"{path} must hold routes, ends before its header")
    return _routes(path, head, lines)


def _values(place: Place, text: str) -> dict[str, str]:
    words = [word.partition("=") for word in text[1:].split()]
    if any(not sign for _, sign, _ in words) or len({name for name, _, _ in words}) != len(words):
        place.refuse("text", text, "# name=value name=value, each name once and without spaces")
    return {name: value for name, _, value in words}


def _routes(
    path: Path, head: Sequence[tuple[Place, dict[str, str]]], lines: Iterator[tuple[Place, str]]
) -> Routes:
    if not head:
        raise InvalidInputError(f"{path} must name its model before its header")
    place, model = head[0]
    layers = _whole(place, model, "n_layer", 1, _LAYERS_MAX)
    experts = _whole(place, model, "n_expert", 1, _EXPERTS_MAX)
    top_k = _whole(place, model, "n_expert_used", 1, experts)
    if len(head) != layers + 1:
        place.refuse("n_layer", layers, f"the number of layers described, which is {len(head) - 1}")
    for number, (line, values) in enumerate(head[1:]):
        if _whole(line, values, "layer", 0, layers - 1) != number:
            line.refuse("layer", values["layer"], f"{number}, as layers are described in order")
    tokens = _tokens(lines, layers=layers, experts=experts, top_k=top_k)
    passes = tuple(
        LayerPass(turn, Phase(phase), layer, tuple(token for _, token in group))
        for (turn, phase, layer, _), group in groupby(tokens, key=lambda item: item[0])
    )
    if not passes:
        raise InvalidInputError(f"{path} must hold at least one route, has none")
    return Routes(
        model=model.get("model", path.stem),
        arch=model.get("arch", ""),
        n_expert=experts,
        top_k=top_k,
        expert_bytes=tuple(_whole(p, v, "expert_bytes", 1, _NUMBER_MAX) for p, v in head[1:]),
        dense_bytes=tuple(_whole(p, v, "dense_bytes", 0, _NUMBER_MAX) for p, v in head[1:]),
        passes=passes,
    )


_Key: TypeAlias = tuple[int, int, int, int]
"""Turn, phase, layer and, when decoding, step: tokens that agree in it are of one pass."""


def _tokens(
    lines: Iterator[tuple[Place, str]], *, layers: int, experts: int, top_k: int
) -> Iterator[tuple[_Key, RoutedToken]]:
    """Yield tokens with the key of their pass."""
    high = (_NUMBER_MAX, 1, _NUMBER_MAX, layers - 1, top_k - 1, experts - 1, 0, 1, _NUMBER_MAX)
    rows: list[_Row] = []
    for place, text in lines:
        row = _row(place, text, high)
        if row[4] != len(rows) % top_k:
            place.refuse("slot", row[4], f"{len(rows) % top_k}, as slots of a token count up")
        if rows and row[:4] != rows[0][:4]:
            place.refuse("turn, phase, step, layer", row[:4], f"{rows[0][:4]} in the whole token")
        if row[5] in {before[5] for before in rows}:
            place.refuse("expert", row[5], "another one in each slot of a token")
        rows.append(row)
        if len(rows) == top_k:
            turn, phase, step, layer = row[:4]
            key = turn, phase, layer, step if phase == Phase.DECODE else 0
            _, _, _, _, _, chosen, weights, resident, read = zip(*rows, strict=True)
            yield key, RoutedToken(step, chosen, weights, tuple(map(bool, resident)), read)
            rows = []
    if rows:
        place.refuse("slots", len(rows), f"{top_k} for the last token too")


def _row(place: Place, text: str, high: tuple[int, ...]) -> _Row:
    fields = text.split(",")
    if len(fields) != len(ROUTE_COLUMNS):
        place.refuse("row", text, f"{len(ROUTE_COLUMNS)} fields; has {len(fields)}")
    numbers = [
        _digits(place, column, field, 0, limit)
        for column, field, limit in zip(ROUTE_COLUMNS, fields, high, strict=True)
        if column != "weight"
    ]
    try:
        weight = float(fields[6])
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:
        place.refuse("weight", fields[6], "a finite number >= 0")
    turn, phase, step, layer, slot, expert, resident, read = numbers
    return turn, phase, step, layer, slot, expert, weight, resident, read


def _whole(place: Place, values: dict[str, str], name: str, low: int, high: int) -> int:
    if name not in values:
        place.refuse("names", sorted(values), f"such that {name!r} is one of them")
    return _digits(place, name, values[name], low, high)


def _digits(place: Place, name: str, text: str, low: int, high: int) -> int:
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX else -1
    if not low <= value <= high:
        place.refuse(name, text, f"a whole number >= {low} and <= {high}")
    return value


def routes_text(routes: Routes) -> str:
    """Return the file of routes, to be written whole; reading it gives them back.

    Weights have the digits that they need to come back as they are.

    Raises:
        InvalidInputError: A name has a space in it, or is empty.
    """
    for name in (routes.model, routes.arch):
        if not name or len(name.split()) != 1 or name != name.strip():
            raise InvalidInputError(f"name {name!r:.60} must be one word")
    lines = [
        _FIRST_LINE,
        f"# model={routes.model} arch={routes.arch} n_layer={routes.layers} "
        f"n_expert={routes.n_expert} n_expert_used={routes.top_k}",
    ]
    for layer, (expert, dense) in enumerate(
        zip(routes.expert_bytes, routes.dense_bytes, strict=True)
    ):
        lines.append(f"# layer={layer} expert_bytes={expert} dense_bytes={dense}")
    lines.append(",".join(ROUTE_COLUMNS))
    for found in routes.passes:
        for token in found.tokens:
            head = f"{found.turn},{int(found.phase)},{token.step},{found.layer}"
            choices = zip(
                token.experts, token.weights, token.resident, token.read_bytes, strict=True
            )
            for slot, (expert, weight, resident, read) in enumerate(choices):
                lines.append(f"{head},{slot},{expert},{weight!r},{int(resident)},{read}")
    return "\n".join(lines) + "\n"

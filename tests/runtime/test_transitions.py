import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from homeostat.errors import InvalidInputError
from homeostat.models.routing.counts import product_edges
from homeostat.runtime.traces import transitions
from homeostat.runtime.traces.routes import LayerPass, Phase, RoutedToken, Routes, routes_text
from homeostat.runtime.traces.transitions import layer_tokens, read_transitions

LAYERS = np.array([[[1, 2], [3, 4]], [[0, 5], [0, 0]]], np.int32)


def token(step: int, *experts: int) -> RoutedToken:
    count = len(experts)
    return RoutedToken(step, experts, (0.5,) * count, (False,) * count, (0,) * count)


def made_routes() -> Routes:
    """Two layers and two turns; the first turn has a prompt of two tokens."""
    passes = [
        LayerPass(0, Phase.PROMPT, 0, (token(0, 0, 1), token(1, 2, 0))),
        LayerPass(0, Phase.PROMPT, 1, (token(0, 1, 2), token(1, 1, 0))),
        LayerPass(0, Phase.DECODE, 0, (token(2, 1, 2),)),
        LayerPass(0, Phase.DECODE, 1, (token(2, 2, 0),)),
        LayerPass(1, Phase.PROMPT, 0, (token(0, 2, 1), token(1, 2, 0))),
        LayerPass(1, Phase.PROMPT, 1, (token(0, 0, 1), token(1, 1, 2))),
    ]
    return Routes(
        model="made", arch="made", n_expert=3, top_k=2, expert_bytes=(8, 8), dense_bytes=(0, 0),
        passes=tuple(passes),
    )  # fmt: skip


def saved(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


def test_counts_of_all_layers_are_read(tmp_path: Path) -> None:
    found = read_transitions(saved(tmp_path / "a.npy", LAYERS))
    assert [layer.tolist() for layer in found] == LAYERS.tolist()
    assert {layer.dtype for layer in found} == {np.dtype(np.int64)}


def test_one_matrix_is_one_layer(tmp_path: Path) -> None:
    (found,) = read_transitions(saved(tmp_path / "a.npy", LAYERS[0]))
    assert found.tolist() == LAYERS[0].tolist()


def test_first_choices_of_routes_are_counted_within_each_turn(tmp_path: Path) -> None:
    path = tmp_path / "routes.csv"
    path.write_text(routes_text(made_routes()))
    first, second = read_transitions(path)
    # 0 2 1, and 2 2; then 1 1 2, and 0 1.
    assert first.tolist() == [[0, 0, 1], [0, 0, 0], [0, 1, 1]]
    assert second.tolist() == [[0, 1, 0], [0, 1, 1], [0, 0, 0]]


def test_all_pairs_of_neighbours_are_counted_across_prompt_and_output() -> None:
    routes = made_routes()
    assert layer_tokens(routes, 0) == [[(0, 1), (2, 0), (1, 2)], [(2, 1), (2, 0)]]
    # Four edges for each of three steps.
    edges = product_edges(layer_tokens(routes, 0), routes.n_expert)
    assert edges.sum() == 12
    assert edges[0].tolist() == [1, 1, 2]


def object_array() -> bytes:
    content = io.BytesIO()
    np.save(content, np.array([[{}]], dtype=object), allow_pickle=True)
    return content.getvalue()


def boast() -> bytes:
    """A header that claims far more than follows."""
    content = io.BytesIO()
    header = {"descr": "<i8", "fortran_order": False, "shape": (1, 2**20, 2**20)}
    np.lib.format.write_array_header_1_0(content, header)
    return content.getvalue() + b"\0" * 64


def array(values: object) -> Callable[[], bytes]:
    def content() -> bytes:
        file = io.BytesIO()
        np.save(file, np.asarray(values))
        return file.getvalue()

    return content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (object_array, "array of NumPy's"),
        (boast, "array of NumPy's"),
        (lambda: b"\x93NUMPY", "array of NumPy's"),
        (lambda: b"\x93NUMPY\x01\x00\x10\x00" + b"{'descr': 3}    ", "array of NumPy's"),
        (array(np.zeros((1, 1, 1, 1), int)), "layers, experts, experts"),
        (array(np.zeros((0, 2, 2), int)), "layers, experts, experts"),
        (array(3), "layers, experts, experts"),
        (array([[[1, 2]]]), "layer 0: .* square"),
        (array([[[1.5]]]), "layer 0: .* integers"),
        (array([[[1]], [[-1]]]), "layer 1: count -1"),
        (array([[[1]], [[0]]]), "layer 1: 0 transitions"),
        (lambda: b"1,2\n3,4\n", "route_trace"),
        (lambda: b"", "header"),
    ],
)
def test_what_holds_no_counts_is_refused(
    content: Callable[[], bytes], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "given"
    path.write_bytes(content())
    with pytest.raises(InvalidInputError, match=said):
        read_transitions(path)


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "nothing"):
        with pytest.raises(InvalidInputError, match="regular file"):
            read_transitions(path)


def test_a_large_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transitions, "FILE_BYTES_MAX", 100)
    with pytest.raises(InvalidInputError, match="100 or fewer"):
        read_transitions(saved(tmp_path / "a.npy", LAYERS))

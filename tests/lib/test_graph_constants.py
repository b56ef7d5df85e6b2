"""Constants of graphs that TensorFlow itself has written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faceswap.lib.errors import WeightsError
from faceswap.lib.graph_constants import read_constants

RNG = np.random.default_rng(0)
ARRAYS = {
    "conv/conv2d_params": RNG.normal(size=(3, 3, 2, 4)).astype(np.float32),
    "softmax/biases": RNG.normal(size=7).astype(np.float32),
    "one": np.array([2.5], np.float32),
    "scalar": np.float32(-1),
    "even": np.full((2, 3), 0.25, np.float32),
}


def _graph() -> bytes:
    import tensorflow as tf

    graph = tf.Graph()
    with graph.as_default():
        for name, array in ARRAYS.items():
            tf.constant(array, name=name, shape=np.shape(array))
        tf.constant(3, name="whole_number")
        tf.add(tf.constant(ARRAYS["one"], name="a"), 1.0, name="sum")
    return graph.as_graph_def().SerializeToString()


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "graph.pb"
    path.write_bytes(_graph())
    return path


def test_roundtrip_of_what_tensorflow_writes(graph: Path) -> None:
    found = read_constants(graph)
    assert set(found) >= set(ARRAYS) and not {"whole_number", "sum"} & set(found)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("content", [b"no graph", b"\x0a\xff", b"\x0a\x02\x0a\x00"])
def test_error_a_file_that_is_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "graph.pb"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"graph\.pb is no TensorFlow graph"):
        read_constants(path)


def test_error_a_graph_that_is_cut_short(graph: Path, tmp_path: Path) -> None:
    path = tmp_path / "graph.pb"
    path.write_bytes(graph.read_bytes()[:200])
    with pytest.raises(WeightsError, match="is no TensorFlow graph"):
        read_constants(path)

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from skimage.transform import resize

pytest.importorskip("keras")

import keras

from faceswap.lib.nn.losses import mse
from faceswap.lib.nn.perceptual import SIZE, PerceptualLoss, build_network, read_weights

WIDTH = 0.02


def _coarse_and_fine() -> Any:
    """A network that sees a picture's means over 56 pixels, and its middle."""
    inputs = keras.Input((SIZE, SIZE, 3))
    means = keras.layers.AveragePooling2D(56)(inputs)
    return keras.Model(inputs, [means, keras.layers.Cropping2D(100)(inputs)])


def test_feature_perceptual_loss_equals_numpy() -> None:
    goals, faces = np.random.default_rng(0).random((2, 2, SIZE, SIZE, 3)).astype(np.float32)

    def normalized(maps: np.ndarray) -> np.ndarray:
        mean, variance = maps.mean((1, 2), keepdims=True), maps.var((1, 2), keepdims=True)
        return (maps - mean) / np.sqrt(variance + 1e-5)

    def seen(pictures: np.ndarray) -> list[np.ndarray]:
        shown = pictures.astype(np.float64) * 255 - [131.0912, 103.8827, 91.4953]
        return [shown.reshape(2, 4, 56, 4, 56, 3).mean((2, 4)), shown[:, 100:-100, 100:-100]]

    parts = [
        ((normalized(one) - normalized(other)) ** 2).mean() for one, other in zip(seen(goals), seen(faces), strict=True)
    ]
    loss = PerceptualLoss(_coarse_and_fine(), (0.3, 2.0), mse)
    assert float(loss(goals, faces)) == pytest.approx(0.3 * parts[0] + 2 * parts[1], rel=1e-3)
    assert float(loss(goals, goals)) == pytest.approx(0, abs=1e-6)


def test_feature_smaller_pictures_are_enlarged() -> None:
    goal, face = np.random.default_rng(1).random((2, 1, 56, 56, 3)).astype(np.float32)
    large = [resize(each[0], (SIZE, SIZE), order=1, mode="edge")[None].astype(np.float32) for each in (goal, face)]
    loss = PerceptualLoss(_coarse_and_fine(), (1.0, 0.0), mse)
    assert float(loss(goal, face)) == pytest.approx(float(loss(*large)), rel=1e-2)


def _write(path: Path, network: Any, skip: str = "") -> dict[str, np.ndarray]:
    """Writes random weights as Keras 2 did: a group for each layer, in it the layer's own path."""
    rng, written = np.random.default_rng(2), {}
    with h5py.File(path, "w") as file:
        for layer in network.layers:
            name = layer.name.replace("__", "/")
            group = file.require_group(name)
            for variable in layer.weights:
                if variable.name == skip:
                    continue
                array = rng.random(variable.shape).astype(np.float32)
                written[variable.path] = array
                group[f"{name}/{variable.name}:0"] = array
    return written


def test_roundtrip_weights_are_read_by_name(tmp_path: Path) -> None:
    network = build_network(WIDTH)
    written = _write(tmp_path / "weights.h5", network)
    read_weights(network, tmp_path / "weights.h5")
    assert len(written) == len(network.weights) == 53 + 4 * 53
    for variable in network.weights:
        assert (np.asarray(variable) == written[variable.path]).all()
    assert not network.trainable_variables


def test_error_files_that_are_no_weights_of_the_network(tmp_path: Path) -> None:
    network, path = build_network(WIDTH), tmp_path / "weights.h5"
    path.write_bytes(b"no weights")
    with pytest.raises(ValueError, match=r"weights\.h5 is no HDF5 file"):
        read_weights(network, path)
    _write(path, network, skip="gamma")
    with pytest.raises(ValueError, match=r"must hold one `gamma` of layer `conv1/7x7_s2/bn`\. Received: 0"):
        read_weights(network, path)
    _write(path, build_network(2 * WIDTH))
    before = [np.asarray(variable).copy() for variable in network.weights]
    with pytest.raises(ValueError, match=r"must be \[7, 7, 3, 1\]\. Received: \[7, 7, 3, 3\]"):
        read_weights(network, path)
    assert all((old == np.asarray(new)).all() for old, new in zip(before, network.weights, strict=True))


@pytest.mark.slow
def test_shape_the_face_network_is_a_resnet50() -> None:
    network = build_network()
    assert [shape[1:] for shape in network.output_shape] == [
        (7, 7, 2048),
        (28, 28, 512),
        (55, 55, 256),
        (112, 112, 64),
    ]
    # The weights of the open ResNet50 without its head and without biases of convolutions.
    assert network.count_params() == 23_561_152

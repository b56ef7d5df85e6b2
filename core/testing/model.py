"""Checks for swap models: what they answer, how they train, and what is exported of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..contract import CropSpec
from ..errors import PluginError
from .arrays import difference
from .crops import CropExercise, crop_declared, expect_range
from .exercise import Call
from .records import SkipCheckError, check_of, expect
from .samples import drawn_face, portrait
from .subject import SEED, Subject

_STEPS = 3
_BATCH_SIZE = 2
_FACES = 4


class ModelExercise(CropExercise):
    """Works swap models: a call is crops and the identity that they should get."""

    method = "swap"

    def calls(self, plugin: Any) -> list[Call]:
        """The crops with every identity."""
        crops, _ = self.crops(plugin)
        return [(crops, identity) for identity in plugin.identities]

    def empty(self, plugin: Any) -> Call:
        """No crop."""
        return self.crops(plugin)[0][:0], plugin.identities[0]

    def singles(self, call: Call) -> list[Call]:
        """One crop each."""
        crops, identity = call
        return [(crops[index : index + 1], identity) for index in range(len(crops))]


@dataclass(frozen=True)
class _Training:
    """What a few steps of training did.

    Attributes:
        losses: The losses of each step, by name.
        still: The paths of the trainable weights that did not move.
        weights: How many trainable weights there are.
    """

    losses: list[dict[str, float]]
    still: list[str]
    weights: int


def identities_declared(subject: Subject) -> None:
    """`identities` names the people that it knows, each once."""
    names = subject.plugin.identities
    right = isinstance(names, tuple) and len(names) > 0 and all(isinstance(name, str) and name for name in names)
    expect(right and len(set(names)) == len(names), "a tuple of names, each once", repr(names))


def output_in_range(subject: Subject) -> None:
    """Faces and masks lie in 0..1."""
    for faces, masks in subject.answers:
        expect_range(faces, "faces")
        if masks is not None:
            expect_range(masks, "masks")


def training_is_finite(subject: Subject) -> None:
    """Three steps of training give named, finite losses."""
    for number, losses in enumerate(_trained(subject).losses):
        expect(len(losses) > 0, "at least one loss", f"none in step {number}")
        finite = all(np.isfinite(value) for value in losses.values())
        expect(finite, "finite losses", f"{losses} in step {number}")


def weights_move(subject: Subject) -> None:
    """Every trainable weight has moved within three steps of training."""
    try:
        training = _trained(subject)
    except (Exception, SystemExit) as error:
        raise SkipCheckError("it could not be trained") from error
    expect(training.weights > 0, "trainable weights in `networks`", "none")
    received = f"{len(training.still)} of {training.weights} that did not, such as {training.still[:3]}"
    expect(not training.still, f"every trainable weight to move within {_STEPS} steps", received)


def saved_and_loaded(subject: Subject) -> None:
    """Its networks' weights are all there is to save: a new object that is given them answers the same."""
    from ...lib import checkpoint
    from ..training.checkpointing import WEIGHTS, load_weights, read_arrays

    answers = subject.answers
    networks = {name: network.variables for name, network in subject.plugin.networks.items()}
    again = subject.fresh(seed=SEED + 1)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint.save(Path(folder), 0, {WEIGHTS: read_arrays(networks)}, {})
        load_weights(Path(folder), again)
    for call, answer in zip(subject.calls, answers, strict=True):
        changed = difference(answer, subject.exercise.run(again, call), subject.tolerance)
        expect(changed is None, "the same answers with the saved weights", changed)


def swap_network_is_plain(subject: Subject) -> None:
    """`swap_network` is a Keras model of the crop's size, in float32, without Lambda layers."""
    import keras

    size = subject.plugin.crop.size
    for identity in subject.plugin.identities:
        network = subject.plugin.swap_network(identity)
        expect(isinstance(network, keras.Model), "a keras.Model", type(network).__name__)
        expect(len(network.outputs) in (1, 2), "faces, or faces and masks", f"{len(network.outputs)} outputs")
        wanted = (None, size, size, 3)
        expect(network.input_shape == wanted, f"an input of shape {wanted}", network.input_shape)
        for output, channels in zip(network.outputs, (3, 1), strict=False):
            shape = (None, size, size, channels)
            expect(tuple(output.shape) == shape, f"an output of shape {shape}", tuple(output.shape))
        tensors = [*network.inputs, *network.outputs, *network.weights]
        kinds = sorted({str(keras.backend.standardize_dtype(tensor.dtype)) for tensor in tensors} - {"float32"})
        expect(not kinds, "inputs, outputs and weights in float32", kinds)
        coarse = sorted({layer.compute_dtype for layer in _layers(network)} - {"float32"})
        expect(not coarse, "layers that compute in float32", coarse)
        lambdas = [layer.name for layer in _layers(network) if isinstance(layer, keras.layers.Lambda)]
        expect(not lambdas, "no Lambda layer, which could not be loaded safely", lambdas)


def swap_network_agrees(subject: Subject) -> None:
    """`swap_network`, run as a plain Keras model, twice, gives what `swap` gives: no randomness, nothing around it."""
    for (crops, identity), (faces, masks) in zip(subject.calls, subject.answers, strict=True):
        network = subject.plugin.swap_network(identity)
        pictures = crops.astype(np.float32) / np.float32(255)
        for _ in range(2):
            answer = network.predict(pictures, verbose=0)
            parts = tuple(answer) if isinstance(answer, (list, tuple)) else (answer, None)
            changed = difference((faces, masks), parts, subject.tolerance)
            expect(changed is None, f"what swap() gives for '{identity}'", changed)


def _layers(model: Any) -> Iterator[Any]:
    """All layers, also those inside models and wrappers."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        elif hasattr(layer, "layer"):
            yield layer.layer


def _trained(subject: Subject) -> _Training:
    """Trains a new object on the suite's two faces; done once for each plugin."""
    _ = subject.plugin
    training: _Training = subject.remember("training", lambda: _train(subject))
    return training


def _train(subject: Subject) -> _Training:
    from keras import ops

    from ..training.engine import Engine

    plugin = subject.fresh()
    faces = training_faces(plugin.crop, plugin.identities)
    try:
        engine = Engine(plugin, faces, _BATCH_SIZE, SEED, _STEPS)
    except PluginError as error:
        raise SkipCheckError(str(error)) from error
    variables = [variable for network in plugin.networks.values() for variable in network.trainable_variables]
    before = [np.array(ops.convert_to_numpy(variable)) for variable in variables]
    losses = [{name: float(loss) for name, loss in engine.advance().items()} for _ in range(_STEPS)]
    still = [
        variable.path
        for variable, value in zip(variables, before, strict=True)
        if np.array_equal(ops.convert_to_numpy(variable), value)
    ]
    return _Training(losses, still, len(variables))


def training_faces(crop: CropSpec, identities: tuple[str, ...]) -> Mapping[str, Any]:
    """Training faces for every identity: the drawn face and the portrait by turns, each in a few tilts."""
    from ..training.faces import COVERAGE, TrainingFaces, training_side

    wide = CropSpec(training_side(crop.size), crop.face_type, crop.coverage / COVERAGE)
    y, x = np.mgrid[-1 : 1 : wide.size * 1j, -1 : 1 : wide.size * 1j]
    disc = ((np.hypot(x, y) < 0.5) * 255).astype(np.uint8)
    masks = np.repeat(disc[None, ..., None], _FACES, axis=0)
    faces = {}
    for number, identity in enumerate(identities):
        sample = portrait() if number % 2 else drawn_face()
        pictures = np.stack([sample.crop(wide, turn=0.05 * tilt)[0] for tilt in range(_FACES)])
        faces[identity] = TrainingFaces(pictures, masks)
    return faces


CHECKS = tuple(check_of(function) for function in (crop_declared, identities_declared, output_in_range))
TRAINABLE_CHECKS = (
    *CHECKS,
    *(
        check_of(function)
        for function in (
            swap_network_is_plain,
            swap_network_agrees,
            saved_and_loaded,
            training_is_finite,
            weights_move,
        )
    ),
)

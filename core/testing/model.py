"""Checks for swap models: what they answer, how they train, and what is exported of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...lib.geometry import mean_face_landmarks
from ...lib.regions import eyes_and_mouth
from ..contract import CropSpec
from ..errors import PluginError
from ..kinds import Trainable
from .arrays import difference
from .crops import CropExercise, crop_declared, expect_range
from .exercise import Call
from .records import SkipCheckError, check_of, expect
from .samples import Picture, drawn_face, portrait
from .subject import SEED, Subject

_STEPS = 3
_BATCH_SIZE = 2
_FACES = 4
_LEAST_REDDENED = 1e-6
"""A smaller change of color, in units of the picture, is rounding."""


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
        broken: The paths of those that hold NaN or infinity afterwards.
        weights: How many trainable weights there are.
        skipped: How many steps changed nothing, since their losses or slopes were not finite.
        reddened: By how much more red over blue it shows those that it was taught in red than those in blue.
    """

    losses: list[dict[str, float]]
    still: list[str]
    broken: list[str]
    weights: int
    skipped: int
    reddened: float


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
    """Three steps of training give named, finite losses with finite slopes, and leave finite weights."""
    training = _trained(subject)
    for number, losses in enumerate(training.losses):
        expect(len(losses) > 0, "at least one loss", f"none in step {number}")
        finite = all(np.isfinite(value) for value in losses.values())
        expect(finite, "finite losses", f"{losses} in step {number}")
    expect(not training.skipped, "finite slopes of the losses", f"NaN or infinity in {training.skipped} steps")
    received = f"NaN or infinity in {len(training.broken)} of {training.weights}, such as {training.broken[:3]}"
    expect(not training.broken, f"finite weights after {_STEPS} steps", received)


def weights_move(subject: Subject) -> None:
    """Every trainable weight has moved within three steps of training."""
    training = _trained_or_skip(subject)
    if training.skipped:
        raise SkipCheckError("steps that are not finite move nothing")
    expect(training.weights > 0, "trainable weights in `networks`", "none")
    received = f"{len(training.still)} of {training.weights} that did not, such as {training.still[:3]}"
    expect(not training.still, f"every trainable weight to move within {_STEPS} steps", received)


def _trained_or_skip(subject: Subject) -> _Training:
    try:
        return _trained(subject)
    except (Exception, SystemExit) as error:
        raise SkipCheckError("it could not be trained") from error


def colors_keep_order(subject: Subject) -> None:
    """Channels keep their order: it does not answer in blue what it is shown, or taught, in red."""
    if isinstance(subject.plugin, Trainable):
        reddened = _trained_or_skip(subject).reddened
        if not abs(reddened) > _LEAST_REDDENED:
            raise SkipCheckError("its colors hardly move within a few steps of training")
        expected = "faces taught in red to become redder than those taught in blue"
    else:
        reddened = _redness(subject, subject.plugin, subject.plugin.identities[:1] * 2)
        expected = "a face under red light to be no bluer than under blue light"
    expect(reddened > -_LEAST_REDDENED, expected, f"bluer, by {-reddened:.3g} of 1")


def _redness(subject: Subject, plugin: Any, identities: Sequence[str]) -> float:
    """How much more red over blue the plugin shows for red crops, the first identity's and every other, than for blue.

    Args:
        subject: The plugin under test.
        plugin: An object of it.
        identities: Whom it is asked for: crops in red and in blue by turns.
    """
    crops, _ = subject.exercise.crops(plugin)  # type: ignore[attr-defined]
    answers = [plugin.swap(tinted(crops, number), identity)[0] for number, identity in enumerate(identities)]
    excess = [float((faces[..., 0] - faces[..., 2]).mean()) for faces in answers]
    return sum(excess[::2]) - sum(excess[1::2])


def tinted(pictures: Picture, number: int) -> Picture:
    """Shows pictures under red light where `number` is even, under blue light where it is odd."""
    gray = pictures.mean(axis=-1, keepdims=True)
    bright, dark = 110 + gray / 2, gray / 6
    channels = [bright, dark, dark] if number % 2 == 0 else [dark, dark, bright]
    return np.concatenate(channels, axis=-1).astype(np.uint8)


def saved_and_loaded(subject: Subject) -> None:
    """Its networks' weights are all there is to save: a new object that is given them answers the same."""
    from ...lib import checkpoint
    from ..training.checkpointing import WEIGHTS, load_weights, read_arrays, swap_networks

    answers, networks = subject.answers, swap_networks(subject.plugin)
    again = subject.fresh(seed=SEED + 1)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint.save(Path(folder), 0, {WEIGHTS: read_arrays(networks)}, {})
        load_weights(Path(folder), again)
    for call, answer in zip(subject.calls, answers, strict=True):
        changed = difference(answer, subject.exercise.run(again, call), subject.tolerance)
        expect(changed is None, "the same answers with the saved weights", changed)


def swap_network_is_plain(subject: Subject) -> None:
    """`swap_network` is a Keras model of the crop's size, in float32, without Lambda layers."""
    size = subject.plugin.crop.size
    import keras

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
    from ..training.engine import Engine

    plugin = subject.fresh()
    faces = training_faces(plugin.crop, plugin.identities)
    try:
        engine = Engine(plugin, faces, _BATCH_SIZE, SEED, _STEPS)
    except PluginError as error:
        raise SkipCheckError(str(error)) from error
    variables = [variable for network in plugin.networks.values() for variable in network.trainable_variables]
    before, redness = _values(variables), _redness(subject, plugin, plugin.identities)
    losses = [{name: float(loss) for name, loss in engine.advance().items()} for _ in range(_STEPS)]
    after, paths = _values(variables), [variable.path for variable in variables]
    still = [path for path, old, new in zip(paths, before, after, strict=True) if np.array_equal(old, new)]
    broken = [path for path, new in zip(paths, after, strict=True) if not np.isfinite(new).all()]
    reddened = _redness(subject, plugin, plugin.identities) - redness
    return _Training(losses, still, broken, len(variables), engine.skipped()[1], reddened)


def _values(variables: Sequence[Any]) -> list[Any]:
    from keras import ops

    return [np.array(ops.convert_to_numpy(variable)) for variable in variables]


def training_faces(crop: CropSpec, identities: tuple[str, ...]) -> Mapping[str, Any]:
    """Training faces for every identity: by turns the drawn face in red light and the portrait in blue, tilted."""
    from ..training.faces import COVERAGE, TrainingFaces, training_side

    wide = CropSpec(training_side(crop.size), crop.face_type, crop.coverage / COVERAGE)
    y, x = np.mgrid[-1 : 1 : wide.size * 1j, -1 : 1 : wide.size * 1j]
    inner = eyes_and_mouth(mean_face_landmarks("ibug68", wide.face_type, wide.size, wide.coverage), "ibug68", wide.size)
    regions = np.stack([np.hypot(x, y) < 0.5, *inner], axis=-1)
    masks = np.repeat((regions * 255).astype(np.uint8)[None], _FACES, axis=0)
    faces = {}
    for number, identity in enumerate(identities):
        sample = portrait() if number % 2 else drawn_face()
        pictures = np.stack([sample.crop(wide, turn=0.05 * tilt)[0] for tilt in range(_FACES)])
        faces[identity] = TrainingFaces(tinted(pictures, number), masks)
    return faces


CHECKS = tuple(
    check_of(function) for function in (crop_declared, identities_declared, output_in_range, colors_keep_order)
)
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

"""Checks for swap models: what they answer, how they train, and what is exported of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np

from ..kinds import Trainable
from . import training
from .arrays import difference
from .crops import CropExercise, crop_declared, expect_range
from .exercise import Call
from .records import SkipCheckError, check_of, expect
from .subject import Subject
from .training import tinted, trained_or_skip

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

    def redness(self, plugin: Any) -> float:
        """By how much more red over blue it shows those whom training shows in red than those in blue."""
        return self.redness_of(plugin, plugin.identities)

    def redness_of(self, plugin: Any, identities: Sequence[str]) -> float:
        """How much more red over blue it shows for red crops, the first identity's and every other, than for blue.

        Args:
            plugin: The plugin.
            identities: Whom it is asked for: crops in red and in blue by turns.
        """
        crops, _ = self.crops(plugin)
        answers = [plugin.swap(tinted(crops, number), identity)[0] for number, identity in enumerate(identities)]
        excess = [float((faces[..., 0] - faces[..., 2]).mean()) for faces in answers]
        return sum(excess[::2]) - sum(excess[1::2])


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


def colors_keep_order(subject: Subject) -> None:
    """Channels keep their order: it does not answer in blue what it is shown, or taught, in red."""
    if isinstance(subject.plugin, Trainable):
        reddened = trained_or_skip(subject).reddened
        if not abs(reddened) > _LEAST_REDDENED:
            raise SkipCheckError("its colors hardly move within a few steps of training")
        expected = "faces taught in red to become redder than those taught in blue"
    else:
        exercise = cast(ModelExercise, subject.exercise)
        reddened = exercise.redness_of(subject.plugin, subject.plugin.identities[:1] * 2)
        expected = "a face under red light to be no bluer than under blue light"
    expect(reddened > -_LEAST_REDDENED, expected, f"bluer, by {-reddened:.3g} of 1")


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


CHECKS = tuple(
    check_of(function) for function in (crop_declared, identities_declared, output_in_range, colors_keep_order)
)
TRAINABLE_CHECKS = (
    *CHECKS,
    *(check_of(function) for function in (swap_network_is_plain, swap_network_agrees)),
    *training.CHECKS,
)

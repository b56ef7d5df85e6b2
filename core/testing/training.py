"""Checks of all that is trained: a few steps on drawn faces, and what is saved of it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...lib.geometry import mean_face_landmarks
from ...lib.regions import eyes_and_mouth
from ..contract import CropSpec
from ..errors import PluginError
from .arrays import difference
from .crops import require_crop
from .records import SkipCheckError, check_of, expect
from .samples import Picture, drawn_face, portrait
from .subject import SEED, Subject

_STEPS = 3
_BATCH_SIZE = 2
_FACES = 4


@dataclass(frozen=True)
class Training:
    """What a few steps of training did.

    Attributes:
        losses: The losses of each step, by name.
        still: The paths of the trainable weights that did not move.
        broken: The paths of those that hold NaN or infinity afterwards.
        weights: How many trainable weights there are.
        grows: Whether the networks grow, so that some weights are not at work yet.
        skipped: How many steps changed nothing, since their losses or slopes were not finite.
        reddened: By how much more red over blue it shows those that it was taught in red than those in blue.
    """

    losses: list[dict[str, float]]
    still: list[str]
    broken: list[str]
    weights: int
    grows: bool
    skipped: int
    reddened: float


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
    """Every trainable weight has moved within three steps of training.

    Of networks that grow, which tell of it by `phase`, not all are at work so early; some must be.
    """
    training = trained_or_skip(subject)
    if training.skipped:
        raise SkipCheckError("steps that are not finite move nothing")
    expect(training.weights > 0, "trainable weights in `networks`", "none")
    received = f"{len(training.still)} of {training.weights} that did not, such as {training.still[:3]}"
    if training.grows:
        expect(len(training.still) < training.weights, f"some weights to move within {_STEPS} steps", received)
        return
    expect(not training.still, f"every trainable weight to move within {_STEPS} steps", received)


def trained_or_skip(subject: Subject) -> Training:
    """What a few steps of training did; another check tells where they cannot be done."""
    try:
        return _trained(subject)
    except (Exception, SystemExit) as error:
        raise SkipCheckError("it could not be trained") from error


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


def _trained(subject: Subject) -> Training:
    """Trains a new object on the suite's two faces; done once for each plugin."""
    _ = subject.plugin
    training: Training = subject.remember("training", lambda: _train(subject))
    return training


def _train(subject: Subject) -> Training:
    from ..training.engine import Engine

    plugin = subject.fresh()
    require_crop(plugin)
    faces = training_faces(plugin.crop, plugin.identities)
    try:
        engine = Engine(plugin, faces, _BATCH_SIZE, SEED, _STEPS)
    except PluginError as error:
        raise SkipCheckError(str(error)) from error
    variables = [variable for network in plugin.networks.values() for variable in network.trainable_variables]
    before, redness = _values(variables), subject.exercise.redness(plugin)
    losses = [{name: float(loss) for name, loss in engine.advance().items()} for _ in range(_STEPS)]
    after, paths = _values(variables), [variable.path for variable in variables]
    still = [path for path, old, new in zip(paths, before, after, strict=True) if np.array_equal(old, new)]
    broken = [path for path, new in zip(paths, after, strict=True) if not np.isfinite(new).all()]
    reddened = subject.exercise.redness(plugin) - redness
    return Training(losses, still, broken, len(variables), plugin.phase != 0, engine.skipped()[1], reddened)


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


CHECKS = tuple(check_of(function) for function in (saved_and_loaded, training_is_finite, weights_move))

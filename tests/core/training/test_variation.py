from __future__ import annotations

import numpy as np
import pytest

from faceswap.core.kinds import Generator
from faceswap.core.training.backends import prepared
from faceswap.core.training.faces import COVERAGE, training_side
from faceswap.core.training.step import Variation, Warp
from faceswap.core.training.variation import augmentation
from faceswap.lib.nn.keys import RandomKey

SIZE, FACES = 16, 8


def test_feature_a_generator_sees_faces_as_they_are_or_mirrored() -> None:
    """A ramp, which sampling between pixels leaves exact: each picture is the ramp's middle, or its mirror image."""
    side = training_side(SIZE)
    ramp = np.broadcast_to(np.arange(side)[:, None] * 5, (FACES, side, side, 1))
    faces = np.repeat(ramp, 3, axis=-1).astype(np.uint8)
    prepare = augmentation(SIZE, Generator.variation, Generator.warp)
    share = prepare(faces, np.zeros_like(faces), RandomKey(np.array([1, 2], np.int32)))
    goal = np.asarray(share.goal)
    np.testing.assert_array_equal(np.asarray(share.input), goal)
    step = side * COVERAGE / SIZE
    plain = ((side - 1) / 2 + (np.arange(SIZE) - (SIZE - 1) / 2) * step) * 5 / 255
    rows = goal[:, 3, :, 0]
    mirrored = np.abs(rows - plain[::-1]).max(axis=1) < 1e-4
    assert np.all(mirrored | (np.abs(rows - plain).max(axis=1) < 1e-4))
    assert 0 < mirrored.sum() < FACES


def test_feature_each_identity_is_varied_by_numbers_of_its_own() -> None:
    """The same faces of two people become other pictures, of the same key the same ones again."""
    side = training_side(SIZE)
    faces = np.random.default_rng(0).integers(0, 256, (FACES, side, side, 3)).astype(np.uint8)
    prepare, stored = augmentation(SIZE, Variation(), Warp()), {"one": (faces, faces), "other": (faces, faces)}
    first, again = (prepared(prepare, stored, RandomKey(np.array([1, 2], np.int32))) for _ in range(2))
    for name in stored:
        np.testing.assert_array_equal(np.asarray(first[name].goal), np.asarray(again[name].goal))
    assert np.abs(np.asarray(first["one"].goal) - np.asarray(first["other"].goal)).max() > 0.1


def test_feature_on_tensorflow_it_is_traced_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    from faceswap.core.training.backends.tensorflow import _graph_of
    from faceswap.lib.nn import augment as module

    traced, honest = [], module.augment
    monkeypatch.setattr(module, "augment", lambda *given: traced.append(1) or honest(*given))
    faces = np.zeros((FACES, training_side(SIZE), training_side(SIZE), 3), np.uint8)
    for _ in range(2):
        prepare = _graph_of(augmentation(SIZE, Variation(affine=0.125), Warp()))  # Like that of no other test.
        prepared(prepare, {"one": (faces, faces), "other": (faces, faces)}, RandomKey(np.array([1, 2], np.int32)))
    assert len(traced) == 1

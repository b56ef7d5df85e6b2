from __future__ import annotations

import numpy as np

from faceswap.core.kinds import Generator
from faceswap.core.training.faces import COVERAGE, training_side
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

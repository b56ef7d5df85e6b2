"""How varied a generator's faces are, against those that it learns from: what falls when it collapses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...lib.embedding_sums import EmbeddingSums
from .faces import COVERAGE, TrainingFaces
from .validation import spread as spread_over

SAMPLES = 64
"""Faces that are compared, of either kind."""

COLLAPSED = 0.2
"""The share of the real faces' spread below which samples are nearly alike."""

_SIDE = 16
"""Side of the pictures that are compared, in pixels: noise and fine detail do not count as variety."""


def pair_spread(pictures: NDArray[np.uint8]) -> float:
    """How different pictures are from each other.

    Args:
        pictures: uint8 `[pictures size size 3]`, two or more.

    Returns:
        The mean squared difference of a value, 0..1, over all pairs of them, at 16 pixels.
    """
    sums = EmbeddingSums()
    sums.add(_small(pictures))
    return sums.pair_distances()[0] / (3 * _SIDE**2)


def relative_spread(samples: NDArray[np.uint8], real: NDArray[np.uint8]) -> float:
    """The spread of samples as a share of that of real faces: 1 as varied, 0 all alike.

    Args:
        samples: uint8 `[samples size size 3]`, two or more.
        real: uint8 `[faces side side 3]`, likewise, framed as the samples are.
    """
    return pair_spread(samples) / max(pair_spread(real), 1e-9)


def shown_faces(faces: TrainingFaces) -> NDArray[np.uint8]:
    """Some of the training faces, spread over all, without the margin that augmentation reaches into."""
    places = spread_over(np.arange(len(faces)), SAMPLES)
    side = faces.pictures.shape[1]
    margin = round(side * (1 - COVERAGE) / 2)
    return np.asarray(faces.pictures[places, margin : side - margin, margin : side - margin])


def _small(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The pictures at few pixels, each as a row of values, 0..1."""
    import cv2

    size = (_SIDE, _SIDE)
    small = [cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in pictures]
    return np.stack(small).reshape(len(pictures), -1).astype(np.float64) / 255

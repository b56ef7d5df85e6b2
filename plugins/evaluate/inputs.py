"""What metrics take out of the faces that they are given, or say in one line that it is missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.contract import FaceBatch
from ...core.errors import FaceswapError
from ...lib.embedding_sums import EmbeddingSums
from ...lib.uniform_sample import UniformSample
from ...lib.warp import convex_hull_mask

Vectors = NDArray[np.float64]


def embeddings_of(batch: FaceBatch) -> Vectors:
    """The embeddings, float64 `[faces dim]`.

    Raises:
        FaceswapError: There are none.
    """
    if batch.embeddings is None:
        raise FaceswapError("embeddings are needed. Received: faces without")
    return batch.embeddings.astype(np.float64)


def sampled_embeddings(batches: Iterable[FaceBatch], most: int) -> Vectors:
    """The embeddings of all faces, or of so many that are drawn from them: float64 `[faces dim]`."""
    sample = UniformSample(most)
    for batch in batches:
        sample.add(embeddings_of(batch))
    return sample.rows()


def summed_embeddings(batches: Iterable[FaceBatch]) -> EmbeddingSums:
    """The sums of all faces' embeddings."""
    sums = EmbeddingSums()
    for batch in batches:
        sums.add(embeddings_of(batch))
    return sums


def points_of(face: FaceBatch) -> NDArray[Any]:
    """The 68 landmarks of one face, `[68 2]`.

    Raises:
        FaceswapError: It has others, or none.
    """
    points = None if face.landmarks is None else face.landmarks[0]
    if points is None or points.shape != (68, 2):
        raise FaceswapError(f"68 landmarks are needed. Received: {0 if points is None else len(points)}")
    return np.asarray(points)


def crop_of(face: FaceBatch) -> NDArray[np.uint8]:
    """The crop of one face, uint8 `[size size 3]`.

    Raises:
        FaceswapError: There is none.
    """
    if face.crops is None:
        raise FaceswapError("crops are needed. Received: faces without")
    return np.asarray(face.crops[0])


def region_of(face: FaceBatch, region: str) -> NDArray[np.float32]:
    """What counts of one face's crop, float32 `[size size]`: the hull of its landmarks (`face`), or all (`crop`).

    Raises:
        FaceswapError: The hull is wanted, and there are no landmarks or none of them is in the crop.
    """
    size = crop_of(face).shape[0]
    if region == "crop":
        return np.ones((size, size), np.float32)
    if face.landmarks is None:
        raise FaceswapError("landmarks are needed. Received: faces without")
    return convex_hull_mask(face.landmarks[0], size)[..., 0]

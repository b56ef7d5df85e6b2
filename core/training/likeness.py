"""Whom a swapped face resembles: it is laid back over the head that it came from and shown to a recognizer.

A model's crop may be tight or small, so that no recognizer could be shown it as it is.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...lib.warp import cut, paste, paste_box
from ..contract import Faces, Masks
from ..kinds import Recognizer

_SOFTNESS = 1 / 24
"""Standard deviation of the mask's soft edge, as a share of the crop's side."""


class Likeness:
    """Remembers one person's face.

    Args:
        recognizer: The recognizer, loaded.
        crops: Faces of the person, cut as the recognizer wants them, uint8 `[faces size size 3]`.
    """

    def __init__(self, recognizer: Recognizer, crops: NDArray[np.uint8]) -> None:
        self._recognizer = recognizer
        mean = recognizer.embed(crops).mean(axis=0)
        self._center = mean / max(float(np.linalg.norm(mean)), 1e-12)

    def distance(
        self,
        heads: NDArray[np.uint8],
        faces: Faces,
        masks: Masks,
        matrix: NDArray[np.float64],
        to_recognizer: NDArray[np.float64],
    ) -> float:
        """Measures how far swapped faces are from the person.

        Args:
            heads: The crops that the faces belong to, uint8 `[faces side side 3]`.
            faces: The swapped faces, float32 `[faces size size 3]`, 0..1.
            masks: Where they replace the head's, float32 `[faces size size 1]`, 0..1.
            matrix: `[2 3]`, from pixels of `heads` to pixels of `faces`.
            to_recognizer: `[2 3]`, from pixels of `heads` to pixels of the recognizer's crop.

        Returns:
            The mean Euclidean distance of their embeddings to the person's mean embedding: 0..2, of unit vectors.
        """
        size = self._recognizer.crop.size
        laid = [lay_back(*each, matrix) for each in zip(heads, faces, masks, strict=True)]
        crops = np.stack([np.asarray(cut(head, to_recognizer, size), np.uint8) for head in laid])
        embeddings = self._recognizer.embed(crops)
        return float(np.linalg.norm(embeddings - self._center, axis=1).mean())


def lay_back(
    head: NDArray[np.uint8], face: NDArray[np.float32], mask: NDArray[np.float32], matrix: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Lays a swapped face over the head that it was cut from, with a soft edge.

    Args:
        head: uint8 `[side side 3]`.
        face: float32 `[size size 3]`, 0..1.
        mask: float32 `[size size 1]`, 0..1.
        matrix: `[2 3]`, from pixels of `head` to pixels of `face`.

    Returns:
        uint8 `[side side 3]`.
    """
    size, side = len(face), len(head)
    soft = cv2.GaussianBlur(
        np.asarray(mask[..., 0], np.float32), (0, 0), size * _SOFTNESS, borderType=cv2.BORDER_CONSTANT
    )
    soft = np.minimum(soft, mask[..., 0])[..., None]  # Beyond the mask a network may have painted anything.
    box = left, top, right, bottom = paste_box(matrix, size, side, side)
    pasted, share = paste(np.clip(face, 0, 1), matrix, box), paste(soft, matrix, box, border="zero")
    result, inside = head.copy(), np.s_[top:bottom, left:right]
    result[inside] = np.rint(pasted * 255 * share + head[inside] * (1 - share))
    return result

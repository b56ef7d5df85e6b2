"""Cuts the face out by its colors, beginning with the hull of the landmarks; leaves out what reaches into it.

Reference:
    C. Rother, V. Kolmogorov and A. Blake, GrabCut: Interactive Foreground Extraction using Iterated Graph Cuts,
    SIGGRAPH 2004.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ....core.contract import Crops, CropSpec, Landmarks, Masks
from ....core.hookspecs import hookimpl
from ....core.kinds import Masker
from ....lib.geometry import scale_of, unit_matrix
from ....lib.warp import convex_hull_mask
from ..face_hull import FOREHEAD, raised_outline

FACESWAP_CONTRACT = 1

_BORDER = 2
"""Pixels at the crop's border that are no face in any case, so that there is always something else than the face."""

Labels = NDArray[np.uint8]


class GrabcutMasker(Masker):
    """Iterated graph cuts between the colors of the face and those around it."""

    schemes = frozenset({"ibug68"})

    class Options(Masker.Options):
        """What is sure before the colors are asked."""

        forehead: float = FOREHEAD
        sure: float = Field(
            0.15,
            ge=0.02,
            le=0.5,
            description="What lies deeper in the hull is face in any case; in widths of the face from brow end to brow "
            "end. More leaves out more of what covers the face.",
        )
        reach: float = Field(
            0.08, ge=0, le=1, description="What lies farther from the hull is no face in any case; in the same widths."
        )
        iterations: int = Field(3, ge=1, le=20, description="How often colors and borders are fitted to each other.")
        size: int = Field(
            128,
            ge=32,
            le=512,
            description="Side of the crop that is cut, in pixels; twice the side, five times as long.",
        )

    options: Options

    @property
    def crop(self) -> CropSpec:
        """The whole head, in few pixels."""
        return CropSpec(self.options.size, "head")

    def mask(self, crops: Crops, crop_landmarks: Landmarks) -> Masks:
        """Cuts each face out."""
        masks = np.zeros((*crops.shape[:3], 1), np.float32)
        for mask, crop, points in zip(masks, crops, crop_landmarks, strict=True):
            mask[:] = convex_hull_mask(raised_outline(points, self.options.forehead), len(mask))
            labels = self._labels(mask[..., 0])
            if (labels == cv2.GC_FGD).any():
                mask[..., 0] = _softened(self._cut(crop, labels))
        return masks

    def _labels(self, hull: NDArray[np.float32]) -> Labels:
        """What is sure and what is only likely, `[size size]`, in OpenCV's numbers."""
        unit = scale_of(unit_matrix(self.crop.face_type, self.crop.size))
        inside = (hull > 0.5).astype(np.uint8)
        labels = np.where(inside, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        labels[cv2.erode(inside, _disc(self.options.sure * unit)) == 1] = cv2.GC_FGD
        labels[cv2.dilate(inside, _disc(self.options.reach * unit)) == 0] = cv2.GC_BGD
        labels[:_BORDER] = labels[-_BORDER:] = labels[:, :_BORDER] = labels[:, -_BORDER:] = cv2.GC_BGD
        return labels

    def _cut(self, crop: NDArray[np.uint8], labels: Labels) -> Labels:
        """The face, `[size size]`, 0 or 1: in one piece with what is sure, without holes."""
        cv2.setRNGSeed(0)  # The first guess of the colors is drawn.
        found, others, face_colors = labels.copy(), np.zeros((1, 65)), np.zeros((1, 65))
        shown, rounds = np.ascontiguousarray(crop), self.options.iterations
        cv2.grabCut(shown, found, None, others, face_colors, rounds, cv2.GC_INIT_WITH_MASK)
        face = np.isin(found, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
        pieces = cv2.connectedComponents(face)[1]
        whole = np.isin(pieces, np.unique(pieces[labels == cv2.GC_FGD])).astype(np.uint8)
        outlines = cv2.findContours(whole, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
        return np.asarray(cv2.drawContours(np.zeros_like(whole), outlines, -1, 1, cv2.FILLED))


def _disc(radius: float) -> Any:
    side = 2 * max(0, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def _softened(face: Labels) -> NDArray[np.float32]:
    """Softens the steps of the outline over about a pixel on both sides."""
    return np.asarray(cv2.GaussianBlur(face.astype(np.float32), (5, 5), 1.0))


@hookimpl
def faceswap_masker() -> type[GrabcutMasker]:
    """Hands over the masker."""
    return GrabcutMasker

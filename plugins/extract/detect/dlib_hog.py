"""Finds upright frontal faces with dlib's histogram-of-gradients detector; fast, no weights file.

Faces narrower than about 80 pixels are found after upsampling only.

Reference:
    D. E. King, Max-Margin Object Detection, 2015 (the training); N. Dalal and B. Triggs, Histograms of Oriented
    Gradients for Human Detection, CVPR 2005 (the features).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ....core.contract import Detections, Image
from ....core.hookspecs import hookimpl
from ....core.kinds import Detector

FACESWAP_CONTRACT = 1

WEIGHTS = (
    {
        "name": "frontal face detector inside dlib",
        "licence": "BSL-1.0",
        "commercial": True,
        "source": "http://dlib.net",
    },
)


class DlibHogDetector(Detector):
    """dlib's frontal face detector."""

    class Options(Detector.Options):
        """What is looked for."""

        upsample: int = Field(
            0,
            ge=0,
            le=4,
            description="How often the picture is doubled first: 0 finds faces from about 80 pixels, "
            "1 from 40, 2 from 20; each step takes four times as long.",
        )
        threshold: float = Field(
            0.0,
            ge=-2,
            le=5,
            description="The least score in dlib's own scale; below 0 finds more faces and more mistakes.",
        )

    options: Options

    def load(self) -> None:
        """Makes the detector."""
        import dlib

        self._detector: Any = dlib.get_frontal_face_detector()

    def detect(self, images: list[Image]) -> list[Detections]:
        """Finds the faces of each image."""
        return [self._detect(image) for image in images]

    def _detect(self, image: Image) -> Detections:
        # Views with another memory order are read wrongly by dlib, without an error.
        pixels = np.ascontiguousarray(image)
        found, raw_scores, _ = self._detector.run(pixels, self.options.upsample, self.options.threshold)
        order = np.argsort(-np.asarray(raw_scores, np.float64), kind="stable")
        # dlib's right and bottom are the last pixels inside; the contract's are edges.
        boxes = [[box.left(), box.top(), box.right() + 1, box.bottom() + 1] for box in found]
        return Detections(
            boxes=np.array(boxes, np.float32).reshape(-1, 4)[order],
            scores=_unit_scores(np.asarray(raw_scores, np.float64))[order],
        )


def _unit_scores(raw_scores: NDArray[np.float64]) -> NDArray[np.float32]:
    """Maps margins of any size into 0..1 by the logistic function: dlib's threshold 0 becomes 0.5."""
    return np.asarray(1 / (1 + np.exp(-raw_scores)), np.float32)


@hookimpl
def faceswap_detector() -> type[DlibHogDetector]:
    """Hands over the detector."""
    return DlibHogDetector

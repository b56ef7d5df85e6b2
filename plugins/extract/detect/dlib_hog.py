"""Finds upright frontal faces with dlib's histogram-of-gradients detector; fast, no weights file.

Faces narrower than about 80 pixels are found after upsampling only.

Reference:
    D. E. King, Max-Margin Object Detection, 2015 (the training); N. Dalal and B. Triggs, Histograms of Oriented
    Gradients for Human Detection, CVPR 2005 (the features).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from ....core.contract import Detections, Image
from ....core.hookspecs import hookimpl
from ....core.kinds import Detector
from ..dlib_models import as_detections

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
        return as_detections(found, raw_scores)


@hookimpl
def faceswap_detector() -> type[DlibHogDetector]:
    """Hands over the detector."""
    return DlibHogDetector

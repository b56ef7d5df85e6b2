"""Finds faces in more poses than gradients do, with dlib's convolutional network; seconds per frame without a GPU.

Faces narrower than about 70 pixels are found in an enlarged picture only.

Reference:
    D. E. King, Max-Margin Object Detection, 2015.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ....core.contract import Detections, Image
from ....core.hookspecs import hookimpl
from ....core.kinds import Detector
from ....lib.weights import weights_path
from ..dlib_models import as_detections

FACESWAP_CONTRACT = 1

WEIGHTS = (
    {
        "name": "mmod_human_face_detector.dat",
        "licence": "public domain (CC0-1.0)",
        "commercial": True,
        "source": "https://pypi.org/project/face_recognition_models/",
        "inside": "face_recognition_models/models",
        "sha256": "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
        "size": 729940,
    },
)

_LEAST_SIDE = 32
"""dlib refuses pictures that are smaller than its network's windows."""


class DlibCnnDetector(Detector):
    """dlib's face detector of seven convolutions, trained by max-margin object detection."""

    class Options(Detector.Options):
        """What is looked for."""

        upsample: int = Field(
            0,
            ge=0,
            le=3,
            description="How often the picture is doubled first: 0 finds faces from about 70 pixels, "
            "1 from 35; each step takes four times as long and as much memory.",
        )
        threshold: float = Field(
            0.0, ge=0, le=5, description="The least score in dlib's own scale, in which a clear face has about 1."
        )

    options: Options

    def load(self) -> None:
        """Reads the network."""
        import dlib

        self._network: Any = dlib.cnn_face_detection_model_v1(str(weights_path(WEIGHTS[0])))

    def detect(self, images: list[Image]) -> list[Detections]:
        """Finds the faces of each image; one at a time, since dlib's batches hold pictures of one size."""
        return [self._detect(image) for image in images]

    def _detect(self, image: Image) -> Detections:
        found = self._network(_large_enough(image), self.options.upsample)
        clear = [each for each in found if each.confidence >= self.options.threshold]
        return as_detections([each.rect for each in clear], [each.confidence for each in clear])


def _large_enough(image: Image) -> NDArray[np.uint8]:
    """Widens tiny pictures to the right and below, which moves nothing; dlib wants contiguous memory."""
    height, width = image.shape[:2]
    right, below = max(0, _LEAST_SIDE - width), max(0, _LEAST_SIDE - height)
    widened = np.pad(image, ((0, below), (0, right), (0, 0))) if right or below else image
    return np.ascontiguousarray(widened)


@hookimpl
def faceswap_detector() -> type[DlibCnnDetector]:
    """Hands over the detector."""
    return DlibCnnDetector

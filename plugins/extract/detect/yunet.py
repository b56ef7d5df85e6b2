"""Finds faces, and five landmarks in each, with the small network YuNet; fast, needs a file that you fetch.

Reference:
    W. Wu, H. Peng and S. Yu, YuNet: A Tiny Millisecond-level Face Detector, Machine Intelligence Research 20, 2023.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ....core.contract import Detections, Image
from ....core.hookspecs import hookimpl
from ....core.kinds import Detector
from ....lib.weights import weights_path
from ..onnx_files import in_one_line, read_bytes

FACESWAP_CONTRACT = 1

WEIGHTS = (
    {
        "name": "face_detection_yunet_2023mar.onnx",
        "licence": "MIT; trained on WIDER FACE, which is for research only",
        "commercial": False,
        "source": "https://github.com/opencv/opencv_zoo/tree/main/models/face_detection_yunet",
        "url": "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/face_detection_yunet/"
        "face_detection_yunet_2023mar.onnx",
        "sha256": "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        "size": 232589,
    },
)

_LARGEST_OVERLAP = 0.3
_MOST_FACES = 5000


class YunetDetector(Detector):
    """OpenCV's FaceDetectorYN."""

    scheme = "five"

    class Options(Detector.Options):
        """Which network, what it is shown, what counts."""

        file: Path | None = Field(
            None, description="The network as an ONNX file; without it the one of `faceswap weights` is taken."
        )
        side: int = Field(
            640,
            ge=64,
            le=4096,
            multiple_of=32,
            description="Side of the square that the network is shown, in pixels; larger pictures are reduced to it. "
            "It finds faces of about 10 to 300 pixels there. A network may insist on one side.",
        )
        threshold: float = Field(0.9, ge=0, lt=1, description="The least score of a face.")

    options: Options

    @property
    def reads_weights(self) -> bool:
        """Not where the user names a file."""
        return self.options.file is None

    def load(self) -> None:
        """Reads the network, and shows it an empty picture: other networks are told by that."""
        path = self.options.file or weights_path(WEIGHTS[0])
        data, empty = read_bytes(path), np.zeros((self.options.side, self.options.side, 3), np.uint8)

        def tried() -> Any:
            detector = cv2.FaceDetectorYN.create(
                "onnx",
                data,
                np.zeros(0, np.uint8),
                (self.options.side, self.options.side),
                self.options.threshold,
                _LARGEST_OVERLAP,
                _MOST_FACES,
            )
            detector.detect(empty)
            return detector

        self._detector: Any = in_one_line(path, f"a YuNet network that takes {self.options.side} pixels", tried)

    def detect(self, images: list[Image]) -> list[Detections]:
        """Finds the faces of each image."""
        return [self._detect(image) for image in images]

    def _detect(self, image: Image) -> Detections:
        shown, scale = _in_square(image, self.options.side)
        # Rows: left, top, width, height, x and y of the five landmarks, score.
        rows = self._detector.detect(np.ascontiguousarray(shown[..., ::-1]))[1]
        rows = np.zeros((0, 15)) if rows is None else np.asarray(rows, np.float64)
        rows = rows[np.argsort(-rows[:, 14], kind="stable")]
        corners = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
        return Detections(
            boxes=(corners / scale).astype(np.float32),
            scores=np.clip(rows[:, 14], 0, 1).astype(np.float32),
            landmarks=((rows[:, 4:14].reshape(-1, 5, 2) + 0.5) / scale - 0.5).astype(np.float32),
            scheme=self.scheme,
        )


def _in_square(image: Image, side: int) -> tuple[NDArray[np.uint8], float]:
    """Lays a picture, reduced where it is larger, into the upper left of a black square; returns by how much."""
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    square = np.zeros((side, side, 3), np.uint8)
    square[: image.shape[0], : image.shape[1]] = image
    return square, scale


@hookimpl
def faceswap_detector() -> type[YunetDetector]:
    """Hands over the detector."""
    return YunetDetector

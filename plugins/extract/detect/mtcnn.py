"""Finds faces in many poses with three cascaded networks, and five landmarks in each; slow without a GPU's help.

Reference:
    K. Zhang, Z. Zhang, Z. Li and Y. Qiao, Joint Face Detection and Alignment Using Multitask Cascaded Convolutional
    Networks, IEEE Signal Processing Letters 23(10), 2016.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ....core.contract import Detections, Image
from ....core.hookspecs import hookimpl
from ....core.kinds import Detector
from ....lib.weights import weights_path

FACESWAP_CONTRACT = 1

WEIGHTS = (
    {
        "name": "pnet.lz4",
        "licence": "MIT; trained on WIDER FACE and CelebA, which are for research only",
        "commercial": False,
        "source": "https://pypi.org/project/mtcnn/",
        "inside": "mtcnn/assets/weights",
    },
    {
        "name": "rnet.lz4",
        "licence": "MIT; trained on WIDER FACE and CelebA, which are for research only",
        "commercial": False,
        "source": "https://pypi.org/project/mtcnn/",
        "inside": "mtcnn/assets/weights",
    },
    {
        "name": "onet.lz4",
        "licence": "MIT; trained on WIDER FACE and CelebA, which are for research only",
        "commercial": False,
        "source": "https://pypi.org/project/mtcnn/",
        "inside": "mtcnn/assets/weights",
    },
)


class MtcnnDetector(Detector):
    """The multitask cascade."""

    backend = "tensorflow"
    scheme = "five"

    class Options(Detector.Options):
        """What is looked for."""

        min_size: int = Field(
            20, ge=12, description="Side of the smallest face that is looked for, in pixels; larger is faster."
        )
        threshold: float = Field(0.8, ge=0, lt=1, description="The least score of a face, given by the last network.")

    options: Options

    def load(self) -> None:
        """Imports TensorFlow and reads the networks."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with _no_output():
            import mtcnn
            from mtcnn.stages import StageONet, StagePNet, StageRNet

            # The package prefers weights of these names in the working directory, which anybody may have put there.
            stages = [
                stage(weights=str(weights_path(entry)))
                for stage, entry in zip((StagePNet, StageRNet, StageONet), WEIGHTS, strict=True)
            ]
            self._cascade: Any = mtcnn.MTCNN(stages)

    def detect(self, images: list[Image]) -> list[Detections]:
        """Finds the faces of each image; one at a time, since the package's batches change what is found."""
        return [self._detect(image) for image in images]

    def _detect(self, image: Image) -> Detections:
        if min(image.shape[:2]) < 12:  # The networks' smallest window.
            return self._as_detections(np.zeros((0, 16)))
        # Rows: image, left, top, right, bottom, score, x of the five landmarks, y of them.
        rows = self._cascade.detect_faces(
            image,
            fit_to_image=False,
            box_format="xyxy",
            output_type="numpy",
            min_face_size=self.options.min_size,
            threshold_onet=self.options.threshold,
        )
        if not len(rows):
            return self._as_detections(np.zeros((0, 16)))
        return self._as_detections(rows[np.argsort(-rows[:, 5], kind="stable")])

    def _as_detections(self, rows: NDArray[Any]) -> Detections:
        return Detections(
            boxes=rows[:, 1:5].astype(np.float32),
            scores=np.clip(rows[:, 5], 0, 1).astype(np.float32),
            landmarks=np.stack([rows[:, 6:11], rows[:, 11:16]], axis=-1).astype(np.float32),
            scheme=self.scheme,
        )


@contextmanager
def _no_output() -> Iterator[None]:
    """Silences what TensorFlow's native code writes while it starts, before its own settings apply."""
    sys.stderr.flush()
    kept = os.dup(2)
    silent = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silent, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silent)


@hookimpl
def faceswap_detector() -> type[MtcnnDetector]:
    """Hands over the detector."""
    return MtcnnDetector

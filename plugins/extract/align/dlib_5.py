"""Finds five landmarks (four eye corners, nose base) with dlib's regression trees; free for any use.

Reference:
    V. Kazemi and J. Sullivan, One Millisecond Face Alignment with an Ensemble of Regression Trees, CVPR 2014.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ....core.contract import Detections, Image, Landmarks
from ....core.hookspecs import hookimpl
from ....core.kinds import Aligner
from ..dlib_models import model_file, predict_landmarks

FACESWAP_CONTRACT = 1

WEIGHTS = (
    {
        "name": "shape_predictor_5_face_landmarks.dat",
        "licence": "public domain (CC0-1.0)",
        "commercial": True,
        "source": "https://pypi.org/project/face_recognition_models/",
    },
)


class Dlib5Aligner(Aligner):
    """dlib's 5-point shape predictor."""

    scheme = "dlib5"

    class Options(Aligner.Options):
        """How finely the landmarks are found."""

        side: int = Field(
            300,
            ge=0,
            le=1000,
            description="Faces narrower than so many pixels are shown to dlib enlarged to about this side, since "
            "it answers in whole pixels; 0 never enlarges.",
        )

    options: Options

    def load(self) -> None:
        """Reads the predictor."""
        import dlib

        self._predictor: Any = dlib.shape_predictor(model_file("shape_predictor_5_face_landmarks.dat"))

    def align(self, image: Image, detections: Detections) -> Landmarks:
        """Finds the landmarks of each face."""
        return predict_landmarks(self._predictor, image, detections.boxes, 5, self.options.side)


@hookimpl
def faceswap_aligner() -> type[Dlib5Aligner]:
    """Hands over the aligner."""
    return Dlib5Aligner

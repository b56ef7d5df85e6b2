"""Finds the 68 landmarks of the iBUG annotation (jaw, brows, nose, eyes, lips) with dlib's regression trees.

Reference:
    V. Kazemi and J. Sullivan, One Millisecond Face Alignment with an Ensemble of Regression Trees, CVPR 2014.
"""

from __future__ import annotations

from ....core.hookspecs import hookimpl
from ..dlib_aligner import DlibAligner

FACESWAP_CONTRACT = 1

WEIGHTS = (
    {
        "name": "shape_predictor_68_face_landmarks.dat",
        "licence": "trained on iBUG 300-W, whose licence excludes commercial use",
        "commercial": False,
        "source": "https://pypi.org/project/face_recognition_models/",
    },
)


class Dlib68Aligner(DlibAligner):
    """dlib's 68-point shape predictor."""

    scheme = "ibug68"
    file = "shape_predictor_68_face_landmarks.dat"
    points = 68


@hookimpl
def faceswap_aligner() -> type[Dlib68Aligner]:
    """Hands over the aligner."""
    return Dlib68Aligner

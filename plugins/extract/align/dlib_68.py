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
        "inside": "face_recognition_models/models",
        "sha256": "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
        "size": 99693937,
    },
)


class Dlib68Aligner(DlibAligner):
    """dlib's 68-point shape predictor."""

    scheme = "ibug68"
    weights = WEIGHTS[0]
    points = 68


@hookimpl
def faceswap_aligner() -> type[Dlib68Aligner]:
    """Hands over the aligner."""
    return Dlib68Aligner

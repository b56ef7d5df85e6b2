"""What dlib's two aligners have in common: a shape predictor, read from its file and asked for each face."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from ...core.contract import Detections, Image, Landmarks
from ...core.kinds import Aligner
from ...lib.weights import weights_path
from .dlib_models import predict_landmarks


class DlibAligner(Aligner):
    """A shape predictor of dlib's.

    Reference:
        V. Kazemi and J. Sullivan, One Millisecond Face Alignment with an Ensemble of Regression Trees, CVPR 2014.
    """

    weights: ClassVar[dict[str, Any]]
    """The predictor's file, as the plugin declares it."""
    points: ClassVar[int]
    """How many landmarks it gives."""

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

        self._predictor: Any = dlib.shape_predictor(str(weights_path(self.weights)))

    def align(self, image: Image, detections: Detections) -> Landmarks:
        """Finds the landmarks of each face."""
        return predict_landmarks(self._predictor, image, detections.boxes, self.points, self.options.side)

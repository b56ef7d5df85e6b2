"""A detector and an aligner that answer at once and write down which frames they are shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from faceswap.core.host import PluginChoice

DETECTOR = """
import os
from pathlib import Path
import numpy as np
from faceswap import Detections, Detector, hookimpl

FACESWAP_CONTRACT = 1


class Seen(Detector):
    class Options(Detector.Options):
        log: Path
        fatal: int = -1

    def detect(self, images):
        return [self._of(image) for image in images]

    def _of(self, image):
        with self.options.log.open("a") as log:
            print(int(image.mean() * 1000), file=log)
        if int(image.mean() * 1000) == self.options.fatal:
            os._exit(3)
        left = 20.0 + int(image[0, 0, 0]) % 40  # Wherever, but the same for the same frame.
        if int(image[5, 5, 1]) % 5 == 0:
            return Detections.none()
        return Detections(np.array([[left, 25, left + 60, 85]], np.float32), np.ones(1, np.float32))


@hookimpl
def faceswap_detector():
    return Seen
"""
ALIGNER = """
import numpy as np
from faceswap import Aligner, hookimpl
from faceswap.lib.geometry import mean_face_landmarks

FACESWAP_CONTRACT = 1


class Mean(Aligner):
    scheme = "ibug68"

    def align(self, image, detections):
        unit = mean_face_landmarks("ibug68", "half", 1000) / 1000
        boxes = detections.boxes[:, None]
        return (boxes[..., :2] + unit * (boxes[..., 2:] - boxes[..., :2])).astype(np.float32)


@hookimpl
def faceswap_aligner():
    return Mean
"""


class Extraction:
    """Plugins that write down which frames they are shown."""

    def __init__(self, install: Callable[[str, str, str], PluginChoice], log: Path) -> None:
        self.log = log
        detector = install("detector", "seen", DETECTOR)
        self.detector = detector.model_copy(update={"options": {"log": str(log)}})
        self.aligner = install("aligner", "mean", ALIGNER)

    @property
    def plugins(self) -> dict[str, Any]:
        """As jobs take them."""
        return {"detector": self.detector, "aligner": self.aligner, "maskers": (PluginChoice(name="hull"),)}

    def fly(self, **settings: Any) -> dict[str, Any]:
        """The settings of a conversion on the fly."""
        return {"faceset": None, "on_the_fly": True, "workers": 1, **self.plugins, **settings}

    def seen(self) -> list[str]:
        """The frames that were looked at since it was asked the last time."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines

"""Has the name of a built-in detector."""

from faceswap import Detections, Detector, hookimpl

FACESWAP_CONTRACT = 1


class ClashingDetector(Detector):
    """Finds nothing."""

    def detect(self, images):
        return [Detections.none() for _ in images]


@hookimpl
def faceswap_detector():
    return ClashingDetector

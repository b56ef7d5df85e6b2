"""A right aligner, and one wrong aligner for each check that aligners have to pass."""

import numpy as np

from faceswap import Aligner
from faceswap.lib.landmarks import SCHEMES


class Right(Aligner):
    """Puts the mean face into the box."""

    class Options(Aligner.Options):
        scale: float = 1.0

    options: Options

    def align(self, image, detections):
        corners, sides = detections.boxes[:, None, :2], detections.boxes[:, None, 2:] - detections.boxes[:, None, :2]
        return self.finish(self.unit() * self.options.scale * sides + corners - np.float32(0.5), image)

    def unit(self):
        template = SCHEMES[self.scheme].template
        low, high = template.min(axis=0), template.max(axis=0)
        return (template - low) / (high - low)

    def finish(self, landmarks, image):
        return landmarks.astype(np.float32)


class LosesOne(Right):
    def unit(self):
        return super().unit()[:67]


class UnknownScheme(Right):
    scheme = "ninety"

    def unit(self):
        return np.zeros((90, 2), np.float32)


class NotANumber(Right):
    def finish(self, landmarks, image):
        landmarks[..., 3, :] = np.nan
        return super().finish(landmarks, image)


class CoarseGrid(Right):
    def finish(self, landmarks, image):
        return super().finish(np.round(landmarks / 4) * 4, image)


class OfThePictureNotTheFace(Right):
    def align(self, image, detections):
        height, width = image.shape[:2]
        moved = self.unit() * [width / 2, height / 2] + [width / 4, height / 4]
        return np.repeat(moved[None], len(detections), axis=0).astype(np.float32)


class SwapsAxes(Right):
    def unit(self):
        return super().unit()[:, ::-1]


class Mirrored(Right):
    def unit(self):
        return super().unit()[::-1]


class SharesOfTheFrame(Right):
    def finish(self, landmarks, image):
        height, width = image.shape[:2]
        return super().finish(landmarks / [width, height], image)


class SharesOfTheBox(Right):
    def align(self, image, detections):
        return self.finish(np.repeat(self.unit()[None], len(detections), axis=0), image)


WRONG = [
    ("landmarks-in-pixels", SharesOfTheFrame),
    ("landmarks-in-pixels", SharesOfTheBox),
    ("landmarks-match-scheme", LosesOne),
    ("landmarks-match-scheme", UnknownScheme),
    ("landmarks-follow-frame", CoarseGrid),
    ("landmarks-follow-frame", OfThePictureNotTheFace),
    ("landmarks-near-face", SwapsAxes),
    ("landmarks-near-face", Mirrored),
]
BROKEN_IN_SEVERAL_WAYS = [("landmarks-match-scheme", NotANumber)]

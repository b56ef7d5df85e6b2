"""A right recognizer, and one wrong recognizer for each check that recognizers have to pass."""

import numpy as np

from faceswap import CropSpec, Recognizer


class Right(Recognizer):
    """The picture in eight by eight gray fields."""

    same_person_below = 0.7

    class Options(Recognizer.Options):
        size: int = 64

    options: Options

    @property
    def crop(self):
        return CropSpec(self.options.size)

    def embed(self, crops):
        field = self.options.size // 8
        fields = crops.mean(axis=3).reshape(len(crops), 8, field, 8, field).mean(axis=(2, 4)).reshape(len(crops), 64)
        centered = fields - fields.mean(axis=1, keepdims=True)
        return self.finish((centered / np.linalg.norm(centered, axis=1, keepdims=True)).astype(np.float32))

    def finish(self, vectors):
        return vectors


class Raw(Right):
    same_person_below = 1.9

    def finish(self, vectors):
        return vectors * np.float32(1.4)


class EveryCropAnother(Right):
    """Gives each crop an axis of its own, so that all distances are the same."""

    same_person_below = 1.9

    def embed(self, crops):
        axes = crops.astype(np.int64).sum(axis=(1, 2, 3)) % 997
        return np.eye(997, dtype=np.float32)[axes]


class NoThreshold(Right):
    same_person_below = 0.0


class StrictThreshold(Right):
    same_person_below = 0.01


class RawThreshold(Right):
    same_person_below = 60.0


class NoSize(Right):
    crop = CropSpec(0)


class NoCrop(Right):
    crop = Recognizer.crop


WRONG = [
    ("crop-declared", NoCrop),
    ("crop-declared", NoSize),
    ("unit-length", Raw),
    ("same-face-nearer", EveryCropAnother),
    ("threshold-fits", NoThreshold),
    ("threshold-fits", StrictThreshold),
    ("threshold-fits", RawThreshold),
]

"""A right masker, and one wrong masker for each check that maskers have to pass."""

import numpy as np

from faceswap import CropSpec, Masker


class Right(Masker):
    """Masks the box around the landmarks."""

    class Options(Masker.Options):
        size: int = 64

    options: Options

    @property
    def crop(self):
        return CropSpec(self.options.size, "whole")

    def mask(self, crops, crop_landmarks):
        masks = np.zeros((*crops.shape[:3], 1), np.float32)
        for mask, points in zip(masks, crop_landmarks, strict=True):
            left, top = np.floor(points.min(axis=0)).astype(int).clip(0)
            right, bottom = np.ceil(points.max(axis=0)).astype(int).clip(0)
            mask[top : bottom + 1, left : right + 1] = 1
        return self.finish(masks, crop_landmarks)

    def finish(self, masks, crop_landmarks):
        return masks


class RightForSomeSchemes(Right):
    schemes = frozenset({"five", "dlib5"})


class Percent(Right):
    def finish(self, masks, crop_landmarks):
        return masks * np.float32(100)


class Inverted(Right):
    def finish(self, masks, crop_landmarks):
        return 1 - masks


class Nothing(Right):
    def finish(self, masks, crop_landmarks):
        return masks * 0


class FailsOutside(Right):
    def finish(self, masks, crop_landmarks):
        for mask, points in zip(masks, crop_landmarks, strict=True):
            columns, rows = points.astype(int).T
            mask[rows, columns]
        return masks


class InfiniteOutside(Right):
    def finish(self, masks, crop_landmarks):
        outside = (crop_landmarks > masks.shape[1]).any(axis=(1, 2))
        return np.where(outside[:, None, None, None], np.float32(np.inf), masks)


class NoCropSpec(Right):
    crop = 64


class UnknownFaceType(Right):
    crop = CropSpec(64, "bust")


class UnknownSchemes(Right):
    schemes = frozenset({"ninety"})


class NoSchemes(Right):
    schemes = frozenset()


WRONG = [
    ("crop-declared", NoCropSpec),
    ("crop-declared", UnknownFaceType),
    ("crop-declared", UnknownSchemes),
    ("crop-declared", NoSchemes),
    ("mask-range", Percent),
    ("mask-covers-face", Inverted),
    ("mask-covers-face", Nothing),
    ("landmarks-outside-crop", FailsOutside),
    ("landmarks-outside-crop", InfiniteOutside),
]


class HalfSize(Right):
    def finish(self, masks, crop_landmarks):
        return masks[:, ::2, ::2]


BROKEN_IN_SEVERAL_WAYS = [("contract-types", HalfSize)]

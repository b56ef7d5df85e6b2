"""Checks for maskers, on crops of faces in each landmark scheme that they accept."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import not_finite
from .crops import CropExercise, crop_declared, expect_range
from .exercise import Call
from .records import check_of, expect
from .samples import Floats
from .subject import Subject

_LEAST_AT_LANDMARKS = 0.5


class MaskerExercise(CropExercise):
    """Works maskers: a call is crops and their landmarks."""

    method = "mask"

    def calls(self, plugin: Any) -> list[Call]:
        """The crops with landmarks of every scheme."""
        return [self.crops(plugin, scheme) for scheme in self.schemes(plugin)]

    def empty(self, plugin: Any) -> Call:
        """No crop."""
        crops, landmarks = self.crops(plugin)
        return crops[:0], landmarks[:0]

    def singles(self, call: Call) -> list[Call]:
        """One crop each."""
        crops, landmarks = call
        return [(crops[index : index + 1], landmarks[index : index + 1]) for index in range(len(crops))]


def mask_range(subject: Subject) -> None:
    """Masks lie in 0..1."""
    for masks in subject.answers:
        expect_range(masks, "masks")


def mask_covers_face(subject: Subject) -> None:
    """The mask is 1 where the face is: at the eyes, nose and mouth of the sample."""
    for (crops, landmarks), masks in zip(subject.calls, subject.answers, strict=True):
        there = _at(masks[0], _inner(landmarks[0]), crops.shape[1])
        expected = f"a mask of at least {_LEAST_AT_LANDMARKS} at the inner landmarks, on average"
        expect(there >= _LEAST_AT_LANDMARKS, expected, f"{there:.3g}")


def landmarks_outside_crop(subject: Subject) -> None:
    """Faces whose landmarks leave the crop get a mask too."""
    _ = subject.answers
    for crops, landmarks in subject.calls:
        moved = landmarks + np.float32(crops.shape[1] / 2)
        masks = subject.exercise.run(subject.plugin, (crops, moved))
        wanted = [*crops.shape[:3], 1]
        expect(list(masks.shape) == wanted, f"masks {wanted} for landmarks outside the crop", list(masks.shape))
        expect(not_finite(masks) is None, "finite masks for landmarks outside the crop", "NaN or infinity")


def _inner(landmarks: Floats) -> Floats:
    """Eyes, nose and mouth where all 68 landmarks are known; smaller schemes have nothing else."""
    return landmarks[27:] if len(landmarks) == 68 else landmarks


def _at(mask: Any, points: Floats, size: int) -> float:
    inside = points[((points >= 0) & (points <= size - 1)).all(axis=1)]
    columns, rows = np.round(inside).astype(int).T
    return float(mask[rows, columns].mean()) if len(inside) else 0.0


CHECKS = tuple(check_of(function) for function in (crop_declared, mask_range, mask_covers_face, landmarks_outside_crop))

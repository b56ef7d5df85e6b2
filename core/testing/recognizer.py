"""Checks for recognizers, on two crops of one face and one of another."""

from __future__ import annotations

from typing import Any

import numpy as np

from .crops import CropExercise, crop_declared
from .exercise import Call
from .records import check_of, expect
from .subject import Subject

_LARGEST_LENGTH_ERROR = 1e-3


class RecognizerExercise(CropExercise):
    """Works recognizers: a call is crops."""

    method = "embed"

    def calls(self, plugin: Any) -> list[Call]:
        """The sample's face, the same a little turned, another face."""
        return [(self.crops(plugin)[0],)]

    def empty(self, plugin: Any) -> Call:
        """No crop."""
        return (self.crops(plugin)[0][:0],)

    def singles(self, call: Call) -> list[Call]:
        """One crop each."""
        return [(call[0][index : index + 1],) for index in range(len(call[0]))]


def unit_length(subject: Subject) -> None:
    """Embeddings have unit length."""
    lengths = np.linalg.norm(subject.answers[0], axis=1)
    right = bool((np.abs(lengths - 1) <= _LARGEST_LENGTH_ERROR).all())
    expect(right, f"embeddings of length 1, to {_LARGEST_LENGTH_ERROR:g}", np.round(lengths, 4).tolist())


def same_face_nearer(subject: Subject) -> None:
    """Two crops of one face are nearer to each other than to another face."""
    same, other = _distances(subject)
    expect(same < other, "one face to be nearer to itself than to another", f"distances {same:.3g} and {other:.3g}")


def threshold_fits(subject: Subject) -> None:
    """`same_person_below` is declared, and two crops of one face lie under it."""
    threshold, (same, _) = subject.plugin.same_person_below, _distances(subject)
    expect(0 < threshold < 2, "`same_person_below` between 0 and 2, the largest distance", threshold)
    expect(same < threshold, f"two crops of one face under `same_person_below` = {threshold:g}", f"{same:.3g}")


def _distances(subject: Subject) -> tuple[float, float]:
    face, turned, other = subject.answers[0]
    return float(np.linalg.norm(face - turned)), float(np.linalg.norm(face - other))


CHECKS = tuple(check_of(function) for function in (crop_declared, unit_length, same_face_nearer, threshold_fits))

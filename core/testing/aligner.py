"""Checks for aligners, on the sample's face and on one that leaves the frame."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...lib.landmarks import SCHEMES
from ..contract import Detections
from .exercise import Call, Exercise, pick
from .records import SkipCheckError, check_of, expect
from .samples import Picture, Sample, drawn_face, noise, padded
from .subject import Subject

_SHIFT = (23, 11)
"""By how many pixels, across and down, the frame is moved."""

_LARGEST_SHIFT_ERROR = 0.05
_LARGEST_MEAN_ERROR = 0.2
_LARGEST_SHARE = 2
"""Landmarks whose coordinates are all smaller are not in pixels: the sample's face has many."""


class AlignerExercise(Exercise):
    """Works aligners: a call is a picture and its detections."""

    method = "align"

    def calls(self, plugin: Any) -> list[Call]:
        """The sample with two boxes around its face; another picture whose detector has given landmarks in any case."""
        sample, other = self.sample, drawn_face()
        shift = (sample.face[2] - sample.face[0]) / 16
        two = _detections(plugin, sample, np.array([(0, 0), (shift, shift)]))
        return [(sample.image, two), (other.image, _marked(other, np.zeros((1, 2)), _needed(plugin) or "five"))]

    def empty(self, plugin: Any) -> Call:
        """A picture without a face."""
        return self.sample.image, Detections.none()

    def odd(self, plugin: Any) -> list[Call]:
        """A picture of odd size whose face leaves the frame on two sides, and a tiny one."""
        box, image = self.sample.face, self.sample.image
        left, top = int(box[0] + box[2]) // 2, int(box[1] + box[3]) // 2
        cut: Picture = np.ascontiguousarray(image[top : top + 97, left : left + 131])
        moved = _detections(plugin, self.sample, np.array([(-left, -top)]))
        tiny = _detections(plugin, Sample(noise(13, 7), (-2, -1, 9, 12)))
        return [(cut, moved), (noise(13, 7), tiny), (noise(1, 1), tiny)]

    def scaled(self, plugin: Any, items: int) -> list[Call]:
        """One picture with so many boxes around its face."""
        return [(self.sample.image, _detections(plugin, self.sample, np.zeros((items, 2))))]

    def singles(self, call: Call) -> list[Call]:
        """One face each."""
        image, detections = call
        return [(image, pick(detections, index)) for index in range(len(detections))]


def _moved(plugin: Any, sample: Sample) -> tuple[Call, Call]:
    """The same face at two places of a frame, `_SHIFT` apart."""
    right, down = _SHIFT
    before = padded(sample.image, 0, 0, right, down), _detections(plugin, sample)
    return before, (padded(sample.image, right, down, 0, 0), _detections(plugin, sample, np.array([_SHIFT])))


def _needed(plugin: Any) -> str | None:
    """A scheme of which the aligner needs the detector's landmarks, if it needs any."""
    return next((name for name in SCHEMES if name in (plugin.detector_schemes or ())), None)


def _detections(plugin: Any, sample: Sample, shifts: Any = ((0, 0),)) -> Detections:
    """The sample's face, once for each shift `[faces 2]`; with landmarks where the aligner needs them."""
    scheme, moved = _needed(plugin), np.asarray(shifts, np.float32)
    if scheme is not None:
        return _marked(sample, moved, scheme)
    boxes = sample.face + np.tile(moved, 2)
    return Detections(boxes, np.linspace(0.9, 0.8, len(boxes), dtype=np.float32))


def _marked(sample: Sample, shifts: Any, scheme: str) -> Detections:
    """The sample's face, once for each shift `[faces 2]`, as a detector finds it that gives landmarks."""
    moved = np.asarray(shifts, np.float32)
    boxes, points = sample.face + np.tile(moved, 2), sample.points(scheme) + moved[:, None]
    return Detections(boxes, np.linspace(0.9, 0.8, len(boxes), dtype=np.float32), points, scheme)


def landmarks_match_scheme(subject: Subject) -> None:
    """It gives as many landmarks as its scheme has, all of them finite."""
    scheme = subject.plugin.scheme
    expect(scheme in SCHEMES, f"a scheme among {', '.join(SCHEMES)}", repr(scheme))
    for call, landmarks in zip(subject.calls, subject.answers, strict=True):
        wanted = (len(call[1]), SCHEMES[scheme].points, 2)
        expect(landmarks.shape == wanted, f"landmarks {list(wanted)} for the scheme {scheme}", list(landmarks.shape))
        expect(bool(np.isfinite(landmarks).all()), "finite landmarks", "NaN or infinity")


def landmarks_in_pixels(subject: Subject) -> None:
    """Landmarks are in the frame's pixels, not in shares of its sides or of the box's."""
    found = subject.answers[0]
    span = f"{np.nanmin(found):.3g}..{np.nanmax(found):.3g}" if np.isfinite(found).any() else "nothing finite"
    expect(not _are_shares(subject), "landmarks in frame pixels", f"{span}, as if a side were 1")


def _are_shares(subject: Subject) -> bool:
    return bool((np.abs(subject.answers[0]) <= _LARGEST_SHARE).all())


def _must_be_pixels(subject: Subject) -> None:
    if _are_shares(subject):
        raise SkipCheckError("its landmarks are not in pixels, which `landmarks-in-pixels` reports")


def landmarks_follow_frame(subject: Subject) -> None:
    """When the frame moves by whole pixels, the landmarks move by as many."""
    _must_be_pixels(subject)
    exercise = subject.exercise
    before, after = (exercise.run(subject.plugin, call) for call in _moved(subject.plugin, exercise.sample))
    gap = float(np.abs(after - before - np.array(_SHIFT, np.float32)).max())
    expected = f"landmarks that move by {list(_SHIFT)} with the frame, to {_LARGEST_SHIFT_ERROR} px"
    expect(gap <= _LARGEST_SHIFT_ERROR, expected, f"they are off by up to {gap:.3g} px")


def landmarks_near_face(subject: Subject) -> None:
    """The landmarks of the sample lie where its face is: x before y, in frame pixels, in the scheme's order."""
    _must_be_pixels(subject)
    sample, scheme, found = subject.exercise.sample, subject.plugin.scheme, subject.answers[0][0]
    if scheme not in SCHEMES or found.shape != SCHEMES[scheme].template.shape:
        raise SkipCheckError("its landmarks do not fit its scheme")
    true = sample.points(scheme)
    side = float((sample.face[2:] - sample.face[:2]).max())
    error = float(np.linalg.norm(found - true, axis=1).mean()) / side
    expected = f"landmarks within {_LARGEST_MEAN_ERROR} of the face's side, on average"
    expect(error <= _LARGEST_MEAN_ERROR, expected, f"{error:.3g}")


CHECKS = tuple(
    check_of(function)
    for function in (landmarks_match_scheme, landmarks_in_pixels, landmarks_follow_frame, landmarks_near_face)
)

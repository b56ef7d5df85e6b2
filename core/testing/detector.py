"""Checks for detectors, on the sample, the sample with a margin, two samples side by side, and pictures of nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...lib.boxes import iou
from ...lib.landmarks import SCHEMES
from .exercise import Call, Exercise
from .records import SkipCheckError, check_of, expect
from .samples import Picture, Sample, blank, noise, padded
from .subject import Subject

_SMALLEST_OVERLAP = 0.4
_LARGEST_SHARE = 2
"""Boxes whose coordinates are all smaller are not in pixels: the sample's face has many."""

_OTHER_READINGS: dict[str, Callable[[Any], Any]] = {
    "x, y, width, height": lambda boxes: np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1),
    "center x, center y, width, height": lambda boxes: np.concatenate(
        [boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], axis=1
    ),
    "top, left, bottom, right": lambda boxes: boxes[:, [1, 0, 3, 2]],
}
"""What else four numbers could mean, and how they become left, top, right, bottom."""

_ODD_SIZES = ((1, 1), (13, 7), (97, 131))


class DetectorExercise(Exercise):
    """Works detectors: a call is a list of pictures."""

    method = "detect"

    def calls(self, plugin: Any) -> list[Call]:
        """One list of pictures that differ in size and in their number of faces."""
        image = self.sample.image
        twins = np.concatenate([image, image // 2], axis=1)
        return [([image, _with_margin(image), twins, blank(*image.shape[:2]), noise(96, 128)],)]

    def empty(self, plugin: Any) -> Call:
        """No picture."""
        return ([],)

    def odd(self, plugin: Any) -> list[Call]:
        """Pictures of odd and tiny sizes."""
        return [([noise(height, width), blank(height, width)],) for height, width in _ODD_SIZES]

    def singles(self, call: Call) -> list[Call]:
        """One picture each."""
        return [([image],) for image in call[0]]

    def items(self, answer: Any) -> list[Any]:
        """One `Detections` each."""
        return list(answer)


def _margin(image: Picture) -> tuple[int, int]:
    return image.shape[1] // 4, image.shape[0] // 8


def _with_margin(image: Picture) -> Picture:
    """Adds a margin, equal left and right and equal above and below.

    So the middle of the picture moves with the face, and a detector that always answers the middle is not wronged.
    """
    across, down = _margin(image)
    return padded(image, across, down, across, down)


def boxes_in_pixels(subject: Subject) -> None:
    """Boxes are in the picture's pixels, not in shares of its sides."""
    boxes = _detections(subject)[0].boxes
    if not (boxes.size and np.isfinite(boxes).all()):
        raise SkipCheckError("it finds no finite box in the sample")
    received = f"{_short(boxes)}, as if the picture's sides were 1"
    expect(not _are_shares(boxes), "boxes in pixels", received)


def boxes_are_corners(subject: Subject) -> None:
    """The four numbers of a box are left, top, right, bottom, not x, y, width, height or the like."""
    reading = _other_reading(subject)
    received = f"{_short(_detections(subject)[0].boxes)}, which fits the face as {reading}"
    expect(reading is None, "boxes of left, top, right, bottom", received)


def finds_face(subject: Subject) -> None:
    """The face in the middle of the sample is found."""
    _must_be_readable(subject)
    boxes, sample = _detections(subject)[0].boxes, subject.exercise.sample
    expect(_fit(boxes, sample), f"a box around the face at {_short(sample.face)}", _short(boxes) or "no box")


def boxes_ordered(subject: Subject) -> None:
    """Boxes are finite, right of left and below top."""
    _must_be_readable(subject)
    boxes = _every(subject, "boxes")
    expect(bool(np.isfinite(boxes).all()), "finite boxes", _short(boxes))
    expect(bool((boxes[:, 2:] > boxes[:, :2]).all()), "boxes with left < right and top < bottom", _short(boxes))


def scores_in_range(subject: Subject) -> None:
    """Scores lie in 0..1."""
    scores = _every(subject, "scores")
    expect(bool(((scores >= 0) & (scores <= 1)).all()), "scores in 0..1", _short(scores))


def scores_sorted(subject: Subject) -> None:
    """The scores of a picture are sorted down."""
    several = [found.scores for found in _detections(subject) if len(found.scores) > 1]
    if not several:
        raise SkipCheckError("no picture of the suite has two faces for it")
    for scores in several:
        expect(bool((np.diff(scores) <= 0).all()), "scores sorted down", _short(scores))


def landmarks_match_scheme(subject: Subject) -> None:
    """Where it gives landmarks, it declares and names their scheme and gives as many as that has."""
    faces, declared = [each for each in _detections(subject) if len(each)], subject.plugin.scheme
    marked = [each for each in _detections(subject) if each.landmarks is not None or each.scheme is not None]
    if not marked and declared is None:
        raise SkipCheckError("it gives no landmarks")
    for each in {id(found): found for found in (*faces, *marked)}.values():
        expect(each.scheme == declared, f"the declared `scheme`, {declared}", each.scheme)
        expect(each.scheme in SCHEMES, f"a scheme among {', '.join(SCHEMES)}", each.scheme)
        wanted = [len(each.boxes), SCHEMES[each.scheme].points, 2]
        shape = None if each.landmarks is None else list(each.landmarks.shape)
        expect(shape == wanted, f"landmarks {wanted} for the scheme {each.scheme}", shape)


def landmarks_in_box(subject: Subject) -> None:
    """Where it gives landmarks, they are in the picture's pixels: their middle lies in their box."""
    _must_be_readable(subject)
    found = [each for each in _detections(subject) if each.landmarks is not None and len(each.landmarks)]
    if not found:
        raise SkipCheckError("it gives no landmarks")
    for each in found:
        middles, corners = each.landmarks.mean(axis=1), np.stack([each.boxes[:, :2], each.boxes[:, 2:]])
        outside = (middles < corners.min(axis=0) - 0.5) | (middles > corners.max(axis=0) - 0.5)
        received = f"their middle at {_short(middles)} for the boxes {_short(each.boxes)}"
        expect(not outside.any(), "landmarks whose middle lies in their box", received)


def boxes_follow_face(subject: Subject) -> None:
    """When the picture gets a margin, the face's box moves with the face."""
    _must_be_readable(subject)
    before, after = (each.boxes for each in _detections(subject)[:2])
    if not (len(before) and len(after)):
        raise SkipCheckError("it finds no face in the sample")
    box, moved, follows = _follow(before, after, subject.exercise.sample)
    shift = np.array(_margin(subject.exercise.sample.image))
    expect(follows, f"the box {_short(box)} to move by {_short(shift)} with its face", _short(moved))


def _must_be_readable(subject: Subject) -> None:
    """Skips the running check where boxes are not what a box is, which another check reports."""
    if _are_shares(_detections(subject)[0].boxes):
        raise SkipCheckError("its boxes are not in pixels, which `boxes-in-pixels` reports")
    if _other_reading(subject) is not None:
        raise SkipCheckError("its boxes are not corners, which `boxes-are-corners` reports")


def _are_shares(boxes: Any) -> bool:
    return boxes.size > 0 and bool((np.abs(boxes) <= _LARGEST_SHARE).all())


def _other_reading(subject: Subject) -> str | None:
    """How boxes that do not follow the face must be read to fit and to follow it; None where there is no such way."""
    sample = subject.exercise.sample
    before, after = (each.boxes for each in _detections(subject)[:2])
    if not (len(before) and len(after)) or _follow(before, after, sample)[2]:
        return None
    right = (name for name, read in _OTHER_READINGS.items() if _agree(read(before), read(after), sample))
    return next(right, None)


def _agree(before: Any, after: Any, sample: Sample) -> bool:
    """Whether boxes of the sample and of the sample with a margin fit the face and follow it."""
    return _fit(before, sample) and _follow(before, after, sample)[2]


def _fit(boxes: Any, sample: Sample) -> bool:
    """Whether one of the boxes lies around the sample's face."""
    middle = (sample.face[:2] + sample.face[2:]) / 2
    hit = (boxes[:, :2] <= middle).all(axis=1) & (boxes[:, 2:] >= middle).all(axis=1)
    if sample.box is not None:
        hit &= iou(boxes, sample.face[None])[:, 0] >= _SMALLEST_OVERLAP
    return bool(hit.any())


def _follow(before: Any, after: Any, sample: Sample) -> tuple[Any, Any, bool]:
    """The face's box, the same with a margin around the picture, and whether it has moved with the face."""
    face, shift = sample.face, np.array(_margin(sample.image))
    box = before[_nearest(before, (face[:2] + face[2:]) / 2)]
    expected = (box[:2] + box[2:]) / 2 + shift
    moved = after[_nearest(after, expected)]
    gap = float(np.abs((moved[:2] + moved[2:]) / 2 - expected).max())
    return box, moved, gap <= 1 + float((box[2:] - box[:2]).max()) / 8


def _detections(subject: Subject) -> list[Any]:
    return list(subject.answers[0])


def _every(subject: Subject, field: str) -> Any:
    every = np.concatenate([getattr(found, field) for found in _detections(subject)])
    if not len(every):
        raise SkipCheckError("it finds no face in the pictures of the suite")
    return every


def _nearest(boxes: Any, middle: Any) -> int:
    gaps = np.abs((boxes[:, :2] + boxes[:, 2:]) / 2 - middle).max(axis=1)
    return int(np.nan_to_num(gaps, nan=np.inf).argmin())


def _short(numbers: Any) -> str:
    rounded = np.round(np.asarray(numbers, np.float64), 3).tolist()
    return str(rounded) if rounded else ""


CHECKS = tuple(
    check_of(function)
    for function in (
        boxes_in_pixels,
        boxes_are_corners,
        finds_face,
        boxes_ordered,
        scores_in_range,
        scores_sorted,
        landmarks_match_scheme,
        landmarks_in_box,
        boxes_follow_face,
    )
)

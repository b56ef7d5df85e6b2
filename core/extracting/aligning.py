"""Finds the landmarks of a frame's faces with any aligner: once, about several boxes, or again upright."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lib.geometry import crop_matrix, invert, scale_of, transform_points, unit_matrix
from ...lib.views import turn_matrix, turned
from ...lib.warp import cut
from ..contract import Detections
from .answers import pick, require_shape
from .searching import Faces
from .settings import Alignment

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_UPRIGHT_SIDE = 512
_UPRIGHT_TYPE = "head"
"""The crop that an aligner is shown the second time: with room around the face for a first answer that is off."""

_BOX_MIDDLE, _BOX_SIDE = (0.5, 0.525), 1.25
"""The box of an upright face in the units of `lib.landmarks`: the mean of dlib's boxes around rendered performers."""

_JITTER = 0.05
"""How far boxes are moved, as a share of their sides, and how much they are scaled."""


def align_faces(aligner: Any, image: Image, faces: Faces, alignment: Alignment) -> Floats:
    """Finds the landmarks of a frame's faces; of those that were found in a turned frame there.

    Args:
        aligner: The loaded plugin.
        image: The frame, uint8 RGB `[height width 3]`.
        faces: Its faces, at least one.
        alignment: How often the aligner is asked.

    Returns:
        float32 `[faces points 2]` in the frame.

    Raises:
        ValueError: The aligner's answer is not what the contract says.
    """
    # A first answer that only sets the face upright is asked for once: about a tilted face a mean is no better.
    refeed = 0 if alignment.realign else alignment.refeed
    parts = [_turned_landmarks(aligner, image, faces, int(turn), refeed) for turn in np.unique(faces.turns)]
    landmarks = np.concatenate(parts)[np.argsort(np.argsort(faces.turns, kind="stable"), kind="stable")]
    return _upright_landmarks(aligner, image, faces, landmarks, alignment.refeed) if alignment.realign else landmarks


def jittered(boxes: Floats, count: int) -> Floats:
    """Moves and scales boxes by up to 5 %, each in the same `count` ways, which fill the range evenly.

    They are points of Halton's sequence. Nothing is drawn, so the same box gives the same answer on every machine.

    Args:
        boxes: float32 `[faces 4]`.
        count: How many of each.

    Returns:
        float32 `[faces count 4]`.

    Reference:
        J. H. Halton, On the Efficiency of Certain Quasi-Random Sequences of Points in Evaluating Multi-Dimensional
        Integrals, Numerische Mathematik 2, 1960.
    """
    numbers = range(1, count + 1)
    across, down, grown = (
        _JITTER * (2 * np.array([_radical_inverse(number, base) for number in numbers]) - 1) for base in (2, 3, 5)
    )
    sides = (boxes[:, 2:] - boxes[:, :2])[:, None, :]  # [faces, 1, 2]
    middles = (boxes[:, 2:] + boxes[:, :2])[:, None, :] / 2 + np.stack([across, down], axis=-1) * sides
    half = sides / 2 * (1 + grown)[:, None]
    return np.concatenate([middles - half, middles + half], axis=-1).astype(np.float32)


def _radical_inverse(number: int, base: int) -> float:
    """The digits of a number mirrored at the point: 6 is 110 in base 2, and becomes 0.011."""
    inverse, place = 0.0, 1.0 / base
    while number:
        number, digit = divmod(number, base)
        inverse += digit * place
        place /= base
    return inverse


def _turned_landmarks(aligner: Any, image: Image, faces: Faces, degrees: int, refeed: int) -> Floats:
    """The landmarks of the faces that were found in the frame turned by some degrees, in the frame."""
    found = pick(faces.upright, faces.turns == degrees)
    if not degrees:
        return _asked(aligner, image, found, refeed)
    landmarks = _asked(aligner, turned(image, degrees), found, refeed)
    back = invert(turn_matrix(image.shape[1], image.shape[0], degrees))
    return transform_points(back, landmarks).astype(np.float32)


def _upright_landmarks(aligner: Any, image: Image, faces: Faces, landmarks: Floats, refeed: int) -> Floats:
    """The landmarks that the aligner finds in crops in which its first answers stand upright, in the frame."""
    matrices = crop_matrix(landmarks, aligner.scheme, _UPRIGHT_TYPE, _UPRIGHT_SIDE)
    box = _upright_box()
    again = landmarks.copy()
    for index in np.flatnonzero(np.isfinite(matrices).all(axis=(1, 2))):
        face, matrix = pick(faces.detections, np.array([index])), matrices[index].astype(np.float64)
        points = None if face.landmarks is None else transform_points(matrix, face.landmarks).astype(np.float32)
        upright = replace(face, boxes=box[None], landmarks=points)
        found = _asked(aligner, cut(image, matrix, _UPRIGHT_SIDE), upright, refeed)
        again[index] = transform_points(invert(matrix), found[0])
    return again


def _upright_box() -> Floats:
    """Where a detector would find the face in the upright crop, float32 `[4]`."""
    matrix = unit_matrix(_UPRIGHT_TYPE, _UPRIGHT_SIDE)
    middle = transform_points(matrix, np.array([_BOX_MIDDLE]))[0] + 0.5
    half = scale_of(matrix) * _BOX_SIDE / 2
    return np.concatenate([middle - half, middle + half]).astype(np.float32)


def _asked(aligner: Any, image: Image, detections: Detections, refeed: int) -> Floats:
    """The aligner's answer, float32 `[faces points 2]`; with `refeed` the mean of its answers about several boxes."""
    if not refeed:
        return _answer(aligner, image, detections)
    count, times = len(detections), 1 + refeed
    boxes = np.concatenate([detections.boxes[:, None], jittered(detections.boxes, refeed)], axis=1)
    many = pick(detections, np.repeat(np.arange(count), times))
    answers = _answer(aligner, image, replace(many, boxes=boxes.reshape(-1, 4)))
    return np.asarray(answers.reshape(count, times, -1, 2).mean(axis=1, dtype=np.float64), np.float32)


def _answer(aligner: Any, image: Image, detections: Detections) -> Floats:
    landmarks: Floats = aligner.align(image, detections)
    require_shape(landmarks, (len(detections), *landmarks.shape[1:]))
    return landmarks

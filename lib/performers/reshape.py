"""The second person's face: the portrait mirrored, with other eyes, brows, nose, mouth, jaw, forehead and hair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..landmarks import SCHEMES
from .acting import eye_distance
from .portrait import COLLAR, HEIGHT, LEFT, NECK, TOP, WIDTH, Portrait, to_pixels
from .spline import Array, bend

# How much wider the jaw line is, from point 0 to the chin.
_JAW_WIDER = (1.0, 1.0, 1.0, 1.01, 1.02, 1.04, 1.07, 1.1, 1.0)
# How much higher the hairline is, in eye distances.
_FOREHEAD_HIGHER = (0.12, 0.2, 0.28, 0.32, 0.32, 0.28, 0.2, 0.12)
_HAIR_NARROWER = 0.9


def mirror(portrait: Portrait) -> Portrait:
    """Turns a portrait's left into its right."""
    order = list(SCHEMES["ibug68"].mirror)
    image, matte, plate = (
        np.ascontiguousarray(picture[:, ::-1]) for picture in (portrait.image, portrait.matte, portrait.plate)
    )
    outline, hairline = _flip(portrait.outline[::-1]), _flip(portrait.hairline[::-1])
    return Portrait(image, matte, plate, _flip(portrait.landmarks[order]), outline, hairline)


def reshape(portrait: Portrait) -> Portrait:
    """Gives a portrait another face."""
    unit = eye_distance(portrait.landmarks)
    landmarks = _other_features(portrait.landmarks, unit)
    hairline = portrait.hairline - np.outer(_FOREHEAD_HIGHER, (0.0, unit))
    outline = portrait.outline.copy()
    hair = outline[:, 1] < 115
    outline[hair] = _resized(outline[hair], np.array([LEFT + WIDTH / 2, 90.0]), (_HAIR_NARROWER, 1.0))
    still = _still_points()
    image = bend(
        np.dstack([portrait.image, portrait.matte]),
        to_pixels(np.vstack([landmarks, hairline, outline, still])),
        to_pixels(np.vstack([portrait.landmarks, portrait.hairline, portrait.outline, still])),
    )
    matte = np.ascontiguousarray(image[..., 3])
    image = np.ascontiguousarray(image[..., :3])
    return replace(portrait, image=image, matte=matte, landmarks=landmarks, outline=outline, hairline=hairline)


def _other_features(landmarks: Array, unit: float) -> Array:
    """Resizes and moves each feature; `unit` is the distance between the eyes."""
    new = landmarks.copy()
    new[17:27] = _resized(landmarks[17:27], landmarks[17:27].mean(axis=0), (1.0, 0.7), (0.0, 0.01 * unit))
    new[20:24, 1] += 0.02 * unit
    new[27:31] = _resized(landmarks[27:31], landmarks[27], (1.0, 1.08))
    new[31:36] = _resized(landmarks[31:36], landmarks[33], (1.45, 1.0), (0.0, 0.05 * unit))
    for eye, inwards in ((slice(36, 42), 1), (slice(42, 48), -1)):
        shift = (0.055 * unit * inwards, -0.02 * unit)
        new[eye] = _resized(landmarks[eye], landmarks[eye].mean(axis=0), (0.84, 0.78), shift)
    new[48:] = _resized(landmarks[48:], landmarks[48:].mean(axis=0), (1.12, 1.05), (0.0, 0.08 * unit))
    middle = landmarks[27:31, 0].mean()
    new[:17, 0] = middle + (landmarks[:17, 0] - middle) * (*_JAW_WIDER, *_JAW_WIDER[-2::-1])
    return new


def _resized(points: Array, center: Array, factors: tuple[float, float], shift: tuple[float, float] = (0, 0)) -> Array:
    return np.asarray((points - center) * factors + center + np.array(shift))


def _flip(points: Array) -> Array:
    return np.asarray(np.array([2 * LEFT + WIDTH - 1, 0]) + points * (-1, 1))


def _still_points() -> Array:
    """The collar and the rim of the picture, which stay where they are."""
    right, bottom = LEFT + WIDTH, TOP + HEIGHT
    rim = [(x, y) for x in (LEFT, right) for y in (TOP, bottom / 2, bottom)]
    return np.vstack([NECK[NECK[:, 1] >= COLLAR], rim])

"""The second person's looks: black hair, heavy brows, tanned skin and a short beard, painted on a portrait."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from .acting import eye_distance
from .portrait import DETAIL, HEIGHT, TOP, WIDTH, Portrait, draw_area
from .spline import Array

_BEARD = (88, 66, 50)
_BROWS = (38, 30, 26)
_BROW_HEIGHT = np.array([0.03, 0.055, 0.06, 0.055, 0.05])  # from the outer end, in eye distances
_HAIR = (0.52, 0.47, 0.44)
_SHADE = 0.13  # under the hair and the chin
_TAN = (0.94, 0.88, 0.82)


def paint(portrait: Portrait) -> Portrait:
    """Paints a portrait's hair, skin, beard and brows; shapes and landmarks stay."""
    landmarks, unit = portrait.landmarks, eye_distance(portrait.landmarks)
    image: Array = portrait.image.astype(np.float32)
    skin = _skin(portrait)
    image = _blend(image, _dyed(image), _hair(portrait, skin))
    image = _blend(image, image * _TAN, skin)
    image = image * (1 - _SHADE * (1 - _face(landmarks)))[..., None]
    image = _blend(image, _BEARD, _beard(landmarks) * (0.72 + 0.12 * _strands(7, 0.8, 2.5)))
    for brow in (landmarks[17:22], landmarks[26:21:-1]):
        height = np.stack([np.zeros(5), _BROW_HEIGHT * unit], axis=1)
        area = draw_area(np.vstack([brow - 0.1 * height, (brow + 1.4 * height)[::-1]]), blur=1.2) / 255.0
        image = _blend(image, _BROWS, area * (0.85 + 0.1 * _strands(9, 2.0, 0.8)))
    return replace(portrait, image=np.round(image).clip(0, 255).astype(np.uint8))


def _blend(image: Array, color: Array | tuple[int, ...], share: Array) -> Array:
    return np.asarray(image + (np.asarray(color, np.float32) - image) * np.clip(share, 0, 1)[..., None])


def _face(landmarks: Array) -> Array:
    """The hull of the landmarks, with a wide soft edge: `[height width]`."""
    hull = cv2.convexHull(landmarks.astype(np.float32))[:, 0]
    return np.asarray(draw_area(hull, blur=7.0) / 255.0)


def _skin(portrait: Portrait) -> Array:
    """Face and neck: float `[height width]`, 0 to 1."""
    landmarks = portrait.landmarks
    face = draw_area(np.vstack([portrait.hairline + np.array([0, 1.5]), landmarks[16::-1]]), blur=3.0)
    neck = draw_area(np.vstack([landmarks[3:14], [(258, 192), (183, 192)]]), blur=2.0)
    return np.maximum(face, neck) / 255.0


def _hair(portrait: Portrait, skin: Array) -> Array:
    """What of the head is neither face nor neck nor, at the height of the ears, bright and red: `[height width]`."""
    hair = np.clip(portrait.matte / 40.0, 0, 1) * (1 - skin)
    red, _, blue = cv2.split(cv2.GaussianBlur(portrait.image, (0, 0), 1.0).astype(np.float32))
    ears = slice((112 - TOP) * DETAIL, (139 - TOP) * DETAIL)
    skin_color = np.clip((red - 150) / 30, 0, 1) * np.clip((red - blue - 25) / 15, 0, 1)
    hair[ears] *= 1 - skin_color[ears]
    hair[ears.stop :] = 0
    return np.asarray(hair)


def _dyed(image: Array) -> Array:
    gray = image.mean(axis=2, keepdims=True)
    return np.asarray((0.25 * image + 0.75 * gray) * _HAIR)


def _beard(landmarks: Array) -> Array:
    """Cheeks, chin and upper lip around the mouth: float `[height width]`, 0 to 1."""
    cheeks = 0.62 * landmarks[[14, 2]] + 0.38 * landmarks[[54, 48]]
    beside = 0.8 * landmarks[[54, 48]] + 0.2 * landmarks[[35, 31]] + [(5, -3), (-5, -3)]
    nose = landmarks[[35, 33, 31]] + [(2, 3), (0, 2), (-2, 3)]
    edge = np.vstack([landmarks[1:16] + np.array([0, 1]), cheeks[0], beside[0], nose, beside[1], cheeks[1]])
    lips = cv2.GaussianBlur(cv2.dilate(draw_area(landmarks[48:60]), np.ones((3, 3), np.uint8)), (0, 0), 1.5)
    return np.asarray(draw_area(edge, blur=3.0) / 255.0 * (1 - lips / 255.0))


def _strands(seed: int, across: float, along: float) -> Array:
    """Fine hair: noise of unit spread, drawn out downwards (or sideways): float `[height width]`."""
    noise = np.random.default_rng(seed).standard_normal((HEIGHT * DETAIL, WIDTH * DETAIL))
    smooth = cv2.GaussianBlur(noise, (0, 0), sigmaX=across, sigmaY=along)
    return np.asarray(smooth / smooth.std())

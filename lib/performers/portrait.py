"""The portrait that every performer is made from, with what is known about it: landmarks and outlines.

scikit-image carries the photograph inside its wheel (the astronaut's official portrait, NASA 1993, in the
public domain). Its landmarks are stored numbers, so that this toolbox needs no aligner.

Convention:
    Points are x, y on pixel centers of the *photograph*. A portrait's pictures show a part of it, enlarged;
    `to_pixels` and `from_pixels` go between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from skimage.data import astronaut

from .spline import Array

LEFT, TOP, WIDTH, HEIGHT = 100, 0, 250, 260
"""The part of the photograph that is used; its middle column is the middle of the face."""

DETAIL = 2
"""How many pixels of a portrait's pictures one pixel of the photograph becomes, per side."""

COLLAR = 190
"""The row below which all is clothing: nothing is filled in there."""

# fmt: off
LANDMARKS = np.array([
    179.2, 104.2, 179.8, 115.8, 180.8, 126.8, 181.8, 138.2, 184.8, 149.2, 190.8, 159.8, 199.8, 167.8, 208.8, 175.2,
    220.2, 178.2, 231.8, 176.8, 242.2, 171.2, 252.2, 163.8, 259.8, 154.2, 264.8, 143.8, 267.8, 132.2, 270.2, 120.8,
    271.8, 108.8, 186.2, 94.2, 191.8, 88.2, 200.2, 87.2, 208.8, 88.8, 216.2, 92.2, 236.2, 93.8, 244.2, 90.8,
    252.2, 90.8, 260.2, 92.8, 265.2, 99.2, 225.8, 102.2, 225.2, 110.8, 225.2, 118.8, 224.8, 127.2, 214.2, 131.2,
    219.2, 132.8, 224.2, 134.2, 229.2, 133.2, 234.2, 131.8, 194.2, 101.1, 200.2, 97.8, 206.8, 98.8, 212.6, 103.9,
    206.2, 104.2, 199.8, 103.8, 237.2, 105.2, 243.2, 100.2, 249.8, 100.8, 256.0, 104.0, 250.2, 106.2, 243.8, 106.2,
    200.2, 138.8, 208.8, 139.2, 217.8, 139.2, 223.2, 140.8, 229.2, 139.8, 237.2, 140.2, 245.8, 140.8, 237.2, 150.8,
    228.8, 154.8, 222.2, 155.2, 215.8, 154.2, 207.2, 149.2, 203.2, 140.2, 217.2, 142.8, 223.2, 144.2, 229.2, 143.2,
    242.8, 141.8, 228.8, 149.8, 222.8, 150.2, 216.8, 149.2]).reshape(68, 2)
"""The 68 landmarks of the iBUG annotation, float64 `[68 2]`."""

OUTLINE = np.array([
    172, 125, 168, 117, 160, 109, 154, 99, 153, 85, 153, 72, 156, 60, 164, 50, 175, 43, 187, 35, 192, 28,
    204, 21, 217, 18, 230, 14, 243, 15, 258, 20, 274, 29, 287, 39, 294, 51, 299, 65, 302, 80, 301, 93, 297, 105,
    291, 115, 282, 125, 278, 133, 271, 137], np.float64).reshape(-1, 2)
"""The outline of hair and ears, over the top from ear to ear, float64 `[27 2]`."""

NECK = np.array([
    266, 138, 265, 144, 258, 158, 257, 168, 254, 180, 253, 190, 258, 200, 258, 214, 250, 226, 196, 226, 184, 214,
    180, 202, 183, 192, 185, 180, 185, 165, 183, 150, 181, 140, 179, 131], np.float64).reshape(-1, 2)
"""The rest of the outline, back to where it began: jaw, neck, and a black collar for moves to fade out in."""

HAIRLINE = np.array([
    185, 84, 192, 79, 202, 77, 214, 78, 226, 79, 238, 80, 250, 83, 260, 88], np.float64).reshape(-1, 2)
"""Where the fringe ends on the forehead, float64 `[8 2]`."""
# fmt: on


@dataclass(frozen=True, eq=False)
class Portrait:
    """One person as a picture that can be bent, and the scene behind.

    Attributes:
        image: uint8 `[height width 3]`, RGB.
        matte: uint8 `[height width]`, 255 where head and neck are.
        plate: uint8 `[height width 3]`, RGB, the scene without the head.
        landmarks: float64 `[68 2]`.
        outline: Hair and ears, float64 `[27 2]`.
        hairline: float64 `[8 2]`.
    """

    image: Array
    matte: Array
    plate: Array
    landmarks: Array
    outline: Array
    hairline: Array


@cache
def photograph() -> Portrait:
    """Cuts the sitter's portrait from the photograph. Its arrays are read-only, since all callers share them."""
    cut = astronaut()[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH]
    large = cv2.resize(cut, None, fx=DETAIL, fy=DETAIL, interpolation=cv2.INTER_LANCZOS4)
    image = cv2.addWeighted(large, 1.6, cv2.GaussianBlur(large, (0, 0), 2.0), -0.6, 0)
    plate = _fill_in(image)
    arrays = image, _cut_out(image, plate), plate, LANDMARKS, OUTLINE, HAIRLINE
    for array in arrays:
        array.setflags(write=False)
    return Portrait(*arrays)


def to_pixels(points: Array) -> Array:
    """Takes points `[... 2]` of the photograph to pixels of a portrait's pictures."""
    return np.asarray((points - (LEFT, TOP) + 0.5) * DETAIL - 0.5)


def from_pixels(points: Array) -> Array:
    """Takes pixels `[... 2]` of a portrait's pictures to points of the photograph."""
    return np.asarray((points + 0.5) / DETAIL - 0.5 + np.array((LEFT, TOP), points.dtype))


def draw_area(points: Array, blur: float = 0.0) -> Array:
    """Draws a filled polygon in the size of a portrait's pictures.

    Args:
        points: Corners `[points 2]`.
        blur: Standard deviation of the softness of its edge, in pixels of the pictures.

    Returns:
        uint8 `[height width]`, 0 or, inside, 255.
    """
    drawn = np.zeros((HEIGHT * DETAIL, WIDTH * DETAIL), np.uint8)
    cv2.fillPoly(drawn, [np.round(to_pixels(points) * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), blur)) if blur else drawn


def mix(below: Array, above: Array, mask: Array) -> Array:
    """Lays a picture over another.

    Args:
        below: uint8 `[height width 3]`.
        above: uint8 `[height width 3]`.
        mask: uint8 `[height width]`, 255 where `above` hides `below`.
    """
    share = (mask.astype(np.float32) / 255)[..., None]
    return np.asarray((below + (above.astype(np.float32) - below) * share + 0.5).astype(np.uint8))


def _fill_in(image: Array) -> Array:
    """Puts the surroundings in the place of the head."""
    hole = cv2.dilate(draw_area(np.vstack([OUTLINE, NECK])), _disk(8))
    hole[(COLLAR - TOP) * DETAIL :] = 0
    half = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    filled = cv2.inpaint(half, hole[::2, ::2], 5, cv2.INPAINT_TELEA)
    filled = cv2.GaussianBlur(cv2.resize(filled, image.shape[1::-1]), (0, 0), 3.0)
    return mix(image, filled, cv2.GaussianBlur(hole, (0, 0), 2.0))


def _cut_out(image: Array, plate: Array) -> Array:
    """Tells the head from the scene: by its outline, and along the rim of the hair by what differs in color."""
    whole = draw_area(np.vstack([OUTLINE, NECK]))
    core = cv2.GaussianBlur(cv2.erode(whole, _disk(10)), (0, 0), 3.0) / 255
    core[(140 - TOP) * DETAIL :] = 1  # the outlines of jaw and neck are exact
    strands = np.clip(np.abs(image.astype(np.float32) - plate).max(axis=2) / 45, 0, 1)
    matte = whole * (core + (1 - core) * strands)
    return np.asarray(cv2.GaussianBlur(matte, (0, 0), 1.2).astype(np.uint8))


def _disk(radius: int) -> Array:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))

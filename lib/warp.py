"""Moves a face's pixels: cuts aligned crops out of frames, pastes them back, draws landmark hulls.

Convention:
    Pictures are `[height width channels]` (1 to 4 of them), uint8 or float32, row 0 on top. Matrices
    `[2 3]` map frame pixel centers to crop pixel centers. Interpolation is bilinear; where a picture shrinks
    to two thirds or less it is first averaged over areas, so that nothing flickers. Positions are exact: no
    step shifts the picture by a part of a pixel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .geometry import compose, invert, scale_of, transform_points
from .landmarks import FloatArray

Picture = NDArray[Any]
Border = Literal["replicate", "zero"]
Box = tuple[int, int, int, int]

_MOST_REACH = 16
"""Pixels that a result's pixel may reach over, the mean, where what lies beyond the image is laid around it."""

_BORDERS = {"replicate": cv2.BORDER_REPLICATE, "zero": cv2.BORDER_CONSTANT}


def cut(image: Picture, matrix: FloatArray, size: int, border: Border = "replicate") -> Picture:
    """Cuts an aligned crop out of a frame (or out of a wider crop, with the matrix from `geometry.recut`).

    Args:
        image: The frame, `[height width channels]`, uint8 or float32.
        matrix: `[2 3]`, frame pixels to crop pixels.
        size: Side of the crop in pixels.
        border: What lies beyond the frame: its outermost pixels, or zero.

    Returns:
        `[size size channels]` in the image's dtype.

    Raises:
        ValueError: The matrix is not finite (landmarks that are all one place give such a one), or has no inverse.
    """
    if not np.isfinite(matrix).all() or scale_of(matrix) == 0:
        raise ValueError(f"`matrix` must be finite and have an inverse. Received: {np.asarray(matrix).tolist()}")
    return _warp(image, cv2.invertAffineTransform(np.asarray(matrix, np.float64)), (size, size), border)


def paste_box(matrix: FloatArray, size: int, frame_width: int, frame_height: int) -> Box:
    """Finds the part of the frame that a pasted crop can reach.

    Args:
        matrix: `[2 3]`, frame pixels to crop pixels.
        size: Side of the crop in pixels.
        frame_width: Width of the frame in pixels.
        frame_height: Height of the frame in pixels.

    Returns:
        left, top, right, bottom in whole pixels, right and bottom exclusive, inside the frame; right == left
        or bottom == top where the crop lies outside. Inside the frame its outermost pixels are beyond the
        crop's reach, so that a mask pasted with border `zero` ends within it.
    """
    if not np.isfinite(matrix).all():
        return 0, 0, 0, 0
    # A sample reaches one crop pixel beyond the outermost centers, more where the paste averages over areas.
    reach = 0.5 + _reduction(matrix) / 2
    low, high = -reach, size - 1 + reach
    corners = np.array([[low, low], [high, low], [high, high], [low, high]])
    frame_corners = transform_points(invert(np.asarray(matrix, np.float64)), corners)
    left, top = np.floor(frame_corners.min(axis=0)).astype(int).tolist()
    right, bottom = (np.ceil(frame_corners.max(axis=0)).astype(int) + 1).tolist()
    left, right = sorted((min(max(left, 0), frame_width), min(max(right, 0), frame_width)))
    top, bottom = sorted((min(max(top, 0), frame_height), min(max(bottom, 0), frame_height)))
    return left, top, right, bottom


def paste(crop: Picture, matrix: FloatArray, box: Box, border: Border = "replicate") -> Picture:
    """Lays a crop back over a box of the frame.

    Args:
        crop: `[size size channels]`, float32 or uint8.
        matrix: `[2 3]`, frame pixels to crop pixels.
        box: left, top, right, bottom in whole frame pixels (see `paste_box`).
        border: What lies beyond the crop: its outermost pixels (for faces) or zero (for masks).

    Returns:
        `[bottom - top, right - left, channels]` in the crop's dtype.
    """
    left, top, right, bottom = box
    from_box = np.array([[1.0, 0.0, left], [0.0, 1.0, top]])
    to_crop = compose(from_box, np.asarray(matrix, np.float64))
    return _warp(crop, to_crop, (right - left, bottom - top), border)


def convex_hull_mask(crop_points: FloatArray, size: int) -> NDArray[np.float32]:
    """Draws the convex hull of points as a mask with a soft edge of one pixel.

    Args:
        crop_points: `[points 2]` in crop pixels; they may leave the crop.
        size: Side of the crop in pixels.

    Returns:
        float32 `[size size 1]`: the share of each pixel that lies in the hull, exact across and told by 16 lines down.
    """
    hull = cv2.convexHull(np.asarray(crop_points, np.float32), clockwise=True)[:, 0].astype(np.float64) + 0.5
    low = np.clip(np.floor(hull.min(axis=0)), 0, size).astype(int)
    (left, top), (right, bottom) = low.tolist(), np.clip(np.ceil(hull.max(axis=0)), low, size).astype(int).tolist()
    mask = np.zeros((size, size, 1), np.float32)
    _cover(mask[top:bottom, left:right, 0], hull - low)
    return mask


def _cover(mask: NDArray[np.float32], hull: NDArray[np.float64]) -> None:
    """Writes how much of each pixel a convex polygon covers: of lines through the pixel, the mean.

    Args:
        mask: `[height width]`.
        hull: `[corners 2]` on pixel edges, clockwise with y upwards.
    """
    lines, steps = 16, 256  # Of each row; of each pixel along a line, so that all sums are exact.
    height, width = mask.shape
    hull = np.roll(hull, -int(hull[:, 1].argmin()), axis=0)
    lowest = int(hull[:, 1].argmax())
    left, right = hull[: lowest + 1], np.concatenate([hull[:1], hull[lowest:][::-1]])
    y = (np.arange(height * lines) + 0.5) / lines
    ends = np.stack([np.interp(y, side[:, 1], side[:, 0]) for side in (left, right)])  # [2 lines]
    places = np.rint(np.clip(ends, 0, width) * steps).astype(np.intp)
    pixels, parts = places // steps, places % steps

    # Along a line the cover rises to 1 where it enters the polygon and falls where it leaves, over two pixels each.
    pixels += np.arange(height).repeat(lines) * (width + 2)
    rises = np.array([[1], [-1]]) * np.stack([steps - parts, parts])  # [2 2 lines]
    changes = np.bincount(np.ravel([pixels, pixels + 1]), rises.ravel(), height * (width + 2))
    cover = changes.reshape(height, width + 2)
    np.cumsum(cover, axis=1, out=cover)
    np.divide(cover[:, :width], steps * lines, out=mask, casting="same_kind")


def _warp(image: Picture, to_image: FloatArray, shape: tuple[int, int], border: Border) -> Picture:
    """Samples an image where `to_image` `[2 3]` maps the pixels of a result of `shape` (width, height)."""
    width, height = shape
    channels = image.shape[2]
    if not (width and height and image.size):
        return np.zeros((height, width, channels), image.dtype)
    if _reduction(to_image) > 1:
        image, to_image = _shrink(image, to_image, shape)
    image, to_image = _sampled(image, to_image, shape, border)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(image, to_image, shape, flags=flags, borderMode=_BORDERS[border])
    if channels == 3:
        warped = cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB)
    return np.asarray(warped).reshape(height, width, channels)


def _sampled(
    image: Picture, to_image: FloatArray, shape: tuple[int, int], border: Border
) -> tuple[Picture, NDArray[np.float64]]:
    """Takes the part of an image that is sampled, in the form that OpenCV samples fastest, and moves the matrix.

    It samples four channels twice as fast as three. What lies beyond the image it repeats pixel by pixel, so that it is
    faster to lay the repeated pixels around the image first.
    """
    moved = np.array(to_image, np.float64)
    rows, limits = moved.tolist(), (image.shape[1], image.shape[0])
    x, y = (_reach(row, shape, limit) for row, limit in zip(rows, limits, strict=True))
    part = image[y.begin : y.end, x.begin : x.end]
    if image.shape[2] == 3:
        part = cv2.cvtColor(part, cv2.COLOR_RGB2RGBA)
    margins = (y.before, y.after, x.before, x.after)
    bounded = x.length * y.length <= _MOST_REACH * shape[0] * shape[1]
    if border == "zero" or not any(margins) or not bounded:
        moved[:, 2] -= x.begin, y.begin
        return part, moved
    moved[:, 2] -= x.first, y.first
    return cv2.copyMakeBorder(part, *margins, cv2.BORDER_REPLICATE), moved


class _Reach(NamedTuple):
    """What samples can touch along one axis of an image, in pixels.

    Attributes:
        first: Where it begins; may lie outside.
        length: How long it is.
        begin: The first pixel of the image that stands for a part of it.
        end: The first behind the last of them.
        before: How often the pixel at `begin` stands for what lies before the image.
        after: How often the last one stands for what lies behind it.
    """

    first: int
    length: int
    begin: int
    end: int
    before: int
    after: int


def _reach(row: Sequence[float], shape: tuple[int, int], limit: int) -> _Reach:
    """The reach along an axis of `limit` pixels, whose row of the matrix maps a result of `shape` (width, height)."""
    across, down = row[0] * (shape[0] - 1), row[1] * (shape[1] - 1)
    # A sample takes two pixels; one more on each side, since OpenCV rounds positions.
    first = math.floor(row[2] + min(across, 0) + min(down, 0)) - 1
    length = math.floor(row[2] + max(across, 0) + max(down, 0)) + 3 - first
    begin = min(max(first, 0), limit - 1)
    end = max(min(first + length, limit), begin + 1)
    outside = length - (end - begin)
    before = min(max(-first, 0), outside)
    return _Reach(first, length, begin, end, before, outside - before)


def _reduction(to_image: FloatArray) -> int:
    """Returns how many pixels of the image, on each axis, are averaged before it is sampled."""
    return max(1, round(scale_of(to_image)))


def _shrink(image: Picture, to_image: FloatArray, shape: tuple[int, int]) -> tuple[Picture, FloatArray]:
    """Averages the sampled part of the image down to about the result's scale, and corrects the matrix."""
    step = _reduction(to_image)
    # One pixel of the result more on each side covers all that the samples can reach.
    width, height = shape
    corners = transform_points(to_image, np.array([[-1, -1], [width, -1], [width, height], [-1, height]], float))
    limits = np.array([image.shape[1], image.shape[0]])
    start = np.clip(np.floor(corners.min(axis=0)), 0, limits - 1).astype(int)
    stop = np.clip(np.ceil(corners.max(axis=0)), start + 1, limits).astype(int)
    part = image[start[1] : stop[1], start[0] : stop[0]]
    small = np.ceil((stop - start) / step).astype(int)
    reduced = cv2.resize(part, small.tolist(), interpolation=cv2.INTER_AREA).reshape(small[1], small[0], -1)
    # Pixel x of the image is pixel (x - start + 0.5) * ratio - 0.5 of the reduced part.
    ratio = small / (stop - start)
    correction = np.array([[ratio[0], 0, 0], [0, ratio[1], 0]])
    correction[:, 2] = (0.5 - start) * ratio - 0.5
    return reduced, compose(to_image, correction)

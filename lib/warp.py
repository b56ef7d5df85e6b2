"""Moves a face's pixels: cuts aligned crops out of frames, pastes them back, draws landmark hulls.

Convention:
    Pictures are `[height width channels]` (1 to 4 of them), uint8 or float32, row 0 on top. Matrices
    `[2 3]` map frame pixel centers to crop pixel centers. Interpolation is bilinear; where a picture shrinks
    to two thirds or less it is first averaged over areas, so that nothing flickers. Positions are exact: no
    step shifts the picture by a part of a pixel.
"""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from .geometry import compose, invert, scale_of, transform_points
from .landmarks import FloatArray

Picture = NDArray[Any]
Border = Literal["replicate", "zero"]
Box = tuple[int, int, int, int]

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
        ValueError: The matrix is not finite (landmarks that are all one place give such a one).
    """
    if not np.isfinite(matrix).all():
        raise ValueError(f"`matrix` must be finite. Received: {np.asarray(matrix).tolist()}")
    return _warp(image, invert(np.asarray(matrix, np.float64)), (size, size), border)


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
        float32 `[size size 1]`: the share of each pixel that lies in the hull, in steps of 1/64.
    """
    fine = 8  # Each pixel is drawn as 8 x 8 samples and averaged.
    points = (np.asarray(crop_points, np.float64) + 0.5) * fine - 0.5
    hull = cv2.convexHull(points.astype(np.float32))
    canvas = np.zeros((size * fine, size * fine), np.uint8)
    shift = 4
    cv2.fillConvexPoly(canvas, np.round(hull * 2**shift).astype(np.int32), 255, shift=shift)
    share = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(share, np.float32)[..., None] / np.float32(255)


def _warp(image: Picture, to_image: FloatArray, shape: tuple[int, int], border: Border) -> Picture:
    """Samples an image where `to_image` `[2 3]` maps the pixels of a result of `shape` (width, height)."""
    width, height = shape
    channels = image.shape[2]
    if not (width and height and image.size):
        return np.zeros((height, width, channels), image.dtype)
    if _reduction(to_image) > 1:
        image, to_image = _shrink(image, to_image, shape)
    # OpenCV samples four channels twice as fast as three, which pays where more is sampled than is converted.
    widened = channels == 3 and width * height >= image.shape[0] * image.shape[1]
    if widened:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA))
    to_image = np.asarray(to_image, np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(image, to_image, shape, flags=flags, borderMode=_BORDERS[border])
    if widened:
        warped = cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB)
    return np.asarray(warped).reshape(height, width, channels)


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

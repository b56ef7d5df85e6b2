"""Orders, groups and twins among faces, told from arrays alone: embeddings, histograms, thumbnails, measures.

Convention:
    Features are `[faces dim]`, one row per face; their distance is Euclidean. Answers are places in that order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

HISTOGRAM_BINS = 32
THUMBNAIL = 16
_MIDDLE = 0.5
"""The part of a crop, from its middle, that shows the face and little else."""


def similarity_chain(features: Floats) -> NDArray[np.int64]:
    """Orders faces so that neighbors are alike: from the most usual one always on to the nearest that is left.

    Args:
        features: `[faces dim]`.

    Returns:
        int64 `[faces]`, a permutation; equal distances go by place.
    """
    left = np.asarray(features, np.float64)
    places = np.arange(len(left))
    order = np.empty(len(left), np.int64)
    here = left.mean(axis=0) if len(left) else left
    for step in range(len(order)):
        nearest = int(np.argmin(((left - here) ** 2).sum(axis=1)))
        order[step], here = places[nearest], left[nearest]
        left, places = np.delete(left, nearest, axis=0), np.delete(places, nearest)
    return order


def near_duplicates(features: Floats, distance: float, quality: Floats) -> NDArray[np.bool_]:
    """Finds faces that are nearly the same as a better one which stays.

    The best face stays; each next one stays unless one that stays is within the distance. So of each group of twins
    the best is left, and no face goes for the sake of one that goes itself.

    Args:
        features: `[faces dim]`.
        distance: Up to which two faces count as twins.
        quality: `[faces]`, higher is better; NaN is worst.

    Returns:
        bool `[faces]`, True where a face is such a twin.
    """
    points = np.asarray(features, np.float64)
    twins = np.zeros(len(points), np.bool_)
    kept = np.empty_like(points)
    count = 0
    for place in np.argsort(-np.nan_to_num(quality, nan=-np.inf), kind="stable"):
        away = ((kept[:count] - points[place]) ** 2).sum(axis=1)
        twins[place] = bool((away <= distance**2).any())
        if not twins[place]:
            kept[count] = points[place]
            count += 1
    return twins


def center_distance(features: Floats) -> NDArray[np.float64]:
    """How far each face is from the mean of all, `[faces]`: faces of other people come out far.

    The mean is taken again of the nearer half, so that a few others do not draw it to themselves.
    """
    points = np.asarray(features, np.float64)
    if not len(points):
        return np.zeros(0)
    away = np.linalg.norm(points - np.median(points, axis=0), axis=1)
    center = points[away <= np.median(away)].mean(axis=0)
    return np.asarray(np.linalg.norm(points - center, axis=1))


def color_histogram(crop: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The colors of a face, `[3 * HISTOGRAM_BINS]`: square roots of the shares of each channel's values.

    Euclidean distances of two such are Hellinger's of their histograms, times the square root of two.

    Args:
        crop: uint8 `[size size 3]`.

    Reference:
        R. Arandjelovic, A. Zisserman, Three things everyone should know to improve object retrieval, CVPR 2012.
    """
    pixels = _middle(crop).reshape(-1, 3)
    counts = [np.bincount(channel // (256 // HISTOGRAM_BINS), minlength=HISTOGRAM_BINS) for channel in pixels.T]
    return np.sqrt(np.concatenate(counts) / len(pixels))


def gray_thumbnail(crop: NDArray[np.uint8]) -> NDArray[np.float64]:
    """A small gray picture of a face, `[THUMBNAIL ** 2]`; a distance is the RMS difference of luma, 0..1.

    Args:
        crop: uint8 `[size size 3]`, RGB.
    """
    gray = cv2.cvtColor(np.ascontiguousarray(_middle(crop)), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(gray, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float64).reshape(-1) / (255 * THUMBNAIL)


@dataclass(frozen=True, eq=False)
class Bins:
    """Ranges of equal width.

    Attributes:
        edges: `[bins + 1]`, ascending.
        place: int64 `[faces]`: the bin of each face, -1 where its value is not known.
    """

    edges: NDArray[np.float64]
    place: NDArray[np.int64]


def equal_bins(values: Floats, count: int) -> Bins:
    """Cuts the range of the known values into bins of equal width.

    Args:
        values: `[faces]`, NaN where not known.
        count: How many bins; at least 1.
    """
    known = np.isfinite(values)
    low, high = (float(values[known].min()), float(values[known].max())) if known.any() else (0.0, 1.0)
    edges = np.linspace(low, high if high > low else low + 1, count + 1)
    place = np.full(len(values), -1, np.int64)
    place[known] = np.clip(np.searchsorted(edges, values[known], "right") - 1, 0, count - 1)
    return Bins(edges, place)


def _middle(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    margin = round(crop.shape[0] * (1 - _MIDDLE) / 2)
    return crop[margin : crop.shape[0] - margin, margin : crop.shape[1] - margin]

"""Finds a frame's faces with any detector: in the whole frame, turned and in tiles where that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lib.boxes import merge_views
from ...lib.geometry import invert, transform_points
from ...lib.views import enlarged, tile_boxes, turn_matrix, turned, turned_boxes
from ..contract import Detections
from .answers import by_score, pick, whole
from .settings import Search, fitting_sizes

Image = NDArray[np.uint8]
Detect = Callable[[list[Image]], Any]


_TURNED = np.float32(0.05)
"""By how much a turned look must score better than the upright one; some detectors are sure of a face in any."""


@dataclass(frozen=True, eq=False)
class Faces:
    """The faces of a frame, best score first.

    Attributes:
        detections: Where they are in the frame.
        upright: The same faces as they were found, each in the pixels of the frame turned by its degrees.
        turns: int64 `[faces]`, the degrees by which the frame was turned when each was found.
    """

    detections: Detections
    upright: Detections
    turns: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.turns)

    def pick(self, which: NDArray[Any]) -> Faces:
        """Takes some of the faces, by index or by a truth value for each."""
        return Faces(pick(self.detections, which), pick(self.upright, which), self.turns[which])


def find_faces(detect: Detect, image: Image, search: Search) -> Faces:
    """Finds the faces of a frame.

    What is found twice is kept once: as the frame as a whole shows it, upright or turned, before what is found from
    nearby, so that tiles add faces and change none; of an upright and a turned look the one that scores clearly better.

    Args:
        detect: The detector's method.
        image: The frame, uint8 RGB `[height width 3]`.
        search: Where to look, and for what sizes.

    Raises:
        ValueError: The detector's answer is not what the contract says.
    """
    looks = [look for degrees in (0, *search.rotations) for look in _looks(detect, image, degrees, search)]
    counts = [len(look.found) for look in looks]
    faces = Faces(
        _joined([look.in_frame(image) for look in looks]),
        _joined([look.found for look in looks]),
        np.repeat([look.degrees for look in looks], counts),
    )
    boxes, scores = faces.detections.boxes, faces.detections.scores
    order = np.lexsort((_TURNED * (faces.turns != 0) - scores, np.repeat([look.near for look in looks], counts)))
    order = order[fitting_sizes(search, (boxes[order, 2:] - boxes[order, :2]).max(axis=1), image.shape[0])]
    kept = order[merge_views(boxes[order], np.repeat(np.arange(len(looks)), counts)[order])]
    return faces.pick(kept[np.argsort(-scores[kept], kind="stable")])


def with_boxes(faces: Faces, boxes: NDArray[np.float32]) -> Faces:
    """Puts boxes `[more 4]` of the upright frame behind the faces that were found, with score 0 and no landmarks."""
    more = Detections(boxes, np.zeros(len(boxes), np.float32))
    turns = np.concatenate([faces.turns, np.zeros(len(boxes), np.int64)])
    return Faces(_joined([faces.detections, more]), _joined([faces.upright, more]), turns)


@dataclass(frozen=True, eq=False)
class _Look:
    """What one look at a frame shows.

    Attributes:
        found: In the pixels of the turned frame.
        degrees: By how much the frame was turned.
        near: Whether it was looked at in tiles or enlarged.
    """

    found: Detections
    degrees: int
    near: bool

    def in_frame(self, image: Image) -> Detections:
        """Where the faces are in the frame."""
        if not self.degrees:
            return self.found
        matrix = invert(turn_matrix(image.shape[1], image.shape[0], self.degrees))
        boxes, points = turned_boxes(self.found.boxes, matrix), self.found.landmarks
        points = None if points is None else transform_points(matrix, points).astype(np.float32)
        return replace(self.found, boxes=boxes, landmarks=points)


def _looks(detect: Detect, image: Image, degrees: int, search: Search) -> Iterator[_Look]:
    """What is found in a turned frame as a whole, and then in it from nearby."""
    image = turned(image, degrees) if degrees else image
    height, width = image.shape[:2]
    yield _Look(by_score(whole(detect([image]))), degrees, near=False)
    boxes, factor = tile_boxes(width, height, search.tiles or max(width, height)), 2**search.upsample
    if len(boxes) > 1 or factor > 1:
        tiles = [_in_tile(detect, image, box, factor) for box in boxes]
        yield _Look(_merged_tiles(tiles), degrees, near=True)


def _merged_tiles(tiles: list[Detections]) -> Detections:
    joined = _joined(tiles)
    views = np.repeat(np.arange(len(tiles)), [len(tile) for tile in tiles])
    order = np.argsort(-joined.scores, kind="stable")
    return pick(joined, order[merge_views(joined.boxes[order], views[order])])


def _in_tile(detect: Detect, image: Image, box: tuple[int, int, int, int], factor: int) -> Detections:
    """What is found in one tile; faces that it cuts are left to its neighbor."""
    left, top, right, bottom = box
    tile = np.ascontiguousarray(image[top:bottom, left:right])
    found = whole(detect([enlarged(tile, factor)]))
    corner = np.array([left, top], np.float32)
    boxes = found.boxes / np.float32(factor) + np.tile(corner, 2)
    points = found.landmarks
    if points is not None:
        points = (points + np.float32(0.5)) / np.float32(factor) - np.float32(0.5) + corner
    height, width = image.shape[:2]
    inner = np.array([left > 0, top > 0, right < width, bottom < height])
    beyond = np.concatenate([boxes[:, :2] < corner, boxes[:, 2:] > (right, bottom)], axis=1)
    return pick(replace(found, boxes=boxes, landmarks=points), ~(beyond & inner).any(axis=1))


def _joined(parts: list[Detections]) -> Detections:
    """Puts detections together; those without a face do not say whether their detector gives landmarks."""
    filled = [part for part in parts if len(part)]
    if len(filled) < 2:
        return filled[0] if filled else parts[0]
    marked = all(part.landmarks is not None for part in filled)
    return Detections(
        boxes=np.concatenate([part.boxes for part in filled]),
        scores=np.concatenate([part.scores for part in filled]),
        landmarks=np.concatenate([part.landmarks for part in filled if part.landmarks is not None]) if marked else None,
        scheme=filled[0].scheme if marked else None,
    )

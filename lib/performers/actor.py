"""A portrait that acts: bends the picture of a head so that it takes any pose, and knows where its landmarks are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from ..geometry import transform_points
from .acting import Pose, express
from .head import Head
from .mouth import paint_inside, show_inside
from .portrait import NECK, Portrait, from_pixels, to_pixels
from .slit import Slit, eye_slits, mouth_slit
from .spline import Array, ThinPlate

_BENT = list(range(60))  # all landmarks but the inner lips
_UPPER_MOUTH = [48, 54, 57]  # three points of the mouth that tell how the teeth lie
_STILL = NECK[NECK[:, 1] > 199]  # the lower end of the collar, which no head moves
_HAIR_DEPTH = -0.1
_MARGIN = 6
_LIP_LINE = 0.016  # a gap between the lips, as a share of the distance between the outer eye corners, that is all dark


@dataclass(frozen=True, eq=False)
class HeadShot:
    """A head in a box of a frame.

    Attributes:
        picture: uint8 `[height width 3]`, RGB.
        matte: uint8 `[height width]`, 255 where the head is.
        left: The frame's column of the box's first pixel.
        top: The frame's row of the box's first pixel.
    """

    picture: Array
    matte: Array
    left: int
    top: int


@dataclass(frozen=True, eq=False)
class Actor:
    """Renders one portrait.

    A thin-plate spline bends the picture at the landmarks, the outline and the hairline. Lips and eyelids, which
    slide over teeth and eyes, are moved within the bent picture.

    Attributes:
        portrait: Whom it shows.
    """

    portrait: Portrait

    def landmarks(self, pose: Pose, matrix: Array) -> Array:
        """Returns the landmarks in a pose.

        Args:
            pose: What the head does.
            matrix: `[2 3]`, the photograph's coordinates to frame pixels.

        Returns:
            float64 `[68 2]`, frame pixels.
        """
        front = express(self.portrait.landmarks, pose)
        return transform_points(matrix, self._head.turn(front, self._landmark_depth, pose))

    def bending(self, pose: Pose, matrix: Array) -> ThinPlate:
        """Returns the spline that takes frame pixels to those of the portrait's picture.

        It brings the landmarks where they belong, but for lips that part and eyes that close.

        Args:
            pose: What the head does.
            matrix: `[2 3]`, the photograph's coordinates to frame pixels.
        """
        landmarks = self.landmarks(replace(pose, blink=0.0), matrix)
        rest = transform_points(matrix, self._head.turn(self._rest, self._rest_depth, pose))
        knots = np.vstack([landmarks[_BENT], rest, transform_points(matrix, _STILL)])
        return ThinPlate.fit(knots, self._sources)

    def act(self, pose: Pose, matrix: Array, size: int) -> HeadShot:
        """Renders the head in a pose.

        Args:
            pose: What the head does.
            matrix: `[2 3]`, the photograph's coordinates to frame pixels.
            size: Side of the frame, within which the face must lie; the rest of the head is cut off at its border.
        """
        landmarks, spline = self.landmarks(pose, matrix), self.bending(pose, matrix)
        left, top = np.maximum(np.floor(spline.knots.min(axis=0)).astype(int) - _MARGIN, 0)
        right, bottom = np.minimum(np.ceil(spline.knots.max(axis=0)).astype(int) + _MARGIN, size)
        where = spline.over_box(left, top, right - left, bottom - top)
        for slit in self._slits:
            _slide(where, slit, spline, landmarks, (left, top))
        layers = cv2.remap(self._layers, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        shot = HeadShot(np.ascontiguousarray(layers[..., :3]), layers[..., 3], int(left), int(top))
        self._open_mouth(shot, pose, matrix, landmarks)
        return shot

    def _open_mouth(self, shot: HeadShot, pose: Pose, matrix: Array, landmarks: Array) -> None:
        lips = landmarks[60:68] - (shot.left, shot.top)
        left, top = np.floor(lips.min(axis=0)).astype(int) - _MARGIN
        right, bottom = np.ceil(lips.max(axis=0)).astype(int) + _MARGIN
        skull = self.portrait.landmarks[_UPPER_MOUTH]
        placed = transform_points(matrix, self._head.turn(skull, self._landmark_depth[_UPPER_MOUTH], pose))
        placed = placed - (shot.left + left, shot.top + top)
        to_box = cv2.getAffineTransform(to_pixels(skull).astype(np.float32), placed.astype(np.float32))
        inside = cv2.warpAffine(self._inside, to_box, (int(right - left), int(bottom - top)))
        gap = np.linalg.norm(landmarks[66] - landmarks[62]) / np.linalg.norm(landmarks[45] - landmarks[36])
        depth = float(np.clip((gap - _LIP_LINE) / _LIP_LINE, 0, 1))
        box = shot.picture[top:bottom, left:right]
        box[:] = show_inside(box, inside, lips - (left, top), depth)

    @cached_property
    def _head(self) -> Head:
        return Head.behind(self.portrait.landmarks)

    @cached_property
    def _landmark_depth(self) -> Array:
        return self._head.landmark_depth(self.portrait.landmarks)

    @cached_property
    def _rest(self) -> Array:
        return np.vstack([self.portrait.outline, self.portrait.hairline])

    @cached_property
    def _rest_depth(self) -> Array:
        hair = np.full(len(self.portrait.outline), _HAIR_DEPTH * self._head.unit)
        return np.concatenate([hair, self._head.depth(self.portrait.hairline)])

    @cached_property
    def _sources(self) -> Array:
        return to_pixels(np.vstack([self.portrait.landmarks[_BENT], self._rest, _STILL]))

    @cached_property
    def _slits(self) -> list[Slit]:
        return [mouth_slit(self.portrait.landmarks), *eye_slits(self.portrait.landmarks)]

    @cached_property
    def _layers(self) -> Array:
        return np.dstack([self.portrait.image, self.portrait.matte])

    @cached_property
    def _inside(self) -> Array:
        return paint_inside(self.portrait.image, self.portrait.landmarks)


def _slide(where: Array, slit: Slit, spline: ThinPlate, landmarks: Array, origin: tuple[int, int]) -> None:
    """Moves the edges of a slit within a map of a bent picture, to where the landmarks say."""
    upper, lower = landmarks[slit.upper_points], landmarks[slit.lower_points]
    edges = np.vstack([upper, lower]) - origin
    reach = 0.6 * float(np.ptp(edges, axis=0).max())
    left, top = np.maximum(np.floor(edges.min(axis=0) - reach), 0).astype(int)
    right, bottom = np.ceil(edges.max(axis=0) + reach).astype(int)
    box = where[top:bottom, left:right]
    now = from_pixels(spline(upper)), from_pixels(spline(lower))
    box[:] = to_pixels(slit.sources(from_pixels(box), *now))

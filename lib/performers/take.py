"""Takes: a performer acting a script before a camera; and the truth about a face swap on one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from ..geometry import compose, crop_matrix, invert
from ..warp import convex_hull_mask
from .acting import Pose, eye_distance
from .actor import Actor, HeadShot
from .grade import Grade
from .makeup import paint
from .portrait import Portrait, from_pixels, mix, photograph
from .reshape import mirror, reshape
from .script import Script
from .spline import Array

_BROW_ROOM = 0.1  # how far above its brows the swapped face reaches, in eye distances
_SOFTNESS = 0.08  # of the swapped face's edge, in eye distances


@dataclass(frozen=True)
class Performer:
    """A person, and how they are filmed.

    Attributes:
        name: For file names and reports.
        portrait: Makes the person's portrait.
        grade: The look of their footage.
        eyes_apart: The distance between the eyes as a share of the frame's side.
        eyes_at: Where the middle between the eyes is, as shares of the frame's side from left and top.
    """

    name: str
    portrait: Callable[[], Portrait]
    grade: Grade
    eyes_apart: float
    eyes_at: tuple[float, float]


def bearded_portrait() -> Portrait:
    """Makes the second person from the photograph."""
    return paint(reshape(mirror(photograph())))


SITTER = Performer("sitter", photograph, Grade(68, 9, 15), 0.18, (0.5, 0.43))
"""The person of the photograph."""

BEARDED = Performer("bearded", bearded_portrait, Grade(55, 11, 17, scene=(-14, -4, -14)), 0.168, (0.48, 0.42))
"""The second person."""


@dataclass(frozen=True)
class Take:
    """One performer's footage; frame k is the same each time it is asked for.

    Attributes:
        performer: Who acts.
        script: What they act.
        fps: Frames per second.
        size: Side of the square frames in pixels. Detectors find the faces at 256 and above.
    """

    performer: Performer
    script: Script
    fps: float = 25.0
    size: int = 384

    def frames(self, count: int) -> Iterator[Array]:
        """Renders frames 0 to `count` - 1, each uint8 `[size size 3]`, RGB."""
        return (self.frame(index) for index in range(count))

    def frame(self, index: int) -> Array:
        """Renders a frame: uint8 `[size size 3]`, RGB."""
        frame = self._scene.copy()
        _lay(frame, self._actor.act(self.pose(index), self._camera, self.size))
        return frame

    def pose(self, index: int) -> Pose:
        """Returns what the performer does in a frame."""
        return self.script.pose(index / self.fps)

    def landmarks(self, index: int) -> Array:
        """Returns where the 68 landmarks truly are in a frame: float64 `[68 2]`, pixel centers."""
        return self._actor.landmarks(self.pose(index), self._camera)

    def face_mask(self, index: int) -> Array:
        """Returns the hull of the landmarks: float32 `[size size 1]`, 1 inside the face."""
        return convex_hull_mask(self.landmarks(index), self.size)

    @cached_property
    def _portrait(self) -> Portrait:
        return self.performer.grade.apply(self.performer.portrait())

    @cached_property
    def _actor(self) -> Actor:
        return Actor(self._portrait)

    @cached_property
    def _camera(self) -> Array:
        """The photograph's coordinates to frame pixels, `[2 3]`."""
        landmarks = self._portrait.landmarks
        zoom = self.performer.eyes_apart * self.size / eye_distance(landmarks)
        eyes = (landmarks[36:42].mean(axis=0) + landmarks[42:48].mean(axis=0)) / 2
        x, y = np.array(self.performer.eyes_at) * self.size - 0.5 - zoom * eyes
        return np.array([[zoom, 0, x], [0, zoom, y]])

    @cached_property
    def _scene(self) -> Array:
        corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        origin, right, down = from_pixels(corners)
        to_photograph = np.column_stack([right - origin, down - origin, origin])
        to_frame = compose(to_photograph, self._camera)
        shape = (self.size, self.size)
        return np.asarray(cv2.warpAffine(self._portrait.plate, to_frame, shape, borderMode=cv2.BORDER_REFLECT))


@dataclass(frozen=True)
class Truth:
    """What a perfect face swap makes of a take.

    The source acts the take's script under the take's grade, moving in its own way, and lies where alignment puts a
    swapped face: the two faces' aligned crops coincide. Inside the hull of the target's landmarks (and a little above
    the brows) the frame shows the source; all else is the take's. Compare frames within `take.face_mask`.

    Attributes:
        source: Whose face is put on.
        take: The target's footage.
    """

    source: Performer
    take: Take

    def frames(self, count: int) -> Iterator[Array]:
        """Renders frames 0 to `count` - 1, each uint8 `[size size 3]`, RGB."""
        return (self.frame(index) for index in range(count))

    def frame(self, index: int) -> Array:
        """Renders the true swap of a frame: uint8 `[size size 3]`, RGB."""
        shot = self._actor.act(self.take.pose(index), self._placement(index), self.take.size)
        frame = self.take.frame(index)
        _lay(frame, shot, self._mask(self.take.landmarks(index)))
        return frame

    def landmarks(self, index: int) -> Array:
        """Returns where the source's 68 landmarks truly are in a frame: float64 `[68 2]`, pixel centers."""
        return self._actor.landmarks(self.take.pose(index), self._placement(index))

    def _placement(self, index: int) -> Array:
        """The photograph's coordinates to frame pixels, `[2 3]`, by way of the aligned crops of both faces."""
        source = self._actor.landmarks(self.take.pose(index), np.eye(2, 3))
        to_crop = crop_matrix(source, "ibug68", "full", self.take.size)
        from_crop = invert(crop_matrix(self.take.landmarks(index), "ibug68", "full", self.take.size))
        return compose(to_crop, from_crop).astype(np.float64)

    def _mask(self, landmarks: Array) -> Array:
        """The target's hull with room for the brows, uint8 `[size size]`, its edge soft on the inside."""
        unit = eye_distance(landmarks)
        up = (landmarks[27] - landmarks[8]) / np.linalg.norm(landmarks[27] - landmarks[8])
        reach = np.vstack([landmarks, landmarks[17:27] + _BROW_ROOM * unit * up])
        hull = convex_hull_mask(reach, self.take.size)[..., 0]
        soft = np.clip(2 * cv2.GaussianBlur(hull, (0, 0), _SOFTNESS * unit) - 1, 0, 1)
        return np.asarray(np.round(soft * 255).astype(np.uint8))

    @cached_property
    def _actor(self) -> Actor:
        return Actor(self.take.performer.grade.apply(self.source.portrait()))


def _lay(frame: Array, shot: HeadShot, mask: Array | None = None) -> None:
    """Lays a head over a frame; where a mask, uint8 `[size size]`, is given, only through that."""
    height, width = shot.matte.shape
    box = np.s_[shot.top : shot.top + height, shot.left : shot.left + width]
    matte = shot.matte if mask is None else cv2.multiply(shot.matte, mask[box], scale=1 / 255)
    frame[box] = mix(frame[box], shot.picture, matte)

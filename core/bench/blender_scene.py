"""The scene on which `bench blenders` measures: a target, what a model could answer, and the truth.

No model is trained. Its answer is the true face of the same moment as seen in another light: paler, with a cast and
less contrast, which wander slowly and jitter from frame to frame, and no finer than a crop of 64 pixels. So the face
has the right shape, and all that is wrong with it is what blenders are there for; how well they succeed is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...lib.geometry import crop_matrix, scale_of, transform_points
from ...lib.media import Frame, FrameKey
from ...lib.media.frame import ImagePicture
from ...lib.media.orientation import Orientation
from ...lib.performers import BEARDED, SITTER, Grade, Script, Take, Truth
from ...lib.warp import cut, paste
from ..contract import CropSpec, Masks
from ..converting.chain import BlenderChain
from ..converting.faces import FrameFace, PlacedMask
from ..converting.neighbors import with_neighbors
from ..converting.patches import CutFace, composite, cut_face, make_patch
from ..converting.stream import Work
from ..host import PluginChoice, prepare

Picture = NDArray[np.uint8]

SPEC = CropSpec(64, "full")
"""What `original`, the first model of such tools, sees and answers."""

_ANSWER_LIGHT = Grade(64, 16, 9, contrast=0.8)
_WANDER, _JITTER = 0.04, 0.012
"""Of the answer's brightness, as shares: over some seconds, and from frame to frame."""

_MASK_SIZE = 256
_ROOM = 1.15
_BAND = 0.05
_REACH = 4
"""The widest `context` that is measured."""


@dataclass(frozen=True, eq=False)
class Moment:
    """A frame of the scene.

    Attributes:
        target: The picture before, uint8 `[height width 3]`.
        truth: What it should become.
        inside: The face in it, `[height width]`, 0..1.
        seam: Where the mask ends, bool `[height width]`: within 5 per cent of the face's side from its edge.
        cut: The face as the host cuts it, with its neighbors.
        answer: What the model would answer, float32 `[64 64 3]`.
    """

    target: Picture
    truth: Picture
    inside: NDArray[np.float32]
    seam: NDArray[np.bool_]
    cut: CutFace
    answer: NDArray[np.float32]


@dataclass(frozen=True)
class Scene:
    """One performer's footage, onto which the other's face is put.

    Attributes:
        frames: How many.
        side: Of the frames in pixels.
        seed: Of the script and of the answer's light.
    """

    frames: int
    side: int = 384
    seed: int = 101

    @cached_property
    def moments(self) -> list[Moment]:
        """All frames; they are rendered when this is asked for first."""
        answers = [self._answer(index) for index in range(self.frames)]
        works = (Work(0, index, self.frame(index), index, cuts=(self._cut(index),)) for index in range(self.frames))
        cuts = [work.cuts[0] for work in with_neighbors(works, _REACH)]
        return [self._moment(index, cut, answers[index]) for index, cut in enumerate(cuts)]

    @property
    def truth(self) -> Truth:
        """The perfect swap."""
        return Truth(SITTER, self._take)

    def frame(self, index: int) -> Frame:
        """A frame of the target, to be changed."""
        picture = ImagePicture(self._targets[index].copy(), Path("target"))
        return Frame(FrameKey("target", index), index / self._take.fps, picture, Orientation(), (self.side, self.side))

    def swapped(self, index: int, chain: BlenderChain) -> Picture:
        """A frame after the chain."""
        moment, frame = self.moments[index], self.frame(index)
        patch = make_patch(moment.cut, moment.answer, moment.cut.masks["hull"], frame.time)
        composite(frame, chain.blend(patch), chain)
        return frame.image()

    @cached_property
    def _take(self) -> Take:
        return Take(BEARDED, Script(self.seed), size=self.side)

    @cached_property
    def _relit(self) -> Truth:
        return Truth(SITTER, replace(self._take, performer=replace(BEARDED, grade=_ANSWER_LIGHT)))

    @cached_property
    def _targets(self) -> list[Picture]:
        return [np.asarray(picture, np.uint8) for picture in self._take.frames(self.frames)]

    @cached_property
    def _gains(self) -> NDArray[np.float32]:
        """What each answer's channels are multiplied by, `[frames 3]`."""
        draw = np.random.default_rng(self.seed)
        turns = np.arange(self.frames)[:, None] / 60 + draw.random(3)
        gains = 1 + _WANDER * np.sin(2 * np.pi * turns) + _JITTER * draw.standard_normal((self.frames, 3))
        return gains.astype(np.float32)

    def _landmarks(self, index: int) -> NDArray[np.float32]:
        return np.asarray(self._take.landmarks(index), np.float32)

    def _answer(self, index: int) -> NDArray[np.float32]:
        matrix = crop_matrix(self._landmarks(index), "ibug68", SPEC.face_type, SPEC.size)
        crop = cut(self._relit.frame(index), matrix, SPEC.size)
        return np.asarray(np.clip(crop.astype(np.float32) / 255 * self._gains[index], 0, 1), np.float32)

    def _cut(self, index: int) -> CutFace:
        masker = prepare("masker", PluginChoice(name="hull", options={"size": _MASK_SIZE})).plugin
        landmarks = self._landmarks(index)
        to_mask = crop_matrix(landmarks, "ibug68", masker.crop.face_type, _MASK_SIZE)
        crops = np.zeros((1, _MASK_SIZE, _MASK_SIZE, 3), np.uint8)
        masks: Masks = masker.mask(crops, transform_points(to_mask, landmarks)[None])
        placed = PlacedMask(masks[0], to_mask)
        face = cut_face(self.frame(index), FrameFace(landmarks, "ibug68", {"hull": placed}, track=0), SPEC)
        if face is None:
            raise RuntimeError(f"the face of frame {index} lies outside of it")
        return face

    def _moment(self, index: int, face: CutFace, answer: NDArray[np.float32]) -> Moment:
        truth = np.asarray(self.truth.frame(index), np.uint8)
        inside = self._take.face_mask(index)[..., 0]
        return Moment(self._targets[index], truth, inside, self._seam(face), face, answer)

    def _seam(self, face: CutFace) -> NDArray[np.bool_]:
        """The band around the edge of the mask."""
        size = face.target.shape[0]
        mask = paste(face.masks["hull"], face.matrix, (0, 0, self.side, self.side), "zero")[..., 0] > 0.5
        reach = round(_BAND * size / scale_of(face.matrix))
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        hard = mask.astype(np.uint8)
        return np.asarray(cv2.dilate(hard, disc) != cv2.erode(hard, disc))


def face_tile(picture: Picture, face: CutFace, size: int) -> Picture:
    """The face in a picture with some of what is around it, uint8 `[size size 3]`."""
    to_face = crop_matrix(face.face.landmarks, face.face.scheme, "whole", size, _ROOM)
    return np.asarray(cut(picture, to_face, size), np.uint8)

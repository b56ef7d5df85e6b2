"""The way of a face: out of the frame into the model's crop, and as a patch back into the frame.

A patch is the model's crop at `PATCH_SIZE` pixels, or at the model's own size if that is larger. So small models'
faces are enlarged smoothly (bicubic) before the frame's grid samples them, masks keep an edge finer than the model's
pixels, and blenders see one resolution for most models. The target, too, is cut at this size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ...lib.geometry import compose, crop_matrix, recut, resize_matrix, scale_of, transform_points
from ...lib.landmarks import FloatArray
from ...lib.media import Frame
from ...lib.warp import Box, cut, paste, paste_box
from ..contract import CropPatch, CropSpec, FramePatch, Neighbors
from .chain import BlenderChain
from .faces import FrameFace, PlacedMask
from .models import Floats

PATCH_SIZE = 128
"""The least side of a patch in pixels."""

_ROOM = 2  # Pixels around a mask's support: the boundary that Poisson blending reads, and one to spare.


@dataclass(frozen=True, eq=False)
class CutFace:
    """A face that was cut out of its frame.

    Attributes:
        face: Where it came from.
        crop: What the model is given, uint8 `[size size 3]`.
        matrix: float32 `[2 3]`, frame pixels to patch pixels.
        target: The patch of the frame, float32 `[patch patch 3]`, 0..1.
        masks: The stored masks on the patch, float32 `[patch patch 1]`, by masker.
        neighbors: The faces of its track around; None where no blender asks for them.
    """

    face: FrameFace
    crop: NDArray[np.uint8]
    matrix: Floats
    target: Floats
    masks: Mapping[str, Floats]
    neighbors: Neighbors | None = None


def patch_size(spec: CropSpec) -> int:
    """Side of the patches of a model, in pixels."""
    return max(spec.size, PATCH_SIZE)


def cut_face(frame: Frame, face: FrameFace, spec: CropSpec) -> CutFace | None:
    """Cuts a face as the model and the blenders want it; None if its crop shows nothing of the frame.

    Only the pixels that the crop covers are converted from the frame's planes.
    """
    size = patch_size(spec)
    to_crop = crop_matrix(face.landmarks, face.scheme, spec.face_type, spec.size, spec.coverage)
    to_patch = compose(to_crop, resize_matrix(spec.size, size).astype(np.float32))
    box = _covered(frame, to_crop, spec.size)
    if box is None:
        return None
    pixels = frame.read_box(*box)
    crop = cut(pixels, _from_box(to_crop, box), spec.size)
    return CutFace(
        face=face,
        crop=np.rint(crop * 255).astype(np.uint8),
        matrix=to_patch,
        target=cut(pixels, _from_box(to_patch, box), size),
        masks={name: _on_patch(mask, to_patch, size) for name, mask in face.masks.items()},
    )


def make_patch(cut_out: CutFace, face: Floats, mask: Floats, time: float) -> CropPatch:
    """Makes what the blenders are given of one face.

    Args:
        cut_out: The face as it was cut.
        face: The model's answer, float32 `[size size 3]`; brought to the patch's size.
        mask: The mask that was chosen, float32 `[any any 1]`; likewise.
        time: The frame's, in seconds.
    """
    size = cut_out.target.shape[0]
    landmarks = transform_points(cut_out.matrix, cut_out.face.landmarks)
    return CropPatch(
        faces=_resized(face, size, cv2.INTER_CUBIC)[None],
        masks=_resized(mask, size, cv2.INTER_LINEAR)[None],
        targets=cut_out.target[None],
        crop_landmarks=_read_only(landmarks.astype(np.float32)[None]),
        matrix=_read_only(cut_out.matrix[None]),
        scheme=cut_out.face.scheme,
        stored_masks={name: _read_only(mask[None]) for name, mask in cut_out.masks.items()},
        track=(cut_out.face.track,),
        time=(time,),
        neighbors=() if cut_out.neighbors is None else (cut_out.neighbors,),
    )


def composite(frame: Frame, patch: CropPatch, chain: BlenderChain) -> bool:
    """Brings a patch's face into the frame.

    Nothing outside the mask's support changes, and a pixel that the mask does not cover keeps its decoded samples.

    Returns:
        Whether any pixel lay under the mask.
    """
    face, mask, matrix = patch.faces[0], patch.masks[0], patch.matrix[0]
    reach = paste_box(matrix, face.shape[0], frame.width, frame.height)
    pasted = paste(mask, matrix, reach, "zero")
    box = _support(pasted, reach)
    if box is None:
        return False
    left, top, right, bottom = box
    opacity = np.clip(pasted[top - reach[1] : bottom - reach[1], left - reach[0] : right - reach[0]], 0, 1)
    pixels = frame.read_box(*box)
    blended = chain.composite(FramePatch(frame=pixels, face=paste(face, matrix, box), mask=opacity, origin=(left, top)))
    frame.write_box(left, top, blended, opacity[..., 0] > 0)
    return True


def _support(mask: Floats, box: Box) -> Box | None:
    """The part of a box in which a mask is not zero, with a little room; None if there is none."""
    occupied = mask[..., 0] > 0
    rows, columns = np.flatnonzero(occupied.any(axis=1)), np.flatnonzero(occupied.any(axis=0))
    if not len(rows):
        return None
    left, top, right, bottom = box
    return (
        max(left + int(columns[0]) - _ROOM, left),
        max(top + int(rows[0]) - _ROOM, top),
        min(left + int(columns[-1]) + 1 + _ROOM, right),
        min(top + int(rows[-1]) + 1 + _ROOM, bottom),
    )


def _covered(frame: Frame, to_crop: Floats, size: int) -> Box | None:
    """The pixels of the frame that a crop is computed from; None if there are none."""
    left, top, right, bottom = paste_box(to_crop, size, frame.width, frame.height)
    if right <= left or bottom <= top:
        return None
    margin = int(np.ceil(2 / scale_of(to_crop))) + 1  # Averaging over areas reaches two of the crop's pixels out.
    return (
        max(left - margin, 0),
        max(top - margin, 0),
        min(right + margin, frame.width),
        min(bottom + margin, frame.height),
    )


def _from_box(matrix: Floats, box: Box) -> FloatArray:
    """A matrix of the frame as one of the box's own pixels."""
    return compose(np.array([[1.0, 0.0, box[0]], [0.0, 1.0, box[1]]]), matrix.astype(np.float64))


def _on_patch(mask: PlacedMask, to_patch: Floats, size: int) -> Floats:
    matrix = recut(mask.matrix, to_patch.astype(np.float64))
    return np.asarray(cut(mask.pixels, matrix, size, "zero"), np.float32)


def _resized(picture: Floats, size: int, interpolation: int) -> Floats:
    """A picture of 0..1 at another size; bicubic interpolation may overshoot and is cut off."""
    if picture.shape[0] == size:
        return picture
    resized = cv2.resize(picture, (size, size), interpolation=interpolation)
    return np.asarray(np.clip(resized, 0, 1), np.float32).reshape(size, size, -1)


def _read_only(array: Floats) -> Floats:
    array.setflags(write=False)
    return array

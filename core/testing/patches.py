"""The patches that the suite gives to blenders, and the masks that lie on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from ...lib.geometry import crop_matrix, invert, transform_points
from ..contract import CropPatch, CropSpec, FramePatch, Neighbors
from .samples import Floats, drawn_face, portrait


def crop_patch(side: int, context: int = 0) -> CropPatch:
    """Five faces: three of them drawn over the portrait under soft, full and empty masks, two of a single color.

    Args:
        side: Of the crop in pixels.
        context: How many frames before and after a blender asks for.
    """
    spec = CropSpec(side)
    (target, points), (face, _) = portrait().crop(spec), drawn_face().crop(spec)
    faces, targets = (np.repeat(crop[None] / np.float32(255), 5, axis=0) for crop in (face, target))
    faces[3], targets[4] = (0.2, 0.5, 0.8), (0.9, 0.4, 0.1)
    masks = np.stack([disc(side, side)] * 5)
    masks[1], masks[2] = 1, 0
    matrix = crop_matrix(portrait().points(), "ibug68", spec.face_type, side)
    around = [reach for reach in range(-context, context + 1) if reach]
    before, after = [offset for offset in around if offset < 0], [offset for offset in around if offset > 0]
    patch = CropPatch(
        faces=faces,
        masks=masks,
        targets=targets,
        crop_landmarks=np.repeat(points[None], 5, axis=0),
        matrix=np.repeat(matrix[None], 5, axis=0),
        stored_masks={"hull": np.stack([disc(side, side)] * 5), "skin": np.stack([_behind_a_bar(side)] * 5)},
        track=(0, 0, 1, 1, -1),
        time=(0.0, 0.04, 0.0, 0.04, 0.08),
    )
    if not context:
        return patch
    # In the middle of a track, at its end and its beginning, with a gap, and without a track.
    seen: tuple[list[int], ...] = (around, before, after, around[::2], [])
    return replace(patch, neighbors=tuple(moving(patch, index, offsets) for index, offsets in enumerate(seen)))


def moving(patch: CropPatch, index: int, offsets: Sequence[int], pixels: float = 1.5, light: float = 0.02) -> Neighbors:
    """Neighbors of a face that crosses the frame while its light fades; none of it when `pixels` and `light` are 0.

    Args:
        patch: Holds the face.
        index: Which of its faces.
        offsets: How many frames away each neighbor is.
        pixels: How far the face moves in one frame, to the right.
        light: By what share it becomes darker in one frame.
    """
    steps = np.array(offsets, np.float32)
    matrix = patch.matrix[index]
    way = np.stack([steps * np.float32(pixels), np.zeros_like(steps)], axis=1)
    matrices = np.repeat(matrix[None], len(steps), axis=0)
    matrices[..., 2] -= way @ matrix[:, :2].T
    landmarks = transform_points(invert(matrix), patch.crop_landmarks[index])
    dimmed = (1 - np.float32(light) * steps)[:, None, None, None] * patch.targets[index]
    return Neighbors(
        offsets=tuple(offsets),
        times=tuple(patch.time[index] + 0.04 * offset for offset in offsets),
        landmarks=landmarks[None] + way[:, None],
        matrices=matrices,
        targets=np.clip(dimmed, 0, 1).astype(np.float32),
    )


def still_patch(patch: CropPatch, context: int) -> CropPatch:
    """Gives each face neighbors that are like itself, as many as a blender asks for."""
    offsets = [offset for offset in range(-context, context + 1) if offset]
    still = (moving(patch, index, offsets, pixels=0, light=0) for index in range(len(patch.faces)))
    return replace(patch, neighbors=tuple(still) if context else ())


def _behind_a_bar(side: int) -> Floats:
    """A mask of pixels that leaves out what a bar across the face hides, `[side side 1]`."""
    mask = disc(side, side)
    mask[side // 4 : side // 2] = 0
    return mask


def first_faces(patch: CropPatch, length: int) -> CropPatch:
    """Keeps the first faces of a patch."""
    kept = {field.name: getattr(patch, field.name) for field in fields(patch)}
    stored = {name: masks[:length] for name, masks in patch.stored_masks.items()}
    cut = {name: value[:length] for name, value in kept.items() if name not in ("scheme", "stored_masks")}
    return CropPatch(scheme=patch.scheme, stored_masks=stored, **cut)


def frame_patch(mask: Floats, seed: int = 0) -> FramePatch:
    """A frame and another face of smooth random color under a mask; values lie between the steps of 8 bits."""
    height, width = mask.shape[:2]
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width, :1][:2]
    phases = draw.uniform(0, 6, (2, 3))
    waves = [0.5 + 0.45 * np.sin(y / 9 + x / 7 + phases[0]), 0.5 + 0.45 * np.sin(y / 4 + x / 11 + phases[1])]
    frame, face = (np.asarray(wave, np.float32) for wave in waves)
    return FramePatch(frame=frame, face=face, mask=mask, origin=(3, 5))


def disc(height: int, width: int) -> Floats:
    """A mask that fades from 1 in the middle to 0 well inside the border, `[height width 1]`."""
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    return np.clip(2.4 - 3 * np.hypot(y, x), 0, 1).astype(np.float32)[..., None]

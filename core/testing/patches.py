"""The patches that the suite gives to blenders, and the masks that lie on them."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from ...lib.geometry import crop_matrix
from ..contract import CropPatch, CropSpec, FramePatch
from .samples import Floats, drawn_face, portrait


def crop_patch(side: int) -> CropPatch:
    """Five faces: three of them drawn over the portrait under soft, full and empty masks, two of a single color."""
    spec = CropSpec(side)
    (target, points), (face, _) = portrait().crop(spec), drawn_face().crop(spec)
    faces, targets = (np.repeat(crop[None] / np.float32(255), 5, axis=0) for crop in (face, target))
    faces[3], targets[4] = (0.2, 0.5, 0.8), (0.9, 0.4, 0.1)
    masks = np.stack([disc(side, side)] * 5)
    masks[1], masks[2] = 1, 0
    matrix = crop_matrix(portrait().points(), "ibug68", spec.face_type, side)
    return CropPatch(
        faces=faces,
        masks=masks,
        targets=targets,
        crop_landmarks=np.repeat(points[None], 5, axis=0),
        matrix=np.repeat(matrix[None], 5, axis=0),
        stored_masks={"hull": np.stack([disc(side, side)] * 5), "skin": np.stack([_behind_a_bar(side)] * 5)},
        track=(0, 0, 1, 1, -1),
        time=(0.0, 0.04, 0.0, 0.04, 0.08),
    )


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

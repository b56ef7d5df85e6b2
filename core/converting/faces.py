"""Where the faces of a frame come from while it is converted; today a faceset, later extraction on the fly."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...lib.face_records import StoredFace
from ...lib.face_table import FaceTable
from ...lib.faceset import Faceset
from ...lib.geometry import compose, crop_matrix, resize_matrix
from ...lib.landmarks import FloatArray
from ...lib.media import FrameKey, Medium, Timeline, fingerprints
from ...lib.smoothing import smooth_landmarks
from ..errors import OptionError, StoreError

MODEL_MASK = "model"
"""The mask that the model gives."""
ANY_MASK = "auto"
"""The model's mask, or else the first stored one."""

_NAMED = 3


@dataclass(frozen=True, eq=False)
class PlacedMask:
    """A mask and where it lies in the frame.

    Attributes:
        pixels: float32 `[size size 1]`, 0..1.
        matrix: `[2 3]`, frame pixels to the mask's pixels.
    """

    pixels: NDArray[np.float32]
    matrix: FloatArray


@dataclass(frozen=True, eq=False)
class FrameFace:
    """A face of a frame that is to be swapped.

    Attributes:
        landmarks: float32 `[points 2]` in the frame.
        scheme: The landmarks' scheme.
        masks: Its masks by masker.
        track: The number of its track, -1 without one.
        model: The number of the model that swaps it.
    """

    landmarks: NDArray[np.float32]
    scheme: str
    masks: Mapping[str, PlacedMask] = field(default_factory=dict)
    track: int = -1
    model: int = 0


class FaceSource(Protocol):
    """Knows the faces of each frame."""

    def faces(self, key: FrameKey) -> Sequence[FrameFace]:
        """The faces of a frame, none where it has none; called from one thread."""
        ...


class FacesetFaces:
    """The faces that were extracted from the same medium before.

    Args:
        faceset: The faceset, open.
        smooth: How strongly landmarks are smoothed along tracks; 0: not at all. What the faceset holds stays as it is.
        chosen: The names of the faces that are to be swapped, with the number of the model that does it; None for all,
            by the first.
    """

    def __init__(self, faceset: Faceset, smooth: float = 0.0, chosen: Mapping[str, int] | None = None) -> None:
        self._faceset = faceset
        self._smoothed = _smoothed(faceset, smooth) if smooth else {}
        self._chosen = chosen

    def faces(self, key: FrameKey) -> Sequence[FrameFace]:
        """The frame's faces as the faceset has them, those that are chosen.

        Raises:
            StoreError: The faceset is damaged, or a face has no landmarks.
        """
        faces = self._faceset.faces_at(key.source, key.pts)
        return [self._face(face) for face in faces if self._chosen is None or face.id in self._chosen]

    def table(self) -> FaceTable:
        """The faces that are to be swapped, by rows."""
        table = self._faceset.face_table()
        return table if self._chosen is None else table.take(np.isin(table.ids, sorted(self._chosen)))

    def digest(self) -> str:
        """Stands for what the faces depend on beside the faceset's contents."""
        known = hashlib.sha256(repr(None if self._chosen is None else sorted(self._chosen.items())).encode())
        for name, landmarks in self._smoothed.items():
            known.update(name.encode() + landmarks.tobytes())
        return known.hexdigest()

    def _face(self, face: StoredFace) -> FrameFace:
        landmarks = self._smoothed.get(face.id, face.landmarks)
        if landmarks is None or face.scheme is None:
            raise StoreError(
                f"faceset {self._faceset.path} has a face without landmarks ({face.id}); extract it with an aligner"
            )
        matrix = face.matrix
        if face.id in self._smoothed:  # A mask lies where its face does, so that its edge does not jitter either.
            matrix = crop_matrix(landmarks, face.scheme, self._faceset.face_type, self._faceset.crop_size)
        masks = {name: self._mask(face, name, matrix) for name in face.mask_names}
        model = 0 if self._chosen is None else self._chosen[face.id]
        return FrameFace(landmarks, face.scheme, masks, -1 if face.track is None else face.track, model)

    def _mask(self, face: StoredFace, name: str, matrix: NDArray[np.float32]) -> PlacedMask:
        pixels = self._faceset.read_mask(face, name)
        to_mask = resize_matrix(self._faceset.crop_size, pixels.shape[0])
        return PlacedMask(pixels, compose(matrix.astype(np.float64), to_mask))


def _smoothed(faceset: Faceset, strength: float) -> dict[str, NDArray[np.float32]]:
    """The smoothed landmarks of the faces that have a track, by name."""
    table, landmarks = faceset.face_table(("time", "track")), faceset.column("landmarks")
    if not len(table):
        return {}
    order = np.argsort(table.track, kind="stable")  # The table is in the order of time.
    order = order[(table.track[order] >= 0) & np.isfinite(landmarks[order]).all(axis=(1, 2))]
    smoothed: dict[str, NDArray[np.float32]] = {}
    for rows in np.split(order, np.flatnonzero(np.diff(table.track[order])) + 1):
        points = smooth_landmarks(landmarks[rows], table.time[rows], strength)
        smoothed.update(zip(table.ids[rows].tolist(), points, strict=True))
    return smoothed


def has_tracks(faceset: Faceset) -> bool:
    """Whether any face has a track; those of older facesets get theirs by another extraction."""
    return bool((faceset.face_table(["track"]).track >= 0).any())


def require_same_footage(faceset: Faceset, medium: Medium) -> None:
    """Refuses a faceset that was extracted from other footage.

    Raises:
        StoreError: It holds no frame of the medium, or frames of another file of the same name.
    """
    names = set(medium.images) or {medium.path.name}
    sources = faceset.sources()
    if names.isdisjoint(sources):
        shown = ", ".join(sources[:_NAMED]) + (f" and {len(sources) - _NAMED} more" if len(sources) > _NAMED else "")
        raise StoreError(
            f"faceset {faceset.path} holds no frame of {medium.path}, it is of {shown or 'nothing yet'}; "
            f"give the faceset that was extracted from {medium.path}"
        )
    others = faceset.other_sources(fingerprints(medium))
    if others:
        raise StoreError(
            f"faceset {faceset.path} was extracted from another {others[0]}, of other content than {medium.path}; "
            "extract this one into a faceset of its own"
        )


def not_extracted(faceset: Faceset, medium: Medium, timeline: Timeline) -> int:
    """How many frames of a medium the faceset knows nothing of, not even that they have no face."""
    if medium.images:
        return sum(not faceset.done_frames(medium.images[place]) for place in timeline.times)
    return len(set(timeline.times) - faceset.done_frames(medium.path.name))


def require_mask(faceset: Faceset, mask: str) -> None:
    """Refuses a mask that the faceset does not have.

    Args:
        faceset: Where the faces come from.
        mask: The name of a masker, `MODEL_MASK` or `ANY_MASK`.

    Raises:
        OptionError: Its faces have no mask of that name.
    """
    known = {MODEL_MASK, ANY_MASK, *next((face.mask_names for face in faceset.faces()), (mask,))}
    if mask not in known:
        raise OptionError(
            f"faceset {faceset.path} has no mask '{mask}', only {', '.join(sorted(known))}; extract into another "
            f"folder with --masker {mask} to have it"
        )

"""What a faceset holds, as plain frozen records: frames, the faces found in them, the stages that found them.

`FaceRecord` and `FrameRecord` go in, `StoredFace` and `StoredFrame` come out; the conventions are those of
the tensor contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MEASURES = ("size", "sharpness", "brightness", "yaw", "pitch", "roll")
"""What is measured of each face (see `lib.face_measures`), in the order of the database's columns."""


@dataclass(frozen=True)
class Stage:
    """A plugin that took part in making a faceset, so that a resumed run can tell whether it is the same run.

    Attributes:
        kind: `detector`, `aligner`, `masker`, `recognizer`.
        name: The plugin's name.
        version: The version of the package that it came in.
        options_hash: A digest of its resolved options.
    """

    kind: str
    name: str
    version: str
    options_hash: str

    def __str__(self) -> str:
        return f"{self.kind} {self.label} (options {self.options_hash[:8]})"

    @property
    def label(self) -> str:
        """The plugin's name and version."""
        return f"'{self.name}' {self.version}"


def other_stages(had: AbstractSet[Stage], now: AbstractSet[Stage]) -> list[str]:
    """What is different about the stages of a faceset and of a run, kind by kind: `recognizer 'a' 1.0, not none`."""
    told = []
    for kind in sorted({stage.kind for stage in had ^ now}):
        before, after = (sorted(stage.label for stage in side if stage.kind == kind) for side in (had - now, now - had))
        same = before == after
        told.append(
            f"{kind} {' and '.join(before)} with other options"
            if same
            else f"{kind} {' and '.join(before) or 'none'}, not {' and '.join(after) or 'none'}"
        )
    return told


@dataclass(frozen=True, eq=False, kw_only=True)
class FaceGeometry:
    """Where a face is, and what was measured of it.

    Attributes:
        box: float32 `[4]`: left, top, right, bottom in frame pixels, on pixel edges.
        score: The detector's confidence, 0..1; 0 for a face that was filled into a gap of its track.
        matrix: float32 `[2 3]`: frame pixels to pixels of the stored crop.
        landmarks: float32 `[points 2]`: x, y in frame pixels, on pixel centers; None without an aligner.
        scheme: Which points the landmarks are; None without landmarks.
        embeddings: float32 `[dim]` by recognizer.
        size: Side of the face in frame pixels; this and what follows as in `lib.face_measures.FaceMeasures`, None
            where it was not measured.
        sharpness: Variance of the Laplacian.
        brightness: Mean luma, 0..1.
        yaw: Degrees, positive towards the right of the picture.
        pitch: Degrees, positive down.
        roll: Degrees, positive clockwise in the picture.
    """

    box: NDArray[np.float32]
    score: float
    matrix: NDArray[np.float32]
    landmarks: NDArray[np.float32] | None = None
    scheme: str | None = None
    embeddings: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    size: float | None = None
    sharpness: float | None = None
    brightness: float | None = None
    yaw: float | None = None
    pitch: float | None = None
    roll: float | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class FaceRecord(FaceGeometry):
    """A face to be stored.

    Attributes:
        crop: The crop image, coded by `lib.crops.encode_crop`.
        masks: float32 `[size size 1]`, 0..1, by masker, covering the crop; stored in 256 steps, at the size
            given here, which need not be the crop's.

    Raises:
        ValueError: An array has another type or shape than said.
    """

    crop: bytes
    masks: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require("box", self.box, (4,))
        _require("matrix", self.matrix, (2, 3))
        if (self.landmarks is None) != (self.scheme is None):
            raise ValueError(f"`landmarks` and `scheme` come together. Received: scheme={self.scheme!r}")
        if self.landmarks is not None:
            _require("landmarks", self.landmarks, (None, 2))
        for name, mask in self.masks.items():
            _require(f"masks[{name!r}]", mask, (None, None, 1))
        for name, embedding in self.embeddings.items():
            _require(f"embeddings[{name!r}]", embedding, (None,))


@dataclass(frozen=True, eq=False)
class FrameRecord:
    """A frame to be stored, with the faces that were found in it, perhaps none.

    Attributes:
        source: Name of the file that the frame is from.
        pts: Its presentation time stamp; for an image, 0.
        time: The same in seconds.
        width: In pixels, as it is shown.
        height: In pixels, as it is shown.
        faces: In the order that gives each its index.
    """

    source: str
    pts: int
    time: float
    width: int
    height: int
    faces: tuple[FaceRecord, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class StoredFace(FaceGeometry):
    """A face of a faceset. Its pixels and masks stay on the disk until `Faceset` is asked for them.

    Attributes:
        id: Its name in the faceset and of its crop image.
        source: Name of the file that it is from.
        pts: Presentation time stamp of its frame.
        time: The same in seconds.
        index: Its place in its frame.
        crop: The crop image.
        mask_names: The maskers that made a mask of it.
        track: The run of frames in which this face was followed; None where none was noted.
        person: Who it is (see `Faceset.people`); None where nobody was noted.
    """

    id: str
    source: str
    pts: int
    time: float
    index: int
    crop: Path
    mask_names: tuple[str, ...]
    track: int | None = None
    person: int | None = None


@dataclass(frozen=True, eq=False)
class StoredFrame:
    """A frame of a faceset with its faces; fields as in `FrameRecord`."""

    source: str
    pts: int
    time: float
    width: int
    height: int
    faces: tuple[StoredFace, ...]


@dataclass(frozen=True)
class FacesetInfo:
    """What a faceset holds, in numbers.

    Attributes:
        frames: Frames that were looked at.
        faces: Faces in it now.
        frames_without_face: Frames that hold no face now.
        deleted: Faces whose crop image a person deleted.
        removed: Faces that `remove` took out; `restore` brings them back.
        crop_size: Side of the crop images in pixels.
        face_type: How much of the head they show.
        schemes: The landmark schemes in it; empty without landmarks.
        stages: The plugins that made it.
        measured: Lowest, mean and highest value of each measure that some face has; of the faces in it now.
        unmeasured: Faces that were never measured.
        tracks: How many tracks are noted.
        people: Faces of each person by name, or as `person 3` where it has none.
        attributes: What is noted of faces by name (see `Faceset.attributes`).
    """

    frames: int
    faces: int
    frames_without_face: int
    deleted: int
    removed: int
    crop_size: int
    face_type: str
    schemes: tuple[str, ...]
    stages: tuple[Stage, ...]
    measured: Mapping[str, tuple[float, float, float]]
    unmeasured: int
    tracks: int
    people: Mapping[str, int]
    attributes: tuple[str, ...] = ()


def _require(name: str, array: NDArray[np.float32], shape: tuple[int | None, ...]) -> None:
    """Raises ValueError unless the array is float32 of that shape, None standing for any size."""
    fits = array.ndim == len(shape) and all(want in (None, size) for want, size in zip(shape, array.shape, strict=True))
    if array.dtype != np.float32 or not fits:
        wanted = ["any" if size is None else size for size in shape]
        raise ValueError(f"`{name}` must be float32 {wanted}. Received: {array.dtype} {list(array.shape)}")

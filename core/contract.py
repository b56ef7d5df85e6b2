"""The tensor contract: every array and small record that travels between plugins. Plugin authors read this first.

Convention:
    Images are RGB, row 0 on top. Boxes lie on pixel edges (pixel k spans k..k+1) and may leave the frame. Landmarks
    lie on pixel centers (center = edge - 0.5). A matrix maps frame pixel centers to crop pixel centers. Network
    tensors are channels last, RGB, 0..1. Dimensions of one name agree within one call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

Image = UInt8[np.ndarray, "height width 3"]
"""An 8-bit RGB picture, `[height width 3]`, 0..255."""

Boxes = Float32[np.ndarray, "faces 4"]
"""Left, top, right, bottom in frame pixels, on pixel edges."""

Scores = Float32[np.ndarray, "faces"]
"""Confidence of each face, 0..1, sorted down."""

Landmarks = Float32[np.ndarray, "faces points 2"]
"""x, y of each landmark on pixel centers: of the frame or of the crop, as the name before it says."""

FoundLandmarks = Float32[np.ndarray, "faces found 2"]
"""Frame landmarks as a detector gives them; an aligner's may be of another scheme, with another number of points."""

Matrices = Float32[np.ndarray, "faces 2 3"]
"""Affine maps from frame pixels to crop pixels."""

Crops = UInt8[np.ndarray, "faces size size 3"]
"""Aligned square faces, RGB, 0..255."""

Masks = Float32[np.ndarray, "faces size size 1"]
"""1 = face, 0 = not face."""

Embeddings = Float32[np.ndarray, "faces dim"]
"""Identity vectors of unit length."""

Faces = Float32[np.ndarray, "faces size size 3"]
"""Network pictures: RGB, 0..1."""

BoxPixels = Float32[np.ndarray, "height width 3"]
"""The pixels of one face's box in the frame: RGB, 0..1."""

BoxMask = Float32[np.ndarray, "height width 1"]
"""The mask of one face's box in the frame, 0..1."""


@dataclass(frozen=True, eq=False)
class Detections:
    """What a detector found in one image.

    Attributes:
        boxes: float32 `[faces 4]`, left, top, right, bottom on pixel edges.
        scores: float32 `[faces]`, 0..1, sorted down.
        landmarks: float32 `[faces points 2]` in the frame, or None where the detector gives none.
        scheme: The scheme of `landmarks` (`ibug68`, `dlib5`, `five`), None without landmarks.
    """

    boxes: Boxes
    scores: Scores
    landmarks: FoundLandmarks | None = None
    scheme: str | None = None

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def none(cls) -> Detections:
        """Returns the answer for an image without a face."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))


@dataclass(frozen=True)
class CropSpec:
    """The aligned crop that a plugin wants to be given.

    Attributes:
        size: Side of the crop in pixels.
        face_type: How much of the head it shows: `half`, `mid-full`, `full`, `whole` or `head`.
        coverage: Side of the crop as a share of the face type's side; 1 is the face type itself.
    """

    size: int
    face_type: str = "full"
    coverage: float = 1.0


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The same person's face in the frames around one face of a patch, along its track, in order of time.

    What stands here is known of the footage before anything is swapped; the face itself is not among them. Ends of
    the track and frames in which the face was missed leave it shorter, none at all included.

    Attributes:
        offsets: For each neighbor how many frames later it is; negative: earlier.
        times: For each neighbor its frame's time in seconds.
        landmarks: float32 `[neighbors points 2]` in *frame* pixels.
        matrices: float32 `[neighbors 2 3]`, frame pixels to the neighbor's own crop pixels.
        targets: The original crops, float32 `[neighbors size size 3]`, 0..1, each cut along its own matrix.
    """

    offsets: tuple[int, ...]
    times: tuple[float, ...]
    landmarks: Landmarks
    matrices: Matrices
    targets: Faces

    def within(self, reach: int) -> Neighbors:
        """Those at most `reach` frames away."""
        kept = [index for index, offset in enumerate(self.offsets) if abs(offset) <= reach]
        if len(kept) == len(self.offsets):
            return self
        return Neighbors(
            tuple(self.offsets[index] for index in kept),
            tuple(self.times[index] for index in kept),
            self.landmarks[kept],
            self.matrices[kept],
            self.targets[kept],
        )


@dataclass(frozen=True, eq=False)
class CropPatch:
    """Swapped faces on their way back, still in the aligned crop. Changed with `dataclasses.replace`.

    Attributes:
        faces: The swapped faces, float32 `[faces size size 3]`, 0..1.
        masks: Where they replace the target, float32 `[faces size size 1]`, 0..1.
        targets: The original crops, like `faces`.
        crop_landmarks: float32 `[faces points 2]` in crop pixels (read-only).
        matrix: float32 `[faces 2 3]`, frame pixels to crop pixels (read-only).
        scheme: The landmarks' scheme.
        stored_masks: The faceset's masks by name, each like `masks` (read-only).
        track: For each face the number of its track, -1 where it has none (read-only).
        time: For each face its frame's time in seconds (read-only).
        neighbors: For each face the neighbors that the blender's `context` asks for; () where it asks for none
            (read-only).
    """

    faces: Faces
    masks: Masks
    targets: Faces
    crop_landmarks: Landmarks
    matrix: Matrices
    scheme: str = "ibug68"
    stored_masks: Mapping[str, Masks] = field(default_factory=dict)
    track: tuple[int, ...] = ()
    time: tuple[float, ...] = ()
    neighbors: tuple[Neighbors, ...] = ()


@dataclass(frozen=True, eq=False)
class FramePatch:
    """One face's box in the frame, ready to be composited; not the whole frame.

    Attributes:
        frame: The frame's pixels in the box, float32 `[height width 3]`, 0..1.
        face: The swapped face laid over the box, like `frame`.
        mask: Where it replaces the frame, float32 `[height width 1]`, 0..1.
        origin: Left and top of the box in the frame, in pixels.
    """

    frame: BoxPixels
    face: BoxPixels
    mask: BoxMask
    origin: tuple[int, int] = (0, 0)


@dataclass(frozen=True, eq=False)
class FaceBatch:
    """A few faces of a stream that a metric measures. What no metric of the run needs may be None.

    Attributes:
        crops: uint8 `[faces size size 3]`, None where no metric needs them.
        embeddings: float32 `[faces dim]`, None where no recognizer ran.
        landmarks: float32 `[faces points 2]` in crop pixels, None where no aligner ran.
        times: Seconds of each face's frame, float32 `[faces]`, None for pictures without an order.
        recognizer: Whose embeddings these are; None where that is not known.
        same_person_below: The distance under which it takes two faces for one person's; None where that is not known.
        without_face: Pictures that were looked at along with these faces and show none.
    """

    crops: Crops | None = None
    embeddings: Embeddings | None = None
    landmarks: Landmarks | None = None
    times: Float32[np.ndarray, "faces"] | None = None
    recognizer: str | None = None
    same_person_below: float | None = None
    without_face: int = 0

    def __len__(self) -> int:
        return next((len(column) for column in self._columns().values()), 0)

    def singles(self) -> Iterator[FaceBatch]:
        """The faces one by one, each in a batch of its own."""
        for row in range(len(self)):
            columns = {name: column[row : row + 1] for name, column in self._columns().items()}
            yield replace(self, **columns, without_face=0 if row else self.without_face)

    def _columns(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in ("crops", "embeddings", "landmarks", "times")}
        return {name: value for name, value in values.items() if value is not None}

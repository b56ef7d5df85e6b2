"""What happens to one frame: search, align, cut the crop, mask, recognize.

The host cuts every crop: the one that is stored, and those that plugins ask for; masks come back in their own crops
and are warped into the stored one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...lib.crops import encode_crop
from ...lib.face_measures import measure_face
from ...lib.face_records import FaceRecord
from ...lib.geometry import compose, crop_matrix, recut, resize_matrix, transform_points
from ...lib.media import FrameKey
from ...lib.warp import cut
from ..contract import CropSpec, Detections
from ..errors import FaceswapError, PluginError
from ..facesets.selecting import Wanted
from ..host import Prepared
from .aligning import align_faces
from .answers import require_shape
from .messages import FACE_TYPE
from .plugins import ExtractPlugins
from .searching import Faces, find_faces, with_boxes

_MISLED = 0.2
"""How far an aligner's landmarks of an expected face may lie from those expected, as a share of their mean distance
from the face's middle. A face in motion stays well below; a hand before it, say, leads the aligner further astray."""

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ExpectedFaces:
    """Faces of a frame that are known from the frames around it.

    Attributes:
        boxes: float32 `[faces 4]`.
        landmarks: float32 `[faces points 2]` in the frame, of the aligner's scheme.
    """

    boxes: Floats
    landmarks: Floats


def mask_size(crop_size: int) -> int:
    """Side of a stored mask in pixels: half the crop's, since its edge is soft and conversion softens it more."""
    return max(1, crop_size // 2)


class Chain:
    """The loaded plugins, ready for frames.

    Args:
        plugins: Prepared plugins that fit each other; they are loaded here.
        crop_size: Side of the stored crops in pixels.
        check: Whether each call is checked against the contract.
        wanted: Whose faces are kept; everybody's without. Needs a recognizer.
        face_type: How much of the head the stored crops show.

    Raises:
        PluginError: A plugin could not be loaded.
    """

    def __init__(
        self,
        plugins: ExtractPlugins,
        crop_size: int,
        check: bool = False,
        wanted: Wanted | None = None,
        face_type: str = FACE_TYPE,
    ) -> None:
        self._plugins = plugins
        self._wanted = wanted
        self._stored = CropSpec(crop_size, face_type)
        self._stored_mask = CropSpec(mask_size(crop_size), face_type)
        self._detector = plugins.detector.load(check)
        self._aligner = plugins.aligner.load(check)
        self._maskers = {name: masker.load(check) for name, masker in plugins.maskers.items()}
        self._recognizer = plugins.recognizer.load(check) if plugins.recognizer else None

    def faces(self, key: FrameKey, image: Image, expected: ExpectedFaces | None = None) -> tuple[FaceRecord, ...]:
        """Extracts the faces of a frame, best score first.

        Those that are not wanted are left out, and those whose landmarks are all one place.

        Args:
            key: The frame's name, for messages.
            image: uint8 RGB `[height width 3]`.
            expected: Faces that the detector is known to miss; they come last, with score 0.

        Raises:
            PluginError: A plugin failed; it names the plugin and the frame.
        """
        with _blamed(self._plugins.detector, key):
            faces = find_faces(self._detector.detect, image, self._plugins.search)
        landmarks = [self._landmarks(key, image, faces)] if len(faces) else []
        if expected is not None:
            faces = with_boxes(faces, expected.boxes)
            landmarks.append(self.expected_landmarks(key, image, expected))
        if not landmarks:
            return ()
        with _blamed(self._plugins.aligner, key):
            cutter = Cutter(image, np.concatenate(landmarks), self._aligner.scheme)
            found = np.isfinite(cutter.matrix(self._stored).sum(axis=(1, 2)))
        if not found.all():
            faces, cutter = faces.pick(found), Cutter(image, cutter.landmarks[found], cutter.scheme)
        return self._records(key, faces, cutter) if len(faces) else ()

    def _landmarks(self, key: FrameKey, image: Image, faces: Faces) -> Floats:
        """The aligner's landmarks, `[faces points 2]`."""
        with _blamed(self._plugins.aligner, key):
            return align_faces(self._aligner, image, faces, self._plugins.alignment)

    def expected_landmarks(self, key: FrameKey, image: Image, expected: ExpectedFaces) -> Floats:
        """The aligner's landmarks of expected faces, `[faces points 2]`; the expected ones where it seems misled.

        Args:
            key: The frame's name, for messages.
            image: uint8 RGB `[height width 3]`.
            expected: The faces.
        """
        scheme, needed = self._aligner.scheme, self._aligner.detector_schemes
        if needed is not None and scheme not in needed:
            return expected.landmarks  # Nobody has found what it would have to be shown.
        boxes = Detections(expected.boxes, np.zeros(len(expected.boxes), np.float32), expected.landmarks, scheme)
        found = self._landmarks(key, image, Faces(boxes, boxes, np.zeros(len(boxes), np.int64)))
        middle = expected.landmarks.mean(axis=1, keepdims=True)
        size, astray = (_mean_distance(expected.landmarks, points) for points in (middle, found))
        return np.where((astray < _MISLED * size)[:, None, None], found, expected.landmarks)

    def _records(self, key: FrameKey, faces: Faces, cutter: Cutter) -> tuple[FaceRecord, ...]:
        embeddings = self._embeddings(key, cutter)
        if self._wanted is not None:
            (vectors,) = embeddings.values()
            # Those of score 0 are expected.
            kept = self._wanted.keep(vectors) | (faces.detections.scores == 0)
            faces, cutter = faces.pick(kept), Cutter(cutter.image, cutter.landmarks[kept], cutter.scheme)
            embeddings = dict.fromkeys(embeddings, vectors[kept])
            if not kept.any():
                return ()
        face_type, (crops, matrix) = self._stored.face_type, cutter.crops(self._stored)
        masks = {name: self._masks(name, key, cutter) for name in self._maskers}
        return tuple(
            FaceRecord(
                box=faces.detections.boxes[index],
                score=float(faces.detections.scores[index]),
                matrix=matrix[index],
                landmarks=cutter.landmarks[index],
                scheme=cutter.scheme,
                embeddings={name: embeddings[name][index] for name in embeddings},
                crop=encode_crop(crops[index]),
                masks={name: masks[name][index] for name in masks},
                **vars(measure_face(crops[index], matrix[index], face_type, cutter.landmarks[index], cutter.scheme)),
            )
            for index in range(len(faces))
        )

    def _masks(self, name: str, key: FrameKey, cutter: Cutter) -> Floats:
        """One masker's masks of all faces, `[faces size size 1]`, over the stored crop."""
        masker = self._maskers[name]
        with _blamed(self._plugins.maskers[name], key):
            crops, matrix = cutter.crops(masker.crop)
            masks: Floats = masker.mask(crops, transform_points(matrix, cutter.landmarks))
            require_shape(masks, (*crops.shape[:3], 1))
        if masker.crop == self._stored_mask:
            return masks
        to_stored, size = recut(matrix, cutter.matrix(self._stored_mask)), self._stored_mask.size
        return _stack([cut(mask, step, size, "zero") for mask, step in zip(masks, to_stored, strict=True)])

    def _embeddings(self, key: FrameKey, cutter: Cutter) -> dict[str, Floats]:
        """The recognizer's embeddings of all faces, by its name; nothing without one."""
        used = self._plugins.recognizer
        if used is None or self._recognizer is None:
            return {}
        with _blamed(used, key):
            crops, _ = cutter.crops(self._recognizer.crop)
            embeddings: Floats = self._recognizer.embed(crops)
            require_shape(embeddings, (len(crops), *embeddings.shape[1:]))
        return {used.found.name: embeddings}


class Cutter:
    """Cuts the crops of one frame's faces, each kind of crop once.

    Args:
        image: The frame, uint8 RGB `[height width 3]`.
        landmarks: float32 `[faces points 2]` in the frame.
        scheme: The landmarks' scheme.
    """

    def __init__(self, image: Image, landmarks: Floats, scheme: str) -> None:
        self.landmarks = landmarks
        self.scheme = scheme
        self.image = image
        self._matrices: dict[CropSpec, Floats] = {}
        self._crops: dict[CropSpec, Image] = {}

    def matrix(self, spec: CropSpec) -> Floats:
        """The matrices of a crop, float32 `[faces 2 3]`."""
        if spec not in self._matrices:
            twice = self._matrices.get(_twice(spec))
            self._matrices[spec] = (
                crop_matrix(self.landmarks, self.scheme, spec.face_type, spec.size, spec.coverage)
                if twice is None
                else compose(twice, resize_matrix(2, 1).astype(np.float32))
            )
        return self._matrices[spec]

    def crops(self, spec: CropSpec) -> tuple[Image, Floats]:
        """A crop of every face, uint8 `[faces size size 3]`, read-only, and its matrices.

        Where the same crop is there at twice the size, it is halved, which is several times faster.
        """
        if spec not in self._crops:
            twice = self._crops.get(_twice(spec))
            crops = self._cut(spec) if twice is None else _halved(twice)
            crops.setflags(write=False)
            self._crops[spec] = crops
        return self._crops[spec], self.matrix(spec)

    def _cut(self, spec: CropSpec) -> Image:
        return _stack([cut(self.image, step, spec.size) for step in self.matrix(spec)])


def _twice(spec: CropSpec) -> CropSpec:
    return CropSpec(2 * spec.size, spec.face_type, spec.coverage)


def _halved(crops: Image) -> Image:
    half = (crops.shape[2] // 2, crops.shape[1] // 2)
    return _stack([np.asarray(cv2.resize(crop, half, interpolation=cv2.INTER_AREA)) for crop in crops])


def _mean_distance(points: Floats, others: Floats) -> Floats:
    """The mean distance of the points `[faces points 2]` of each face."""
    return np.asarray(np.linalg.norm(points - others, axis=2).mean(axis=1))


def _stack(items: list[NDArray[Any]]) -> NDArray[Any]:
    """Stacks arrays; a single one, the usual case, is not copied."""
    return items[0][None] if len(items) == 1 else np.stack(items)


@contextmanager
def _blamed(used: Prepared, key: FrameKey) -> Iterator[None]:
    """Turns what a plugin raises into one line that names it and the frame."""
    try:
        yield
    except FaceswapError:
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise PluginError(f"{used.label} failed on frame {key.source} {key.pts}: {reason}") from error

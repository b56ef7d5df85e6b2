"""The training faces of a faceset: every face cut once, with the margin that the augmentation reaches into.

They lie decoded in a file in the model folder that is mapped into memory, so that a batch is a copy of a few rows.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ...lib.face_records import StoredFace
from ...lib.faceset import Faceset
from ...lib.geometry import compose, invert, resize_matrix, transform_points, unit_matrix
from ...lib.publish import atomic_file, output_errors, sweep
from ..contract import CropSpec
from ..errors import StoreError

COVERAGE = 160 / 256
"""Side of what a network sees as a share of a training face's side."""

_OVERSAMPLING = 1.25
"""Pixels of a training face for each pixel of the network's picture: enough that sampling between them loses nothing,
few enough that sampling does not skip any, which would alias."""

REGIONS = ("face", "eyes", "mouth")
"""The channels of the masks of training faces."""

_VERSION = 2
"""Raised when the same faceset gives other training faces than before."""


Watch = Callable[[int, int], None]
"""Told how many faces of how many are done; may raise to stop the work."""


@dataclass(frozen=True, eq=False)
class TrainingFaces:
    """The faces of one identity.

    Attributes:
        pictures: uint8 `[faces side side 3]`, RGB, in the order of the faceset.
        masks: uint8 `[faces side side 3]`, 255 = inside of the `REGIONS`. The face is everywhere where the faceset has
            no masks, eyes and mouth are nowhere where it has no landmarks.
        masked: Whether the faceset has masks.
        chosen: The names of those faces of the faceset that are meant; None for all.
    """

    pictures: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    masked: bool = True
    chosen: frozenset[str] | None = None

    def __len__(self) -> int:
        return len(self.pictures)


def training_side(size: int) -> int:
    """The side of the training faces for a network of `size` pixels."""
    return round(size / COVERAGE * _OVERSAMPLING)


def training_faces(
    path: Path, identity: str, spec: CropSpec, cache: Path, watch: Watch, chosen: frozenset[str] | None = None
) -> TrainingFaces:
    """Cuts the training faces of a faceset, or takes them from the cache where they have been cut before.

    Args:
        path: The faceset.
        identity: Whose faces they are; a part of the files' names.
        spec: The crop of the model.
        cache: The folder of the cached files, made where it is missing; the folder around it must exist.
        watch: Follows the cutting.
        chosen: The names of the faces that are meant; None for all.

    Raises:
        StoreError: The faceset cannot be read or holds no face.
        OutputError: The cache cannot be written.
    """
    with Faceset.open(path) as faceset:
        faceset.choose(chosen)
        faces = list(faceset.faces())
        if not faces:
            raise StoreError(f"faceset {path} holds no face; extract footage that shows one")
        job = _Cutting(faceset, faces, spec, common_mask(faces))
        stem = f"{identity}-{job.fingerprint()}"
        paths = [cache / f"{stem}-{name}.npy" for name in ("faces", "masks")]
        if not all(file.exists() for file in paths):
            _clear(cache, identity)
            job.run(paths, watch)
    pictures, masks = (np.load(file, mmap_mode="r", allow_pickle=False) for file in paths)
    return TrainingFaces(pictures, masks, job.masked, chosen)


def cut_crops(faceset: Faceset, faces: Sequence[StoredFace], spec: CropSpec) -> NDArray[np.uint8]:
    """Cuts faces of a faceset as a model wants them: uint8 `[faces size size 3]`."""
    from ...lib.warp import cut

    matrix = recut_matrix(faceset, spec)
    return np.stack([np.asarray(cut(faceset.read_crop(face), matrix, spec.size), np.uint8) for face in faces])


def recut_matrix(faceset: Faceset, spec: CropSpec) -> NDArray[np.float64]:
    """The matrix from a faceset's crops to a model's, which is the same for all faces: both stand on the mean face."""
    back = invert(unit_matrix(faceset.face_type, faceset.crop_size))
    matrix = compose(back, unit_matrix(spec.face_type, spec.size, spec.coverage))
    return np.asarray(matrix, np.float64)


def common_mask(faces: Sequence[StoredFace]) -> str | None:
    """The first masker that masked every face."""
    common = set(faces[0].mask_names).intersection(*(face.mask_names for face in faces))
    return min(common, default=None)


def face_mask(
    faceset: Faceset, face: StoredFace, name: str | None, matrix: NDArray[np.float64], side: int
) -> NDArray[np.float32]:
    """Where the face is in a crop, float32 `[side side]`, 0..1; everywhere without a name.

    Args:
        faceset: The faceset.
        face: One of its faces.
        name: The masker whose mask is wanted.
        matrix: `[2 3]`, from pixels of the faceset's crops to pixels of the crop.
        side: Of the crop in pixels.
    """
    from ...lib.warp import cut

    if name is None:
        return np.ones((side, side), np.float32)
    mask = faceset.read_mask(face, name)
    from_mask = compose(resize_matrix(mask.shape[0], faceset.crop_size), matrix)
    return np.asarray(cut(mask, from_mask, side, border="zero")[..., 0], np.float32)


@dataclass(frozen=True, eq=False)
class _Cutting:
    """The faces of a faceset on their way into the cache."""

    faceset: Faceset
    faces: Sequence[StoredFace]
    spec: CropSpec
    mask_name: str | None

    @property
    def masked(self) -> bool:
        return self.mask_name is not None

    def fingerprint(self) -> str:
        """Tells sets of training faces apart; a crop image counts as another when its size or time is another."""
        crops = [(face.id, stat.st_size, stat.st_mtime_ns) for face, stat in self._stats()]
        matrix, side = recut_matrix(self.faceset, self.spec).tolist(), training_side(self.spec.size)
        what = json.dumps([_VERSION, side, matrix, self.faceset.crop_size, self.mask_name, crops])
        return hashlib.sha256(what.encode()).hexdigest()[:16]

    def run(self, paths: Sequence[Path], watch: Watch) -> None:
        """Writes the files of all faces, row after row, and publishes them together."""
        count, side = len(self.faces), training_side(self.spec.size)
        wide = CropSpec(side, self.spec.face_type, self.spec.coverage / COVERAGE)
        matrix = recut_matrix(self.faceset, wide)
        with ExitStack() as stack:
            temps = [stack.enter_context(atomic_file(path, count * side * side * 3)) for path in paths]
            files = [stack.enter_context(temp.open("wb")) for temp in temps]
            for file, channels in zip(files, (3, len(REGIONS)), strict=True):
                _write_header(file, (count, side, side, channels))
            for number, face in enumerate(self.faces):
                watch(number, count)
                for file, picture in zip(files, self._cut_one(face, matrix, side), strict=True):
                    file.write(picture.tobytes())
        watch(count, count)

    def _cut_one(self, face: StoredFace, matrix: NDArray[np.float64], side: int) -> Iterator[NDArray[np.uint8]]:
        """A training face and its masks, `[side side channels]`."""
        from ...lib.warp import cut

        yield np.asarray(cut(self.faceset.read_crop(face), matrix, side), np.uint8)
        whole = face_mask(self.faceset, face, self.mask_name, matrix, side)
        masks = np.stack([whole, *_inner_regions(face, matrix, side)], axis=-1)
        yield np.rint(masks * 255).astype(np.uint8)

    def _stats(self) -> Iterator[tuple[StoredFace, os.stat_result]]:
        for face in self.faces:
            try:
                yield face, face.crop.stat()
            except FileNotFoundError:
                raise StoreError(
                    f"the crop image {face.crop} is missing; if you deleted it, run the command again"
                ) from None


def _inner_regions(face: StoredFace, matrix: NDArray[np.float64], side: int) -> tuple[NDArray[np.float32], ...]:
    """Masks of eyes and mouth in a training face, `[side side]`; empty where there are no landmarks."""
    from ...lib.regions import eyes_and_mouth

    if face.landmarks is None or face.scheme is None:
        return (np.zeros((side, side), np.float32),) * 2
    points = transform_points(compose(np.asarray(face.matrix, np.float64), matrix), face.landmarks)
    return eyes_and_mouth(points, face.scheme, side)


def _clear(cache: Path, identity: str) -> None:
    """Makes the folder, and removes files of the identity that are out of date."""
    with output_errors(cache):
        cache.mkdir(exist_ok=True)
        sweep(cache)
        for path in cache.glob(f"{identity}-*.npy"):
            path.unlink(missing_ok=True)


def _write_header(file: IO[bytes], shape: tuple[int, ...]) -> None:
    """Writes what stands before the values in a `.npy` file.

    The values are then written like any file's: writing through a memory map would end the process when the disk is
    full.
    """
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    file.write(header.getvalue())

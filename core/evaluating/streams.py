"""The faces of facesets as the streams that metrics take, cut and placed as they need them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lib.face_records import StoredFace
from ...lib.faceset import Faceset
from ...lib.geometry import crop_matrix, recut, transform_points
from ...lib.warp import cut
from ..contract import FaceBatch
from ..facesets.recognition import Known

_BATCH = 64
Item = tuple[StoredFace, NDArray[np.float32]]
"""A face, and the matrix `[2 3]` from its frame to the crop that is wanted of it."""


@dataclass(frozen=True)
class Look:
    """How faces are shown to metrics.

    Attributes:
        size: Side of the crops in pixels.
        face_type: How much of the head they show.
        recognizer: Whose embeddings are taken; None where there are none that all facesets have.
    """

    size: int
    face_type: str
    recognizer: Known | None

    def matrix(self, face: StoredFace) -> NDArray[np.float32] | None:
        """The crop of a face by its own landmarks; None without landmarks."""
        if face.landmarks is None or face.scheme is None:
            return None
        return crop_matrix(face.landmarks, face.scheme, self.face_type, self.size)

    def has(self, face: StoredFace, needs: frozenset[str]) -> bool:
        """Whether a face has what a metric needs."""
        embedded = self.recognizer is not None and self.recognizer.name in face.embeddings
        return (embedded or "embeddings" not in needs) and face.landmarks is not None

    def batch(self, faceset: Faceset, items: Sequence[Item], needs: frozenset[str]) -> FaceBatch:
        """A batch of faces of one faceset."""
        columns: dict[str, Any] = {"times": np.array([face.time for face, _ in items], np.float32)}
        if "crops" in needs:
            columns["crops"] = np.stack([self.crop(faceset, *item) for item in items])
        if "landmarks" in needs:
            placed = [transform_points(matrix, np.asarray(face.landmarks)) for face, matrix in items]
            columns["landmarks"] = np.stack(placed).astype(np.float32)
        if "embeddings" in needs and self.recognizer:
            columns["embeddings"] = np.stack([face.embeddings[self.recognizer.name] for face, _ in items])
            columns["recognizer"] = self.recognizer.name
            columns["same_person_below"] = self.recognizer.same_person_below
        return FaceBatch(**columns)

    def crop(self, faceset: Faceset, face: StoredFace, matrix: NDArray[np.float32]) -> NDArray[np.uint8]:
        """What is wanted of a face, out of its stored crop."""
        return np.asarray(cut(faceset.read_crop(face), recut(face.matrix, matrix), self.size), np.uint8)


class Faces:
    """All faces of a faceset.

    Args:
        faceset: The faceset.
        look: How they are shown.
    """

    def __init__(self, faceset: Faceset, look: Look) -> None:
        self.faceset, self.look = faceset, look

    def stream(self, needs: frozenset[str], seen: list[str], check: Callable[[], None]) -> Iterator[FaceBatch]:
        """Streams the faces that have what is needed, and notes their names in `seen`."""
        missing = 0

        def items() -> Iterator[Item]:
            nonlocal missing
            for frame in self.faceset.frames():
                missing += not frame.faces
                for face in frame.faces:
                    matrix = self.look.matrix(face)
                    if matrix is not None and self.look.has(face, needs):
                        yield face, matrix

        waiting = None
        for chunk in _chunks(items()):
            check()
            if waiting is not None:
                yield waiting
            seen.extend(face.id for face, _ in chunk)
            waiting = replace(self.look.batch(self.faceset, chunk, needs), without_face=missing)
            missing = 0
        if waiting is not None:  # Pictures behind the last face count too.
            yield replace(waiting, without_face=waiting.without_face + missing)

    def picture(self, name: str) -> NDArray[np.uint8]:
        """The crop of a face by name, uint8 `[size size 3]`."""
        face = self.faceset.face(name)
        matrix = self.look.matrix(face)
        return self.faceset.read_crop(face) if matrix is None else self.look.crop(self.faceset, face, matrix)


class PairedFaces:
    """One side of pairs; both sides are cut along the real face's matrix, so that pixels lie on each other.

    Args:
        faceset: The faceset of this side.
        real: That of the real faces.
        pairs: The names of the face here and of the real face.
        look: How they are shown.
    """

    def __init__(self, faceset: Faceset, real: Faceset, pairs: Sequence[tuple[str, str]], look: Look) -> None:
        self.faceset, self._real, self._pairs, self.look = faceset, real, pairs, look

    def stream(self, needs: frozenset[str], seen: list[str], check: Callable[[], None]) -> Iterator[FaceBatch]:
        """Streams this side of the pairs of which both faces have what is needed, and notes the names in `seen`."""

        def items() -> Iterator[Item]:
            for name, real in self._pairs:
                face, other = self.faceset.face(name), self._real.face(real)
                matrix = self.look.matrix(other)
                if matrix is not None and self.look.has(face, needs) and self.look.has(other, needs):
                    yield face, matrix

        for chunk in _chunks(items()):
            check()
            seen.extend(face.id for face, _ in chunk)
            yield self.look.batch(self.faceset, chunk, needs)

    def picture(self, name: str) -> NDArray[np.uint8]:
        """The crop of a face by its name on this side, uint8 `[size size 3]`."""
        real = dict(self._pairs)[name]
        matrix = self.look.matrix(self._real.face(real))
        return self.look.crop(self.faceset, self.faceset.face(name), np.asarray(matrix))


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    left = iter(items)
    while chunk := list(islice(left, _BATCH)):
        yield chunk

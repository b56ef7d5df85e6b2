"""A faceset: the faces extracted from footage, with their geometry, in a folder that people can browse.

`faces.db` holds the rows, `crops/ab/<face id>.jpg` the pictures. This file reads, `lib/faceset_writer.py`
writes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from .blobs import Blob, unpack, unpack_mask
from .crops import read_crop_image, stored_crops
from .errors import StoreError
from .face_records import FacesetInfo, Stage, StoredFace, StoredFrame
from .faceset_rows import FACES_OF_FRAME, stored_faces
from .store import open_for_reading, store_errors

DATABASE = "faces.db"

WHOLE = "whole "
"""How the key begins under which a source is noted as whole; the source's name follows."""
_PAGE = 500
_FRAME_PAGE = """
    SELECT id, source, pts, time, width, height FROM frame
    WHERE (source, pts) > (?, ?) ORDER BY source, pts LIMIT ?
"""
_ARRAY = """
    SELECT dtype, shape, encoding, data FROM array JOIN face ON array.face = face.id
    WHERE face.name = ? AND role = ? AND array.name = ?
"""
_EMBEDDINGS = """
    SELECT face.name, dtype, shape, encoding, data
    FROM frame JOIN face ON face.frame = frame.id
    LEFT JOIN array ON array.face = face.id AND role = 'embedding' AND array.name = ?
    ORDER BY source, pts, position
"""
_DONE = """
    SELECT pts FROM frame WHERE source = ?
    AND (SELECT count(*) FROM stage_done WHERE frame = frame.id) = (SELECT count(*) FROM stage)
"""


class Faceset:
    """A faceset, open for reading. Several processes may read it while one writes.

    Faces whose crop image a person deleted count as deleted, from the next opening on.

    Example:
        >>> with Faceset.open("workspace/anna") as faceset:
        ...     pictures = [faceset.read_crop(face) for face in faceset.faces()]
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._database = path / DATABASE
        self._connection = connection

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Opens an existing faceset.

        Raises:
            StoreError: There is none, it is damaged, or it is of another schema or contract version.
        """
        return cls(Path(path), open_for_reading(Path(path) / DATABASE))

    def close(self) -> None:
        """Closes the database."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return cast(int, self._query("SELECT count(*) FROM face")[0][0]) - len(self._gone)

    @property
    def crop_size(self) -> int:
        """Side of the crop images in pixels."""
        return int(self._meta("crop_size"))

    @property
    def face_type(self) -> str:
        """How much of the head the crop images show."""
        return self._meta("face_type")

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The plugins that made it, in the order of their kind and name."""
        rows = self._query("SELECT kind, name, version, options_hash FROM stage ORDER BY 1, 2, 3, 4")
        return tuple(Stage(*row) for row in rows)

    def info(self) -> FacesetInfo:
        """Counts and settings."""
        ((frames, faces, empty, deleted),) = self._query(
            """WITH gone AS (SELECT value FROM json_each(?)), left AS (SELECT frame FROM face WHERE name NOT IN gone)
            SELECT (SELECT count(*) FROM frame), (SELECT count(*) FROM left),
            (SELECT count(*) FROM frame WHERE id NOT IN left), (SELECT count(*) FROM deleted)""",
            json.dumps(sorted(self._gone)),
        )
        schemes = self._query("SELECT DISTINCT scheme FROM face WHERE scheme IS NOT NULL ORDER BY scheme")
        return FacesetInfo(
            frames=frames,
            faces=faces,
            frames_without_face=empty,
            deleted=deleted + len(self._gone),
            crop_size=self.crop_size,
            face_type=self.face_type,
            schemes=tuple(scheme for (scheme,) in schemes),
            stages=self.stages,
        )

    def sources(self) -> tuple[str, ...]:
        """Names of the files that its frames are from, sorted."""
        return tuple(row[0] for row in self._query("SELECT DISTINCT source FROM frame ORDER BY source"))

    def other_sources(self, fingerprints: Mapping[str, str]) -> tuple[str, ...]:
        """The names under which the faceset holds frames of other files than these.

        Args:
            fingerprints: File name -> what tells the file from others (see `lib.media.fingerprints`).
        """
        noted = dict(self._query("SELECT name, fingerprint FROM source WHERE name IN (SELECT source FROM frame)"))
        return tuple(name for name, mark in fingerprints.items() if noted.get(name, mark) != mark)

    def done_frames(self, source: str) -> set[int]:
        """The time stamps of a source's frames that all stages are done with, those without a face too."""
        return {pts for (pts,) in self._query(_DONE, source)}

    def whole(self, source: str) -> str:
        """What was noted of a source of which all wanted frames are here (`FacesetWriter.note_whole`); else empty."""
        rows = self._query("SELECT value FROM meta WHERE key = ?", WHOLE + source)
        return cast(str, rows[0][0]) if rows else ""

    def frames(self) -> Iterator[StoredFrame]:
        """All frames in the order of source and time stamp.

        Frames are fetched in pages, so that memory does not grow with their number and a slow consumer does
        not keep the writer waiting.
        """
        last: tuple[str, float] = ("", float("-inf"))
        while page := self._query(_FRAME_PAGE, *last, _PAGE):
            for key, source, pts, time, width, height in page:
                yield StoredFrame(source, pts, time, width, height, self._faces_of(key, source, pts, time))
                last = (source, pts)

    def faces(self) -> Iterator[StoredFace]:
        """All faces in the order of source, time stamp and index."""
        for frame in self.frames():
            yield from frame.faces

    def faces_at(self, source: str, pts: int) -> tuple[StoredFace, ...]:
        """The faces of one frame by index; none too if the faceset does not know the frame."""
        rows = self._query("SELECT id, time FROM frame WHERE source = ? AND pts = ?", source, pts)
        return tuple(face for key, time in rows for face in self._faces_of(key, source, pts, time))

    def read_crop(self, face: StoredFace) -> NDArray[np.uint8]:
        """The crop image of a face: uint8 `[size size 3]`, RGB.

        Raises:
            StoreError: The image is missing, damaged, or of another size than the faceset's.
        """
        return read_crop_image(face.crop, self.crop_size)

    def read_mask(self, face: StoredFace, name: str) -> NDArray[np.float32]:
        """A mask of a face: float32 `[size size 1]`, 0..1, covering the crop, at the size that was stored.

        Raises:
            StoreError: The face has no mask of that name.
        """
        rows = self._query(_ARRAY, face.id, "mask", name)
        if not rows:
            known = ", ".join(face.mask_names) or "none"
            raise StoreError(f"faceset {self.path} has no mask '{name}' of face {face.id}; it has: {known}")
        return unpack_mask(Blob(*rows[0]))

    def embeddings(self, name: str) -> NDArray[np.float32]:
        """All embeddings of one recognizer: float32 `[faces dim]`, in the order of `faces()`.

        Raises:
            StoreError: A face has no embedding of that name.
        """
        rows = [row for row in self._query(_EMBEDDINGS, name) if row[0] not in self._gone]
        for face, *blob in rows:
            if blob[-1] is None:
                raise StoreError(f"faceset {self.path} has no embedding '{name}' of face {face}; extract it again")
        return np.stack([unpack(Blob(*row[1:])) for row in rows]) if rows else np.zeros((0, 0), np.float32)

    def _faces_of(self, frame: int, source: str, pts: int, time: float) -> tuple[StoredFace, ...]:
        """The faces of the frame with that row number."""
        faces = stored_faces(self.path, (source, pts, time), self._query(FACES_OF_FRAME, frame))
        return tuple(face for face in faces if face.id not in self._gone)

    @cached_property
    def _gone(self) -> frozenset[str]:
        """The faces whose crop image a person deleted since the writer last looked."""
        return self._without_crop()

    def _without_crop(self) -> frozenset[str]:
        """The faces of the database that have no crop image.

        Raises:
            StoreError: The whole folder of crop images is missing.
        """
        # The images are looked at after the rows: a writer commits a row when its image is there.
        names = {name for (name,) in self._query("SELECT name FROM face")}
        if names and not (self.path / "crops").is_dir():
            raise StoreError(f"faceset {self.path} has lost its folder `crops`; put it back or extract again")
        return frozenset(names - {path.stem for path in stored_crops(self.path)})

    def _meta(self, key: str) -> str:
        """A setting of the faceset."""
        rows = self._query("SELECT value FROM meta WHERE key = ?", key)
        if not rows:
            raise StoreError(f"faceset {self.path} was never finished setting up; run `faceswap extract` again")
        return cast(str, rows[0][0])

    def _query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a statement."""
        with store_errors(self._database):
            return self._connection.execute(statement, values).fetchall()

"""A faceset: the faces extracted from footage, with their geometry, in a folder that people can browse.

`faces.db` holds the rows, `crops/ab/<face id>.jpg` the pictures. This file reads, `lib/faceset_writer.py`
writes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from .blobs import Blob, unpack, unpack_mask
from .crops import read_crop_image
from .errors import StoreError
from .face_records import FacesetInfo, Stage, StoredFace, StoredFrame
from .face_table import CHOSEN_COLUMNS, FaceTable, read_face_table
from .faceset_info import read_info
from .faceset_rows import FACES_OF_FRAME, WHOLE_FACES_OF_FRAME, FaceNotes, FrameRow, stored_faces, whole_faces
from .shards import changed_shards, images_in
from .store import integrity_faults, open_for_reading, store_errors

DATABASE = "faces.db"

ATTRIBUTES = "attributes"
"""The key under which the names of attributes are noted, and the role of the arrays that hold them."""

WHOLE = "whole "
"""How the key begins under which a source is noted as whole; the source's name follows."""
_PAGE = 500
_FRAME_PAGE = """
    SELECT id, source, pts, time, width, height FROM frame
    WHERE (source, pts) > (?, ?) ORDER BY source, pts LIMIT ?
"""
_ARRAY = """
    SELECT dtype, shape, encoding, data FROM array JOIN face ON array.face = face.id
    WHERE face.name = ? AND removed = 0 AND role = ? AND array.name = ?
"""
_COLUMN = """
    SELECT face.name, dtype, shape, encoding, data
    FROM frame JOIN face ON face.frame = frame.id
    LEFT JOIN array ON array.face = face.id AND role = ? AND array.name = ?
    WHERE removed = 0
    ORDER BY source, pts, position
"""
_LIVE_IN = """
    SELECT name FROM face WHERE name BETWEEN ? AND ?
    EXCEPT SELECT name FROM face WHERE removed = 1 AND name BETWEEN ? AND ?
"""
_FRAME_OF_FACE = """
    SELECT frame.id, source, pts, time FROM face JOIN frame ON face.frame = frame.id WHERE face.name = ?
"""
_DONE = """
    SELECT pts FROM frame WHERE source = ?
    AND (SELECT count(*) FROM stage_done WHERE frame = frame.id) = (SELECT count(*) FROM stage)
"""


class Faceset:
    """A faceset, open for reading. Several processes may read it while one writes.

    Faces whose crop image a person deleted count as deleted, from the next opening on. They and those that
    `FacesetWriter.remove` took out are left out of all that is read here.

    Example:
        >>> with Faceset.open("workspace/anna") as faceset:
        ...     pictures = [faceset.read_crop(face) for face in faceset.faces()]
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._database = path / DATABASE
        self._connection = connection
        self._chosen: frozenset[str] | None = None

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Opens an existing faceset.

        Raises:
            StoreError: There is none, it is damaged, or it is of a schema or contract version that cannot be read.
        """
        return cls(Path(path), open_for_reading(Path(path) / DATABASE))

    def choose(self, faces: frozenset[str] | None) -> None:
        """Leaves out all but some faces, by name, from what is read from now on; None leaves out none."""
        self._chosen = faces
        self.__dict__.pop("_gone", None)

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
        return cast(int, self._query("SELECT count(*) FROM face WHERE removed = 0")[0][0]) - len(self._gone)

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
        """Counts, settings, and what was measured and noted."""
        return read_info(
            self._query,
            self._gone,
            crop_size=self.crop_size,
            face_type=self.face_type,
            stages=self.stages,
            attributes=self.attributes(),
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

    def whole_frames(self) -> Iterator[tuple[FrameRow, dict[str, FaceNotes]]]:
        """All frames as they are stored, in the order of `frames`, with what is noted of their faces, by name.

        The removed faces are among them; those whose crop image a person deleted are not.
        """
        last: tuple[str, float] = ("", float("-inf"))
        while page := self._query(_FRAME_PAGE, *last, _PAGE):
            for key, source, pts, time, width, height in page:
                found = whole_faces(self._query(WHOLE_FACES_OF_FRAME, key))
                faces = {row: notes for row, notes in found if row.name not in self._gone}
                frame = FrameRow(source, pts, time, width, height, tuple(faces))
                yield frame, {row.name: notes for row, notes in faces.items()}
                last = (source, pts)

    def notes(self) -> dict[str, FaceNotes]:
        """What is noted of all faces by name, of the removed ones too."""
        rows = self._query(f"SELECT name, {', '.join(FaceNotes._fields)} FROM face")
        return {name: FaceNotes(*noted) for name, *noted in rows}

    def fingerprints(self) -> dict[str, str]:
        """What tells each file that frames are from, by name, from others (see `lib.media.fingerprints`)."""
        return dict(self._query("SELECT name, fingerprint FROM source WHERE name IN (SELECT source FROM frame)"))

    def deleted(self) -> tuple[str, ...]:
        """The names of the faces that a person deleted, sorted."""
        return tuple(sorted({name for (name,) in self._query("SELECT name FROM deleted")} | self._gone))

    def faces_at(self, source: str, pts: int) -> tuple[StoredFace, ...]:
        """The faces of one frame by index; none too if the faceset does not know the frame."""
        rows = self._query("SELECT id, time FROM frame WHERE source = ? AND pts = ?", source, pts)
        return tuple(face for key, time in rows for face in self._faces_of(key, source, pts, time))

    def face(self, name: str) -> StoredFace:
        """The face of that name.

        Raises:
            StoreError: The faceset has none, or it was deleted or removed.
        """
        for key, source, pts, time in self._query(_FRAME_OF_FACE, name):
            for face in self._faces_of(key, source, pts, time):
                if face.id == name:
                    return face
        raise self._no_face(name)

    def face_table(self, columns: Collection[str] = CHOSEN_COLUMNS) -> FaceTable:
        """Columns of all faces, without their arrays: fast, to sort, filter and group them by.

        Args:
            columns: Which of `lib.face_table.CHOSEN_COLUMNS` are needed; the others stay on the disk.
        """
        gone = self._gone
        with store_errors(self._database):
            self._connection.execute("BEGIN")  # All columns of one moment, whatever the writer does.
            try:
                return read_face_table(self._connection.execute, gone, columns)
            finally:
                self._connection.execute("COMMIT")

    def people(self) -> dict[int, str | None]:
        """The people that faces are noted to show, by number, with their names."""
        return dict(self._query("SELECT id, name FROM person ORDER BY id"))

    def attributes(self) -> tuple[str, ...]:
        """What is noted of its faces by name, such as `Smiling`, in the order of `column("attributes")`."""
        rows = self._query("SELECT value FROM meta WHERE key = ?", ATTRIBUTES)
        return tuple(json.loads(rows[0][0])) if rows else ()

    def removed_faces(self) -> set[str]:
        """The names of the faces that were removed and can be restored."""
        return {name for (name,) in self._query("SELECT name FROM face WHERE removed = 1")}

    def deleted_faces(self) -> frozenset[str]:
        """The names of the faces whose crop image a person deleted since `FacesetWriter.sync`."""
        return self._gone

    def integrity_faults(self) -> list[str]:
        """What SQLite finds amiss with the database, in its words; takes as long as reading all of it."""
        return integrity_faults(self._database, self._connection)

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
        rows = self._column("embedding", name)
        for face, *blob in rows:
            if blob[-1] is None:
                raise StoreError(f"faceset {self.path} has no embedding '{name}' of face {face}; extract it again")
        return np.stack([unpack(Blob(*row[1:])) for row in rows]) if rows else np.zeros((0, 0), np.float32)

    def column(self, role: str, name: str = "") -> NDArray[np.float32]:
        """One array of all faces, in the order of `faces()`: float32 `[faces ...]`, NaN where a face has none.

        Args:
            role: `box`, `matrix`, `landmarks`, `embedding`, or `attributes`: 1 has it, -1 has it not, 0 not known.
            name: Of an embedding, the recognizer.
        """
        arrays = [None if row[-1] is None else unpack(Blob(*row[1:])) for row in self._column(role, name)]
        shape = next((array.shape for array in arrays if array is not None), (0,))
        none = np.full(shape, np.nan, np.float32)
        found = [none if array is None else array for array in arrays]
        return np.stack(found).astype(np.float32, copy=False) if found else none[None][:0]

    def taken_out(self) -> frozenset[str]:
        """The names of the faces that a person deleted or removed."""
        rows = self._query("SELECT name FROM deleted UNION SELECT name FROM face WHERE removed = 1")
        return self._gone.union(name for (name,) in rows)

    def _column(self, role: str, name: str) -> list[tuple[Any, ...]]:
        return [row for row in self._query(_COLUMN, role, name) if row[0] not in self._gone]

    def _faces_of(self, frame: int, source: str, pts: int, time: float) -> tuple[StoredFace, ...]:
        """The faces of the frame with that row number."""
        faces = stored_faces(self.path, (source, pts, time), self._query(FACES_OF_FRAME, frame))
        return tuple(face for face in faces if face.id not in self._gone)

    @cached_property
    def _gone(self) -> frozenset[str]:
        """The faces whose crop image a person deleted since the writer last looked, and those that are left out."""
        gone = self._without_crop()
        if self._chosen is None:
            return gone
        return gone | {name for (name,) in self._query("SELECT name FROM face")} - self._chosen

    def _without_crop(self) -> frozenset[str]:
        """The faces of the database that have no crop image.

        Raises:
            StoreError: The whole folder of crop images is missing.
        """
        if not (self.path / "crops").is_dir() and self._query("SELECT 1 FROM face WHERE removed = 0 LIMIT 1"):
            raise StoreError(f"faceset {self.path} has lost its folder `crops`; put it back or extract again")
        # The images are looked at after the rows: a writer commits a row when its image is there.
        return frozenset(
            name for shard in self._changed_shards() for name in self._live_in(shard) - images_in(self.path, shard)
        )

    def _changed_shards(self) -> list[str]:
        """The shards of crop images that a person may have changed."""
        return changed_shards(self.path, dict(self._query("SELECT name, mtime FROM shard")))

    def _live_in(self, shard: str) -> set[str]:
        """The faces of a shard that are not removed."""
        return {name for (name,) in self._query(_LIVE_IN, shard, shard + "g", shard, shard + "g")}

    def _no_face(self, name: str) -> StoreError:
        return StoreError(f"faceset {self.path} has no face {name}; a face is called like its image in `crops`")

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

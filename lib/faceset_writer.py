"""The one process that changes a faceset: it sets it up, commits chunks, and drops what people deleted.

What changes of faces that are stored stands in `lib/faceset_editor.py`.

Order is what makes a kill harmless. A chunk's crop images are on the disk under their final names before its
rows commit, so a row always has its image; an image without a row is swept at the next opening.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Self

from .crops import crop_path, is_face_id, stored_crops, trash_path
from .errors import FaceswapError, StoreError
from .face_records import FrameRecord, Stage, other_stages
from .faceset import DATABASE, WHOLE, Faceset
from .faceset_chunk import incoming_folder, read_chunk, waiting_crop, write_chunk
from .faceset_editor import FacesetEditor
from .faceset_rows import FaceNotes, FaceRow, FrameRow, insert_frames
from .lock import FolderLock
from .publish import output_errors, require_parent
from .shards import images_in, mark, shard_folder
from .store import close_writer, open_for_writing, transaction


class FacesetWriter(FacesetEditor):
    """A faceset, open for reading and writing; one at a time, in the parent process.

    Example:
        >>> with FacesetWriter.create_or_open("workspace/anna", stages=stages) as faceset:
        ...     faceset.add_chunk("anna.mp4", 0, frames)
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: FolderLock) -> None:
        super().__init__(path, connection)
        self._lock = lock

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Opens an existing faceset for writing, whatever made it.

        Raises:
            StoreError: There is none, it is damaged, or it is of a schema or contract version that cannot be read.
            OutputError: Another process writes it, or it cannot be written.
        """
        with Faceset.open(path):
            return cls._open(Path(path))

    @classmethod
    def create_or_open(
        cls, path: str | Path, *, crop_size: int = 512, face_type: str = "head", stages: Sequence[Stage] = ()
    ) -> Self:
        """Makes a faceset, or goes on with one that was made the same way.

        Args:
            path: Its folder, which may be missing; the folder around it must exist.
            crop_size: Side of the crop images in pixels.
            face_type: How much of the head they show.
            stages: The plugins that will have looked at each frame of a chunk that is added.

        Raises:
            StoreError: It holds frames that were made with other stages or settings, is damaged, is of
                another version, or has lost its database.
            OutputError: Another process writes it, or it cannot be written.
        """
        folder = Path(path)
        require_parent(folder)
        with output_errors(folder):
            folder.mkdir(exist_ok=True)
        faceset = cls._open(folder)
        try:
            faceset._settle({"crop_size": str(crop_size), "face_type": face_type}, set(stages))
        except BaseException:
            faceset.close()
            raise
        return faceset

    @classmethod
    def _open(cls, folder: Path) -> Self:
        """Locks the folder, opens its database and clears away what a killed run left."""
        lock = FolderLock(folder)
        try:
            if not (folder / DATABASE).exists() and any(stored_crops(folder)):
                raise StoreError(f"{folder} has crop images but no {DATABASE}; choose another folder")
            faceset = cls(folder, open_for_writing(folder / DATABASE), lock)
        except BaseException:
            lock.release()
            raise
        try:
            faceset._sweep()
        except BaseException:
            faceset.close()
            raise
        return faceset

    def close(self) -> None:
        """Closes the database and lets another process write."""
        with suppress(FaceswapError):  # Without marks readers take longer, no more.
            self._mark_shards()
        close_writer(self._connection)
        self._lock.release()

    def note_sources(self, fingerprints: Mapping[str, str]) -> None:
        """Notes which files are about to be added, so that others of the same name can be told from them.

        Args:
            fingerprints: File name -> what tells the file from others (see `lib.media.fingerprints`).

        Raises:
            StoreError: The faceset holds frames of another file of the same name.
        """
        others = self.other_sources(fingerprints)
        if others:
            raise StoreError(
                f"faceset {self.path} holds frames of another {others[0]}, of other content; frames are known by "
                "their file's name, so rename the file or choose another folder"
            )
        with transaction(self._database, self._connection):
            self._connection.executemany("INSERT OR REPLACE INTO source VALUES (?, ?)", fingerprints.items())

    def note_whole(self, source: str, words: str) -> None:
        """Notes that all wanted frames of a source are here, so that it need not be read again to know it.

        Args:
            source: Name of the file.
            words: Which file it was and which frames were wanted; `whole` gives them back.
        """
        with transaction(self._database, self._connection):
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (WHOLE + source, words))

    def add_chunk(self, medium: str, chunk_index: int, frames: Sequence[FrameRecord]) -> int:
        """Stores a chunk's frames, all or none; frames that are there already are replaced.

        Args:
            medium: Name of the medium that the chunk is of.
            chunk_index: Its number in the medium.
            frames: All its frames, those without a face too.

        Returns:
            How many faces were stored: all but those that a person deleted or removed before.

        Raises:
            OutputError: The disk is full or cannot be written; what was committed before stays.
        """
        return self.commit_chunk(write_chunk(self.path, medium, chunk_index, frames))

    def commit_chunk(self, chunk: str | Path, notes: Mapping[str, FaceNotes] | None = None) -> int:
        """Commits what a worker wrote with `write_chunk`, and removes it; otherwise as `add_chunk`.

        Args:
            chunk: The folder that `write_chunk` returned, absolute or relative to the faceset.
            notes: What to note of its faces, by name, where nothing is noted of them yet.
        """
        folder = self.path / chunk
        if folder.resolve().parent != incoming_folder(self.path).resolve():
            raise ValueError(f"`chunk` must be a folder in {incoming_folder(self.path)}. Received: {chunk}")
        frames = read_chunk(folder)
        with transaction(self._database, self._connection):
            replaced = self._notes_in(frames)
            noted = {**(notes or {}), **replaced}
            removed = {name for name, its in noted.items() if its.removed}
            self._note_deleted(name for name in replaced.keys() - removed if not crop_path(self.path, name).exists())
            deleted = {name for (name,) in self._query("SELECT name FROM deleted")}
            kept = [face for frame in frames for face in frame.faces if face.name not in deleted]
            self._place_crops(folder, kept, removed)
            insert_frames(self._connection, frames, deleted, noted)
        for name in replaced.keys() - {face.name for face in kept}:
            place = trash_path if name in removed else crop_path
            place(self.path, name).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        self._look_again()
        return sum(face.name not in removed for face in kept)

    def note_deleted(self, names: Iterable[str]) -> None:
        """Remembers faces that a person deleted, wherever that was, so that they do not come with their frame."""
        with transaction(self._database, self._connection):
            self._note_deleted(names)

    def sync(self) -> int:
        """Drops the faces whose image a person deleted, in `trash` too; they do not come back when their frame does.

        Returns:
            How many faces were dropped.

        Raises:
            StoreError: The whole folder of crop images is missing.
        """
        gone = self._without_crop() | {
            name for name in self.removed_faces() if not trash_path(self.path, name).exists()
        }
        with transaction(self._database, self._connection):
            self._note_deleted(gone)
            self._connection.executemany("DELETE FROM face WHERE name = ?", [(name,) for name in gone])
        self._look_again()
        return len(gone)

    def _settle(self, settings: dict[str, str], stages: set[Stage]) -> None:
        """Notes how the faceset is made while it is empty; afterwards insists on it."""
        if self._query("SELECT 1 FROM frame LIMIT 1"):
            self._insist(settings, stages)
            return
        with transaction(self._database, self._connection):
            self._connection.execute("DELETE FROM stage")
            rows = [(stage.kind, stage.name, stage.version, stage.options_hash) for stage in stages]
            self._connection.executemany(
                "INSERT INTO stage (kind, name, version, options_hash) VALUES (?, ?, ?, ?)", sorted(rows)
            )
            self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", settings.items())

    def _insist(self, settings: dict[str, str], stages: set[Stage]) -> None:
        """Raises StoreError unless the faceset was made with these settings and stages."""
        others = [
            f"{key} {self._meta(key)}, not {value}" for key, value in settings.items() if self._meta(key) != value
        ]
        others += other_stages(set(self.stages), stages)
        if others:
            raise StoreError(
                f"faceset {self.path} was made with {'; '.join(others)}: choose another folder or the same options"
            )

    def _sweep(self) -> None:
        """Removes chunks that were never committed and crop images without a row; moves those of removed faces."""
        incoming = incoming_folder(self.path)
        with output_errors(self.path):
            incoming.mkdir(exist_ok=True)
            for chunk in incoming.iterdir():
                shutil.rmtree(chunk, ignore_errors=True)
            for shard in self._changed_shards():
                self._sweep_shard(shard)

    def _sweep_shard(self, shard: str) -> None:
        """Leaves the crop images of the shard's faces; those of removed ones go to the trash."""
        names = images_in(self.path, shard) - self._live_in(shard)
        removed = names & self.removed_faces() if names else set()
        self._move_to_trash(removed)
        for name in names - removed:
            if is_face_id(name):  # What people put there stays.
                crop_path(self.path, name).unlink(missing_ok=True)

    def _mark_shards(self) -> None:
        """Marks the shards whose images are those of their faces, so that readers need not list them."""
        waiting = [shard for shard in self._changed_shards() if shard_folder(self.path, shard).is_dir()]
        marks = [(shard, mark(self.path, shard, partial(self._live_in, shard))) for shard in waiting]
        self._update("INSERT OR REPLACE INTO shard VALUES (?, ?)", [row for row in marks if row[1] is not None])

    def _place_crops(self, chunk: Path, faces: Iterable[FaceRow], removed: Collection[str]) -> None:
        """Moves crop images, whose content is on the disk already, to their final names."""
        places = {face.name: trash_path if face.name in removed else crop_path for face in faces}
        self._move([(waiting_crop(chunk, name), place(self.path, name)) for name, place in places.items()])

    def _notes_in(self, frames: Iterable[FrameRow]) -> dict[str, FaceNotes]:
        """The faces that the faceset holds of these frames, with what is noted of them."""
        columns = ", ".join(("face.name", *FaceNotes._fields))
        statement = f"SELECT {columns} FROM face JOIN frame ON frame = frame.id WHERE source = ? AND pts = ?"
        rows = (row for frame in frames for row in self._query(statement, frame.source, frame.pts))
        return {name: FaceNotes(*notes) for name, *notes in rows}

    def _note_deleted(self, names: Iterable[str]) -> None:
        """Remembers the faces that a person deleted."""
        self._connection.executemany("INSERT OR IGNORE INTO deleted VALUES (?)", [(name,) for name in names])

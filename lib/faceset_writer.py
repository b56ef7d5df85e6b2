"""The one process that changes a faceset: it sets it up, commits chunks, and drops what people deleted.

Order is what makes a kill harmless. A chunk's crop images are on the disk under their final names before its
rows commit, so a row always has its image; an image without a row is swept at the next opening.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

from .crops import crop_path, stored_crops
from .errors import StoreError
from .face_records import FrameRecord, Stage
from .faceset import DATABASE, WHOLE, Faceset
from .faceset_chunk import incoming_folder, read_chunk, waiting_crop, write_chunk
from .faceset_rows import FaceRow, FrameRow, insert_frame
from .lock import FolderLock
from .publish import flush_to_disk, output_errors, require_parent, sweep
from .store import close_writer, open_for_writing, transaction


class FacesetWriter(Faceset):
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
            StoreError: There is none, it is damaged, or it is of another schema or contract version.
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
            How many faces were stored: all but those that a person deleted before.

        Raises:
            OutputError: The disk is full or cannot be written; what was committed before stays.
        """
        return self.commit_chunk(write_chunk(self.path, medium, chunk_index, frames))

    def commit_chunk(self, chunk: str | Path) -> int:
        """Commits what a worker wrote with `write_chunk`, and removes it; otherwise as `add_chunk`.

        Args:
            chunk: The folder that `write_chunk` returned, absolute or relative to the faceset.
        """
        folder = self.path / chunk
        if folder.resolve().parent != incoming_folder(self.path).resolve():
            raise ValueError(f"`chunk` must be a folder in {incoming_folder(self.path)}. Received: {chunk}")
        frames = read_chunk(folder)
        with transaction(self._database, self._connection):
            replaced = self._names_in(frames)
            self._note_deleted(name for name in replaced if not crop_path(self.path, name).exists())
            deleted = {name for (name,) in self._query("SELECT name FROM deleted")}
            kept = [face for frame in frames for face in frame.faces if face.name not in deleted]
            self._place_crops(folder, kept)
            for frame in frames:
                insert_frame(self._connection, frame, deleted)
        for name in replaced - {face.name for face in kept}:
            crop_path(self.path, name).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        self._look_again()
        return len(kept)

    def sync(self) -> int:
        """Drops the faces whose crop image a person deleted; they do not come back when their frame does.

        Returns:
            How many faces were dropped.

        Raises:
            StoreError: The whole folder of crop images is missing.
        """
        gone = self._without_crop()
        with transaction(self._database, self._connection):
            self._note_deleted(gone)
            self._connection.executemany("DELETE FROM face WHERE name = ?", [(name,) for name in gone])
        self._look_again()
        return len(gone)

    def _look_again(self) -> None:
        """Forgets which crop images were missing."""
        self.__dict__.pop("_gone", None)

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
        before = [f"{key} {self._meta(key)}" for key, value in settings.items() if self._meta(key) != value]
        now = [f"{key} {value}" for key, value in settings.items() if self._meta(key) != value]
        before += sorted(map(str, set(self.stages) - stages))
        now += sorted(map(str, stages - set(self.stages)))
        if before or now:
            raise StoreError(
                f"faceset {self.path} was made with {', '.join(before) or 'fewer stages'}, this run has "
                f"{', '.join(now) or 'fewer stages'}; choose another folder or the same options"
            )

    def _sweep(self) -> None:
        """Removes chunks that were never committed and crop images without a row."""
        incoming = incoming_folder(self.path)
        with output_errors(self.path):
            incoming.mkdir(exist_ok=True)
            sweep(incoming)
            for chunk in incoming.glob("[!.]*"):
                shutil.rmtree(chunk, ignore_errors=True)
            names = {name for (name,) in self._query("SELECT name FROM face")}
            for path in stored_crops(self.path):
                if path.stem not in names:
                    path.unlink(missing_ok=True)

    def _place_crops(self, chunk: Path, faces: Iterable[FaceRow]) -> None:
        """Moves crop images, whose content is on the disk already, to their final names."""
        with output_errors(self.path / "crops"):
            shards = set()
            for face in faces:
                final = crop_path(self.path, face.name)
                final.parent.mkdir(parents=True, exist_ok=True)
                waiting_crop(chunk, face.name).replace(final)
                shards.add(final.parent)
            for folder in (*sorted(shards), self.path / "crops") if shards else ():
                flush_to_disk(folder)

    def _names_in(self, frames: Iterable[FrameRow]) -> set[str]:
        """The faces that the faceset holds of these frames."""
        statement = "SELECT face.name FROM face JOIN frame ON frame = frame.id WHERE source = ? AND pts = ?"
        return {name for frame in frames for (name,) in self._query(statement, frame.source, frame.pts)}

    def _note_deleted(self, names: Iterable[str]) -> None:
        """Remembers the faces that a person deleted."""
        self._connection.executemany("INSERT OR IGNORE INTO deleted VALUES (?)", [(name,) for name in names])

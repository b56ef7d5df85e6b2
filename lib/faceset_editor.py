"""What may be changed of a faceset's faces once they are stored: notes, measures, taking faces out and back.

Order is what makes a kill harmless. A face is marked as removed before its image moves to `trash`, and its image is
back before the mark goes, so that a face that is not marked always has its image; the next opening for writing moves
what was left behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blobs import pack
from .crops import crop_path, trash_path
from .errors import StoreError
from .face_measures import measure_face
from .face_records import MEASURES, StoredFace
from .faceset import ATTRIBUTES, Faceset
from .publish import flush_to_disk, output_errors
from .store import transaction

_BATCH = 200


class FacesetEditor(Faceset):
    """A faceset that is open for writing, as far as its faces change; `FacesetWriter` opens one."""

    def remove(self, faces: Iterable[str]) -> int:
        """Takes faces out, until `restore` brings them back; their images move to `trash` in the faceset.

        Args:
            faces: Their names. Those that are removed already are passed over.

        Returns:
            How many were taken out.

        Raises:
            StoreError: The faceset has no face of a name; nothing was changed then.
            OutputError: The disk cannot be written.
        """
        names = set(faces) - self.removed_faces()
        self._require_faces(names)
        self._update("UPDATE face SET removed = 1 WHERE name = ?", [(name,) for name in names])
        self._move_to_trash(names)
        return len(names)

    def restore(self, faces: Iterable[str] | None = None) -> int:
        """Brings removed faces back, as they were.

        Args:
            faces: Their names; all that were removed, if None. Those that are not removed are passed over.

        Returns:
            How many came back: all but those whose image is gone from `trash`, which stay removed.

        Raises:
            StoreError: The faceset has no face of a name; nothing was changed then.
            OutputError: The disk cannot be written.
        """
        removed = self.removed_faces()
        asked = removed if faces is None else set(faces)
        self._require_faces(asked - removed)
        names = [name for name in asked & removed if trash_path(self.path, name).exists()]
        self._move([(trash_path(self.path, name), crop_path(self.path, name)) for name in names])
        self._update("UPDATE face SET removed = 0 WHERE name = ?", [(name,) for name in names])
        return len(names)

    def note_tracks(self, tracks: Mapping[str, int | None]) -> None:
        """Notes the tracks of faces by name; None takes the note away.

        Raises:
            StoreError: The faceset has no face of a name; nothing was changed then.
        """
        self._require_faces(tracks.keys() - self.removed_faces())
        rows = [(None if track is None else int(track), name) for name, track in tracks.items()]
        self._update("UPDATE face SET track = ? WHERE name = ?", rows)

    def note_people(self, people: Mapping[str, int | None]) -> None:
        """Notes by name which person faces show; None takes the note away. New numbers become new people.

        Raises:
            StoreError: The faceset has no face of a name; nothing was changed then.
        """
        self._require_faces(people.keys() - self.removed_faces())
        rows = [(None if person is None else int(person), name) for name, person in people.items()]
        with transaction(self._database, self._connection):
            numbers = {(person,) for person, _ in rows if person is not None}
            self._connection.executemany("INSERT OR IGNORE INTO person (id) VALUES (?)", sorted(numbers))
            self._connection.executemany("UPDATE face SET person = ? WHERE name = ?", rows)

    def name_person(self, person: int, name: str | None) -> None:
        """Gives a person a name, or takes it away.

        Raises:
            StoreError: Another person has that name.
        """
        taken = [number for number, known in self.people().items() if name is not None and known == name]
        if taken not in ([], [person]):
            raise StoreError(f"person {taken[0]} of faceset {self.path} is called '{name}'; choose another name")
        statement = "INSERT INTO person VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name"
        self._update(statement, [(int(person), name)])

    def name_attributes(self, names: Sequence[str]) -> None:
        """Says which attributes its faces have, in the order of their values; once for all of them.

        Raises:
            StoreError: They were others before.
        """
        before = self.attributes()
        if before not in ((), tuple(names)):
            raise StoreError(
                f"faceset {self.path} has the attributes {_shortened(before)}, not {_shortened(names)}; choose another "
                "folder"
            )
        self._update("INSERT OR REPLACE INTO meta VALUES (?, ?)", [(ATTRIBUTES, json.dumps(list(names)))])

    def note_attributes(self, names: Sequence[str], values: Mapping[str, NDArray[np.integer[Any]]]) -> None:
        """Notes what others say of faces, in place of what was noted of these before.

        Args:
            names: Of the attributes.
            values: `[attributes]` by face: 1 has it, -1 has it not, 0 not known.

        Raises:
            StoreError: The faceset has no face of a name, or other attributes.
        """
        self._require_faces(values.keys() - self.removed_faces())
        self.name_attributes(names)
        packed = ((name, pack(np.asarray(row, np.int8))) for name, row in values.items())
        rows = [(ATTRIBUTES, blob.dtype, blob.shape, blob.encoding, blob.data, name) for name, blob in packed]
        self._update("INSERT OR REPLACE INTO array SELECT id, ?, '', ?, ?, ?, ? FROM face WHERE name = ?", rows)

    def measure_missing(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Measures the faces that were stored without, by their crops; what is done is kept if this is stopped.

        Args:
            progress: Told how many are done, and of how many.

        Returns:
            How many were measured.

        Raises:
            StoreError: A crop image is damaged.
        """
        rows = self._query("SELECT name FROM face WHERE sharpness IS NULL AND removed = 0 ORDER BY frame, position")
        names = [name for (name,) in rows if name not in self.deleted_faces()]
        for start in range(0, len(names), _BATCH):
            self._measure(names[start : start + _BATCH])
            if progress:
                progress(min(start + _BATCH, len(names)), len(names))
        return len(names)

    def _measure(self, names: Sequence[str]) -> None:
        """Measures some faces, and commits."""
        measured = [(*self._measures(self.face(name)), name) for name in names]
        assignments = ", ".join(f"{name} = ?" for name in MEASURES)
        self._update(f"UPDATE face SET {assignments} WHERE name = ?", measured)

    def _measures(self, face: StoredFace) -> tuple[float | None, ...]:
        found = measure_face(self.read_crop(face), face.matrix, self.face_type, face.landmarks, face.scheme)
        return tuple(getattr(found, name) for name in MEASURES)

    def _require_faces(self, names: Iterable[str]) -> None:
        """Raises StoreError for the first name that no face of the faceset has."""
        asked = set(names)
        statement = "SELECT name FROM face WHERE removed = 0 AND name IN (SELECT value FROM json_each(?))"
        known = {name for (name,) in self._query(statement, json.dumps(sorted(asked)))} - self.deleted_faces()
        if asked - known:
            raise self._no_face(min(asked - known))

    def _update(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Runs a statement for each row, all or none."""
        with transaction(self._database, self._connection):
            self._connection.executemany(statement, rows)
        self._look_again()

    def _look_again(self) -> None:
        """Forgets which crop images were missing."""
        self.__dict__.pop("_gone", None)

    def _move_to_trash(self, names: Iterable[str]) -> None:
        """Moves the crop images of removed faces, if they are still where those of others are."""
        moves = [(crop_path(self.path, name), trash_path(self.path, name)) for name in names]
        self._move([(start, final) for start, final in moves if start.exists()])

    def _move(self, moves: Sequence[tuple[Path, Path]]) -> None:
        """Moves crop images, so that they lie at their new places when this returns, whatever happens then."""
        with output_errors(self.path):
            shards = sorted({final.parent for _, final in moves})
            for shard in shards:
                shard.mkdir(parents=True, exist_ok=True)
            for start, final in moves:
                start.replace(final)
            for folder in (*shards, *sorted({shard.parent for shard in shards})):
                flush_to_disk(folder)


def _shortened(names: Sequence[str]) -> str:
    """Some names, and how many there are more."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more

"""Whole frames out of one faceset and into another, with all that is stored and noted of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from .crops import crop_path, trash_path
from .errors import StoreError
from .face_records import Stage
from .faceset import Faceset
from .faceset_chunk import write_rows
from .faceset_rows import FaceNotes, FrameRow
from .faceset_writer import FacesetWriter

_CHUNK = 64


@dataclass(frozen=True)
class FacesetHead:
    """What holds for all frames of a faceset.

    Attributes:
        crop_size: Side of the crop images in pixels.
        face_type: How much of the head they show.
        stages: The plugins that made it.
        sources: Name of each file that frames are from -> its fingerprint, where it is known.
        people: The number of each person -> its name, or None.
        deleted: Names of the faces whose image a person deleted.
        attributes: Names of what is noted of its faces.
    """

    crop_size: int
    face_type: str
    stages: tuple[Stage, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[int, str | None] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()

    @classmethod
    def of(cls, faceset: Faceset) -> FacesetHead:
        """The head of a faceset."""
        return cls(
            faceset.crop_size,
            faceset.face_type,
            faceset.stages,
            faceset.fingerprints(),
            faceset.people(),
            faceset.deleted(),
            faceset.attributes(),
        )


@dataclass(frozen=True, eq=False)
class WholeFrame:
    """A frame with all that a faceset holds of it.

    Attributes:
        row: The frame and its faces, the removed ones too.
        notes: Of each face by name.
        crops: The crop image of each face by name.
    """

    row: FrameRow
    notes: Mapping[str, FaceNotes]
    crops: Mapping[str, bytes]


def whole_frames(faceset: Faceset) -> Iterator[WholeFrame]:
    """All frames of a faceset in the order of source and time stamp.

    Raises:
        StoreError: A crop image is missing.
    """
    for row, notes in faceset.whole_frames():
        crops = {}
        for name, noted in notes.items():
            path = (trash_path if noted.removed else crop_path)(faceset.path, name)
            try:
                crops[name] = path.read_bytes()
            except FileNotFoundError:
                raise StoreError(f"the crop image {path} is missing; run `faceswap faceset sync` first") from None
        yield WholeFrame(row, notes, crops)


@dataclass(frozen=True)
class Added:
    """What `add_frames` did.

    Attributes:
        frames: Frames that were added.
        faces: Faces in them.
        held: Frames that were there already and stayed as they were.
    """

    frames: int
    faces: int
    held: int


def add_frames(faceset: FacesetWriter, head: FacesetHead, frames: Iterable[WholeFrame]) -> Added:
    """Adds the frames of another faceset that was made the same way; what this one holds stays.

    Its tracks get numbers beyond those here; its people too, but for those whose name is known here.

    Args:
        faceset: Where they go.
        head: What holds for the frames.
        frames: The frames, chunk by chunk committed; the same call continues after a kill.

    Raises:
        StoreError: A source here has the same name and other content, or the faces other attributes.
        OutputError: The disk is full; what was committed stays.
    """
    faceset.note_sources(head.sources)
    if head.attributes:
        faceset.name_attributes(head.attributes)
    numbers = _Numbers(faceset, head)
    done = {source: faceset.done_frames(source) for source in faceset.sources()}
    added_frames = added_faces = held = 0
    for index, chunk in enumerate(_chunks(frames)):
        new = [frame for frame in chunk if frame.row.pts not in done.get(frame.row.source, ())]
        for frame in chunk:
            if frame not in new:
                numbers.learn(frame)
        held += len(chunk) - len(new)
        if new:
            added_frames += len(new)
            added_faces += _add_chunk(faceset, index, new, numbers)
    faceset.note_deleted(head.deleted)
    return Added(added_frames, added_faces, held)


class _Numbers:
    """How tracks and people of the one faceset are numbered in the other: as there, where the number is free.

    Frames that both hold, such as those of a run that was killed, tell the numbers that are given already.
    """

    def __init__(self, faceset: FacesetWriter, head: FacesetHead) -> None:
        self._faceset, self._names = faceset, head.people
        self._here = faceset.notes()
        self._used_tracks = {notes.track for notes in self._here.values() if notes.track is not None}
        self._used_people = set(faceset.people())
        self._by_name = {name: number for number, name in faceset.people().items() if name is not None}
        self._tracks: dict[int, int] = {}
        self._people: dict[int, int] = {}

    def learn(self, frame: WholeFrame) -> None:
        """Takes the numbers of a frame that is here already."""
        for name, notes in frame.notes.items():
            here = self._here.get(name, FaceNotes())
            if notes.track is not None and here.track is not None:
                self._tracks.setdefault(notes.track, here.track)
            if notes.person is not None and here.person is not None:
                self._people.setdefault(notes.person, here.person)

    def of(self, notes: FaceNotes) -> FaceNotes:
        """The notes with the numbers that hold here."""
        track = None if notes.track is None else self._track(notes.track)
        return notes._replace(track=track, person=None if notes.person is None else self._person(notes.person))

    def _track(self, track: int) -> int:
        if track not in self._tracks:
            self._tracks[track] = _free(track, self._used_tracks)
        return self._tracks[track]

    def _person(self, person: int) -> int:
        """The person's number here, where they are known by then."""
        if person not in self._names:
            raise StoreError(f"a face is noted to show person {person}, whom the head does not name")
        if person not in self._people:
            name = self._names[person]
            known = None if name is None else self._by_name.get(name)
            self._people[person] = _free(person, self._used_people) if known is None else known
            self._faceset.name_person(self._people[person], name)
        return self._people[person]


def _free(number: int, used: set[int]) -> int:
    """The number itself or else the next beyond all that are used, which it is from now on."""
    free = max(used) + 1 if number in used else number
    used.add(free)
    return free


def _add_chunk(faceset: FacesetWriter, index: int, frames: list[WholeFrame], numbers: _Numbers) -> int:
    """Commits some frames with what is noted of their faces, which goes with them or not at all."""
    crops = {name: crop for frame in frames for name, crop in frame.crops.items()}
    notes = {name: numbers.of(noted) for frame in frames for name, noted in frame.notes.items()}
    folder = write_rows(faceset.path, frames[0].row.source, index, [frame.row for frame in frames], crops)
    return faceset.commit_chunk(folder, notes)


def _chunks(frames: Iterable[WholeFrame]) -> Iterator[list[WholeFrame]]:
    """Some frames at a time, so that memory does not grow with their number."""
    for _, chunk in groupby(enumerate(frames), lambda item: item[0] // _CHUNK):
        yield [frame for _, frame in chunk]

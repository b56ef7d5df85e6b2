"""The people of a faceset: found by the embeddings of its tracks, told in numbers and shown in one picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...lib.boxes import iou
from ...lib.contact_sheet import contact_sheet
from ...lib.face_table import FaceTable
from ...lib.faceset import Faceset
from ...lib.faceset_writer import FacesetWriter
from ...lib.media import write_image
from ...lib.people import group_tracks, keep_numbers
from ...lib.tracking import Integers
from ..errors import OptionError
from .recognition import Known, TrackLooks, filled, known_recognizer, track_looks

SHEET = "people.jpg"

_SAME_PLACE = 0.3
"""IoU from which on two faces of a frame are one face that was detected twice."""
_ACROSS, _DOWN, _MOST = 10, 5, 50
"""People in a row of the sheet, pictures of each, and people in all."""
_HEADING = 14
"""Letters that fit over a picture."""


@dataclass(frozen=True)
class Person:
    """A person of a faceset.

    Attributes:
        number: The person's number, 1 and up.
        name: The name that somebody gave, or None.
        faces: How many faces show the person.
        tracks: How many tracks.
        seconds: How long the person is seen; 0 in images.
    """

    number: int
    name: str | None
    faces: int
    tracks: int
    seconds: float


def find_people(faceset: FacesetWriter) -> int:
    """Groups the tracks of a faceset into people and stores them; people keep their numbers and names.

    Returns:
        How many people there are.

    Raises:
        StoreError: The faceset has no embeddings.
    """
    table = faceset.face_table()
    groups = group_faces(faceset, table, known_recognizer(faceset, "`faceset people`"))
    people = keep_numbers(groups, table.person)
    noted = [None if person < 0 else person for person in people.tolist()]
    faceset.note_people(dict(zip(table.ids.tolist(), noted, strict=True)))
    for number in faceset.people().keys() - set(people.tolist()):
        faceset.name_person(number, None)
    return int(groups.max(initial=-1)) + 1


def group_faces(faceset: Faceset, table: FaceTable, recognizer: Known) -> Integers:
    """The person of each face by the embeddings of its track, from 0 on, `[faces]`; -1 where it has none."""
    looks = track_looks(faceset, table, recognizer)
    apart = set(_seen_at_once(table, looks, faceset.column("box")))
    return group_tracks(looks.vectors, looks.lengths, recognizer.same_person_below, apart)[looks.tracks]


def _seen_at_once(table: FaceTable, looks: TrackLooks, boxes: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """Pairs of tracks that have faces in different places of one frame."""
    _, frames = np.unique(np.stack([table.source, table.pts]), axis=1, return_inverse=True)
    order = np.argsort(frames, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(frames[order])) + 1):
        if len(rows) > 1:
            one, other = np.nonzero(np.triu(iou(boxes[rows], boxes[rows]) < _SAME_PLACE, 1))
            yield from zip(looks.tracks[rows[one]].tolist(), looks.tracks[rows[other]].tolist(), strict=True)


def name_people(faceset: FacesetWriter, names: dict[int, str]) -> None:
    """Gives people names.

    Raises:
        OptionError: There is no person of a number, or a name is a number.
        StoreError: Another person has the name.
    """
    known = set(faceset.face_table(["person"]).person.tolist()) - {-1}
    for number, name in names.items():
        if number not in known:
            raise OptionError(f"faceset {faceset.path} has no person {number}; it has {_shown(known)}")
        if not name.strip() or name.strip().isdigit():
            raise OptionError(f"a person's name must be a word. Received: {name!r}")
        faceset.name_person(number, name.strip())


def person_numbers(faceset: Faceset, words: tuple[str, ...]) -> list[int]:
    """The numbers of people who are given by number or name.

    Raises:
        OptionError: The faceset has no such person.
    """
    names = {name: number for number, name in faceset.people().items() if name is not None}
    known = set(faceset.face_table(["person"]).person.tolist()) - {-1}
    numbers = []
    for word in words:
        number = int(word) if word.isdigit() else names.get(word, -1)
        if number not in known:
            remedy = f"it has {_shown({*map(str, known), *names})}" if known else "`faceswap faceset people` finds them"
            raise OptionError(f"faceset {faceset.path} has no person '{word}'; {remedy}")
        numbers.append(number)
    return numbers


def _shown(known: set[int] | set[str]) -> str:
    return ", ".join(map(str, sorted(known))) or "none"


def people_of(faceset: Faceset) -> list[Person]:
    """The people of a faceset, those with most faces first."""
    table, names = faceset.face_table(), faceset.people()
    numbers, faces = np.unique(table.person[table.person >= 0], return_counts=True)
    order = np.argsort(-faces, kind="stable")
    return [
        _person(table.take(table.person == number), number, names.get(number)) for number in numbers[order].tolist()
    ]


def _person(table: FaceTable, number: int, name: str | None) -> Person:
    seconds = 0.0
    for source in np.unique(table.source):
        times = np.unique(table.time[table.source == source])
        if len(times) > 1:
            seconds += len(times) * float(np.median(np.diff(times)))
    loose = int((table.track < 0).sum())
    return Person(number, name, len(table), len(set(table.track.tolist()) - {-1}) + loose, round(seconds, 1))


def write_sheet(faceset: Faceset) -> Path:
    """Writes a picture with some faces of each person into the faceset's folder.

    Raises:
        StoreError: A crop image is damaged.
        OutputError: The picture cannot be written.
    """
    people, table = people_of(faceset)[:_MOST], faceset.face_table()
    rows = [_sheet_row(faceset, table, people[start : start + _ACROSS]) for start in range(0, len(people), _ACROSS)]
    width = max((row.shape[1] for row in rows), default=1)
    padded = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=255) for row in rows]
    path = faceset.path / SHEET
    write_image(path, np.vstack(padded) if padded else np.full((1, 1, 3), 255, np.uint8))
    return path


def _sheet_row(faceset: Faceset, table: FaceTable, people: list[Person]) -> NDArray[np.uint8]:
    columns = []
    for person in people:
        rows = np.flatnonzero(table.person == person.number)
        rows = rows[np.argsort(filled(table)[rows], kind="stable")][: max(1, int((~filled(table)[rows]).sum()))]
        spread = rows[np.linspace(0, len(rows) - 1, min(_DOWN, len(rows))).round().astype(int)]
        columns.append(np.stack([faceset.read_crop(faceset.face(str(table.ids[row]))) for row in spread]))
    headings = [f"{person.name or person.number} ({person.faces})" for person in people]
    return contact_sheet(columns, [heading.encode("ascii", "replace").decode()[:_HEADING] for heading in headings])

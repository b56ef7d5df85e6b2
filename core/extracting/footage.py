"""What an extraction works on: several media, the frames of each that are wanted, and those that are done."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ...lib.faceset import Faceset
from ...lib.faceset_writer import FacesetWriter
from ...lib.media import Gathered, Selection, Timeline, fingerprints
from ..errors import OptionError, StoreError
from .messages import ChunkTask


@dataclass(frozen=True)
class Footage:
    """One medium of an extraction.

    Attributes:
        medium: Its files.
        timeline: The frames of it that are wanted.
        done: The places of those that the faceset holds.
    """

    medium: Gathered
    timeline: Timeline
    done: frozenset[int]

    @property
    def total(self) -> int:
        """How many frames are wanted."""
        return len(self.timeline.times)

    def frame_name(self, place: int) -> str:
        """What messages call a frame: its image, or its video and presentation time stamp."""
        return self.medium.images[place] if self.medium.images else f"{self.medium.path.name} {place}"

    def keys(self, places: Sequence[int]) -> tuple[int, ...]:
        """Where decoding can begin behind the first of some places, up to the last."""
        keyframes = self.timeline.keyframes
        return keyframes[bisect_right(keyframes, places[0]) : bisect_right(keyframes, places[-1])]

    def chunked(self, chunk_frames: int) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The chunks: each one's number in the medium, and its frames."""
        start = 0
        for chunk in self.timeline.chunks(chunk_frames):
            yield chunk.index, self.timeline.times[start : start + chunk.count]
            start += chunk.count

    def unfinished(self, chunk_frames: int) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The chunks of which the faceset lacks frames: the chunk's number in the medium, and what it lacks."""
        for index, places in self.chunked(chunk_frames):
            wanted = tuple(place for place in places if place not in self.done)
            if wanted:
                yield index, wanted


def make_tasks(footage: Sequence[Footage], chunk_frames: int) -> list[ChunkTask]:
    """All unfinished chunks in order; numbers follow each other only where chunks do."""
    tasks, base = [], 0
    for number, part in enumerate(footage):
        tasks += [
            ChunkTask(index=base + index, medium=number, wanted=wanted, keys=part.keys(wanted))
            for index, wanted in part.unfinished(chunk_frames)
        ]
        base += part.total + 1
    return tasks


def distinct(media: Iterable[Gathered]) -> tuple[list[Gathered], dict[str, str]]:
    """Leaves out files that another of the media holds under the same name.

    Returns:
        The media without them, and the fingerprint of each file by its name.

    Raises:
        StoreError: Two files have the same name and other content.
        MediaError: A file cannot be read.
    """
    marks: dict[str, str] = {}
    homes: dict[str, Path] = {}
    kept = []
    for medium in media:
        found = fingerprints(medium)
        for name in found.keys() & marks.keys():
            if found[name] != marks[name]:
                raise StoreError(_clash(name, homes[name], medium))
        fresh = [name for name in found if name not in marks]
        marks |= found
        homes |= dict.fromkeys(fresh, medium.path)
        kept += [medium.only(fresh)] if fresh else []
    return kept, marks


def _clash(name: str, home: Path, medium: Gathered) -> str:
    return (
        f"{name} of {home} and of {medium.path} have the same name and other content; frames are known by their "
        "file's name, so rename one of them or extract it into another faceset"
    )


def done_places(medium: Gathered, faceset: Faceset) -> frozenset[int]:
    """The places of the frames that the faceset holds."""
    if not medium.images:
        return frozenset(faceset.done_frames(medium.path.name))
    return frozenset(place for place, name in enumerate(medium.images) if faceset.done_frames(name))


def require_times(selection: Selection, media: Iterable[Gathered]) -> None:
    """Raises OptionError where times are to choose among images, which have none."""
    images = next((medium for medium in media if medium.images), None)
    if selection.has_times and images:
        raise OptionError(
            f"--frames gives times, which the images of {images.label} do not have; give frame numbers such as 0-99"
        )


def images_timeline(medium: Gathered) -> Timeline:
    """The frames of images: their positions."""
    positions = tuple(range(len(medium.images)))
    return Timeline(positions, positions)


def is_whole(faceset: Faceset, medium: Gathered, selection: Selection, marks: Mapping[str, str]) -> bool:
    """Whether the faceset holds all wanted frames of a medium, as far as can be told without opening it."""
    if medium.images:
        return done_places(medium, faceset).issuperset(selection.of(images_timeline(medium), Fraction(1)).times)
    mark = marks[medium.path.name]
    return faceset.whole(medium.path.name) in (_note(Selection(), mark), _note(selection, mark))


def note_whole(faceset: FacesetWriter, medium: Gathered, selection: Selection, marks: Mapping[str, str]) -> None:
    """Notes that the faceset holds all wanted frames of a medium; that it holds all frames is not forgotten."""
    if not medium.images and not is_whole(faceset, medium, selection, marks):
        faceset.note_whole(medium.path.name, _note(selection, marks[medium.path.name]))


def _note(selection: Selection, mark: str) -> str:
    return f"{mark} {selection}"

"""The tasks that fill gaps: frames of a track in which the detector missed the face."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .footage import Footage
from .messages import ChunkTask
from .tracks import FacesetTracks


def gap_tasks(footage: Sequence[Footage], tracks: FacesetTracks, most: int, chunk_frames: int) -> list[ChunkTask]:
    """The frames of videos in which faces were missed, chunk by chunk.

    Args:
        footage: The media of the run; of images none follows another.
        tracks: The faceset's tracks.
        most: The longest gap in frames; 0 fills none.
        chunk_frames: How many frames of a medium a chunk is made of.
    """
    tasks: list[ChunkTask] = []
    base = 0
    for number, part in enumerate(footage):
        if most and not part.medium.images:
            tasks += _of_medium(number, part, tracks, most, chunk_frames, base)
        base += part.total + 1
    return tasks


def _of_medium(
    number: int, part: Footage, tracks: FacesetTracks, most: int, chunk_frames: int, base: int
) -> Iterator[ChunkTask]:
    missed = {faces.pts: faces for faces in tracks.missed(part.medium.path.name, most)}
    for index, places in part.chunked(chunk_frames):
        wanted = tuple(place for place in places if place in missed)
        if wanted:
            faces = tuple(missed[place] for place in wanted)
            yield ChunkTask(index=base + index, medium=number, wanted=wanted, keys=part.keys(wanted), missed=faces)

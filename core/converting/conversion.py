"""Converts a medium chunk by chunk: what an earlier run finished is kept, what it did not finish is done anew."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import reduce
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Protocol

from ...lib.media import Chunk, Medium, read_chunk
from .footage import near
from .neighbors import wanted_and_near
from .outputs import Output
from .parts import Parts
from .patch_folder import PART_ENDING, PatchFolder, Record
from .stream import Work


class Stream(Protocol):
    """Makes of frames what is written."""

    @property
    def context(self) -> int:
        """How many frames before and after a frame it has to see."""
        ...

    def stream(self, frames: Iterable[Work], finish: Callable[[Work], None]) -> Generator[Work, None, None]:
        """Yields each wanted frame, finished, in order; `finish` is called with each, in any thread and order."""
        ...


Watch = Callable[[Work], None]
"""Told of each finished frame, in order; may raise to stop the work."""


@dataclass(frozen=True)
class Tally:
    """What is finished of a chunk.

    Attributes:
        seen: Frames that were decoded.
        frames: Frames written: all of these, or those that were swapped.
        frames_swapped: Those in which a face was swapped.
        faces: Faces swapped.
        by_model: The same by the numbers of the models.
        files: Names of the files that hold the frames, where they are single files.
    """

    seen: int = 0
    frames: int = 0
    frames_swapped: int = 0
    faces: int = 0
    by_model: tuple[int, ...] = ()
    files: tuple[str, ...] = ()

    def with_frame(self, work: Work, written: bool, files: Iterable[str]) -> Tally:
        """Counts one more frame."""
        return Tally(
            self.seen + 1,
            self.frames + written,
            self.frames_swapped + bool(work.swapped),
            self.faces + len(work.swapped),
            _added(self.by_model, [work.swapped.count(number) for number in range(1 + max(work.swapped, default=-1))]),
            (*self.files, *files),
        )


def _added(counts: Sequence[int], more: Sequence[int]) -> tuple[int, ...]:
    """Sums counts place by place; what is missing behind the end of one counts as nothing."""
    return tuple(one + other for one, other in zip_longest(counts, more, fillvalue=0))


def sum_up(tallies: Iterable[Tally]) -> Tally:
    """What is finished of several chunks; their files are not listed."""
    done = list(tallies)
    return Tally(
        seen=sum(tally.seen for tally in done),
        frames=sum(tally.frames for tally in done),
        frames_swapped=sum(tally.frames_swapped for tally in done),
        faces=sum(tally.faces for tally in done),
        by_model=reduce(_added, (tally.by_model for tally in done), ()),
    )


@dataclass(frozen=True, eq=False)
class Conversion:
    """One medium on its way to one output.

    Attributes:
        medium: The footage.
        places: Those of all its frames, in order: times in a video, positions among images.
        chunks: The chunks of it that are wanted, in order.
        output: Takes the frames.
        parts: Keeps what is finished.
        keep_unswapped: Whether frames in which no face was swapped are written too.
        patches: Takes the faces as well; None where they are not wanted.
    """

    medium: Medium
    places: Sequence[int]
    chunks: Sequence[Chunk]
    output: Output
    parts: Parts
    keep_unswapped: bool = True
    patches: PatchFolder | None = None

    @property
    def total(self) -> int:
        """How many frames there are to read."""
        return sum(chunk.count for chunk in self.chunks)

    def finished(self) -> dict[int, Tally]:
        """The chunks that need no more work, by number."""
        tallies = {number: Tally(**record) for number, record in self.parts.done().items()}
        return {number: tally for number, tally in tallies.items() if self._holds(number, tally)}

    def _holds(self, number: int, tally: Tally) -> bool:
        if self.patches and not self.patches.holds(self._index_of(number)):
            return False
        return self.output.holds(number, tally.files)

    def run(self, stream: Stream, watch: Watch) -> dict[int, Tally]:
        """Converts the unfinished chunks; when something raises, the chunk it happened in stays unfinished.

        Returns:
            What is finished of each chunk. One of which no frame could be decoded is not among them.

        Raises:
            FaceswapError: A frame could not be read or written, or a plugin failed.
        """
        tallies = self.finished()
        counts = {chunk.index: chunk.count for chunk in self.chunks}
        unfinished = [chunk for chunk in self.chunks if chunk.index not in tallies]
        frames = wanted_and_near(self._frames(unfinished, stream.context), lambda work: work.wanted, stream.context)
        with closing(stream.stream(frames, self._finish)) as works:
            for number, group in groupby(works, lambda work: work.chunk):
                tallies[number] = self._write(counts[number], number, group, watch)
                self.parts.record(number, asdict(tallies[number]))
        return tallies

    def publish(self) -> None:
        """Puts the output under its name, once all is finished.

        Raises:
            FaceswapError: It cannot be written.
        """
        if self.patches:
            parts = (self._index_of(number) for number in sorted(self.finished()))
            self.patches.publish(parts, {place: number for number, place in enumerate(self.places)})
        self.output.publish(len(self.chunks))
        self.parts.remove()

    def _write(self, count: int, number: int, works: Iterable[Work], watch: Watch) -> Tally:
        """Writes a chunk; it ends with its last frame, so that what goes wrong after it does not harm it."""
        tally, patches = Tally(), list[Record]()
        with self.output.chunk(number) as append:
            for work in works:
                written = self._keeps(work)
                if written:
                    append(work.frame)
                files = self.output.files(work.frame) if written else ()
                tally = tally.with_frame(work, written, files)
                patches += self.patches.records(work) if self.patches else ()
                watch(work)
                if tally.seen == count:
                    break
        if self.patches:
            self.patches.note(self._index_of(number), patches)
        return tally

    def _index_of(self, number: int) -> Path:
        """A chunk's part of the index of patches."""
        return self.parts.path(number, PART_ENDING)

    def _finish(self, work: Work) -> None:
        if self.patches:
            self.patches.write(work)
        if self._keeps(work):
            self.output.finish(work.frame, bool(work.swapped))

    def _keeps(self, work: Work) -> bool:
        return self.keep_unswapped or bool(work.swapped)

    def _frames(self, wanted: Sequence[Chunk], reach: int) -> Iterator[Work]:
        """The frames from the first wanted chunk to the last, `reach` more on both sides, decoded in one go."""
        if not wanted:
            return
        ends = {chunk.first: chunk for chunk in wanted}
        starts = sorted(ends)
        for position, frame in enumerate(read_chunk(self.medium, self._around(wanted, reach))):
            place = frame.key.pts if self.medium.kind == "video" else int(frame.time)
            chunk = ends[starts[max(0, bisect_right(starts, place) - 1)]]
            yield Work(chunk.index, place, frame, position, chunk.first <= place <= chunk.last)

    def _around(self, wanted: Sequence[Chunk], reach: int) -> Chunk:
        """All from one chunk to another with so many frames around, whether their chunks are wanted or not."""
        first, last = near(self.places, wanted[0].first, wanted[-1].last, reach)
        count = bisect_right(self.places, last) - bisect_left(self.places, first)
        return Chunk(wanted[0].index, first, last, count)

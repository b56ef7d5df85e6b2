"""Where converted frames go: a video, joined from segments, or a folder of images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from ...lib.media import (
    VIDEO_ENDINGS,
    Beside,
    Encoding,
    Finish,
    Frame,
    ImageFolder,
    Medium,
    SegmentWriter,
    Timeline,
    Timing,
    animate,
    join,
    lost_streams,
)
from ...lib.provenance.signing import Sealer, forget
from ...lib.provenance.xmp import packet
from ...lib.publish import sweep
from .parts import Parts

Append = Callable[[Frame], None]


class Output(Protocol):
    """Takes the frames of one chunk after the other."""

    def finish(self, frame: Frame, swapped: bool) -> None:
        """Does what can be done with a finished frame at once, in any thread and order.

        Args:
            frame: The frame.
            swapped: Whether a face in it was swapped, so that the frame has to say so.
        """
        ...

    def chunk(self, number: int) -> AbstractContextManager[Append]:
        """A context that yields the function to give each frame to, in order; what raises leaves no chunk."""
        ...

    def files(self, frame: Frame) -> list[str]:
        """The names of the files that a frame makes, for the chunk's record."""
        ...

    def holds(self, number: int, files: Sequence[str]) -> bool:
        """Whether what a chunk's record promises is there."""
        ...

    def losses(self) -> list[str]:
        """A line for each thing of the footage that the output cannot hold."""
        ...

    def publish(self, chunks: int) -> None:
        """Puts the output under its name."""
        ...


@dataclass(frozen=True, eq=False)
class VideoOutput:
    """A video with the original's times and tags: a closed segment for each chunk, joined and sealed at the end.

    Attributes:
        path: The video.
        medium: The original.
        encoding: How the pictures are encoded.
        parts: Keeps the segments.
        beside: What is beside the pictures.
        seal: Seals the video; None for not at all.
    """

    path: Path
    medium: Medium
    encoding: Encoding
    parts: Parts
    beside: Beside
    seal: Finish | None = None

    def finish(self, frame: Frame, swapped: bool) -> None:
        """Does nothing: an encoder wants its frames in order."""

    @contextmanager
    def chunk(self, number: int) -> Iterator[Append]:
        """Encodes a segment."""
        with SegmentWriter(self._segment(number), self.medium, self.encoding) as segment:
            yield segment.write

    def files(self, frame: Frame) -> list[str]:
        """None; the segment is known by its number."""
        return []

    def holds(self, number: int, files: Sequence[str]) -> bool:
        """Whether the segment is there."""
        return self._segment(number).exists()

    def losses(self) -> list[str]:
        """What the codec cannot hold of the pictures, and the streams that the container cannot."""
        lost = lost_streams(self.beside.video, self.path) if self.beside.video else []
        return [*self.encoding.losses(self.medium), *lost]

    def publish(self, chunks: int) -> None:
        """Joins the segments with the original's sound, or makes an animation of them."""
        every = [self._segment(number) for number in range(chunks)]
        segments = [segment for segment in every if segment.exists()]
        if self.encoding.kind.animation:
            animate(segments, self.path, self.medium, self.encoding, self.seal)
        else:
            join(segments, self.path, self.medium, self.beside, self.seal)
        if not self.seal:
            forget(self.path)

    def _segment(self, number: int) -> Path:
        return self.parts.path(number, self.encoding.segment_ending)


class FolderOutput:
    """Images in a folder, each whole and sealed from the moment that it has its name; beside them, when they are shown.

    Args:
        images: Writes them.
        medium: The original.
        timeline: Its frames.
        sealer: What the images are sealed by; None for not at all.
    """

    def __init__(self, images: ImageFolder, medium: Medium, timeline: Timeline, sealer: Sealer | None = None) -> None:
        self._images, self._medium, self._timeline, self._sealer = images, medium, timeline, sealer
        sweep(images.folder)

    def finish(self, frame: Frame, swapped: bool) -> None:
        """Writes the image; one that shows no swapped face is not sealed as if it did."""
        if not (self._sealer and swapped):
            forget(self._images.write(frame))
            return
        original = self._medium.folder / frame.key.source if self._medium.images else self._medium.path
        self._images.write(frame, packet(), partial(self._sealer.seal, original=original))

    @contextmanager
    def chunk(self, number: int) -> Iterator[Append]:
        """Has nothing left to do."""
        yield lambda frame: None

    def files(self, frame: Frame) -> list[str]:
        """The image's name."""
        return [self._images.path_of(frame).name]

    def holds(self, number: int, files: Sequence[str]) -> bool:
        """Whether all images of the chunk are there."""
        return all((self._images.folder / name).exists() for name in files)

    def losses(self) -> list[str]:
        """None that anyone expects in a folder of images."""
        return []

    def publish(self, chunks: int) -> None:
        """Writes the times of the images; they themselves are in their place."""
        timing = self._timing()
        if timing:
            timing.write(self._images.folder)

    def _timing(self) -> Timing | None:
        """That of a video's frames, or what lies beside the images that these were made from."""
        if self._medium.images:
            return Timing.read(self._medium.folder)
        stem = self._medium.path.stem
        paths = {self._images.video_path(stem, pts): pts for pts in self._timeline.times}
        frames = [(path.stem, pts) for path, pts in paths.items() if path.exists()]
        return Timing.of(self._medium, frames, self._timeline.end)


def is_video(path: Path) -> bool:
    """Whether an output's name asks for a video."""
    return path.suffix.lower() in VIDEO_ENDINGS

"""Where converted frames go: a video, joined from segments, or a folder of images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from ...lib.media import (
    SEGMENT_ENDING,
    VIDEO_ENDINGS,
    Encoding,
    Frame,
    ImageFolder,
    Medium,
    SegmentWriter,
    Span,
    join,
    lost_streams,
    require_video_output,
)
from ...lib.provenance.signing import Sealer, forget
from ...lib.provenance.xmp import packet
from ...lib.publish import sweep
from ..errors import OutputError
from .parts import Parts

Append = Callable[[Frame], None]


class Output(Protocol):
    """Takes the frames of one chunk after the other."""

    def finish(self, frame: Frame) -> None:
        """Does what can be done with a finished frame at once, in any thread and order."""
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


class VideoOutput:
    """A video with the original's sound, times and tags: a closed segment for each chunk, joined and sealed at the end.

    Args:
        path: The video.
        medium: The original.
        encoding: How the pictures are encoded.
        parts: Keeps the segments.
        sealer: What the video is sealed by; None for not at all.
        span: The part of the original that becomes the video; None for all of it.
    """

    def __init__(
        self,
        path: Path,
        medium: Medium,
        encoding: Encoding,
        parts: Parts,
        sealer: Sealer | None = None,
        span: Span | None = None,
    ) -> None:
        self._path, self._medium, self._encoding, self._parts = path, medium, encoding, parts
        self._sealer, self._span = sealer, span

    def finish(self, frame: Frame) -> None:
        """Does nothing: an encoder wants its frames in order."""

    @contextmanager
    def chunk(self, number: int) -> Iterator[Append]:
        """Encodes a segment."""
        with SegmentWriter(self._segment(number), self._medium, self._encoding) as segment:
            yield segment.write

    def files(self, frame: Frame) -> list[str]:
        """None; the segment is known by its number."""
        return []

    def holds(self, number: int, files: Sequence[str]) -> bool:
        """Whether the segment is there."""
        return self._segment(number).exists()

    def losses(self) -> list[str]:
        """The streams of sound and subtitles that the container cannot hold."""
        return lost_streams(self._medium, self._path)

    def publish(self, chunks: int) -> None:
        """Joins the segments with the original's sound."""
        segments = [self._segment(number) for number in range(chunks)]
        finish = partial(self._sealer.seal, original=self._medium.path) if self._sealer else None
        join([segment for segment in segments if segment.exists()], self._path, self._medium, finish, self._span)
        if not self._sealer:
            forget(self._path)

    def _segment(self, number: int) -> Path:
        return self._parts.path(number, SEGMENT_ENDING)


class FolderOutput:
    """Images in a folder, each whole and sealed from the moment that it has its name.

    Args:
        folder: The folder.
        medium: The original.
        sealer: What the images are sealed by; None for not at all.
    """

    def __init__(self, folder: Path, medium: Medium, sealer: Sealer | None = None) -> None:
        self._images = ImageFolder(folder)
        self._medium, self._sealer = medium, sealer
        sweep(folder)

    def finish(self, frame: Frame) -> None:
        """Writes the image."""
        if not self._sealer:
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
        """Does nothing: the images are in their place."""


def is_video(path: Path) -> bool:
    """Whether an output's name asks for a video."""
    return path.suffix.lower() in VIDEO_ENDINGS


def require_output(path: Path, medium: Medium, encoding: Encoding) -> None:
    """Refuses, before any work is done, an output that cannot be written.

    Raises:
        OutputError: The folder around it is missing, images are to become a video, a file is in the way of a
            folder, or the output is the medium itself.
    """
    if path.resolve() == medium.path.resolve():
        raise OutputError(f"{path} is the footage itself; choose another output")
    if is_video(path):
        if medium.kind != "video":
            raise OutputError(f"cannot write {path}: {medium.path} has no timing; name a folder for the images")
        require_video_output(path, encoding)
    elif path.suffix and not path.is_dir():
        known = " ".join(VIDEO_ENDINGS)
        raise OutputError(f"cannot write {path}: unknown ending {path.suffix!r}; use one of {known} or name a folder")

"""One chunk's frames as a file of their own, which is later joined with the others without encoding anew."""

from __future__ import annotations

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.container import OutputContainer
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from ..publish import atomic_file
from .container import open_output, writing
from .encoding import Encoding, add_video_stream
from .frame import Frame, VideoPicture
from .medium import Medium
from .tagging import encoded_color, tag_stream

_USUAL_RATE = Fraction(25)


class SegmentWriter:
    """Encodes frames of a video into one segment: an encoder of its own, a closed group, exact times.

    The same frames give the same segment: the encoder starts afresh and its threads are fixed in number.
    The file appears under its name when the writer is closed; leaving the `with` block by an error makes none.
    A segment without frames is an empty file, which `join` passes over.
    """

    def __init__(self, path: str | Path, medium: Medium, encoding: Encoding | None = None) -> None:
        """Opens a segment.

        Args:
            path: Where the segment goes, by custom with the `segment_ending` of its encoding; the folder must exist.
            medium: The video that the frames come from.
            encoding: The same for all segments that are to be joined.

        Raises:
            ValueError: The medium is not a video.
            OutputError: The folder is missing or cannot be written in.
        """
        if medium.kind != "video":
            raise ValueError(f"`medium` must be a video. Received: {medium.kind} {medium.path}")
        self._path = Path(path)
        self._medium = medium
        self._encoding = (encoding or Encoding()).segment
        self._reformatter = VideoReformatter()
        self._last: int | None = None
        self._stack = ExitStack()
        self._temp = self._stack.enter_context(atomic_file(self._path))
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None

    def write(self, frame: Frame) -> None:
        """Encodes a frame from its planes as they are.

        Raises:
            ValueError: The frame is not of a video, or not later than the one before.
            OutputError: The disk is full, or the encoder refuses the picture.
        """
        if not isinstance(frame.picture, VideoPicture):
            raise ValueError(f"Only frames of videos go into a segment. Received: {frame.key}")
        if self._last is not None and frame.key.pts <= self._last:
            raise ValueError(f"Frames must be written in order. Received: {frame.key.pts} after {self._last}")
        self._last = frame.key.pts
        with writing(self._path):
            container, stream = self._opened()
            video = self._fitting(frame.picture, stream)
            video.pict_type = 0  # As decoded it would order the encoder to make the same type again.
            container.mux(stream.encode(video))

    def close(self) -> None:
        """Finishes the file and publishes it under its name.

        Raises:
            OutputError: The disk is full.
        """
        with writing(self._path), self._stack:
            if self._container is None or self._stream is None:
                self._temp.touch()
            else:
                self._container.mux(self._stream.encode(None))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            with writing(self._path):
                self._stack.__exit__(kind, error, trace)

    def _opened(self) -> tuple[OutputContainer, VideoStream]:
        """The container and its encoder, made with the first frame."""
        if self._container is None or self._stream is None:
            medium = self._medium
            pixel_format, size = self._encoding.format_of(medium), self._encoding.size_of(medium)
            container = open_output(self._temp, self._encoding.kind.segment, medium.time_base.denominator)
            self._container = self._stack.enter_context(container)
            rate = medium.rate or _USUAL_RATE
            self._stream = add_video_stream(
                container, self._encoding, pixel_format, size, medium.time_base, rate, medium.light
            )
            self._color = encoded_color(medium, pixel_format, self._encoding.codec)
            tag_stream(self._stream, self._color, medium.sample_aspect)
        return self._container, self._stream

    def _fitting(self, picture: VideoPicture, stream: VideoStream) -> av.VideoFrame:
        """The frame in the encoder's size and format: itself, unless it is scaled or the codec cannot take it so."""
        size, wanted = (stream.width, stream.height), stream.pix_fmt
        if (picture.video.width, picture.video.height) != size:
            picture = VideoPicture(self._scaled(picture.video, size), self._medium.color)
        if wanted is None or (picture.video.format.name == wanted and self._color == self._medium.color):
            return picture.video
        return picture.converted(wanted, self._color).video

    def _scaled(self, video: av.VideoFrame, size: tuple[int, int]) -> av.VideoFrame:
        """A frame in another size: means over areas where it becomes smaller, Lanczos where larger."""
        smaller = size[0] < video.width
        kind = Interpolation.AREA if smaller else Interpolation.LANCZOS
        return self._reformatter.reformat(video, *size, video.format.name, interpolation=kind)

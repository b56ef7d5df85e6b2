"""Reading frames: all of a medium, or those of one chunk, from the nearest keyframe on."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain

import av
from av.container import InputContainer
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from ..errors import MediaError
from .container import Packet, decoded, holds_times, open_input, video_stream, whole_packets
from .frame import Frame, ImagePicture, VideoPicture
from .images import read_pixels
from .layouts import working_format
from .medium import Chunk, FrameKey, Medium
from .orientation import Orientation

_MOST_THREADS = 4
"""More cost memory (a frame each) and gain little: chunks run side by side."""


class FrameReader:
    """The frames of a medium or of one chunk, in order of presentation; can be iterated anew.

    What cannot be decoded is left out; `missing` tells how many frames that were, once the iteration is over, and
    `reasons` why, where each frame is a file of its own.
    """

    def __init__(self, medium: Medium, chunk: Chunk | None = None, pulse: Callable[[], None] | None = None) -> None:
        """Reads nothing yet; `pulse` is called with each packet of a video, a sign of life where many are skipped."""
        self.medium = medium
        self.chunk = chunk
        self._pulse = pulse or _nothing
        self.missing = 0
        self.reasons: list[str] = []

    def __iter__(self) -> Iterator[Frame]:
        return self._videos() if self.medium.kind == "video" else self._images()

    def _images(self) -> Iterator[Frame]:
        """Images by their positions."""
        self.missing = 0
        self.reasons = []
        first, last = (self.chunk.first, self.chunk.last) if self.chunk else (0, len(self.medium.images) - 1)
        for position in range(first, last + 1):
            path = self.medium.folder / self.medium.images[position]
            try:
                pixels = read_pixels(path)
            except MediaError as error:
                self.missing += 1
                self.reasons.append(str(error))
                continue
            size = pixels.shape[1], pixels.shape[0]
            yield Frame(FrameKey(path.name, 0), float(position), ImagePicture(pixels, path), Orientation(), size)

    def _videos(self) -> Iterator[Frame]:
        """Decoded frames within the chunk's times."""
        self.missing = 0
        given = 0
        feed = _Feed(self._pulse)
        with ExitStack() as stack:
            for video in self._decoded(stack, feed):
                given += 1
                yield self._frame(video)
        expected = self.chunk.count if self.chunk else max(self.medium.frames - feed.discarded, feed.shown)
        self.missing = max(0, expected - given)

    def _decoded(self, stack: ExitStack, feed: _Feed) -> Iterator[av.VideoFrame]:
        """Frames in the range, with strictly ascending times; broken files repeat some."""
        stream, packets = self._start(stack)
        timed = holds_times(stream)
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.thread_count = min(_MOST_THREADS, os.cpu_count() or 1)
        settle = _Settler(self.medium)
        previous = None
        for video in decoded(stream, feed.watch(packets, timed)):
            time = video.pts if timed else feed.next_time()
            if time is None or (previous is not None and time <= previous):
                continue
            if self.chunk and time > self.chunk.last:
                return
            previous = time
            if not self.chunk or time >= self.chunk.first:
                video.pts, video.time_base = time, self.medium.time_base
                yield settle(video)

    def _start(self, stack: ExitStack) -> tuple[VideoStream, Iterator[Packet]]:
        """The stream, and its packets from where decoding has to begin; `stack` closes the file."""
        container, stream = self._open(stack)
        packets = _seek_keyframe(container, stream, self.chunk.first) if self.chunk else None
        if packets is None:
            container, stream = self._open(stack)
            packets = whole_packets(container, stream)
        return stream, packets

    def _open(self, stack: ExitStack) -> tuple[InputContainer, VideoStream]:
        """The file at its beginning."""
        container = stack.enter_context(open_input(self.medium.path))
        return container, video_stream(container, self.medium.path)

    def _frame(self, video: av.VideoFrame) -> Frame:
        """A decoded frame with its name, its time and its way up."""
        medium = self.medium
        pts = video.pts or 0
        size = medium.orientation.size(video.width, video.height)
        picture = VideoPicture(video, medium.color)
        return Frame(FrameKey(medium.path.name, pts), float(pts * medium.time_base), picture, medium.orientation, size)


def _nothing() -> None:
    """What is done with each packet if nobody wants to know."""


def read_frames(medium: Medium) -> FrameReader:
    """All frames of a medium, in order of presentation."""
    return FrameReader(medium)


def read_chunk(medium: Medium, chunk: Chunk) -> FrameReader:
    """The frames of one chunk; decoding starts at the last keyframe at or before it."""
    return FrameReader(medium, chunk)


class _Feed:
    """What goes to a decoder: counted, and its times noted where frames do not bring the right ones along."""

    def __init__(self, pulse: Callable[[], None]) -> None:
        self._pulse = pulse
        self.shown = 0
        self.discarded = 0
        self._waiting: deque[int] = deque()

    def watch(self, packets: Iterator[Packet], timed: bool) -> Iterator[Packet]:
        """Passes packets on; `timed` tells that their frames will bring the right times along."""
        for packet in packets:
            self._pulse()
            self.shown += not packet.is_discard
            self.discarded += packet.is_discard
            if not timed and packet.pts is not None:
                self._waiting.append(packet.pts)
            yield packet

    def next_time(self) -> int | None:
        """The earliest time that no frame had so far; frames leave a decoder in the order in which they are shown."""
        return self._waiting.popleft() if self._waiting else None


class _Settler:
    """Brings frames that differ from what their samples can be worked on in to the medium's format and size."""

    def __init__(self, medium: Medium) -> None:
        self._format = working_format(medium.pixel_format)
        self._size = medium.stored_size
        self._reformatter = VideoReformatter()  # One per stream: PyAV 18 leaks one per frame otherwise.

    def __call__(self, video: av.VideoFrame) -> av.VideoFrame:
        """The frame itself, as a rule."""
        if video.format.name == self._format and (video.width, video.height) == self._size:
            return video
        return self._reformatter.reformat(video, *self._size, self._format)


def _seek_keyframe(container: InputContainer, stream: VideoStream, first: int) -> Iterator[Packet] | None:
    """Packets from a keyframe that is shown at or before `first`; None when only the beginning is left.

    A container looks places up by decoding time or by its index, so the keyframe found may be shown too late;
    then the search goes on further back.
    """
    second = round(1 / (stream.time_base or 1))
    reach = 0
    while first - reach > (stream.start_time or 0):
        try:
            container.seek(first - reach, stream=stream)
        except av.FFmpegError:
            return None
        packets = whole_packets(container, stream)
        key = next((packet for packet in packets if packet.is_keyframe), None)
        if key is not None and key.pts is not None and key.pts <= first:
            return chain([key], packets)
        reach = max(2 * reach, second)
    return None

"""Opening media files, warily: known containers only, from the file itself only, errors in one line."""

from __future__ import annotations

import errno
import math
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
from av.container import InputContainer, OutputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from ..errors import MediaError, OutputError
from ..publish import output_errors

Packet: TypeAlias = "av.Packet[VideoStream]"

_DEMUXERS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf,mxf,gif,nut"
"""No playlists, no raw streams without times, no devices, nothing that refers to other files."""

ISO = ("mp4", "mov")
"""FFmpeg's names for the containers of the ISO base media file format, which count in any unit."""

_LARGEST_SCALE = 2**31 - 1

_UNREADABLE = {
    errno.EINVAL: "its container is not one that is read here",
    errno.EACCES: "there is no permission to read it",
    errno.EISDIR: "it is a folder",
}


def open_input(path: Path) -> InputContainer:
    """Opens a video file; only the file itself is read, whatever it refers to.

    Raises:
        MediaError: There is no such file, or it is not a video in a known container.
    """
    if not path.is_file():
        raise MediaError(f"there is no file {path}; check the path")
    try:
        # An absolute path is never taken for a URL such as `concat:` or `http:`.
        return av.open(
            str(path.absolute()),
            "r",
            container_options={"format_whitelist": _DEMUXERS, "protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except (av.FFmpegError, OSError) as error:
        reason = _UNREADABLE.get(error.errno or 0, (error.strerror or str(error)).lower())
        raise MediaError(
            f"cannot read {path} as a video: {reason}; expected mp4, mov, mkv, webm, avi or the like"
        ) from error


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The stream of moving pictures, cover art left aside.

    Raises:
        MediaError: There is none that can be decoded here.
    """
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic and stream.codec_context is not None:
            return stream
    raise MediaError(f"{path} has no video stream that can be decoded; expected a video, not only sound")


def whole_packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet]:
    """The stream's packets in file order up to the end, or to where the file breaks off."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError):
            return
        if packet is None:
            return
        if packet.size and not packet.is_corrupt:
            yield packet


def decoded(stream: VideoStream, packets: Iterator[Packet]) -> Iterator[av.VideoFrame]:
    """The frames in the packets, those left inside the decoder too; packets that cannot be decoded are skipped."""
    for packet in packets:
        yield from _intact_frames(stream, packet)
    yield from _intact_frames(stream, None)


def _intact_frames(stream: VideoStream, packet: Packet | None) -> list[av.VideoFrame]:
    """What one packet brings out, without the frames that the decoder had to guess: that depends on where it began."""
    try:
        return [frame for frame in stream.decode(packet) if not frame.is_corrupt]
    except av.FFmpegError:
        return []


def holds_times(stream: VideoStream) -> bool:
    """Whether the packets say when their frames are shown.

    AVI has no such times. FFmpeg works them out for older codecs, but gives the frames of H.264 and HEVC, which
    may lie in another order than they are shown in, the times of their places in the file.
    """
    return stream.container.format.name != "avi" or stream.codec_context.name not in ("h264", "hevc")


def open_output(path: Path, kind: str, scale: int, *rates: int) -> OutputContainer:
    """Opens a container that keeps times as exactly as it can.

    Args:
        path: The file.
        kind: FFmpeg's name for the container. Matroska counts milliseconds whatever it is told.
        scale: Ticks of the pictures in a second.
        rates: Samples of each sound in a second.
    """
    if kind not in ISO:
        # Sound that begins before the pictures, as AAC does, moves all times in Matroska otherwise.
        return av.open(str(path), "w", format=kind, container_options={"avoid_negative_ts": "disabled"})
    exact = math.lcm(scale, *rates)
    options = {
        "movflags": "+faststart",
        "video_track_timescale": str(scale),
        "movie_timescale": str(exact if exact <= _LARGEST_SCALE else scale),
    }
    return av.open(str(path), "w", format=kind, container_options=options)


def stream_time_base(stream: VideoStream) -> Fraction:
    """The unit of the stream's times, in seconds."""
    return stream.time_base or Fraction(1, av.time_base)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what goes wrong in writing a medium into an OutputError of one line."""
    with output_errors(path):
        try:
            yield
        except av.FFmpegError as error:
            if isinstance(error, OSError):
                raise
            reason = (error.strerror or str(error)).lower()
            raise OutputError(f"cannot write {path}: {reason}; try another codec, pixel format or ending") from error

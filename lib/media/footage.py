"""Writing a new video from RGB pictures and, if wanted, a sound track."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from ..publish import atomic_file
from .codecs import VIDEO_ENDINGS
from .container import writing
from .encoding import Encoding, add_video_stream, require_video_output
from .frame import VideoPicture
from .images import Finish
from .tagging import HD, tag_stream


@contextmanager
def _finishing(temp: Path, path: Path, finish: Finish) -> Iterator[None]:
    """Finishes a file that was written without an error inside."""
    yield
    finish(temp, path)


class VideoWriter:
    """Writes RGB pictures at a steady rate, and int16 stereo sound beside them.

    The file appears under its name when the writer is closed; leaving the `with` block by an error makes none.
    """

    def __init__(
        self,
        path: str | Path,
        width: int,
        height: int,
        rate: Fraction | int,
        encoding: Encoding | None = None,
        audio_rate: int | None = None,
        audio_codec: str = "aac",
        finish: Finish | None = None,
    ) -> None:
        """Opens a video.

        Args:
            path: Ends in one of `VIDEO_ENDINGS` that the codec goes with; the folder must exist.
            width: Of the pictures.
            height: Of the pictures.
            rate: Pictures per second.
            encoding: Default: H.264 with `yuv420p`, which every player can show.
            audio_rate: Samples per second of the sound track; None for none.
            audio_codec: `aac` or the lossless `flac`.
            finish: Called with the whole file before it gets its name.

        Raises:
            OutputError: The ending is unknown or the folder is missing.
        """
        self._path = Path(path)
        encoding = encoding or Encoding(pixel_format="yuv420p")
        require_video_output(self._path, encoding)
        if encoding.kind.animation:
            raise ValueError(f"`encoding` must be that of a video. Received: {encoding.codec}")
        self._size = (width, height)
        self._frames = 0
        self._samples = 0
        self._stack = ExitStack()
        temp = self._stack.enter_context(atomic_file(self._path))
        if finish:
            self._stack.enter_context(_finishing(temp, self._path, finish))
        name = VIDEO_ENDINGS[self._path.suffix.lower()]
        self._container = self._stack.enter_context(av.open(str(temp), "w", format=name))
        pixel_format = encoding.format_for("yuv420p", width, height)
        self._time_base = 1 / Fraction(rate)
        self._video = add_video_stream(
            self._container, encoding, pixel_format, self._size, self._time_base, Fraction(rate)
        )
        tag_stream(self._video, HD, Fraction(1))
        self._audio: AudioStream | None = None
        if audio_rate is not None:
            sound = self._container.add_stream(audio_codec, rate=audio_rate, layout="stereo")
            self._audio = cast(AudioStream, sound)

    def write(self, pixels: NDArray[np.uint8]) -> None:
        """Adds the next picture.

        Args:
            pixels: uint8 RGB `[height width 3]`.

        Raises:
            ValueError: The picture has another shape or type.
            OutputError: The disk is full.
        """
        width, height = self._size
        if pixels.shape != (height, width, 3) or pixels.dtype != np.uint8:
            raise ValueError(f"`pixels` must be uint8 [{height} {width} 3]. Received: {pixels.dtype} {pixels.shape}")
        video = VideoPicture.of(pixels, self._video.pix_fmt or "yuv420p", HD).video
        video.pts, video.time_base = self._frames, self._time_base
        self._frames += 1
        with writing(self._path):
            self._container.mux(self._video.encode(video))

    def write_audio(self, samples: NDArray[np.int16]) -> None:
        """Adds sound; pieces of any length, each following the one before.

        Args:
            samples: int16 `[samples 2]`, left and right.

        Raises:
            ValueError: The writer was opened without a sound track, or the array is of another shape or type.
            OutputError: The disk is full.
        """
        if self._audio is None:
            raise ValueError("Sound needs a writer with `audio_rate`. Received: audio_rate=None")
        if samples.ndim != 2 or samples.shape[1] != 2 or samples.dtype != np.int16:
            raise ValueError(f"`samples` must be int16 [samples 2]. Received: {samples.dtype} {samples.shape}")
        sound = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.reshape(1, -1)), "s16", "stereo")
        rate = self._audio.codec_context.sample_rate
        sound.sample_rate, sound.pts, sound.time_base = rate, self._samples, Fraction(1, rate)
        self._samples += len(samples)
        with writing(self._path):
            self._container.mux(self._audio.encode(sound))

    def close(self) -> None:
        """Finishes the file and publishes it under its name.

        Raises:
            OutputError: The disk is full.
        """
        with writing(self._path), self._stack:
            for stream in (self._video, self._audio):
                if stream is not None:
                    self._container.mux(stream.encode(None))

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

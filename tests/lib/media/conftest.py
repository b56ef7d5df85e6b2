"""Tiny videos made with PyAV itself, so that what the tests read does not come from the code under test.

It makes `rewriting` importable, too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

_HERE = str(Path(__file__).parent)
if _HERE not in sys.path:
    sys.path.append(_HERE)

MakeVideo = Callable[..., Path]


def picture(index: int, width: int, height: int) -> np.ndarray:
    """A smooth picture that differs from frame to frame: uint8 RGB."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [np.sin((x + 3 * index) / 9), np.cos((y + 2 * index) / 7), np.sin((x + y + 5 * index) / 11)]
    return np.uint8(np.rint(127.5 + 90 * np.stack(waves, -1)))


@pytest.fixture
def made_picture() -> Callable[[int, int, int], np.ndarray]:
    """The picture of a frame of `make_video` by its number, width and height."""
    return picture


@pytest.fixture
def make_video(tmp_path: Path) -> MakeVideo:
    """Writes a video and gives its path; every frame is another picture."""

    def make(
        name: str = "clip.mp4",
        times: Sequence[int] | int = 20,
        size: tuple[int, int] = (64, 48),
        codec: str = "libx264",
        pixel_format: str = "yuv420p",
        time_base: Fraction = Fraction(1, 25),
        gop: int = 8,
        b_frames: int = 0,
        options: dict[str, str] | None = None,
        container_options: dict[str, str] | None = None,
        rotation: int | None = None,
        color: dict[str, int] | None = None,
        audio: str | None = None,
        audio_start: int = 0,
    ) -> Path:
        times = range(times) if isinstance(times, int) else times
        path = tmp_path / name
        options = dict(options or {})
        if codec == "libx264":  # Without this, x264 does not write the same file twice on CPUs with AVX-512.
            options["x264-params"] = ":".join([options.get("x264-params", "sync-lookahead=0"), "cpu-independent=1"])
        with av.open(str(path), "w", container_options=container_options or {}) as container:
            stream: Any = container.add_stream(codec, rate=Fraction(25), options=options)
            stream.width, stream.height, stream.pix_fmt = *size, pixel_format
            stream.codec_context.time_base = stream.time_base = time_base
            stream.codec_context.thread_count = 1
            stream.codec_context.gop_size, stream.codec_context.max_b_frames = gop, b_frames
            for key, value in (color or {}).items():
                setattr(stream.codec_context, key, value)
            if rotation is not None:
                stream.set_display_rotation(rotation)
            sound = _add_sound(container, audio)
            for index, time in enumerate(times):
                frame = av.VideoFrame.from_ndarray(picture(index, *size), "rgb24").reformat(format=pixel_format)
                frame.pts, frame.time_base = time, time_base
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
            _write_sound(container, sound, len(times), audio_start)
        return path

    return make


def _add_sound(container: Any, codec: str | None) -> Any:
    return container.add_stream(codec, rate=44100, layout="stereo") if codec else None


def _write_sound(container: Any, stream: Any, frames: int, start: int) -> None:
    """A tone as long as the pictures at 25 Hz."""
    if stream is None:
        return
    time = np.arange(44100 * frames // 25) / 44100
    tone = np.int16(8000 * np.sin(2 * np.pi * 440 * time))
    sound = av.AudioFrame.from_ndarray(np.repeat(tone, 2)[None], "s16", "stereo")
    sound.sample_rate, sound.pts, sound.time_base = 44100, start, Fraction(1, 44100)
    container.mux(stream.encode(sound))
    container.mux(stream.encode(None))

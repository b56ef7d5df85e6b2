"""The codecs that videos are written in: their encoders, what these can hold, and where."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import av

from ..errors import OutputError
from .layouts import LAYOUTS
from .light import LightWords

Options = dict[str, str]

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
"""How much time an encoder takes, in the words of x264; other encoders count, see `_SVT_PRESETS` and `_VPX_SPEEDS`."""

VIDEO_ENDINGS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".gif": "gif",
    ".webp": "webp",
}
"""The endings that a video can be written under, with FFmpeg's names for their containers."""

_SAME_ON_EVERY_CPU = "cpu-independent=1"
"""Without it, x264's rate control differs from CPU to CPU, and with AVX-512 even from run to run."""

os.environ.setdefault("SVT_LOG", "1")  # The encoder of AV1 prints its settings otherwise; 1 leaves errors.

_SVT_PRESETS = dict(zip(PRESETS, (12, 11, 10, 9, 8, 7, 5, 4, 2), strict=True))
_VPX_SPEEDS = dict(zip(PRESETS, (8, 7, 6, 5, 4, 3, 2, 1, 0), strict=True))


@dataclass(frozen=True)
class Codec:
    """What is known of a codec.

    Attributes:
        encoder: FFmpeg's name of its encoder.
        endings: Those of `VIDEO_ENDINGS` that it goes with.
        options: From quality and preset to the encoder's own options.
        crf: The quality when nobody chooses; None where it cannot be chosen.
        worst: The largest `crf`.
        lossless: Whether `crf` 0, or all that it can, gives back every sample as it was.
        odd_sizes: Whether it takes pictures that are no whole number of chroma samples wide or high.
        threads: How the encoder's threads divide the work.
        animation: Whether it is an image format whose pictures are RGB, and which is written in one go.
        light: By what words the encoder takes how bright HDR is; None for not at all.
        segment: The container of segments: NUT keeps every time base exactly, as Matroska (milliseconds) does not, but
            takes no ProRes.
    """

    encoder: str
    endings: tuple[str, ...]
    options: Callable[[float, str], Options] = lambda crf, preset: {}
    crf: float | None = None
    worst: float = 51
    lossless: bool = False
    odd_sizes: bool = True
    threads: str = "FRAME"
    animation: bool = False
    light: LightWords | None = None
    segment: str = "nut"

    def pixel_formats(self) -> tuple[str, ...]:
        """The pixel formats that it takes, of those that samples are worked on in."""
        offered = {form.name for form in av.Codec(self.encoder, "w").video_formats or ()}
        return tuple(name for name in LAYOUTS if name in offered)


def _x264(crf: float, preset: str) -> Options:
    quality = {"qp": "0"} if crf == 0 else {"crf": str(crf)}
    return {"preset": preset, "x264-params": _SAME_ON_EVERY_CPU, **quality}


def _x265(crf: float, preset: str) -> Options:
    quality = {} if crf == 0 else {"crf": str(crf)}
    return {"preset": preset, "x265-params": "log-level=none" + (":lossless=1" if crf == 0 else ""), **quality}


def _svt_av1(crf: float, preset: str) -> Options:
    return {"preset": str(_SVT_PRESETS[preset]), "crf": str(round(crf))}


def _vpx_vp9(crf: float, preset: str) -> Options:
    quality = {"lossless": "1"} if crf == 0 else {"crf": str(round(crf)), "b": "0"}
    return {"deadline": "good", "cpu-used": str(_VPX_SPEEDS[preset]), "row-mt": "1", **quality}


def _prores(crf: float, preset: str) -> Options:
    return {"profile": "hq", "vendor": "apl0"}


def _ffv1(crf: float, preset: str) -> Options:
    return {"level": "3", "slicecrc": "1"}


def _webp(crf: float, preset: str) -> Options:
    return {"lossless": "1"} if crf == 0 else {"quality": str(100 - crf)}


_MP4 = (".mp4", ".m4v")

_X264_LIGHT = LightWords("x264-params", "mastering-display", "cll")
_X265_LIGHT = LightWords("x265-params", "master-display", "max-cll")
_SVT_LIGHT = LightWords("svtav1-params", "mastering-display", "content-light", whole=False)

CODECS = {
    "h264": Codec("libx264", (*_MP4, ".mov", ".mkv"), _x264, 18, lossless=True, odd_sizes=False, light=_X264_LIGHT),
    "hevc": Codec("libx265", (*_MP4, ".mov", ".mkv"), _x265, 20, lossless=True, odd_sizes=False, light=_X265_LIGHT),
    "vp9": Codec("libvpx-vp9", (".webm", *_MP4, ".mkv"), _vpx_vp9, 24, 63, lossless=True),
    "av1": Codec("libsvtav1", (*_MP4, ".mkv", ".webm"), _svt_av1, 24, 63, light=_SVT_LIGHT),
    "prores": Codec("prores_ks", (".mov", ".mkv"), _prores, threads="SLICE", segment="mov"),
    "ffv1": Codec("ffv1", (".mkv", *_MP4), _ffv1, lossless=True, threads="SLICE"),
    "gif": Codec("gif", (".gif",), animation=True),
    "webp": Codec("libwebp_anim", (".webp",), _webp, 10, 100, animation=True),
}
"""Codecs by the names that people know them by; the first that goes with an ending is its default."""


@cache
def built_in() -> tuple[str, ...]:
    """The codecs whose encoder the installed PyAV has."""
    return tuple(name for name, codec in CODECS.items() if codec.encoder in av.codecs_available and _is_there(codec))


def _is_there(codec: Codec) -> bool:
    try:
        return bool(av.Codec(codec.encoder, "w"))
    except ValueError:  # PyAV raises its own kind of it for a decoder of that name.
        return False


def codec_for(ending: str) -> str:
    """The codec that a video gets when nobody chooses: the first that goes with its ending; h264 where none does."""
    able = [name for name in built_in() if ending in CODECS[name].endings]
    return able[0] if able else "h264"


def require_built_in(name: str) -> None:
    """Refuses a codec that the installed PyAV cannot write.

    Raises:
        OutputError: Its encoder is missing; the message lists those that are there.
    """
    if name not in built_in():
        raise OutputError(f"codec {name} is not built into the installed PyAV; those that are: {', '.join(built_in())}")

"""Outputs that cannot be written are refused before any work is done."""

from __future__ import annotations

import json
from pathlib import Path

from ...lib.media import VIDEO_ENDINGS, Encoding, Medium, require_video_output
from ..errors import OutputError
from .outputs import is_video

_LOSSY_ENDINGS = (".jpg",)


def require_output(path: Path, medium: Medium, encoding: Encoding, image_ending: str | None = None) -> None:
    """Refuses, before any work is done, an output that cannot be written.

    Args:
        path: The output.
        medium: The footage.
        encoding: How a video is encoded.
        image_ending: That of images; None keeps their own.

    Raises:
        OutputError: The folder around it is missing, images are to become a video, a file is in the way of a
            folder, the output is the medium itself, or cannot be `lossless`.
    """
    _require_other(path, medium)
    if is_video(path):
        if medium.kind != "video":
            raise OutputError(
                f"cannot write {path}: {medium.path} has no timing; name a folder, and make a video of it with "
                "`faceswap assemble`"
            )
        require_video_output(path, encoding)
        encoding.format_of(medium)
    elif path.suffix and not path.is_dir():
        known = " ".join(VIDEO_ENDINGS)
        raise OutputError(f"cannot write {path}: unknown ending {path.suffix!r}; use one of {known} or name a folder")
    elif encoding.lossless and (medium.kind == "video" or image_ending in _LOSSY_ENDINGS):
        raise OutputError(
            f"cannot write {path} without loss: images of RGB do not hold every sample of a video's planes, and jpg "
            "none; name a video, or leave out `lossless`"
        )


def _require_other(path: Path, medium: Medium) -> None:
    """Raises OutputError where the output is the footage, by whatever name, or would be written over its images."""
    taken = {file.parent if medium.images else file for file in medium.files}
    if any(same_place(path, place) for place in (medium.path, *taken)):
        raise OutputError(f"{path} is the footage itself; choose another output")


def require_no_extracted_frames(path: Path) -> None:
    """Refuses a folder of frames that were taken out of a video: converted ones have the same names.

    Raises:
        OutputError: It is one.
    """
    records = sorted((path / "runs").glob("*.json")) if path.is_dir() else []
    if any(json.loads(record.read_bytes()).get("command") == "frames" for record in records):
        raise OutputError(f"{path} holds the images that `faceswap frames` made; choose another output")


def same_place(path: Path, other: Path) -> bool:
    """Whether two names lead to one file or folder, also by links."""
    try:
        return path.samefile(other)
    except OSError:
        return path.resolve() == other.resolve()

"""Outputs that cannot be written are refused before any work is done."""

from __future__ import annotations

import json
from pathlib import Path

from ...lib.media import VIDEO_ENDINGS, Encoding, Medium, probe, require_video_output
from ..errors import MediaError, OutputError
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
    require_other(path, medium)
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


def require_other(path: Path, medium: Medium, what: str = "the footage itself") -> None:
    """Refuses an output that is a medium of the run, by whatever name, or would be written over its images.

    Args:
        path: The output.
        medium: The medium.
        what: The medium as the message calls it.

    Raises:
        OutputError: It is.
    """
    taken = {file.parent if medium.images else file for file in medium.files}
    if any(_same_place(path, place) for place in (medium.path, *taken)):
        raise OutputError(f"{path} is {what}; choose another output")


def require_video(path: Path, purpose: str) -> Medium:
    """Refuses what is no video where only a video will do.

    Args:
        path: What was given.
        purpose: What is wanted of the video, as the message ends.

    Returns:
        The video.

    Raises:
        MediaError: It is none, or cannot be read.
    """
    medium = probe(path)
    if medium.kind != "video":
        raise MediaError(f"{path} is no video; expected one {purpose}")
    return medium


def require_no_extracted_frames(path: Path) -> None:
    """Refuses a folder of frames that were taken out of a video: converted ones have the same names.

    Raises:
        OutputError: It is one.
    """
    records = sorted((path / "runs").glob("*.json")) if path.is_dir() else []
    if any(json.loads(record.read_bytes()).get("command") == "frames" for record in records):
        raise OutputError(f"{path} holds the images that `faceswap frames` made; choose another output")


def _same_place(path: Path, other: Path) -> bool:
    """Whether two names lead to one file or folder, also by links."""
    try:
        return path.samefile(other)
    except OSError:
        return path.resolve() == other.resolve()

"""Which files hold a manifest inside, and where it lies for the others."""

from __future__ import annotations

from pathlib import Path

_EMBEDDED = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
}
_BESIDE = {".mkv": "video/x-matroska", ".webm": "video/webm", ".bmp": "image/bmp"}

SIDECAR_ENDING = ".c2pa"
UNKNOWN = "application/octet-stream"


def media_type(name: Path) -> str:
    """The media type that a file's ending names; `UNKNOWN` where it names none that is written or read here."""
    ending = name.suffix.lower()
    return _EMBEDDED.get(ending) or _BESIDE.get(ending) or UNKNOWN


def is_medium(name: Path) -> bool:
    """Whether a file's ending is that of an image or a video."""
    return media_type(name) != UNKNOWN


def embeds(name: Path) -> bool:
    """Whether the manifest of a file lies within it."""
    return name.suffix.lower() in _EMBEDDED


def sidecar_of(name: Path) -> Path:
    """Where the manifest of a file lies that cannot hold it: `clip.mkv` -> `clip.c2pa`, as the standard says."""
    return name.with_suffix(SIDECAR_ENDING)

"""Frames as images in a folder."""

from __future__ import annotations

from pathlib import Path

from ..errors import OutputError
from ..publish import publish_bytes, require_parent
from .frame import Frame, ImagePicture
from .images import IMAGE_ENDINGS, Finish, write_image


class ImageFolder:
    """Writes frames into a folder, one atomic file each, under names that depend on the frame alone."""

    def __init__(self, folder: str | Path, ending: str | None = None, quality: int = 95) -> None:
        """Makes the folder, if it is not there; the folder that it lies in must exist.

        Args:
            folder: Where the images go.
            ending: For example `.jpg`; None keeps that of an image, and takes `.png` for frames of a video.
            quality: Of jpg and webp, 1..100.

        Raises:
            OutputError: The ending is unknown, the folder cannot be made, or a file is in its way.
        """
        if ending is not None and ending.lower() not in IMAGE_ENDINGS:
            raise OutputError(f"unknown image ending {ending!r}; use one of {' '.join(IMAGE_ENDINGS)}")
        self.folder = Path(folder)
        require_parent(self.folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise OutputError(f"cannot write images to {self.folder}: a file of that name is in the way")
        self.folder.mkdir(exist_ok=True)
        self._ending = ending
        self._quality = quality

    def path_of(self, frame: Frame) -> Path:
        """Where a frame goes: `<image name>`, or `<video name>_<pts, 9 digits>.png`."""
        source = Path(frame.key.source)
        if isinstance(frame.picture, ImagePicture):
            return self.folder / (source.stem + (self._ending or source.suffix))
        return self.folder / f"{source.stem}_{frame.key.pts:09d}{self._ending or '.png'}"

    def write(self, frame: Frame, xmp: bytes | None = None, finish: Finish | None = None) -> Path:
        """Writes a frame; an image in which nothing was changed is copied byte for byte.

        Args:
            frame: The frame.
            xmp: Metadata for an image that is no such copy.
            finish: Called with an image that is no such copy before it gets its name.

        Returns:
            The file that was written.

        Raises:
            OutputError: The disk is full.
        """
        path = self.path_of(frame)
        if not isinstance(frame.picture, ImagePicture):
            write_image(path, frame.image(), self._quality, xmp=xmp, finish=finish)
        elif not frame.changed and path.suffix == frame.picture.path.suffix:
            publish_bytes(path, frame.picture.path.read_bytes())
        else:
            write_image(path, frame.picture.pixels, self._quality, xmp=xmp, finish=finish)
        return path

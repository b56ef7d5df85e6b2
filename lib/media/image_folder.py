"""Frames as images in a folder."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ..errors import OutputError
from ..publish import output_errors, publish_bytes, require_folder, require_parent
from .frame import Frame, ImagePicture
from .images import DEEP_ENDINGS, IMAGE_ENDINGS, Finish, Pixels, write_image


class ImageFolder:
    """Writes frames into a folder, one atomic file each, under names that depend on the frame alone."""

    def __init__(self, folder: str | Path, ending: str | None = None, quality: int = 95, scale: float = 1.0) -> None:
        """Makes the folder, if it is not there; the folder that it lies in must exist.

        Args:
            folder: Where the images go.
            ending: For example `.jpg`; None keeps that of an image, and takes `.png` for frames of a video.
            quality: Of jpg and webp, 1..100.
            scale: Size of the images over that of the frames.

        Raises:
            OutputError: The ending is unknown, the folder cannot be made, or a file is in its way.
        """
        if ending is not None and ending.lower() not in IMAGE_ENDINGS:
            raise OutputError(f"unknown image ending {ending!r}; use one of {' '.join(IMAGE_ENDINGS)}")
        self.folder = Path(folder)
        require_parent(self.folder)
        require_folder(self.folder)
        with output_errors(self.folder):
            self.folder.mkdir(exist_ok=True)
        self._ending = ending
        self._quality = quality
        self._scale = scale

    def path_of(self, frame: Frame) -> Path:
        """Where a frame goes: `<image name>`, or as `video_name` says."""
        source = Path(frame.key.source)
        if isinstance(frame.picture, ImagePicture):
            return self.folder / (source.stem + (self._ending or source.suffix))
        return self.video_path(source.stem, frame.key.pts)

    def video_path(self, stem: str, pts: int) -> Path:
        """Where the frame of a video goes that is shown at a time: `<video name>_<pts, 9 digits>.png`."""
        return self.folder / f"{stem}_{pts:09d}{self._ending or '.png'}"

    def write(self, frame: Frame, xmp: bytes | None = None, finish: Finish | None = None) -> Path:
        """Writes a frame, at its own depth where the format can; an image that did not change is copied byte for byte.

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
        if self._is_copy(frame, path) and isinstance(frame.picture, ImagePicture):
            publish_bytes(path, frame.picture.path.read_bytes())
        else:
            pixels = frame.pixels() if path.suffix.lower() in DEEP_ENDINGS else frame.image()
            write_image(path, self._scaled(pixels), self._quality, xmp=xmp, finish=finish)
        return path

    def _is_copy(self, frame: Frame, path: Path) -> bool:
        """Whether an image would come out as it came in."""
        picture = frame.picture
        same = isinstance(picture, ImagePicture) and path.suffix == picture.path.suffix
        return same and not frame.changed and self._scale == 1

    def _scaled(self, pixels: Pixels) -> Pixels:
        if self._scale == 1:
            return pixels
        height, width = (max(1, round(side * self._scale)) for side in pixels.shape[:2])
        kind = cv2.INTER_AREA if self._scale < 1 else cv2.INTER_LANCZOS4
        return np.asarray(cv2.resize(pixels, (width, height), interpolation=kind))

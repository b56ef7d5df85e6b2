"""What is meant by paths that a user gives: videos, images, and folders of both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import MediaError
from .images import IMAGE_ENDINGS, list_images, natural_key

VIDEO_INPUT_ENDINGS = (
    *(".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".vob"),
    *(".flv", ".ogv", ".wmv", ".asf", ".mxf", ".gif", ".nut"),
)
"""The files that are taken for videos in a folder; a file that is named itself may have any ending."""


@dataclass(frozen=True)
class Gathered:
    """One medium, not yet opened: a video, or images that lie in one folder.

    Attributes:
        path: The video, or the folder of the images.
        images: File names of the images in the order of the frames; none for a video.
    """

    path: Path
    images: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it is made of; their names are those that its frames bear."""
        return tuple(self.path / name for name in self.images) or (self.path,)

    @property
    def label(self) -> Path:
        """What messages call it: a single image by its own name."""
        return self.files[0] if len(self.images) == 1 else self.path

    def only(self, names: Iterable[str]) -> Gathered:
        """Those of its images that have one of these names; a video as it is."""
        wanted = set(names)
        return replace(self, images=tuple(name for name in self.images if name in wanted))


def gather(paths: Iterable[Path]) -> list[Gathered]:
    """Finds the media that are meant by paths; nothing is opened.

    Of a folder its images are one medium and each of its videos another; what lies in its subfolders is left out.
    Images that are named one by one are one medium for each folder that they lie in. What is meant twice comes once.

    Raises:
        MediaError: There is nothing at a path, or a folder holds no media.
    """
    found: dict[Path, Gathered] = {}
    for path in paths:
        for medium in _at(path):
            key = medium.path.absolute()
            before = found.get(key, replace(medium, images=()))
            found[key] = replace(before, images=tuple(dict.fromkeys((*before.images, *medium.images))))
    return list(found.values())


def _at(path: Path) -> list[Gathered]:
    if path.is_dir():
        return _in_folder(path)
    if not path.is_file():
        raise MediaError(f"there is no file or folder {path}; check the path")
    return [Gathered(path.parent, (path.name,)) if path.suffix.lower() in IMAGE_ENDINGS else Gathered(path)]


def _in_folder(folder: Path) -> list[Gathered]:
    try:
        images = tuple(list_images(folder))
        videos = [entry for entry in folder.iterdir() if _is_video(entry)]
    except OSError as error:
        raise MediaError(f"cannot read the folder {folder}: {(error.strerror or str(error)).lower()}") from error
    if not images and not videos:
        endings = " ".join((*IMAGE_ENDINGS, *VIDEO_INPUT_ENDINGS))
        raise MediaError(
            f"the folder {folder} holds no images and no videos (its subfolders are not searched); expected files "
            f"ending in {endings}"
        )
    films = [Gathered(entry) for entry in sorted(videos, key=lambda entry: natural_key(entry.name))]
    return [Gathered(folder, images), *films] if images else films


def _is_video(entry: Path) -> bool:
    return entry.suffix.lower() in VIDEO_INPUT_ENDINGS and not entry.name.startswith(".") and entry.is_file()

"""A folder in which people look through faces in some order and delete what they do not want.

A faceset keeps its crop images by name; here they lie as numbered links or copies. What is missing among them later was
deleted by a person.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from .crops import crop_path
from .errors import OutputError, StoreError
from .publish import output_errors, require_parent, temp_path

_SHOWN = ".faces.json"
"""Which faces a folder showed, and of which faceset."""

_NAME = re.compile(r".*_([0-9a-f]{20})\.jpg")


def write_browsing(
    faceset: Path, output: Path, groups: Mapping[str, Sequence[tuple[str, str]]], copy: bool = False
) -> None:
    """Makes a folder of faces.

    Args:
        faceset: The faceset's folder.
        output: The folder to make; the folder around it must exist.
        groups: Name of a subfolder ("" for none) -> the faces in it in order, as their name and a word on each.
        copy: Copies instead of links, for a folder that goes elsewhere. Where the system allows no links, they are
            copies anyway.

    Raises:
        OutputError: Something has the name already, or it cannot be written.
    """
    require_parent(output)
    if os.path.lexists(output):
        raise OutputError(f"cannot write {output}: it exists already; choose another folder or delete it first")
    temp = temp_path(output)
    shown = [face for group in groups.values() for face, _ in group]
    try:
        with output_errors(output):
            temp.mkdir()
            for name, faces in groups.items():
                (temp / name).mkdir(exist_ok=True)
                _fill(faceset, temp / name, faces, copy)
            (temp / _SHOWN).write_text(json.dumps({"faceset": str(faceset.resolve()), "faces": shown}))
            temp.rename(output)
    finally:
        shutil.rmtree(temp, ignore_errors=True)


def deleted_in(faceset: Path, folder: Path) -> list[str]:
    """The faces that were deleted in a folder of `write_browsing`, in the order in which they were shown.

    Raises:
        StoreError: It is no such folder, shows another faceset, or holds no face at all any more.
    """
    try:
        told = json.loads((folder / _SHOWN).read_text())
        home, shown = Path(told["faceset"]), list(map(str, told["faces"]))
    except (OSError, ValueError, TypeError, KeyError):
        raise StoreError(f"{folder} was not made by `faceswap faceset sort` or `group` with --out") from None
    if home != faceset.resolve():
        raise StoreError(f"{folder} shows the faceset {home}, not {faceset}; sort or group that one anew")
    names = (_NAME.fullmatch(name) for _, _, files in os.walk(folder) for name in files)
    left = {match[1] for match in names if match}
    if shown and not left:
        raise StoreError(f"{folder} holds no face any more; to remove a whole faceset, delete its folder")
    return [face for face in shown if face not in left]


def _fill(faceset: Path, folder: Path, faces: Sequence[tuple[str, str]], copy: bool) -> None:
    digits = len(str(len(faces)))
    for number, (face, word) in enumerate(faces, 1):
        place = folder / f"{number:0{digits}d}_{word}_{face}.jpg"
        crop = crop_path(faceset.resolve(), face)
        if copy or not _linked(place, crop):
            shutil.copyfile(crop, place)


def _linked(place: Path, crop: Path) -> bool:
    try:
        place.symlink_to(crop)
    except OSError:
        return False
    return True

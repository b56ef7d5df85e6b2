"""Swapped faces as files for an external compositor: patch, mask, and where in the frame they lie."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...lib.media import Medium
from ...lib.provenance.pictures import write_sealed
from ...lib.provenance.signing import Sealer
from ...lib.publish import atomic_file, output_errors, publish_bytes, require_folder, require_parent, sweep
from ..errors import OutputError
from .models import Floats
from .stream import Work

PatchFormat = Literal["png", "png16", "tiff", "tiff16"]
INDEX = "patches.jsonl"
PART_ENDING = ".patches"
"""Of a chunk's part of the index, which lies among the parts of the output."""

Record = dict[str, Any]


class PatchFolder:
    """Writes the faces of frames into a folder, two files for each, under names that depend on frame and face alone.

    Args:
        folder: The folder; it is made if it is not there.
        medium: The original.
        form: File format and depth.
        people: The person of each model, by its number; empty where a model is for everybody.
        sealer: What the pictures are sealed by; None for not at all.

    Raises:
        OutputError: The folder cannot be made.
    """

    def __init__(
        self,
        folder: Path,
        medium: Medium,
        form: PatchFormat,
        people: tuple[str, ...] = (),
        sealer: Sealer | None = None,
    ) -> None:
        self._folder, self._medium, self._people, self._sealer = folder, medium, people, sealer
        self._ending, self._most = f".{form.removesuffix('16')}", 65535 if form.endswith("16") else 255
        with output_errors(folder):
            folder.mkdir(exist_ok=True)
        sweep(folder)

    def write(self, work: Work) -> None:
        """Writes a finished frame's faces; may be called by several threads at once.

        Raises:
            OutputError: The disk is full.
        """
        original = self._medium.folder / work.frame.key.source
        for record, patch in zip(self.records(work), work.patches, strict=True):
            for name, pixels in (("patch", patch.faces[0]), ("mask", patch.masks[0])):
                write_sealed(self._folder / record[name], self._quantized(pixels), self._sealer, original)

    def records(self, work: Work) -> Iterator[Record]:
        """What the index says of a frame's faces, far to near; but for the frame's number, see `publish`."""
        key, frame = work.frame.key, work.frame
        stem = key.source if self._medium.images else f"{Path(key.source).stem}_{key.pts:09d}"
        for number, (patch, model) in enumerate(zip(work.patches, work.swapped, strict=True)):
            person = self._people[model] if self._people else ""
            yield {
                "source": key.source,
                "pts": key.pts,
                "place": work.place,
                "seconds": frame.time,
                "width": frame.width,
                "height": frame.height,
                "patch": f"{stem}_{number}{self._ending}",
                "mask": f"{stem}_{number}_mask{self._ending}",
                "matrix": patch.matrix[0].astype(float).tolist(),
                "track": patch.track[0],
                **({"person": person} if person else {}),
            }

    def note(self, part: Path, records: Iterable[Record]) -> None:
        """Writes what the index will say of a chunk's faces.

        Raises:
            OutputError: The disk is full.
        """
        publish_bytes(part, "".join(f"{json.dumps(record)}\n" for record in records).encode())

    def holds(self, part: Path) -> bool:
        """Whether a chunk's part of the index is there, and the files of all faces that it tells of."""
        if not part.exists():
            return False
        files = (self._folder / record[name] for record in _read(part) for name in ("patch", "mask"))
        return all(file.exists() for file in files)

    def publish(self, parts: Iterable[Path], numbers: Mapping[int, int]) -> None:
        """Joins the parts of the index, a line of JSON for each face.

        Args:
            parts: Those of the chunks, in order.
            numbers: The number of the frame at each place.

        Raises:
            OutputError: The disk is full.
        """
        with atomic_file(self._folder / INDEX) as temp, temp.open("w", encoding="utf-8") as index:
            for record in (record for part in parts for record in _read(part)):
                number = numbers[record.pop("place")]
                index.write(json.dumps({"frame": number, **record}) + "\n")

    def _quantized(self, pixels: Floats) -> NDArray[np.uint8] | NDArray[np.uint16]:
        steps = np.rint(np.clip(pixels, 0, 1) * self._most)
        return steps.astype(np.uint16) if self._most > 255 else steps.astype(np.uint8)


def _read(part: Path) -> Iterator[Record]:
    with part.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def require_patch_folder(folder: Path, medium: Medium, output: Path) -> None:
    """Refuses, before any work is done, a folder that patches cannot go to.

    Raises:
        OutputError: The folder around it is missing, a file is in its way, or it holds the footage or the output.
    """
    require_parent(folder)
    require_folder(folder)
    taken = {output.resolve(), *([medium.folder.resolve()] if medium.images else [])}
    if folder.resolve() in taken:
        raise OutputError(f"--patch {folder} holds other images; choose a folder of its own for the patches")

"""The report of `bench quality`: a row for each model between `no swap` and `truth`, as table, Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...lib.contact_sheet import contact_sheet
from ...lib.media import write_image
from ...lib.publish import publish_bytes
from ..demo.yardstick import Identity
from .quality_measure import Acting, Likeness, Picture
from .timed_training import Trained

NO_SWAP, TRUTH = "no swap", "truth"

_COLUMNS = {
    "backend": ("backend", ""),
    "minutes": ("minutes", ".1f"),
    "iterations": ("iterations", "d"),
    "faces_per_second": ("faces/s", ".1f"),
    "psnr": ("PSNR dB", ".2f"),
    "ssim": ("SSIM", ".3f"),
    "flicker": ("flicker", ".2f"),
    "found": ("faces found", ".0%"),
    "identity_to_source": ("to source", ".3f"),
    "identity_to_target": ("to target", ".3f"),
    "share_nearer_source": ("nearer source", ".0%"),
    "expression": ("expression %", ".2f"),
    "yaw": ("yaw deg", ".2f"),
    "pitch": ("pitch deg", ".2f"),
    "roll": ("roll deg", ".2f"),
}
"""Figure -> its heading and format."""


@dataclass(frozen=True)
class Entry:
    """One row.

    Attributes:
        name: The model, `no swap` (the target's own face) or `truth` (what the measuring itself finds in it).
        trained: How the model was trained.
        likeness: Against the truth; none for the truth itself.
        identity: Whom its faces resemble; None where no face was found.
        acting: How they act; None likewise.
    """

    name: str
    trained: Trained | None = None
    likeness: Likeness | None = None
    identity: Identity | None = None
    acting: Acting | None = None

    def figures(self) -> dict[str, Any]:
        """All figures by name."""
        parts = (self.trained, self.likeness, self.identity, self.acting)
        return {name: value for part in parts if part for name, value in asdict(part).items()}

    def cells(self) -> tuple[str, ...]:
        """The row as people read it."""
        figures = self.figures()
        told = ((figures.get(name), style) for name, (_, style) in _COLUMNS.items())
        return (self.name, *("-" if value is None else format(value, style) for value, style in told))


@dataclass(frozen=True)
class QualityReport:
    """What was measured of all models.

    Attributes:
        frames: Length of the footage.
        entries: The rows.
    """

    frames: int
    entries: tuple[Entry, ...]

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON holds it."""
        return {"frames": self.frames, "rows": [{"name": entry.name, **entry.figures()} for entry in self.entries]}

    def rows(self) -> list[tuple[str, ...]]:
        """The headings, and a row for each entry."""
        return [("model", *(heading for heading, _ in _COLUMNS.values())), *(entry.cells() for entry in self.entries)]

    def markdown(self) -> str:
        """The report as a Markdown table."""
        heading, *rows = self.rows()
        lines = [heading, ("---",) * len(heading), *rows]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)

    def write(self, folder: Path, pictures: Mapping[str, Sequence[Picture]], tile: int) -> None:
        """Publishes report.json, report.md and comparison.png.

        Args:
            folder: Where.
            pictures: The columns of the comparison by name.
            tile: Side of a picture in it.
        """
        publish_bytes(folder / "report.json", json.dumps(self.as_dict(), indent=1).encode())
        publish_bytes(folder / "report.md", self.markdown().encode())
        columns = [np.stack(column) for column in pictures.values()]
        write_image(folder / "comparison.png", contact_sheet(columns, tuple(pictures), tile))

"""Whether memory grows with the length of the footage: peaks of the real commands on 300 and on 3,000 frames.

A peak is the sum of the peaks of a command's processes. Peaks hardly vary, so each length runs once.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .material import Material
from .measure import Figure
from .processes import peak_memory
from .startup import command_line

BOUND = 1.10
LENGTHS = (300, 3000)

_SIDE = 256
_MODEL = "mini"
_MEGABYTE = 1e6


def measure(repeats: int) -> list[Figure]:
    """Measures the growth of `extract` and `convert`, and of `train`, which has no bound, for comparison.

    Args:
        repeats: Not used.
    """
    peaks: dict[str, list[int]] = {"extract": [], "convert": [], "train": []}
    for frames in LENGTHS:
        with TemporaryDirectory(prefix="faceswap-bench-") as folder:
            for name, peak in _peaks(Material(Path(folder), frames, _SIDE, _SIDE)).items():
                peaks[name].append(peak)
    return [_growth(name, pair[0], pair[1], None if name == "train" else BOUND) for name, pair in peaks.items()]


def _peaks(material: Material) -> dict[str, int]:
    """The peak of each command on footage of one length, in bytes."""
    media, faceset, folder = material.footage("target"), material.folder / "target", material.folder
    extract = peak_memory(_line("extract", media, faceset))
    shutil.copytree(faceset, folder / "source")
    model_dir = material.model(_MODEL)
    # As many faces as the longer faceset holds: each face that was seen lies in the system's memory of files.
    steps = LENGTHS[-1] // 100
    train = peak_memory(
        _line("train", folder / "trained", *material.training(_MODEL), "--iterations", steps, "--batch-size", 100)
    )
    convert = peak_memory(_line("convert", media, folder / "swap.mp4", "--model-dir", model_dir, "--faceset", faceset))
    return {"extract": extract, "convert": convert, "train": train}


def _growth(name: str, short: int, long: int, bound: float | None) -> Figure:
    few, many = LENGTHS
    details = {f"megabytes_at_{frames}": round(peak / _MEGABYTE) for frames, peak in ((few, short), (many, long))}
    return Figure(f"memory: {name}, {many} frames over {few}", round(long / short, 3), "x", bound, details)


def _line(*words: Any) -> list[str]:
    return command_line([str(word) for word in words])

"""Whether memory grows with the length of the footage: peaks of the real commands on short and on long footage.

`evaluate` is given so many faces on either side that were never footage, with random embeddings. A peak is the sum of
the peaks of a command's processes. Peaks hardly vary, so each length runs once.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ...lib.crops import encode_crop
from .material import Material
from .measure import Figure
from .processes import peak_memory
from .startup import command_line
from .store import make_faceset

BOUND = 1.10

_SIDE = 256
_MODEL = "mini"
_MEGABYTE = 1e6


def measure(jobs: Collection[str], frames: int, over: int) -> list[Figure]:
    """Measures how much the peaks of commands grow; `train` has no bound.

    Args:
        jobs: Which of extract, train, convert and evaluate.
        frames: Length of the long footage.
        over: Length of the short footage.
    """
    peaks: dict[int, dict[str, int]] = {}
    for length in (over, frames):
        with TemporaryDirectory(prefix="faceswap-bench-") as folder:
            peaks[length] = {"evaluate": _evaluation(Path(folder), length)} if "evaluate" in jobs else {}
        if set(jobs) == {"evaluate"}:
            continue
        with TemporaryDirectory(prefix="faceswap-bench-") as folder:
            peaks[length] |= _peaks(Material(Path(folder), length, _SIDE, _SIDE), jobs, frames)
    return [_growth(job, {length: peaks[length][job] for length in (over, frames)}) for job in jobs]


def _peaks(material: Material, jobs: Collection[str], most: int) -> dict[str, int]:
    """The peak of each command on footage of one length, in bytes; `most` is the greatest length."""
    media, faceset, folder = material.footage("target"), material.folder / "target", material.folder
    peaks = {"extract": peak_memory(_line("extract", media, faceset))}
    if "train" in jobs or "convert" in jobs:
        shutil.copytree(faceset, folder / "source")
        model_dir = material.model(_MODEL)
    if "train" in jobs:
        # As many faces as the longer faceset holds: each face that was seen lies in the system's memory of files.
        training = [*material.training(_MODEL), "--iterations", max(1, most // 100), "--batch-size", 100]
        peaks["train"] = peak_memory(_line("train", folder / "trained", *training))
    if "convert" in jobs:
        words = ["--model-dir", model_dir, "--faceset", faceset]
        peaks["convert"] = peak_memory(_line("convert", media, folder / "swap.mp4", *words))
    return peaks


def _evaluation(folder: Path, faces: int) -> int:
    """The peak of all metrics that need no file of weights, over as many faces as real ones."""
    crop = encode_crop(np.full((512, 512, 3), 128, np.uint8))
    for seed, name in enumerate(("made", "real")):
        (folder / name).mkdir()
        make_faceset(folder / name, faces, crop, seed)
    return peak_memory(_line("evaluate", "faces", folder / "made", "--reference", folder / "real"))


def _growth(job: str, peaks: dict[int, int]) -> Figure:
    short, long = peaks.items()
    details = {f"megabytes_at_{frames}": round(peak / _MEGABYTE) for frames, peak in (short, long)}
    bound = None if job == "train" else BOUND
    what = "faces" if job == "evaluate" else "frames"
    return Figure(f"memory: {job}, {long[0]} {what} over {short[0]}", round(long[1] / short[1], 3), "x", bound, details)


def _line(*words: Any) -> list[str]:
    return command_line([str(word) for word in words])

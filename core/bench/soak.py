"""Whether a long training run holds on to memory or files: `mini` with many checkpoints, previews and validations.

The command runs as a user runs it, and is looked at from outside. The slope is that of a line through the second half
of the samples, by least squares, since the first half fills caches. Flat is less than what would cost a gigabyte in a
day, 40 MB an hour; a run of minutes cannot tell so little from chance, so that what the samples scatter is allowed too.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from .material import Material
from .measure import Figure
from .processes import open_files, resident_memory, tree
from .startup import command_line

FLAT_MEGABYTES_PER_HOUR = 40.0
"""A gigabyte in a day."""

_SAMPLE_SECONDS = 1.0
_FEWEST_SAMPLES = 8
_EVERY = 50
"""Steps from checkpoint to checkpoint, from preview to preview, from validation to validation."""


@dataclass(frozen=True)
class Sample:
    """What a command's processes held at a moment.

    Attributes:
        seconds: Since it began.
        bytes: Resident memory.
        files: Open files.
    """

    seconds: float
    bytes: int
    files: int


@dataclass(frozen=True)
class Line:
    """A line through points, by least squares.

    Attributes:
        slope: Units of y in a unit of x.
        uncertainty: Twice the slope's standard error, for points that scatter independently.
    """

    slope: float
    uncertainty: float


def measure(minutes: float) -> list[Figure]:
    """Trains for so many minutes and measures what grew.

    Raises:
        FaceswapError: The system is not Linux.
        RuntimeError: The training failed, or was too short to tell.
    """
    with TemporaryDirectory(prefix="faceswap-bench-") as folder:
        material = Material(Path(folder), frames=48)
        words = ["train", str(Path(folder) / "model"), *material.training("mini"), "--minutes", str(minutes)]
        words += ["--iterations", str(10**9), "--validation", "0.2"]
        for what in ("save", "preview", "validate"):
            words += [f"--{what}-every", str(_EVERY)]
        return judge(_watch(command_line(words)))


def judge(samples: Sequence[Sample]) -> list[Figure]:
    """The growth of memory and of open files over the second half of the samples.

    Raises:
        RuntimeError: There are too few.
    """
    late = samples[len(samples) // 2 :]
    if len(late) < _FEWEST_SAMPLES:
        raise RuntimeError(f"The training was too short: {len(late)} samples, {_FEWEST_SAMPLES} needed.")
    hours = [sample.seconds / 3600 for sample in late]
    memory = fit_line(hours, [sample.bytes / 1e6 for sample in late])
    bound = round(FLAT_MEGABYTES_PER_HOUR + memory.uncertainty, 1)
    details = {"uncertainty": round(memory.uncertainty, 1), "samples": [vars(sample) for sample in samples]}
    files = max(sample.files for sample in late) - late[0].files
    return [
        Figure("soak: memory of train", round(memory.slope, 1), "MB/h", bound, details),
        Figure("soak: open files more than half-way", files, "", 2),
    ]


def fit_line(x: Sequence[float], y: Sequence[float]) -> Line:
    """Lays a line through points."""
    import numpy as np

    across, up = np.subtract(x, np.mean(x)), np.subtract(y, np.mean(y))
    spread = float(across @ across)
    slope = float(across @ up) / spread
    rest = up - slope * across
    return Line(slope, 2 * float(np.sqrt(rest @ rest / max(1, len(rest) - 2) / spread)))


def _watch(words: Sequence[str]) -> list[Sample]:
    """Runs a command to its end, and samples its processes."""
    samples, began = [], time.monotonic()
    with TemporaryFile() as output:
        process = subprocess.Popen(words, stdout=output, stderr=output)
        while process.poll() is None:
            members = tree(process.pid)
            seconds = time.monotonic() - began
            samples.append(Sample(seconds, sum(map(resident_memory, members)), sum(map(open_files, members))))
            time.sleep(_SAMPLE_SECONDS)
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"`train` failed: {output.read().decode(errors='replace').strip()[-2000:]}")
    return samples[:-1]  # The last may have caught it while it ended.

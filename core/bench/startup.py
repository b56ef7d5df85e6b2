"""What it costs to start: `faceswap --help` and `faceswap plugins` over a bare interpreter."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from .measure import Figure, seconds

BOUND_SECONDS = 0.15
_TRIES = 15


def measure(repeats: int) -> list[Figure]:
    """Measures the seconds that each light command takes more than `python -c pass`."""
    return [_over_bare(words, repeats) for words in (["--help"], ["plugins"])]


def _over_bare(words: list[str], repeats: int) -> Figure:
    bare, ours = [sys.executable, "-c", "pass"], command_line(words)
    pairs = [(_best(ours), _best(bare)) for _ in range(repeats)]
    over = statistics.median(mine - theirs for mine, theirs in pairs)
    details = {"ours_seconds": [round(mine, 4) for mine, _ in pairs], "bare_seconds": [round(b, 4) for _, b in pairs]}
    return Figure(f"start: faceswap {' '.join(words)}", round(over, 4), "s", BOUND_SECONDS, details)


def command_line(words: Sequence[str]) -> list[str]:
    """How this very package is called as a program: from its checkout, or as an installed module."""
    package = Path(str(import_module(__package__.partition(".")[0]).__file__)).parent
    checkout = package / "faceswap.py"
    return [sys.executable, *([str(checkout)] if checkout.exists() else ["-m", "faceswap"]), *words]


def _best(words: list[str]) -> float:
    return min(seconds(lambda: subprocess.run(words, check=True, capture_output=True)) for _ in range(_TRIES // 3))

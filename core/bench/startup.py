"""What it costs to start: `faceswap --help` and `faceswap plugins` over a bare interpreter, and with many packages."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from ..registry import NO_PLUGINS
from .measure import Figure, seconds

BOUND_SECONDS = 0.15
PACKAGES = 200
PACKAGES_BOUND_SECONDS = 0.1
_TRIES = 15
_DESCRIPTION = "A line of a description, as the readme files of packages have many.\n" * 100


def measure(repeats: int) -> list[Figure]:
    """Measures the seconds that the light commands take more than `python -c pass`, and more with many packages."""
    bare = [sys.executable, "-c", "pass"]
    figures = [
        _compare(f"start: faceswap {word}", [word], bare, os.environ, BOUND_SECONDS, repeats)
        for word in ("--help", "plugins")
    ]
    return [*figures, _with_packages(repeats)]


def _with_packages(repeats: int) -> Figure:
    """`faceswap plugins` with many packages of plugins over the same without them."""
    with TemporaryDirectory() as folder:
        install_packages(Path(folder), PACKAGES)
        path = os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, NO_PLUGINS: "0", "PYTHONPATH": path}
        name = f"start: faceswap plugins, {PACKAGES} packages"
        return _compare(name, ["plugins"], command_line(["plugins"]), environment, PACKAGES_BOUND_SECONDS, repeats)


def install_packages(folder: Path, count: int) -> None:
    """Lays packages with one detector each into a folder, as pip would; they can be listed and are not to be loaded."""
    for number in range(count):
        module = f"some_detector_{number}"
        info = folder / f"{module}-1.0.dist-info"
        info.mkdir()
        (folder / f"{module}.py").write_bytes(Path(__file__).read_bytes())
        head = f"Metadata-Version: 2.1\nName: some-detector-{number}\nVersion: 1.0\n\n"
        (info / "METADATA").write_text(head + _DESCRIPTION)
        (info / "entry_points.txt").write_text(f"[faceswap.detector]\nsome-{number} = {module}\n")


def _compare(
    name: str, words: list[str], bare: list[str], environment: Mapping[str, str], bound: float, repeats: int
) -> Figure:
    """The seconds that a command of ours takes in an environment more than another program takes in this one."""
    ours = command_line(words)
    pairs = [(_best(ours, environment), _best(bare, os.environ)) for _ in range(repeats)]
    over = statistics.median(mine - theirs for mine, theirs in pairs)
    details = {"ours_seconds": [round(mine, 4) for mine, _ in pairs], "bare_seconds": [round(b, 4) for _, b in pairs]}
    return Figure(name, round(over, 4), "s", bound, details)


def command_line(words: Sequence[str]) -> list[str]:
    """How this very package is called as a program: from its checkout, or as an installed module."""
    package = Path(str(import_module(__package__.partition(".")[0]).__file__)).parent
    checkout = package / "faceswap.py"
    return [sys.executable, *([str(checkout)] if checkout.exists() else ["-m", "faceswap"]), *words]


def _best(words: list[str], environment: Mapping[str, str]) -> float:
    run = partial(subprocess.run, words, check=True, capture_output=True, env=environment)
    return min(seconds(run) for _ in range(_TRIES // 3))

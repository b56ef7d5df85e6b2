"""What a training step costs on each backend: against the machine's own matrix products, and against a plain step.

Both sides move all players, with the plugin's losses and optimizers. Ours draws synthetic training faces from memory,
varies them and reads the losses every ten steps; the plain side is given ready batches. Checkpoints, previews, averaged
weights and start-up are on neither side. All precisions of a plugin take turns with their plain sides, each in a
process of its own.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from typing import Any

from ..host import PluginChoice
from ..names import BACKENDS
from ..training.recipe import Precision
from .measure import Figure
from .sides import Side
from .train_plain import make_plain
from .train_sides import Case, Turn, make_engine

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")

LEAST_SHARE, MOST_OVERHEAD, LEAST_GAIN, MOST_AUGMENTATION = 0.85, 1.05, 1.4, 0.05
"""Bounds for the `REFERENCE`: share of the matrix rate, step over plain step, bfloat16 over float32, augmentation.

The second one is every generator's, too."""

REFERENCE = ("tensorflow", "cpu", "original", 16)
"""The backend, device, model and batch size for which there are bounds."""

_TURN_SECONDS = 2.0
_ENVIRONMENT = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
"""Several processes share one accelerator, so that none may take all of its memory."""


@dataclass(frozen=True)
class Row:
    """What training cost in one case.

    Attributes:
        case: What was trained.
        device: On what.
        faces_per_second: Of all people together.
        gflops: 10^9 operations per second.
        matrix_gflops: The same of large matrix products in the same precision, the best of the run.
        overhead: Seconds of a step over those of a plain one, the median of the turns.
        augmentation: The share of a step that is not the network's.
        host_bytes: The most memory that the process has held.
        device_bytes: The same of the device's memory.
    """

    case: Case
    device: str
    faces_per_second: float
    gflops: float
    matrix_gflops: float
    overhead: float
    augmentation: float
    host_bytes: int
    device_bytes: int | None

    @property
    def share(self) -> float:
        """The share of the matrix rate that training reaches."""
        return self.gflops / self.matrix_gflops

    @property
    def bounded(self) -> bool:
        """Whether there are bounds for the case."""
        return (self.case.backend, self.device, self.case.label, self.case.batch_size) == REFERENCE

    def cells(self) -> tuple[str, ...]:
        """The row as people read it, under `HEADINGS`."""
        case = self.case
        what = (case.backend, self.device, case.label, str(case.batch_size), case.precision)
        rates = (f"{self.faces_per_second:.1f}", f"{self.gflops:.0f}", f"{self.share:.2f}")
        memory = "-" if self.device_bytes is None else f"{self.device_bytes / 1e6:.0f}"
        costs = (f"{self.overhead:.2f}", f"{100 * self.augmentation:.1f} %", f"{self.host_bytes / 1e6:.0f}", memory)
        return (*what, *rates, *costs)

    def as_dict(self) -> dict[str, Any]:
        """The row as JSON holds it."""
        told = {name: value for name, value in vars(self).items() if name != "case"}
        return {**vars(self.case), "plugin": self.case.label, **told, "share_of_matrix_rate": self.share}


HEADINGS = (
    *("backend", "device", "plugin", "batch", "precision", "faces/s", "GFLOP/s", "of matrix rate"),
    *("over plain", "augmentation", "host MB", "device MB"),
)


def default_backends() -> list[str]:
    """The backend that KERAS_BACKEND names, or all that are installed."""
    named = os.environ.get("KERAS_BACKEND")
    return [named] if named else [backend for backend in BACKENDS if find_spec(backend)]


def measure(
    backends: Sequence[str],
    plugins: Sequence[tuple[str, PluginChoice]],
    batch_sizes: Sequence[int],
    precisions: Sequence[Precision],
    repeats: int,
    turn_seconds: float = _TURN_SECONDS,
) -> Iterator[Row]:
    """Measures every combination.

    Args:
        backends: Keras backends.
        plugins: Models and generators, each with its kind.
        batch_sizes: Faces of each person in a step.
        precisions: What networks compute in.
        repeats: Turns of each side.
        turn_seconds: How long a turn is at least.
    """
    for backend, (kind, plugin), batch_size in product(backends, plugins, batch_sizes):
        cases = [Case(backend, kind, plugin, batch_size, precision) for precision in precisions]
        yield from _in_turns(cases, repeats, turn_seconds)


def _in_turns(cases: Sequence[Case], repeats: int, seconds: float) -> list[Row]:
    """Measures cases of one backend, plugin and batch size, all sides in turn."""
    environment = {**_ENVIRONMENT, "KERAS_BACKEND": cases[0].backend}
    with ExitStack() as opened:
        sides = [
            [
                opened.enter_context(Side(make, case, seconds, environment=environment))
                for make in (make_engine, make_plain)
            ]
            for case in cases
        ]
        turns = [[[side.measure().answer for side in pair] for pair in sides] for _ in range(repeats)]
    return [row_of(case, [turn[place] for turn in turns]) for place, case in enumerate(cases)]


def row_of(case: Case, turns: Sequence[Sequence[Any]]) -> Row:
    """Makes a row of the turns of both sides.

    Args:
        case: What was trained.
        turns: Of each turn what ours told, a `Turn`, and the seconds of a plain step.
    """
    ours: list[Turn] = [mine for mine, _ in turns]
    step, first = statistics.median(turn.step for turn in ours), ours[0]
    return Row(
        case=case,
        device=first.device,
        faces_per_second=first.faces / step,
        gflops=first.flops / step / 1e9,
        matrix_gflops=max(turn.matrix_rate for turn in ours) / 1e9,
        overhead=statistics.median(mine.step / plain for mine, plain in turns),
        augmentation=statistics.median(turn.idle / turn.step for turn in ours),
        host_bytes=first.host_bytes,
        device_bytes=first.device_bytes,
    )


def figures(rows: Sequence[Row]) -> list[Figure]:
    """The figures for which there are bounds."""
    bounded = {row.case.precision: row for row in rows if row.bounded}
    exact, half = (bounded.get(precision) for precision in PRECISIONS)
    found = []
    if exact:
        found += [
            Figure("train: share of the matrix rate", round(exact.share, 3), "x", least=LEAST_SHARE),
            Figure("train: a step over a plain one", round(exact.overhead, 3), "x", MOST_OVERHEAD),
            Figure("train: share of augmentation", round(exact.augmentation, 4), "x", MOST_AUGMENTATION),
        ]
    if exact and half:
        gain = half.faces_per_second / exact.faces_per_second
        found.append(Figure("train: bfloat16 over float32", round(gain, 3), "x", least=LEAST_GAIN))
    for row in rows:
        if row.case.kind == "generator":
            name = f"train: {row.case.label}, {row.case.backend}, {row.case.precision}: a step over a plain one"
            found.append(Figure(name, round(row.overhead, 3), "x", MOST_OVERHEAD))
    return found

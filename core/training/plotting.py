"""Draws the history of a training run: losses and validations over iterations and time, and previews below them.

It imports matplotlib, draws on canvases of its own and leaves the library's global state alone.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ...lib.history import read_beginnings, read_history, read_validations
from ...lib.media import read_image
from ...lib.publish import publish_bytes
from ..errors import FaceswapError
from .previews import nearest, previews

_PAUSE = 600.0
"""Seconds between two lines of the history that count as a pause: nobody trained then."""

_LABELS = {"loss": "loss", "ssim": "SSIM", "psnr": "PSNR, dB", "identity": "distance to source", "score": "score"}
"""What is drawn, from top to bottom; figures of other names follow under their own."""

_SHORT = 2.0
"""Hours below which minutes are easier to read."""

_DPI = 100


@dataclass(frozen=True, eq=False)
class Curve:
    """One line of a plot.

    Attributes:
        name: What it is.
        steps: int64 `[points]`, ascending.
        hours: Hours of training without pauses, float64 `[points]`.
        values: float64 `[points]`.
    """

    name: str
    steps: NDArray[np.int64]
    hours: NDArray[np.float64]
    values: NDArray[np.float64]


def read_curves(folder: Path) -> dict[str, list[Curve]]:
    """The curves of a model folder's history by what they measure, in the order in which they are drawn.

    Raises:
        FaceswapError: It has no history.
    """
    losses, validations = read_history(folder), read_validations(folder)
    begun = [line["time"] for line in read_beginnings(folder)]
    if not losses:
        raise FaceswapError(f"{folder} has no history of losses; train with the listener `history`, the default")
    clock = training_clock([line["time"] for line in losses + validations], begun)
    curves = {"loss": list(_curves(losses, "losses", clock))}
    for curve in _curves(validations, "validation", clock):
        curves.setdefault(curve.name.partition("_")[0], []).append(curve)
    return dict(sorted(curves.items(), key=lambda item: list(_LABELS).index(item[0]) if item[0] in _LABELS else 99))


def training_clock(times: Sequence[float], begun: Sequence[float] = ()) -> dict[float, float]:
    """Hours of training at each of some times, all in seconds since the epoch; pauses between two count nothing.

    Args:
        times: When something was told.
        begun: When runs began; what lies between one and the time before it is a pause, however short.
    """
    ordered = np.unique(np.asarray([*times, *begun], np.float64))
    gaps = np.diff(ordered, prepend=ordered[:1])
    hours = np.cumsum(np.where((gaps > _PAUSE) | np.isin(ordered, begun), 0.0, gaps)) / 3600
    return dict(zip(ordered.tolist(), hours.tolist(), strict=True))


def plot_curves(folder: Path, output: Path) -> None:
    """Draws every curve over iterations and over time.

    Raises:
        FaceswapError: There is no history.
        OutputError: The picture cannot be written.
    """
    curves = read_curves(folder)
    short = max(line.hours[-1] for lines in curves.values() for line in lines) < _SHORT
    figure = Figure(figsize=(11, 0.6 + 2.3 * len(curves)), dpi=_DPI, layout="constrained")
    figure.suptitle(folder.resolve().name)
    grid = figure.subplots(len(curves), 2, squeeze=False, sharex="col", sharey="row")
    for row, (what, lines) in zip(grid, curves.items(), strict=True):
        _draw(row[0], lines, [line.steps for line in lines])
        _draw(row[1], lines, [line.hours * (60 if short else 1) for line in lines])
        row[0].set_ylabel(_LABELS.get(what, what))
        row[0].legend(fontsize="small")
    grid[-1, 0].set_xlabel("iterations")
    grid[-1, 1].set_xlabel(f"{'minutes' if short else 'hours'} of training")
    _publish(figure, output)


def plot_with_previews(folder: Path, output: Path, steps: Sequence[int]) -> dict[int, int]:
    """Draws the losses and, below them, what the model made of faces at some iterations.

    Args:
        folder: The model folder.
        output: The picture.
        steps: The iterations.

    Returns:
        For each of them the iteration of the preview that is shown, the nearest there is.

    Raises:
        FaceswapError: There is no history or no preview.
        OutputError: The picture cannot be written.
    """
    curves, found = read_curves(folder), previews(folder)
    shown = {step: nearest(found, step) for step in sorted(set(steps))}
    pictures = [read_image(found[preview]) for preview in shown.values()]
    width = max(11.0, 4.5 * len(pictures))
    below = width / len(pictures) * max(picture.shape[0] / picture.shape[1] for picture in pictures) + 0.3
    figure = Figure(figsize=(width, 4.0 + below), dpi=_DPI, layout="constrained")
    grid = figure.add_gridspec(2, len(pictures), height_ratios=(4.0, below))
    axes = figure.add_subplot(grid[0, :])
    _draw(axes, curves["loss"], [line.steps for line in curves["loss"]])
    axes.set(xlabel="iterations", ylabel="loss")
    axes.legend(fontsize="small")
    for place, ((step, preview), picture) in enumerate(zip(shown.items(), pictures, strict=True)):
        axes.axvline(step, color="0.4", linewidth=1, linestyle="--")
        axes.annotate(str(step), (step, 1), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=9)
        part = figure.add_subplot(grid[1, place])
        part.imshow(picture, interpolation="antialiased")
        part.set_axis_off()
        part.set_title(f"iteration {step}" + ("" if preview == step else f" (preview of {preview})"), fontsize=10)
    _publish(figure, output)
    return shown


def _curves(lines: list[dict[str, Any]], key: str, clock: dict[float, float]) -> Iterator[Curve]:
    for name in sorted({name for line in lines for name in line[key]}):
        with_name = [line for line in lines if name in line[key]]
        steps = np.array([line["step"] for line in with_name], np.int64)
        hours = np.array([clock[line["time"]] for line in with_name], np.float64)
        yield Curve(name, steps, hours, np.array([line[key][name] for line in with_name], np.float64))


def _draw(axes: Axes, curves: list[Curve], places: Sequence[NDArray[Any]]) -> None:
    """Draws curves at their places; long ones as their running mean over a faint line of all values."""
    for number, (curve, x) in enumerate(zip(curves, places, strict=True)):
        color = f"C{number}"
        window = max(1, len(curve.values) // 50)
        if window > 1:
            axes.plot(x, curve.values, color=color, alpha=0.25, linewidth=0.8)
        axes.plot(
            x[window - 1 :],
            running_mean(curve.values, window),
            color=color,
            label=curve.name,
            marker="." if len(x) < 30 else None,
        )
    if all(len(x) == 1 for x in places):
        _say_values(axes, curves, places)
    axes.grid(alpha=0.3)


def _say_values(axes: Axes, curves: list[Curve], places: Sequence[NDArray[Any]]) -> None:
    """Where nothing is drawn but single points: their values, on an axis that begins at zero."""
    values = [float(curve.values[0]) for curve in curves]
    for x, value in zip(places, values, strict=True):
        text, left = f"{value:.4g}", (-6, 0)
        axes.annotate(text, (x[0], value), left, textcoords="offset points", ha="right", va="center", fontsize=9)
    low, high = min(0.0, *values), max(0.0, *values)
    if low < high:
        axes.set_ylim(1.25 * low, 1.25 * high)


def running_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """The mean of each value and the `window - 1` before it, `[points - window + 1]`."""
    sums = np.cumsum(np.concatenate([[0.0], values]))
    return np.asarray((sums[window:] - sums[:-window]) / window, np.float64)


def _publish(figure: Figure, output: Path) -> None:
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)  # Becomes the figure's canvas.
    figure.savefig(buffer, format="png")
    publish_bytes(output, buffer.getvalue())

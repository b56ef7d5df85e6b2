"""Draws what a faceset shows in one picture: poses, sharpness, size, brightness, and when its faces are seen.

It draws on a canvas of its own and leaves matplotlib's global state alone.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .faceset_stats import PITCH_EDGES, USUAL_PITCH, USUAL_YAW, YAW_EDGES, FacesetStats, Span, Spread
from .publish import publish_bytes

_DPI = 110
_INK, _FAINT, _PAPER, _EMPTY = "#22313f", "#8795a1", "#ffffff", "#f6d5cf"
_HUES = ("#2a7f9e", "#5aa469", "#d18f2c", "#8c5fa8", "#c0504d", "#4f6fb5", "#7d7d4b", "#3d9c9c")
_MAP = LinearSegmentedColormap.from_list("faces", ["#dcecf2", "#2a7f9e", "#12344d"])
_TITLES = {
    "sharpness": ("Sharpness", "variance of the Laplacian"),
    "size": ("Size in the frame", "pixels"),
    "brightness": ("Brightness", "mean luma, 0 to 1"),
}
_MOST_ROWS = 24
"""Tracks that are drawn one below the other; of more, the longest."""


def draw_stats(stats: FacesetStats, title: str, output: Path) -> None:
    """Draws a faceset's statistics as a PNG.

    Args:
        stats: What to draw.
        title: Stands above it.
        output: Where the picture goes; its folder must exist.

    Raises:
        OutputError: The picture cannot be written.
    """
    rows = _rows(stats.spans)
    below = 1.3 + 0.24 * len(rows)
    figure = Figure(figsize=(13, 6.6 + below), dpi=_DPI, facecolor=_PAPER, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12, hspace=0.06, wspace=0.04)  # type: ignore[union-attr,call-arg]
    figure.suptitle(_headline(stats, title), x=0.012, ha="left", fontsize=15, color=_INK, fontweight="bold")
    grid = figure.add_gridspec(4, 2, width_ratios=(1.55, 1), height_ratios=(2.0, 2.0, 2.0, below))
    _draw_pose(figure.add_subplot(grid[:3, 0]), stats)
    for row, (name, words) in enumerate(_TITLES.items()):
        _draw_spread(figure.add_subplot(grid[row, 1]), stats.spreads.get(name), *words, _HUES[row])
    _draw_spans(figure.add_subplot(grid[3, :]), rows, len(stats.spans))
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)  # Becomes the figure's canvas.
    figure.savefig(buffer, format="png")
    publish_bytes(output, buffer.getvalue())


def _headline(stats: FacesetStats, title: str) -> str:
    faces = f"{stats.faces:,} face{'' if stats.faces == 1 else 's'}"
    return f"{title}:  {faces}, {100 * stats.covered:.0f} % of the usual poses"


def _draw_pose(axes: Axes, stats: FacesetStats) -> None:
    """The map of poses, as they are seen in the picture: right is right, down is down."""
    counts = np.ma.masked_equal(np.array(stats.pose), 0)
    top = max(float(counts.max()) if counts.count() else 1.0, 2.0)
    axes.pcolormesh(YAW_EDGES, PITCH_EDGES, counts, cmap=_MAP, norm=LogNorm(1, top), edgecolors=_PAPER, linewidth=1.5)
    for yaw, pitch in stats.missing:
        axes.add_patch(Rectangle((yaw - 5, pitch - 5), 10, 10, facecolor=_EMPTY, edgecolor=_PAPER, linewidth=1.5))
    for (row, column), count in np.ndenumerate(np.array(stats.pose)):
        if count:
            middle = (float(YAW_EDGES[column]) + 5, float(PITCH_EDGES[row]) + 5)
            dark = np.log(count) > 0.45 * np.log(top)
            axes.text(*middle, str(count), ha="center", va="center", fontsize=8, color=_PAPER if dark else _INK)
    frame = (-USUAL_YAW, -USUAL_PITCH), 2 * USUAL_YAW, 2 * USUAL_PITCH
    axes.add_patch(Rectangle(*frame, fill=False, edgecolor=_INK, linewidth=1.2, linestyle=(0, (4, 3))))
    axes.invert_yaxis()
    _style(axes, "Poses", "yaw in degrees:  left  <   >  right", "pitch in degrees:  down  <   >  up")
    words = f"faces in each cell, {stats.posed:,} in all; red: a usual pose that no face shows"
    axes.set_title(words, loc="right", fontsize=9, color=_FAINT)


def _draw_spread(axes: Axes, spread: Spread | None, title: str, unit: str, color: str) -> None:
    """A histogram with its median and the range of nine in ten."""
    _style(axes, title, unit, "")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if spread is None:
        axes.set_xticks([])
        axes.text(0.5, 0.5, "not measured", ha="center", va="center", color=_FAINT, transform=axes.transAxes)
        return
    edges = np.array(spread.edges)
    axes.axvspan(spread.low, spread.high, color=color, alpha=0.10, linewidth=0)
    widths = np.diff(edges)
    axes.bar(edges[:-1], spread.counts, widths, align="edge", color=color, edgecolor=_PAPER, linewidth=0.8)
    axes.axvline(spread.median, color=_INK, linewidth=1.4)
    words = f"median {spread.median:.3g}   nine of ten {spread.low:.3g} to {spread.high:.3g}"
    axes.set_title(words, loc="right", fontsize=9, color=_FAINT)


def _rows(spans: tuple[Span, ...]) -> list[Span]:
    """What is drawn: all, or the tracks with the most faces, in their order."""
    chosen = sorted(spans, key=lambda span: -span.faces)[:_MOST_ROWS]
    return [span for span in spans if span in chosen]


def _draw_spans(axes: Axes, rows: list[Span], total: int) -> None:
    """A bar for each track, over the time of its own source; a color for each person."""
    people = sorted({span.person for span in rows})
    longest = max([span.ends for span in rows], default=0.0) or 1.0
    thin = longest / 400
    for place, span in enumerate(rows):
        color = _FAINT if span.person < 0 else _HUES[people.index(span.person) % len(_HUES)]
        axes.barh(place, longest, left=0, height=0.62, color="#f1f4f6")
        pieces = [(first, max(last - first, thin)) for first, last in span.seen]
        axes.broken_barh(pieces, (place - 0.31, 0.62), color=color, linewidth=0)
        axes.text(1.005 * longest, place, f"{span.faces}", va="center", fontsize=8, color=_FAINT)
    _style(axes, "Faces over time", "seconds of their source", "")
    axes.set_yticks(range(len(rows)), [_label(span) for span in rows], fontsize=8)
    axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    axes.set_xlim(0, 1.04 * longest)
    axes.tick_params(axis="y", length=0)
    if total > len(rows):
        axes.set_title(f"the {len(rows)} longest of {total} tracks", loc="right", fontsize=9, color=_FAINT)


def _label(span: Span) -> str:
    name = span.source if len(span.source) <= 24 else f"{span.source[:21]}..."
    person = f"  person {span.person}" if span.person >= 0 else ""
    return f"{name}{'' if span.track < 0 else f'  #{span.track}'}{person}"


def _style(axes: Axes, title: str, below: str, beside: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, color=_INK, fontweight="bold")
    axes.set_xlabel(below, fontsize=9, color=_FAINT)
    axes.set_ylabel(beside, fontsize=9, color=_FAINT)
    axes.tick_params(colors=_FAINT, labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#cfd6dc")

"""What a faceset shows in numbers: how its poses are spread, how sharp, large and bright its faces are, and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .face_table import FaceTable

YAW_EDGES = np.arange(-75.0, 76.0, 10.0)
PITCH_EDGES = np.arange(-45.0, 46.0, 10.0)
"""Of the pose map, in degrees; turns beyond count to the outermost cells."""

USUAL_YAW, USUAL_PITCH = 45.0, 25.0
"""Degrees to each side that heads turn and nod in usual footage; where no face is within, a swap has to guess."""

_BINS = 24
_GAP = 2.5
"""Steps between frames that make a gap in which no face is seen."""


@dataclass(frozen=True)
class Spread:
    """How a measure is spread.

    Attributes:
        counts: Faces in each bin.
        edges: Of the bins, one more than counts.
        low: The 5th percentile.
        median: The middle value.
        high: The 95th percentile.
    """

    counts: tuple[int, ...]
    edges: tuple[float, ...]
    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Span:
    """A track, or all faces without one, of one source.

    Attributes:
        source: Name of the file.
        track: Its number; -1 for the faces without a track.
        person: The person whom most of its faces show; -1 for nobody.
        faces: How many.
        begins: Seconds.
        ends: Seconds.
        seen: When faces are seen without a gap: (first, last) in seconds, ascending.
    """

    source: str
    track: int
    person: int
    faces: int
    begins: float
    ends: float
    seen: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class FacesetStats:
    """What a faceset shows.

    Attributes:
        faces: How many.
        posed: Faces whose pose is known.
        pose: Faces by pitch and yaw, in cells of `PITCH_EDGES` and `YAW_EDGES`.
        missing: Cells within the usual range that no face is in, as middles (yaw, pitch) in degrees.
        spreads: By measure; those that no face has are left out.
        spans: In the order of source and beginning.
    """

    faces: int
    posed: int
    pose: tuple[tuple[int, ...], ...]
    missing: tuple[tuple[float, float], ...]
    spreads: dict[str, Spread]
    spans: tuple[Span, ...]

    @property
    def covered(self) -> float:
        """The share of the usual poses that some face shows, 0..1."""
        return 1 - len(self.missing) / int(usual_cells().sum())

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        edges = {"yaw_edges": YAW_EDGES.tolist(), "pitch_edges": PITCH_EDGES.tolist()}
        return {**asdict(self), **edges, "covered": self.covered}

    def lines(self) -> Iterator[str]:
        """The same for people."""
        yield f"faces: {self.faces}, with a known pose {self.posed}"
        for name, spread in self.spreads.items():
            yield f"{name}: median {spread.median:.4g}, nine of ten from {spread.low:.4g} to {spread.high:.4g}"
        yield f"usual poses covered: {100 * self.covered:.0f} %"
        yield from missing_in_words(self.missing)
        for span in self.spans:
            name = "without a track" if span.track < 0 else f"track {span.track}"
            yield f"{span.source} {name}: {span.faces} faces, {span.begins:.2f} to {span.ends:.2f} s"


def faceset_stats(table: FaceTable) -> FacesetStats:
    """Counts what a faceset shows."""
    pose, posed = _pose(table.yaw, table.pitch)
    measures = {name: getattr(table, name) for name in ("sharpness", "size", "brightness")}
    return FacesetStats(
        faces=len(table),
        posed=posed,
        pose=tuple(tuple(int(count) for count in row) for row in pose),
        missing=_cells(usual_cells() & (pose == 0)),
        spreads={name: _spread(values) for name, values in measures.items() if np.isfinite(values).any()},
        spans=tuple(_spans(table)),
    )


def usual_cells() -> NDArray[np.bool_]:
    """The cells of the pose map within the usual range, `[pitch yaw]`."""
    yaw, pitch = np.abs(_middles(YAW_EDGES)) <= USUAL_YAW, np.abs(_middles(PITCH_EDGES)) <= USUAL_PITCH
    return np.logical_and.outer(pitch, yaw)


def missing_in_words(cells: tuple[tuple[float, float], ...]) -> Iterator[str]:
    """Where no face looks, and where only some do, with the share of empty cells."""
    usual = Counter(direction(*cell) for cell in _cells(usual_cells()))
    gone = Counter(direction(*cell) for cell in cells)
    nowhere = [words for words, of in usual.items() if gone[words] == of]
    partly = [f"{words} ({gone[words]} of {of} cells empty)" for words, of in usual.items() if 0 < gone[words] < of]
    if nowhere:
        yield f"no face looks {', '.join(nowhere)}"
    if partly:
        yield f"few faces look {', '.join(partly)}"


def direction(yaw: float, pitch: float) -> str:
    """A pose in words, as it is seen in the picture."""
    across = "" if abs(yaw) < 15 else f"{'half ' if abs(yaw) < 30 else 'far '}{'left' if yaw < 0 else 'right'}"
    along = "" if abs(pitch) < 15 else "up" if pitch < 0 else "down"
    return " and ".join(filter(None, (along, across))) or "ahead"


def _pose(yaw: NDArray[np.float64], pitch: NDArray[np.float64]) -> tuple[NDArray[np.int64], int]:
    """Faces in each cell, and how many there are in all."""
    known = np.isfinite(yaw) & np.isfinite(pitch)
    x = np.clip(yaw[known], YAW_EDGES[0], YAW_EDGES[-1])
    y = np.clip(pitch[known], PITCH_EDGES[0], PITCH_EDGES[-1])
    counts, _, _ = np.histogram2d(y, x, (PITCH_EDGES, YAW_EDGES))
    return counts.astype(np.int64), int(known.sum())


def _cells(chosen: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """The middles (yaw, pitch) of chosen cells `[pitch yaw]`."""
    yaw, pitch = _middles(YAW_EDGES), _middles(PITCH_EDGES)
    return tuple((float(yaw[x]), float(pitch[y])) for y, x in np.argwhere(chosen))


def _middles(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    return (edges[1:] + edges[:-1]) / 2


def _spread(values: NDArray[np.float64]) -> Spread:
    known = values[np.isfinite(values)]
    counts, edges = np.histogram(known, _BINS)
    low, median, high = np.percentile(known, (5, 50, 95))
    return Spread(tuple(counts.tolist()), tuple(edges.tolist()), float(low), float(median), float(high))


def _spans(table: FaceTable) -> Iterator[Span]:
    """Each source's tracks; a track's number says nothing across sources."""
    found = []
    for source, track in sorted(set(zip(table.source.tolist(), table.track.tolist(), strict=True))):
        inside = (table.source == source) & (table.track == track)
        people, counts = np.unique(table.person[inside], return_counts=True)
        times = table.time[inside]
        found.append(
            Span(
                source=table.sources[source],
                track=track,
                person=int(people[counts.argmax()]),
                faces=len(times),
                begins=float(times.min()),
                ends=float(times.max()),
                seen=_without_gaps(times),
            )
        )
    yield from sorted(found, key=lambda span: (span.source, span.begins, span.track))


def _without_gaps(times: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """The stretches of times that follow each other as closely as most do."""
    times = np.unique(times)
    steps = np.diff(times)
    cuts = np.flatnonzero(steps > _GAP * (np.median(steps) if len(steps) else 0.0)) + 1
    return tuple((float(part[0]), float(part[-1])) for part in np.split(times, cuts))

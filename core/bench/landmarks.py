"""How steady and how right landmarks are, as they are found and smoothed, on performers whose true ones are known.

The true landmarks come from the 68-point predictor's answer on one still portrait, which favors that predictor: errors
compare settings of one aligner, and say little about which of two aligners is better. Jitter does not depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ...lib.landmarks import reduce_landmarks
from ...lib.performers import BEARDED, SITTER, Script, Take
from ...lib.performers.acting import eye_distance
from ...lib.smoothing import DEFAULT_STRENGTH, smooth_landmarks
from ..host import PluginChoice, default_choice
from .measure import Figure

if TYPE_CHECKING:
    from ..extracting.chain import Chain

Array = NDArray[np.float64]

HEADINGS = "performer", "aligner", "landmarks", "error %", "jitter %"

GAPS = 1, 3, 10
"""Lengths of the gaps that are filled, in frames."""

JITTER_BOUND, ERROR_BOUND = 0.4, 1.03
"""What smoothing may leave of the jitter, and what it may make of the error."""

_SEED = 11
_QUALITY = 85
"""Of the JPEG through which each frame goes, since footage is compressed."""


@dataclass(frozen=True, eq=False)
class Found:
    """What an aligner found of a performer.

    Attributes:
        frames: The frames, uint8 `[size size 3]`.
        boxes: float32 `[frames 4]`.
        landmarks: float32 `[frames points 2]`.
        truth: float64 `[frames points 2]`.
        units: float64 `[frames]`, the true distance between the eyes in pixels.
        times: float64 `[frames]`, seconds.
    """

    frames: list[NDArray[np.uint8]]
    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    truth: Array
    units: Array
    times: Array


@dataclass(frozen=True)
class Row:
    """A line of the table; error and jitter in per cent of the distance between the eyes.

    Attributes:
        performer: Whose face.
        aligner: Who found it.
        what: How its landmarks came about.
        error: Mean distance from the true landmarks.
        jitter: Mean length of the second difference in time of landmark minus truth; None where frames are single.
    """

    performer: str
    aligner: str
    what: str
    error: float
    jitter: float | None

    def cells(self) -> tuple[str, ...]:
        """The line as people read it."""
        return (
            *(self.performer, self.aligner, self.what, f"{self.error:.2f}"),
            "" if self.jitter is None else f"{self.jitter:.2f}",
        )


def measure(aligners: Sequence[PluginChoice], strengths: Sequence[float], frames: int) -> Iterator[Row]:
    """Measures raw, smoothed and filled landmarks.

    Args:
        aligners: The aligners.
        strengths: Strengths of smoothing, beside the default.
        frames: Frames of each performer.
    """
    from ..extracting.chain import Chain
    from ..extracting.plugins import PluginChoices

    for number, performer in enumerate((SITTER, BEARDED)):
        take = Take(performer, Script(_SEED + number))
        for aligner in aligners:
            plugins = PluginChoices(detector=default_choice("detector"), aligner=aligner).prepare()
            chain = Chain(plugins, crop_size=64)
            found = find(chain, take, frames)
            label = (performer.name, plugins.aligner.found.name)
            for strength in sorted({0.0, DEFAULT_STRENGTH, *strengths}):
                points = smooth_landmarks(found.landmarks, found.times, strength)
                yield Row(*label, _smoothed(strength), error(points, found), jitter(points, found))
            for gap in GAPS:
                filled, interpolated = gap_errors(chain, found, gap)
                yield Row(*label, f"filled, gaps of {gap}", filled, None)
                yield Row(*label, f"interpolated, gaps of {gap}", interpolated, None)


def figures(rows: Sequence[Row]) -> list[Figure]:
    """What smoothing of the default strength leaves of jitter and error, as means over the performers."""
    told = []
    for aligner in dict.fromkeys(row.aligner for row in rows):
        raw, smoothed = (
            [row for row in rows if (row.aligner, row.what) == (aligner, _smoothed(strength))]
            for strength in (0.0, DEFAULT_STRENGTH)
        )
        for name, bound in (("jitter", JITTER_BOUND), ("error", ERROR_BOUND)):
            ratio = sum(getattr(row, name) for row in smoothed) / sum(getattr(row, name) for row in raw)
            told.append(Figure(f"landmarks: {name} of {aligner}, smoothed", round(ratio, 3), "x", bound))
    return told


def _smoothed(strength: float) -> str:
    return f"smoothed {strength:g}" if strength else "as found"


def find(chain: Chain, take: Take, frames: int) -> Found:
    """Runs the chain over a take; frames without a face are left out."""
    from ...lib.media import FrameKey

    pictures, faces, indices = [], [], []
    for index in range(frames):
        picture = _compressed(take.frame(index))
        here = chain.faces(FrameKey(take.performer.name, index), picture)
        if here:
            pictures.append(picture)
            faces.append(here[0])
            indices.append(index)
    truth = np.stack([take.landmarks(index) for index in indices])
    return Found(
        frames=pictures,
        boxes=np.stack([face.box for face in faces]),
        landmarks=np.stack([face.landmarks for face in faces if face.landmarks is not None]),
        truth=np.asarray(reduce_landmarks(truth, str(faces[0].scheme)), np.float64),
        units=np.array([eye_distance(points) for points in truth]),
        times=np.array(indices) / take.fps,
    )


def error(landmarks: NDArray[np.float32], found: Found) -> float:
    """The mean distance from the truth in per cent."""
    return _per_cent(landmarks - found.truth, found.units)


def jitter(landmarks: NDArray[np.float32], found: Found) -> float:
    """The mean length of the second differences of landmark minus truth in per cent."""
    return _per_cent(np.diff(landmarks - found.truth, 2, axis=0), found.units[1:-1])


def gap_errors(chain: Chain, found: Found, gap: int) -> tuple[float, float]:
    """The errors of faces in gaps, in per cent: as they are filled, and as they are where all is interpolated.

    Args:
        chain: Fills.
        found: The faces, of which those within gaps are not looked at.
        gap: The length of each gap in frames.
    """
    from ...lib.media import FrameKey
    from ..extracting.chain import ExpectedFaces

    errors = []
    for start in range(0, len(found.frames) - gap - 1, gap + 1):
        for index in range(start + 1, start + 1 + gap):
            share = (found.times[index] - found.times[start]) / (found.times[start + 1 + gap] - found.times[start])
            boxes, landmarks = (
                ((1 - share) * values[start] + share * values[start + 1 + gap]).astype(np.float32)[None]
                for values in (found.boxes, found.landmarks)
            )
            key, expected = FrameKey("gap", index), ExpectedFaces(boxes, landmarks)
            filled = chain.expected_landmarks(key, found.frames[index], expected)
            unit = found.units[index : index + 1]
            errors.append([_per_cent(points - found.truth[index], unit) for points in (filled, landmarks)])
    filled_error, interpolated_error = np.mean(errors, axis=0).tolist()
    return filled_error, interpolated_error


def _per_cent(vectors: Array, units: Array) -> float:
    return float(100 * (np.linalg.norm(vectors, axis=2).mean(axis=1) / units).mean())


def _compressed(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    _, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
